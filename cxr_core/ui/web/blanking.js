// A picture that is held back, and the places on it that are to be blanked: those that were found, and those that an
// admin draws. The picture comes with the page's own data: it has no address, and goes with this element.

import { isTyping } from "./keys.js";
import { grabbed, isMark, markBetween, moved, onto, resized, within } from "./marks.js";

const STEP = 0.002; // share of the picture's larger side by which an arrow moves a place
const PAUSE = 250; // milliseconds without an arrow key, after which the server hears where a place lies
const LARGEST_ZOOM = 8;
const SHARE = 1 / 6; // of what is seen, that a place without a mouse begins with
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const KEYS = { b: "add", Delete: "remove", Backspace: "remove", "+": "closer", "-": "farther", f: "fit" };
const rooms = new WeakMap(); // what a mounted picture remembers from one run of the page to the next

export function show({ data, parentElement, setStateValue }) {
  const room = rooms.get(parentElement) ?? mount(parentElement);
  rooms.set(parentElement, room);
  room.forget?.(); // Streamlit doesn't always do it before it shows anew
  room.tellServer = () => setStateValue("drawn", { number: room.data.number, places: room.places });
  if (data.number !== room.data?.number) present(room, data);
  return (room.forget = listen(room));
}

function mount(parent) {
  const find = (selector) => parent.querySelector(selector);
  return { root: find(".blanking"), view: find(".view"), film: find(".film"), told: find(".told") };
}

function present(room, data) {
  clearTimeout(room.unsaid); // of a picture that is gone
  Object.assign(room, { data, zoom: 1, unsaid: null, chosen: null, sketch: null, places: data.places });
  room.film.querySelector("img").src = data.picture;
  draw(room);
}

// Listeners are set anew at every run of the script, and removed when the page is left.
function listen(room) {
  const ends = new AbortController();
  const on = (target, name, act, options) => target.addEventListener(name, act, { signal: ends.signal, ...options });
  on(document, "keydown", (event) => press(room, event));
  on(room.root, "click", (event) => ACTS[event.target.closest("[data-do]")?.dataset.do]?.(room));
  on(room.film, "focusin", (event) => {
    room.chosen = [...room.film.querySelectorAll(".place")].indexOf(event.target);
  });
  on(room.root, "focusout", () => room.unsaid && keep(room)); // before a button of the page is pressed
  on(room.film, "pointerdown", (event) => grab(room, event));
  on(room.film, "mousedown", (event) => event.preventDefault()); // which would take the focus from a chosen place
  on(room.film, "pointermove", (event) => hover(room, event));
  on(room.film, "contextmenu", (event) => event.preventDefault());
  on(room.view, "wheel", (event) => wheel(room, event), { passive: false });
  const sized = new ResizeObserver(() => draw(room));
  sized.observe(room.view);
  return () => {
    ends.abort();
    sized.disconnect();
  };
}

// ---- where things are

// Points of the picture are in pixels of the file, those of the film in CSS pixels.
function placeOf({ film, data: { columns } }) {
  const scale = film.getBoundingClientRect().width / columns;
  const times = (factor) => ([x, y]) => [x * factor, y * factor];
  return { scale, toPane: times(scale), toXray: times(1 / scale) };
}

function pointOf({ film }, event) {
  const { left, top } = film.getBoundingClientRect();
  return [event.clientX - left, event.clientY - top];
}

function middleOf({ view }) {
  const { left, top, width, height } = view.getBoundingClientRect();
  return { clientX: left + width / 2, clientY: top + height / 2 };
}

// ---- what is seen

function draw(room) {
  const { data: { rows, columns }, view, film, zoom, places, sketch } = room;
  const scale = zoom * Math.min(view.offsetWidth / columns, view.offsetHeight / rows);
  Object.assign(film.style, { width: `${Math.floor(scale * columns)}px`, height: `${Math.floor(scale * rows)}px` });
  const shown = sketch ? [...places, sketch] : places, drawn = film.querySelectorAll(".place");
  [...drawn].slice(shown.length).forEach((place) => place.remove());
  shown.forEach((place, index) => lay(room, drawn[index] ?? newPlace(film), place, index));
  room.told.textContent = places.length === 1 ? "1 place" : `${places.length} places`;
}

function newPlace(film) {
  const place = Object.assign(document.createElement("div"), { tabIndex: 0, role: "group" });
  film.append(place);
  return place;
}

function lay({ data: { rows, columns } }, element, { x, y, width, height, kind }, index) {
  const share = (part, all) => `${(100 * part) / all}%`;
  Object.assign(element.style, { left: share(x, columns), top: share(y, rows) });
  Object.assign(element.style, { width: share(width, columns), height: share(height, rows) });
  element.className = `place ${kind}`;
  const [left, top, wide, high] = [x, y, width, height].map(Math.round);
  element.ariaLabel = `Place ${index + 1} to blank: x ${left}, y ${top}, ${wide} wide, ${high} high`;
}

// ---- what buttons and keys do

