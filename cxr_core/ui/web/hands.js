// Mouse, pen and fingers. A drag does what its tool does; two fingers move and zoom; the wheel zooms to the cursor.

import { dots, draw, isComparing, paneSize, ratio, shownPanes } from "./drawing.js";
import { held, placement, zoomedAt } from "./geometry.js";
import { grabbed, isMark, markBetween, moved, onto, resized, within } from "./marks.js";
import { between, rises } from "./windowing.js";

export function placeOf(room) {
  return placement(room.view, room.xray, paneSize(shownPanes(room)[0]));
}

export function listenToHands(room, on) {
  for (const { pane } of room.panes) {
    on(pane, "wheel", (event) => wheel(room, pane, event), { passive: false });
    on(pane, "pointerdown", (event) => press(room, pane, event));
    on(pane, "pointermove", (event) => hover(room, pane, event));
    on(pane, "pointerleave", () => leave(room));
    on(pane, "dblclick", () => room.act("fit"));
    on(pane, "contextmenu", (event) => event.preventDefault());
  }
}

// Where an event is, in the pane's pixels.
function pointOf(pane, event) {
  const box = pane.getBoundingClientRect();
  return [(event.clientX - box.left) * ratio(), (event.clientY - box.top) * ratio()];
}

function hover(room, pane, event) {
  Object.assign(room, { cursor: pointOf(pane, event), over: pane });
  if (room.xray && !room.gesture) pane.dataset.over = gripAt(room, room.cursor) ? "mark" : "";
  draw(room);
}

function gripAt(room, point) {
  return room.data.editable && grabbed(room.marks, placeOf(room), point, dots());
}

function leave(room) {
  room.cursor = null;
  draw(room);
}

function wheel(room, pane, event) {
  event.preventDefault();
  if (!room.xray) return;
  zoomTo(room, pointOf(pane, event), room.view.zoom * Math.exp(-event.deltaY / 500));
}

export function zoomTo(room, point, zoom) {
  room.view = held(zoomedAt(room.view, placeOf(room).toXray(point), zoom), room.xray);
  draw(room);
}

// ---- drags

function press(room, pane, event) {
  const { fingers } = room;
  if (!room.xray || (fingers.size && room.holding !== pane)) return; // one pane at a time
  pane.setPointerCapture(event.pointerId);
  fingers.set(event.pointerId, pointOf(pane, event));
  if (fingers.size === 1) follow(room, pane, event);
  else if (fingers.size === 2) {
    room.gesture.end?.();
    room.gesture = pinch(room, [...fingers.values()]);
  }
}

function follow(room, pane, event) {
  const ends = new AbortController(), options = { signal: ends.signal };
  const isPrior = isComparing(room) && pane.matches(".xray"); // nothing is drawn or measured on it
  const start = isPrior && event.button === 0 ? windowing : begin;
  Object.assign(room, { holding: pane, moving: true, gesture: start(room, pointOf(pane, event), event.button) });
  pane.addEventListener("pointermove", (now) => {
    if (room.fingers.has(now.pointerId)) room.fingers.set(now.pointerId, pointOf(pane, now));
    room.gesture.move?.(room.fingers.size > 1 ? [...room.fingers.values()] : pointOf(pane, now));
    draw(room);
  }, options);
  const stop = (now) => {
    room.fingers.delete(now.pointerId);
    if (room.fingers.size) return void (room.gesture = {}); // the finger that is left does nothing
    ends.abort();
    const { gesture } = room;
    Object.assign(room, { gesture: null, moving: false });
    gesture.end?.();
    room.act(null);
  };
  for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) pane.addEventListener(name, stop, options);
}

function begin(room, point, button) {
  if (button !== 0) return move(room, point);
  const grip = room.tool === "window" && gripAt(room, point);
  if (grip) return change(room, point, grip);
  return { window: windowing, move, measure, box: sketch, ellipse: sketch }[room.tool](room, point);
}

// To the right for less contrast, upwards for more brightness: a pane's height is all of the window's width.
function windowing(room, start) {
  const { window, xray } = room, { height } = paneSize(shownPanes(room)[0]);
  const rising = rises(xray) ? 1 : -1;
  room.selected = null;
  return {
    move: ([x, y]) => {
      const wanted = window.width * Math.exp((x - start[0]) / (300 * ratio()));
      const width = Math.min(Math.max(wanted, 1), 4 * xray.tone.length);
      const centre = window.centre + (rising * (y - start[1]) * width) / height;
      room.window = between(centre - width / 2, centre + width / 2);
    },
  };
}

function move(room, start) {
  const { view } = room, place = placeOf(room), from = place.toXray(start);
  return {
    move: (point) => {
      const to = place.toXray(point);
      room.view = held({ ...view, x: view.x + from[0] - to[0], y: view.y + from[1] - to[1] }, room.xray);
    },
  };
}

function measure(room, start) {
  const from = placeOf(room).toXray(start);
  return { move: (point) => (room.ruler = { from, to: placeOf(room).toXray(point) }) };
}

function sketch(room, start) {
  const on = (point) => onto(placeOf(room).toXray(point), room.xray), from = on(start), shape = room.tool;
  return {
    move: (point) => (room.sketch = within(markBetween(shape, from, on(point)), room.xray)),
    end: () => {
      if (room.sketch && isMark(room.sketch)) room.add(room.sketch);
      room.sketch = null;
    },
  };
}

function change(room, start, { index, by }) {
  const mark = room.marks[index], from = placeOf(room).toXray(start);
  room.selected = index;
  return {
    move: (point) => {
      const to = placeOf(room).toXray(point);
      const there = () => moved(mark, to[0] - from[0], to[1] - from[1]);
      const next = by === "line" ? there() : resized(mark, by, onto(to, room.xray));
      room.marks = room.marks.with(index, within(next, room.xray));
    },
    end: () => room.keep(),
  };
}

function pinch(room, start) {
  const { view } = room, place = placeOf(room);
  const middle = (two) => [0, 1].map((axis) => (two[0][axis] + two[1][axis]) / 2);
  const apart = (two) => Math.hypot(two[0][0] - two[1][0], two[0][1] - two[1][1]) || 1;
  const point = place.toXray(middle(start));
  return {
    move: (now) => {
      const zoomed = zoomedAt(view, point, (view.zoom * apart(now)) / apart(start));
      const shift = placement(zoomed, room.xray, paneSize(shownPanes(room)[0])).toXray(middle(now));
      room.view = held({ ...zoomed, x: zoomed.x + point[0] - shift[0], y: zoomed.y + point[1] - shift[1] }, room.xray);
    },
  };
}
