// The viewer: an X-ray at full depth and beside or under it the model's evidence. It asks the server for pictures and
// heatmaps, and tells it which marks a reader draws and that a hand moves.

import { draw, isComparing, paneSize, ratio, shownPanes } from "./drawing.js";
import { oneToOne, wholeView } from "./geometry.js";
import { listenToHands, placeOf, zoomTo } from "./hands.js";
import { rampGradient } from "./heat.js";
import { press } from "./keys.js";
import { load, loadAround, loadHeat } from "./loading.js";
import { moved, within } from "./marks.js";
import { guard, NEXT, nextCase, step, waitForPage, waitsForPage, watchPage } from "./turning.js";
import { sentWindow } from "./windowing.js";
import { isFetched } from "./xrays.js";

const MEMORY = "cxr-viewer"; // how this browser's reader likes the panes
const STEP = 0.01; // share of the X-ray's larger side by which an arrow moves a mark
const MOST_MARKS = 20;
const PAUSE = 250; // milliseconds without an arrow key, after which the server hears where a mark lies
const BEAT = 15_000; // milliseconds
const rooms = new WeakMap(); // what a mounted viewer remembers from one case to the next

export function show({ data, parentElement, setStateValue }) {
  const room = rooms.get(parentElement) ?? mount(parentElement);
  rooms.set(parentElement, room);
  room.forget?.(); // Streamlit doesn't always do it before it shows anew
  room.tellServer = (marks) => setStateValue("drawn", { image: room.data.image, marks });
  room.page = data;
  // What a page that was left says, while it still runs, is no news.
  if (data.image !== room.data?.left) present(room, data);
  return (room.forget = listen(room));
}

function present(room, data) {
  const isNew = data.image !== room.data?.image;
  if (isNew && room.unsaid) keep(room); // a mark that was just moved belongs to the case that is left
  if (isNew) reset(room);
  if (isNew || room.data.left) room.marks = data.marks.map((mark) => ({ ...mark }));
  if (data.title !== room.data?.title) leaveChoice();
  room.data = data;
  waitForPage(room);
  loadHeat(room, data.heatmap);
  describe(room);
  load(room, data.url).then(() => room.data === data && loadAround(room));
}

function mount(parent) {
  const root = parent.querySelector(".viewer"), find = (selector) => root.querySelector(selector);
  const room = {
    root, help: find(".help"), slider: find("input"),
    hot: true, kept: {}, keptPrior: {}, fingers: new Map(), style: "tint", opacity: 60, single: false,
    panes: [...root.querySelectorAll(".pane")].map((pane) => ({
      pane, isTinted: pane.matches(".tinted"),
      picture: pane.querySelector(".picture"), over: pane.querySelector(".over"),
    })),
    notes: [...root.querySelectorAll(".note")],
    say: (window_, cursor) => {
      find(".window").textContent = window_;
      find(".cursor").textContent = cursor;
    },
    act: (what) => act(room, what), present: (data) => present(room, data), changed: () => changed(room),
    described: () => describe(room), add: (mark) => add(room, mark), keep: () => keep(room),
    nudge: (...how) => nudge(room, ...how), step: (name) => step(room, name), settle: () => room.unsaid && keep(room),
  };
  find(".ramp").style.background = rampGradient();
  remember(room);
  return room;
}

function reset(room) {
  Object.assign(room, {
    xray: null, selected: null, ruler: null, sketch: null, tool: "window", magnifying: false, comparing: false,
    invert: false, gesture: room.gesture && {}, // what a hand began on another case does nothing on this one
  });
}

// Listeners are set anew at every run of the script, and removed when the page is left.
function listen(room) {
  const ends = new AbortController();
  const on = (target, name, act_, options) => target.addEventListener(name, act_, { signal: ends.signal, ...options });
  on(window, "keydown", (event) => guard(room, event), { capture: true });
  on(document, "keydown", (event) => press(room, event));
  on(document, "click", (event) => takeStep(room, event), { capture: true });
  on(room.root, "click", (event) => act(room, event.target.closest("[data-do]")?.dataset.do));
  on(room.slider, "input", () => {
    room.opacity = Number(room.slider.value);
    changed(room);
  });
  listenToHands(room, on);
  const moves = ["pointermove", "pointerdown", "keydown", "wheel"];
  for (const name of moves) on(document, name, () => beat(room), { passive: true });
  const sized = new ResizeObserver(() => draw(room));
  room.panes.forEach(({ pane }) => sized.observe(pane));
  followRatio(room, ends.signal);
  const watching = watchPage(room);
  return () => {
    ends.abort();
    sized.disconnect();
    watching.disconnect();
  };
}

