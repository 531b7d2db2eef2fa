// Turning to another case. Its X-ray is on the screen at once where it was fetched ahead; what is said of it comes from
// the server. Until that is there, what was said of the case before is hidden, and no key records anything.

import { isForViewer } from "./keys.js";

export const NEXT = "step-next"; // as in ui/keys.py
const LONGEST = 5000; // milliseconds

// What ends the page's words on a case; while the page is drawn anew, the end of the case before may still be there.
const ends = () => [...document.querySelectorAll(".said-of")].map((end) => end.dataset.image);
const isSaid = (image, found = ends()) => found.length > 0 && found.every((each) => each === image);

// What is known of the case that comes next, before the server has said anything of it.
export function nextCase({ data }) {
  const [next, ...rest] = data.next;
  return next && {
    ...data, ...next, next: rest, left: data.image,
    heatmap: null, title: "X-ray", note: "", unit: "", prior: null, marks: [], editable: false,
  };
}

// Hides what is said of another case than that on the screen until the page has come after. If it doesn't come, because
// the server is gone or went elsewhere, the X-ray comes back that the page speaks of.
export function waitForPage(room) {
  if (room.turning) return;
  let since = performance.now();
  const look = () => {
    if (performance.now() - since > LONGEST && ends().length) {
      room.present(room.page);
      since = performance.now();
    }
    const hasFailed = performance.now() - since > LONGEST; // and may say so
    const isOver = !room.root.isConnected || isSaid(room.data.image) || hasFailed;
    document.body.toggleAttribute("data-turning", !isOver);
    room.turning = isOver ? null : requestAnimationFrame(look);
    if (isOver) stepOnce(room);
  };
  look();
}

// While the page comes after, a key may look at the X-ray or ask for the next step, and do nothing else. One that is
// held down records nothing: it would go through case after case.
export function guard(room, event) {
  const records = event.key === "Enter" && event.repeat;
  if (!records && (!room.turning || isForViewer(event, room.data.steps))) return;
  event.stopImmediatePropagation();
  if (event.key === "Enter" || event.key === " ") event.preventDefault();
}

// Whether a press on a step's button has to wait for the page, too.
export function waitsForPage(room, event, name) {
  if (!room.turning) return false;
  event.stopImmediatePropagation();
  event.preventDefault();
  room.wanted = name;
  return true;
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
