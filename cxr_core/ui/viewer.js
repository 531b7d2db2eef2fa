// The X-ray, and beside it the X-ray tinted with the model's evidence. Both show the same part of the image.

const FINE = 224; // rows and columns to which the 7 x 7 numbers are enlarged before they are coloured
const KEPT = 6; // pictures kept decoded: this case, the next, and those just read
const views = new WeakMap(); // what a mounted viewer remembers from one case to the next
const pictures = new Map();

export default function ({ data, parentElement }) {
  const view = views.get(parentElement) ?? mount(parentElement);
  views.set(parentElement, view);
  if (data.image !== view.data?.image) reset(view);
  if (data.title !== view.data?.title) leaveChoice();
  view.data = data;
  view.tint = data.heatmap ? tint(data.heatmap, data.scale) : null;
  describe(view);
  load(view, data.url);
  if (data.next) picture(data.next);
  const forget = listen(view);
  return () => forget();
}

function mount(parent) {
  const root = parent.querySelector(".viewer");
  const find = (selector) => root.querySelector(selector);
  const view = {
    root, help: find(".help"), slider: find("input"), zoomLabel: find(".zoom"), hot: true,
    panes: [...root.querySelectorAll(".pane")].map((pane) => ({ pane, canvas: pane.querySelector(".picture") })),
    heat: find(".heat"), notes: [...root.querySelectorAll(".note")],
  };
  find(".ramp").style.background = `linear-gradient(90deg, ${[0, 0.25, 0.5, 0.75, 1].map((t) => css(ramp(t), t))})`;
  reset(view);
  return view;
}

function reset(view) {
  Object.assign(view, { zoom: 1, x: 0.5, y: 0.5, invert: false, brightness: 1, contrast: 1, shown: null });
}

// Listeners are set anew at every run of the script, and removed when the page is left.
function listen(view) {
  const ends = new AbortController();
  const on = (target, name, act, options) => target.addEventListener(name, act, { signal: ends.signal, ...options });
  on(document, "keydown", (event) => key(view, event));
  on(view.root, "click", (event) => act(view, event.target.closest("[data-do]")?.dataset.do));
  on(view.slider, "input", () => draw(view));
  for (const { pane } of view.panes) {
    on(pane, "wheel", (event) => wheel(view, pane, event), { passive: false });
    on(pane, "pointerdown", (event) => drag(view, pane, event));
    on(pane, "dblclick", () => act(view, "fit"));
    on(pane, "contextmenu", (event) => event.preventDefault());
  }
  const sized = new ResizeObserver(() => draw(view));
  view.panes.forEach(({ pane }) => sized.observe(pane));
  return () => { ends.abort(); sized.disconnect(); };
}

// Once another heatmap is chosen, keys are for reading again and not for the list of methods.
function leaveChoice() {
  if (document.activeElement?.closest(".st-key-method")) document.activeElement.blur();
}

// ---- what is shown

function describe(view) {
  const { data, root } = view;
  const peak = data.heatmap ? Math.max(...data.heatmap.flat()) : 0;
  view.notes[1].textContent = data.note;
  root.querySelector(".title").textContent = data.title;
  root.querySelector(".legend").hidden = !data.heatmap;
  root.querySelector(".unit").textContent = data.unit;
  root.querySelector(".top").textContent = `≥ ${data.scale.toPrecision(2)}`;
  root.querySelector(".peak").textContent = `peak ${peak.toPrecision(2)}`;
  root.querySelector('[data-do="heat"]').disabled = view.slider.disabled = !data.heatmap;
  root.querySelector("dl").replaceChildren(...data.keys.flatMap(([keys, words]) => {
    const term = document.createElement("dt"), text = document.createElement("dd");
    term.append(...keys.map((name) => Object.assign(document.createElement("kbd"), { textContent: name })));
    text.textContent = words;
    return [term, text];
  }));
}