// A window that moves to a screen with finer pixels may keep its size.
function followRatio(room, signal) {
  const onFiner = () => {
    draw(room);
    followRatio(room, signal);
  };
  matchMedia(`(resolution: ${ratio()}dppx)`).addEventListener("change", onFiner, { once: true, signal });
}

// The next case is on the screen before the server knows that it was asked for; see turning.js.
function takeStep(room, event) {
  const pressed = (name) => event.target.closest?.(`.st-key-${name} button:enabled`);
  const name = Object.values(room.data.steps).find(pressed);
  if (!name || waitsForPage(room, event, name)) return;
  const next = name === NEXT && nextCase(room);
  if (next && isFetched(next.url)) present(room, next);
}

// While the reader's hand moves, the server hears that they are at the case: time in which it doesn't isn't counted.
function beat(room) {
  const now = Date.now();
  if (!room.data.editable || now - (room.beatAt ?? 0) < BEAT) return;
  room.beatAt = now;
  fetch(`${room.data.url}/beat`, { method: "POST", keepalive: true }).catch(() => {});
}

// Once another heatmap is chosen, keys are for reading again and not for the list of methods.
function leaveChoice() {
  if (document.activeElement?.closest(".st-key-method")) document.activeElement.blur();
}

// ---- words

function describe(room) {
  const { data, root } = room;
  room.notes[1].textContent = data.note || room.heatNote;
  root.querySelector(".title").textContent = data.title;
  root.querySelector(".unit").textContent = data.unit;
  root.querySelector(".top").textContent = `≥ ${data.scale.toPrecision(2)}`;
  root.querySelector(".peak").textContent = room.heat ? `peak ${room.peak.toPrecision(2)}` : "";
  root.querySelector("dl").replaceChildren(...data.keys.flatMap(([keys, words]) => {
    const term = document.createElement("dt"), text = document.createElement("dd");
    term.append(...keys.map((name) => Object.assign(document.createElement("kbd"), { textContent: name })));
    text.textContent = words;
    return [term, text];
  }));
  changed(room);
}

// The buttons say what is on, and the browser remembers how this reader likes the panes.
function changed(room) {
  const { root, data } = room, pressed = {
    heat: room.hot && Boolean(room.heat), style: room.style === "lines", layout: room.single,
    invert: room.invert, mirror: Boolean(room.view?.mirrored), prior: isComparing(room), magnify: room.magnifying,
    measure: room.tool === "measure", box: room.tool === "box", ellipse: room.tool === "ellipse",
  };
  for (const [what, is] of Object.entries(pressed)) root.querySelector(`[data-do="${what}"]`).ariaPressed = String(is);
  for (const what of ["box", "ellipse"]) root.querySelector(`[data-do="${what}"]`).disabled = !data.editable;
  root.querySelector('[data-do="remove"]').disabled = !room.ruler && !(data.editable && room.marks.length);
  root.querySelector('[data-do="layout"]').disabled = data.alone || isComparing(room);
  root.querySelector('[data-do="prior"]').disabled = !data.prior;
  root.querySelector(".first").textContent = isComparing(room) ? `Another, ${data.prior.title}` : "X-ray";
  const lacking = room.priorUrl ? "Loading …" : "The earlier X-ray can't be shown.";
  if (room.xray) room.notes[0].textContent = isComparing(room) && !room.prior ? lacking : "";
  for (const what of ["heat", "style"]) root.querySelector(`[data-do="${what}"]`).disabled = !room.heat;
  room.slider.disabled = !room.heat;
  room.slider.value = room.opacity;
  const isAlone = room.single || data.alone; // or there is nothing to be beside it
  root.classList.toggle("single", isAlone && !isComparing(room));
  root.querySelector(".legend").hidden = !(room.heat && room.hot);
  root.dataset.tool = room.tool;
  const { style, opacity, single } = room;
  localStorage.setItem(MEMORY, JSON.stringify({ style, opacity, single }));
  draw(room);
}

function remember(room) {
  try {
    const { style, opacity, single } = JSON.parse(localStorage.getItem(MEMORY)) ?? {};
    if (style === "tint" || style === "lines") room.style = style;
    if (opacity >= 0 && opacity <= 100) room.opacity = opacity;
    room.single = single === true;
  } catch {
    localStorage.removeItem(MEMORY);
  }
}

