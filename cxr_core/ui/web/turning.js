// Turning to another case. Its X-ray is on the screen at once where it was fetched ahead; what is said of it comes from
// the server. Until that is there, what was said of the case before is hidden, and no key records anything.

import { isForViewer, isTyping } from "./keys.js";

export const NEXT = "step-next"; // as in ui/keys.py
const LONG = 1000, LONGEST = 5000; // milliseconds

// The page's words on a case stand between two marks; while it is drawn anew, those of another one may still be there.
const marks = () => [...document.querySelectorAll(".said-of")].map((mark) => mark.dataset.image);
const isSaid = (image, found = marks()) => found.length > 0 && found.every((each) => each === image);
const isShown = (room) => room.shown === room.data.url; // and nobody answers for an X-ray that isn't there

// What is known of the case that comes next, before the server has said anything of it.
export function nextCase({ data }) {
  const [next, ...rest] = data.next;
  return next && {
    ...data, ...next, next: rest, left: data.image,
    heatmap: null, title: "X-ray", note: "", unit: "", prior: null, marks: [], editable: false,
  };
}

// Watches what the page says; it may speak of another case before the viewer hears of it.
export function watchPage(room) {
  const watching = new MutationObserver(() => marks().length && !isSaid(room.data.image) && waitForPage(room));
  watching.observe(document.body, { subtree: true, childList: true, attributeFilter: ["data-image"] });
  return watching;
}

// Hides what is said of another case than that on the screen until the page has come after. If it doesn't come, because
// the server is gone or went elsewhere, the X-ray comes back that the page speaks of.
export function waitForPage(room) {
  if (room.turning) return;
  let since = performance.now();
  const look = () => {
    const waited = performance.now() - since, isOfAnother = marks().length > 0 && !isSaid(room.data.image);
    if (waited > LONGEST && isOfAnother) {
      room.present(room.page);
      since = performance.now();
    }
    const hasFailed = waited > LONGEST && !marks().length; // and may say so
    const isOver = !room.root.isConnected || (isSaid(room.data.image) && isShown(room)) || hasFailed;
    if (isOver) delete document.body.dataset.turning;
    else document.body.dataset.turning = waited > LONG ? "slowly" : "";
    room.turning = isOver ? null : requestAnimationFrame(look);
    if (isOver) stepOnce(room);
  };
  look();
}

// While the page comes after, a key may look at the X-ray or ask for the next step, and do nothing else. One that is
// held down records nothing: it would go through case after case. Nor does one over the list of keys, or in a comment.
export function guard(room, event) {
  const { key } = event, isHelp = !room.help.hidden && !["?", "Escape"].includes(key);
  const isTypist = (event.ctrlKey || event.metaKey) && isTyping(event.composedPath()[0]);
  const isMuted = isHelp || isTypist || (key === "Enter" && event.repeat);
  if (!isMuted && (!room.turning || isForViewer(event, room.data.steps))) return;
  event.stopImmediatePropagation();
  if (key === "Enter" || key === " ") event.preventDefault();
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