function picture(url) {
  if (!pictures.has(url)) {
    const image = new Image();
    image.src = url;
    image.decode().catch(() => pictures.delete(url));
    pictures.set(url, image);
    if (pictures.size > KEPT) pictures.delete(pictures.keys().next().value);
  }
  return pictures.get(url);
}

async function load(view, url) {
  const image = picture(url);
  if (view.shown !== image) {
    view.shown = null;
    view.notes[0].textContent = image.complete ? "" : "Loading …";
    draw(view); // never another patient's picture under this case's opinion
  }
  try {
    await image.decode();
    if (view.data.url !== url) return;
    view.shown = image;
    view.notes[0].textContent = "";
    view.root.dataset.shown = view.data.image;
  } catch {
    if (view.data.url === url) view.notes[0].textContent = "The picture can't be shown. Reload the page.";
  }
  draw(view);
}

function draw(view) {
  if (view.waiting) return;
  view.waiting = requestAnimationFrame(() => {
    view.waiting = null;
    view.panes.forEach((pane) => paint(view, pane));
  });
}

function paint(view, { pane, canvas }) {
  const sharp = window.devicePixelRatio || 1;
  const width = Math.round(pane.clientWidth * sharp), height = Math.round(pane.clientHeight * sharp);
  if (!width || !height) return;
  const place = view.shown && placed(view, view.shown, width, height);
  stroke(canvas, width, height, view.shown, place);
  canvas.style.filter = `invert(${view.invert ? 1 : 0}) brightness(${view.brightness}) contrast(${view.contrast})`;
  if (pane.classList.contains("tinted")) {
    stroke(view.heat, width, height, view.hot ? view.tint : null, place);
    view.heat.style.opacity = view.slider.value / 100;
    view.root.querySelector('[data-do="heat"]').ariaPressed = String(view.hot);
    view.root.querySelector('[data-do="invert"]').ariaPressed = String(view.invert);
  }
  view.zoomLabel.textContent = view.zoom === 1 ? "" : `${Math.round(view.zoom * 100)} %`;
}

function stroke(canvas, width, height, source, place) {
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const pen = canvas.getContext("2d");
  pen.clearRect(0, 0, width, height);
  if (!source || !place) return;
  pen.imageSmoothingQuality = "high";
  pen.drawImage(source, ...place);
}

// Left, top, width, height of the whole image on a pane whose middle shows the point (x, y) of it.
function placed(view, image, width, height) {
  const scale = Math.min(width / image.naturalWidth, height / image.naturalHeight) * view.zoom;
  const [w, h] = [image.naturalWidth * scale, image.naturalHeight * scale];
  return [width / 2 - view.x * w, height / 2 - view.y * h, w, h];
}

// ---- the heatmap

// Bilinear, half-pixel centres, edges held: as the numbers would be enlarged to the network's input.
function tint(heatmap, scale) {
  const n = heatmap.length;
  const canvas = Object.assign(document.createElement("canvas"), { width: FINE, height: FINE });
  const pen = canvas.getContext("2d");
  const pixels = pen.createImageData(FINE, FINE);
  const steps = Array.from({ length: FINE }, (_, i) => {
    const at = Math.min(Math.max(((i + 0.5) * n) / FINE - 0.5, 0), n - 1);
    const low = Math.min(Math.floor(at), n - 2);
    return [low, at - low];
  });
  steps.forEach(([r, down], row) => steps.forEach(([c, right], column) => {
    const top = heatmap[r][c] * (1 - right) + heatmap[r][c + 1] * right;
    const bottom = heatmap[r + 1][c] * (1 - right) + heatmap[r + 1][c + 1] * right;
    const t = Math.min((top * (1 - down) + bottom * down) / scale, 1);
    pixels.data.set([...ramp(t), 255 * Math.sqrt(t)], 4 * (row * FINE + column));
  }));
  pen.putImageData(pixels, 0, 0);
  return canvas;
}

