// The keyboard: one key for each thing that a hand can do. What records a read is pressed by Streamlit's own shortcuts.

const ACTS = {
  h: "heat", v: "style", s: "layout", y: "prior", i: "invert", x: "mirror", t: "turn", T: "turn back",
  f: "fit", z: "one to one",
  w: "preset", W: "preset back", g: "magnify", m: "measure", b: "box", o: "ellipse", "?": "help",
  "+": "closer", "-": "farther", Delete: "remove", Backspace: "remove", Escape: "leave",
};
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

// What looks at an X-ray or asks for a step, and what a browser does for itself; everything else may record something.
export function isForViewer({ key, ctrlKey, metaKey, altKey }, steps) {
  if (ctrlKey || metaKey || altKey) return key.toLowerCase() !== "z";
  return [key, key.toLowerCase()].some((name) => name in ACTS || name in ARROWS || name in steps);
}

export function press(room, event) {
  const target = event.composedPath()[0];
  if (isTyping(target)) {
    if (event.key === "Escape") target.blur();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || !room.root.isConnected) return;
  if (target.type === "range" && event.key in ARROWS) return;
  if (event.key in ARROWS && nudged(room, event)) return;
  room.settle(); // before a read is recorded
  const step = room.data.steps[event.key] ?? room.data.steps[event.key.toLowerCase()];
  if (step) return void (event.repeat || room.step(step));
  if (event.key in ACTS) room.act(ACTS[event.key]);
  else if (event.key.toLowerCase() in ACTS && !event.shiftKey) room.act(ACTS[event.key.toLowerCase()]); // Caps Lock
}

export function isTyping(target) {
  return target.isContentEditable || (target.matches?.("input, textarea, select") && target.type !== "range");
}

// While a mark is chosen, arrows move it; with Shift they change its size.
function nudged(room, event) {
  if (room.selected === null || !room.data.editable) return false;
  event.preventDefault();
  room.nudge(...ARROWS[event.key], event.shiftKey);
  return true;
}
