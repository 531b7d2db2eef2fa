// Turning to another case. Its X-ray is on the screen at once where it was fetched ahead; what is said of it comes from
// the server. Until that is there, what was said of the case before is hidden, and no key records anything.

import { isForViewer } from "./keys.js";

const LONGEST = 5000; // milliseconds after which the page is shown as it is: it may say what went wrong

// What ends the page's words on a case; while the page is drawn anew, the end of the case before may still be there.
function isSaid(image) {
  const ends = [...document.querySelectorAll(".said-of")];
  return ends.length > 0 && ends.every((end) => end.dataset.image === image);
}

// What is known of the case that comes next, before the server has said anything of it.
export function nextCase({ data }) {
  const [next, ...rest] = data.next;
  return next && {
    ...data, ...next, next: rest, isAhead: true,
    heatmap: null, title: "X-ray", note: "", unit: "", prior: null, marks: [], editable: false,
  };
}

// Hides what is said of another case than that on the screen until the page has come after.
export function waitForPage(room) {
  if (room.turning) return;
  const since = performance.now();
  const look = () => {
    const isOver = !room.root.isConnected || isSaid(room.data.image) || performance.now() - since > LONGEST;
    document.body.toggleAttribute("data-turning", !isOver);
    room.turning = isOver ? null : requestAnimationFrame(look);
    if (isOver) stepOnce(room);
  };
  look();
}

// While the page comes after, a key may look at the X-ray or ask for the next step, and do nothing else.
export function guard(room, event) {
  if (room.turning && !isForViewer(event)) stop(event, event.key === "Enter" || event.key === " ");
}

// A second press on a step's button waits for the page, too; says whether it does.
export function guardStep(room, event, name) {
  if (!room.turning) return false;
  stop(event, true);
  room.wanted = name;
  return true;
}

function stop(event, andWhatItDoes) {
  event.stopImmediatePropagation();
  if (andWhatItDoes) event.preventDefault();
}

// Presses a step's button, or remembers to do so where the page has no button for this case yet.
export function step(room, name) {
  room.wanted = name;
  if (!room.turning) stepOnce(room);
}

function stepOnce(room) {
  const { wanted } = room;
  room.wanted = null;
  if (wanted) document.querySelector(`.st-key-${wanted} button:enabled`)?.click();
}