// From violet over red to pale yellow in OKLCH: lightness rises evenly, so equal steps look equal, also to
// readers who don't tell red from green (B. Ottosson, "A perceptual color space for image processing", 2020).
function ramp(t) {
  const lightness = 0.42 + 0.5 * t, chroma = 0.17 - 0.05 * t, hue = ((310 + 145 * t) * Math.PI) / 180;
  const a = chroma * Math.cos(hue), b = chroma * Math.sin(hue);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ].map((v) => Math.min(Math.max(v, 0), 1)).map((v) => 255 * (v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055));
}

const css = (rgb, t) => `rgb(${rgb.map(Math.round)} / ${Math.sqrt(t)})`.replaceAll(",", " ");

// ---- hands

function act(view, what) {
  if (what === "heat" && view.data.heatmap) view.hot = !view.hot;
  if (what === "invert") view.invert = !view.invert;
  if (what === "fit") Object.assign(view, { zoom: 1, x: 0.5, y: 0.5, brightness: 1, contrast: 1 });
  if (what === "help") view.help.hidden = !view.help.hidden;
  draw(view);
}

function key(view, event) {
  const target = event.composedPath()[0];
  const typing = target.isContentEditable || (target.matches?.("input, textarea, select") && target.type !== "range");
  if (typing) {
    if (event.key === "Escape") target.blur();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || !view.root.isConnected) return;
  const does = { h: "heat", i: "invert", f: "fit", "?": "help" }[event.key.toLowerCase()];
  const step = target.type === "range" || event.repeat ? null : view.data.steps[event.key];
  if (does) act(view, does);
  else if (event.key === "Escape") view.help.hidden = true;
  else if (event.key === "+" || event.key === "-") zoom(view, event.key === "+" ? 1.25 : 0.8);
  else if (step) document.querySelector(`.st-key-${step} button:enabled`)?.click();
}

function zoom(view, factor) {
  view.zoom = Math.min(Math.max(view.zoom * factor, 1), 16);
  hold(view);
  draw(view);
}

function wheel(view, pane, event) {
  event.preventDefault();
  if (!view.shown) return;
  const box = pane.getBoundingClientRect();
  const away = [event.clientX - box.left - box.width / 2, event.clientY - box.top - box.height / 2];
  const before = placed(view, view.shown, box.width, box.height);
  const point = [view.x + away[0] / before[2], view.y + away[1] / before[3]];
  view.zoom = Math.min(Math.max(view.zoom * Math.exp(-event.deltaY / 500), 1), 16);
  const after = placed(view, view.shown, box.width, box.height);
  [view.x, view.y] = [point[0] - away[0] / after[2], point[1] - away[1] / after[3]];
  hold(view);
  draw(view);
}

function hold(view) {
  if (view.zoom === 1) [view.x, view.y] = [0.5, 0.5];
  [view.x, view.y] = [view.x, view.y].map((at) => Math.min(Math.max(at, 0), 1));
}

function drag(view, pane, start) {
  if (!view.shown) return;
  const window_ = start.button === 2;
  const place = placed(view, view.shown, pane.clientWidth, pane.clientHeight);
  const from = { x: view.x, y: view.y, brightness: view.brightness, contrast: view.contrast };
  const ends = new AbortController();
  pane.setPointerCapture(start.pointerId);
  pane.classList.add("dragging");
  pane.addEventListener("pointermove", (event) => {
    const [right, down] = [event.clientX - start.clientX, event.clientY - start.clientY];
    if (window_) {
      view.contrast = Math.min(Math.max(from.contrast * Math.exp(right / 300), 0.2), 5);
      view.brightness = Math.min(Math.max(from.brightness * Math.exp(-down / 300), 0.2), 5);
    } else if (view.zoom > 1) {
      [view.x, view.y] = [from.x - right / place[2], from.y - down / place[3]];
      hold(view);
    }
    draw(view);
  }, { signal: ends.signal });
  const stop = () => { ends.abort(); pane.classList.remove("dragging"); };
  pane.addEventListener("pointerup", stop, { once: true });
  pane.addEventListener("pointercancel", stop, { once: true });
}
