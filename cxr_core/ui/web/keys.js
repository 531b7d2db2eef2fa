// The keyboard: one key for each thing that a hand can do. What records a read is pressed by Streamlit's own shortcuts.

const ACTS = {
  h: "heat", v: "style", s: "layout", y: "prior", i: "invert", x: "mirror", t: "turn", T: "turn back",
  f: "fit", z: "one to one",
  w: "preset", W: "preset back", g: "magnify", m: "measure", b: "box", o: "ellipse", "?": "help",
  "+": "closer", "-": "farther", Delete: "remove", Backspace: "remove", Escape: "leave",
};
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export function press(room, event) {
  const target = event.composedPath()[0];
  if (isTyping(target)) {
    if (event.key === "Escape") target.blur();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || !room.root.isConnected) return;
  if (target.type === "range" && event.key in ARROWS) return;
  if (event.key in ARROWS) return arrow(room, event);
  room.settle(); // before a read is recorded
  if (event.key in ACTS) room.act(ACTS[event.key]);
  else if (event.key.toLowerCase() in ACTS && !event.shiftKey) room.act(ACTS[event.key.toLowerCase()]); // Caps Lock
}

function isTyping(target) {
  return target.isContentEditable || (target.matches?.("input, textarea, select") && target.type !== "range");
}

// Arrows go from case to case; while a mark is chosen they move it, with Shift they change its size.
function arrow(room, event) {
  const [dx, dy] = ARROWS[event.key];
  if (room.selected !== null && room.data.editable) {
    event.preventDefault();
    return room.nudge(dx, dy, event.shiftKey);
  }
  const step = event.repeat ? null : room.data.steps[event.key];
  if (step) document.querySelector(`.st-key-${step} button:enabled`)?.click();
}