const ACTS = {
  add: (room) => {
    const { scale, toXray } = placeOf(room), { clientWidth, clientHeight } = room.view;
    const side = (SHARE * Math.min(clientWidth, clientHeight)) / scale, [x, y] = toXray(pointOf(room, middleOf(room)));
    add(room, { shape: "box", x: x - side / 2, y: y - side / 2, width: side, height: side });
  },
  remove,
  closer: (room) => zoomTo(room, middleOf(room), room.zoom * 1.25),
  farther: (room) => zoomTo(room, middleOf(room), room.zoom / 1.25),
  fit: (room) => zoomTo(room, middleOf(room), 1),
};

function press(room, event) {
  const path = event.composedPath(), isHere = path.includes(room.root) && room.chosen !== null;
  if (isTyping(path[0]) || event.ctrlKey || event.metaKey || event.altKey || !room.root.isConnected) return;
  const what = KEYS[event.key] ?? KEYS[event.key.toLowerCase()];
  if (what && (what !== "remove" || isHere)) ACTS[what](room);
  else if (isHere && event.key in ARROWS) nudge(room, event);
}

function nudge(room, event) {
  event.preventDefault();
  const by = Math.max(1, Math.round(STEP * Math.max(room.data.rows, room.data.columns)));
  const [dx, dy] = ARROWS[event.key].map((way) => way * by), place = room.places[room.chosen];
  const next = event.shiftKey
    ? { ...place, width: Math.max(place.width + dx, by), height: Math.max(place.height + dy, by) }
    : moved(place, dx, dy);
  change(room, room.chosen, next);
  clearTimeout(room.unsaid);
  room.unsaid = setTimeout(() => keep(room), PAUSE);
}

function add(room, mark) {
  room.places = [...room.places, { ...within(mark, room.data), kind: "drawn" }];
  keep(room);
  choose(room, room.places.length - 1);
}

function change(room, index, mark) {
  room.places = room.places.with(index, { ...within(mark, room.data), kind: room.places[index].kind });
  draw(room);
}

function remove(room) {
  if (room.chosen === null) return;
  room.places = room.places.toSpliced(room.chosen, 1);
  const next = Math.min(room.chosen, room.places.length - 1);
  room.chosen = null;
  keep(room);
  if (next >= 0) choose(room, next);
}

function choose(room, index) {
  room.chosen = index; // also where it has the focus already
  room.film.querySelectorAll(".place")[index].focus({ preventScroll: true });
}

function keep(room) {
  clearTimeout(room.unsaid);
  room.unsaid = null;
  room.tellServer();
  draw(room);
}

// ---- hands

function grab(room, event) {
  if (event.button === 1) return;
  event.preventDefault(); // the browser would drag the picture itself
  const { film } = room, from = pointOf(room, event), ends = new AbortController(), options = { signal: ends.signal };
  const gesture = event.button === 2 ? push(room, event) : begin(room, from);
  film.setPointerCapture(event.pointerId);
  film.addEventListener("pointermove", (now) => gesture.move(pointOf(room, now), now), options);
  const stop = () => {
    ends.abort();
    gesture.end?.();
  };
  for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) film.addEventListener(name, stop, options);
}

function begin(room, from) {
  const grip = grabbed(room.places, placeOf(room), from, 1);
  return grip ? drag(room, placeOf(room).toXray(from), grip) : sketch(room, from);
}

function sketch(room, start) {
  const on = (point) => onto(placeOf(room).toXray(point), room.data), from = on(start);
  return {
    move: (point) => {
      room.sketch = { ...within(markBetween("box", from, on(point)), room.data), kind: "drawn" };
      draw(room);
    },
    end: () => {
      const drawn = room.sketch;
      room.sketch = null;
      if (drawn && isMark(drawn)) add(room, drawn);
      else draw(room);
    },
  };
}

function drag(room, from, { index, by }) {
  const place = room.places[index];
  choose(room, index);
  return {
    move: (point) => {
      const to = placeOf(room).toXray(point), there = () => moved(place, to[0] - from[0], to[1] - from[1]);
      change(room, index, by === "line" ? there() : resized(place, by, onto(to, room.data)));
    },
    end: () => keep(room),
  };
}

function push({ view }, start) {
  const { scrollLeft, scrollTop } = view;
  return {
    move: (_, now) => view.scrollTo(scrollLeft + start.clientX - now.clientX, scrollTop + start.clientY - now.clientY),
  };
}

function hover(room, event) {
  const grip = event.buttons ? null : grabbed(room.places, placeOf(room), pointOf(room, event), 1);
  room.film.dataset.over = grip ? (grip.by === "line" ? "line" : "corner") : "";
}

function wheel(room, event) {
  if (room.zoom === 1 && event.deltaY > 0) return; // there is no more to see here: the page moves on
  event.preventDefault();
  zoomTo(room, event, room.zoom * Math.exp(-event.deltaY / 500));
}

// What lies at a point of the window stays there.
function zoomTo(room, at, zoom) {
  const point = placeOf(room).toXray(pointOf(room, at));
  room.zoom = Math.min(Math.max(zoom, 1), LARGEST_ZOOM);
  draw(room);
  const now = placeOf(room).toPane(point), then = pointOf(room, at);
  room.view.scrollBy(now[0] - then[0], now[1] - then[1]);
}