// ---- what buttons and keys do

const ACTS = {
  heat: (room) => (room.hot = room.heat ? !room.hot : room.hot),
  style: (room) => {
    if (room.heat) room.style = room.style === "tint" ? "lines" : "tint";
  },
  layout: (room) => (room.single = !room.single),
  invert: (room) => (room.invert = !room.invert),
  mirror: (room) => (room.view = { ...room.view, mirrored: !room.view.mirrored }),
  turn: (room) => turn(room, 1),
  "turn back": (room) => turn(room, 3),
  fit: (room) => {
    Object.assign(room, { view: wholeView(room.xray), window: sentWindow(room.xray), preset: 0, invert: false });
  },
  "one to one": (room) => (room.view = oneToOne(room.view, room.xray, paneSize(shownPanes(room)[0]))),
  preset: (room) => choose(room, 1),
  "preset back": (room) => choose(room, room.presets.length - 1),
  prior: (room) => (room.comparing = !room.comparing),
  magnify: (room) => (room.magnifying = !room.magnifying),
  measure: (room) => take(room, "measure"),
  box: (room) => take(room, "box"),
  ellipse: (room) => take(room, "ellipse"),
  closer: (room) => zoom(room, 1.25),
  farther: (room) => zoom(room, 0.8),
  remove: (room) => remove(room),
  leave: (room) => leave(room),
};

function act(room, what) {
  if (what === "help") room.help.hidden = !room.help.hidden;
  else if (what && room.xray) ACTS[what](room);
  else if (what === "leave") room.help.hidden = true;
  changed(room);
}

// Mirrored, what turns on the screen clockwise turns the X-ray the other way.
function turn(room, quarters) {
  const { view } = room;
  room.view = { ...view, turn: (view.turn + (view.mirrored ? 4 - quarters : quarters)) % 4 };
}

function choose(room, by) {
  room.preset = (room.preset + by) % room.presets.length;
  room.window = room.presets[room.preset].window;
}

function zoom(room, factor) {
  const { width, height } = paneSize(shownPanes(room)[0]);
  zoomTo(room, room.cursor ?? [width / 2, height / 2], room.view.zoom * factor);
}

// A tool is put away by taking it again. Without a mouse, a shape taken twice is placed in the middle of the pane.
function take(room, tool) {
  if (tool !== "measure" && !room.data.editable) return;
  if (room.tool !== tool) room.tool = tool;
  else if (tool === "measure" || room.cursor) room.tool = "window";
  else place(room, tool);
}

function place(room, shape) {
  const { width, height } = paneSize(shownPanes(room)[0]), [x, y] = placeOf(room).toXray([width / 2, height / 2]);
  const side = Math.min(room.xray.columns, room.xray.rows) / (4 * Math.max(room.view.zoom, 1));
  add(room, within({ shape, x: x - side / 2, y: y - side / 2, width: side, height: side }, room.xray));
}

function leave(room) {
  if (room.help.hidden) Object.assign(room, { tool: "window", selected: null, sketch: null, magnifying: false });
  room.help.hidden = true;
}

// ---- marks

function add(room, mark) {
  if (room.marks.length >= MOST_MARKS) return;
  room.marks = [...room.marks, mark];
  Object.assign(room, { selected: room.marks.length - 1, tool: "window" });
  keep(room);
}

function remove(room) {
  if (room.ruler && room.selected === null) return void (room.ruler = null);
  if (!room.data.editable || !room.marks.length) return;
  room.marks = room.marks.toSpliced(room.selected ?? room.marks.length - 1, 1);
  room.selected = null;
  keep(room);
}

function nudge(room, dx, dy, resizes) {
  const by = STEP * Math.max(room.xray.columns, room.xray.rows), mark = room.marks[room.selected];
  const next = resizes
    ? { ...mark, width: Math.max(mark.width + dx * by, by), height: Math.max(mark.height + dy * by, by) }
    : moved(mark, dx * by, dy * by);
  room.marks = room.marks.with(room.selected, within(next, room.xray));
  clearTimeout(room.unsaid);
  room.unsaid = setTimeout(() => keep(room), PAUSE);
  draw(room);
}

function keep(room) {
  clearTimeout(room.unsaid);
  room.unsaid = null;
  room.tellServer(room.marks);
  changed(room);
}
