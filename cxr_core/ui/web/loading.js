// What is fetched for a case: its X-ray and heatmap, the earlier X-ray beside it, and the X-rays that come next.

import { draw, prepare } from "./drawing.js";
import { wholeView } from "./geometry.js";
import { heatmapAt, heatOf } from "./heat.js";
import { presets, sentWindow } from "./windowing.js";
import { xrayAt } from "./xrays.js";

// Until the frame that was asked for is drawn, before it is on the screen.
const drawnOnce = () => new Promise(requestAnimationFrame);

export async function load(room, url) {
  const asked = xrayAt(url), { data } = room;
  if (room.shown !== url) {
    Object.assign(room, { xray: null, shown: null });
    room.notes[0].textContent = "Loading …";
    draw(room); // never another patient's picture under this case's opinion
  }
  try {
    const xray = await asked;
    if (room.data.url !== url || room.shown === url) return;
    const found = presets(xray);
    Object.assign(room, { xray, shown: url, presets: found, preset: 0 });
    Object.assign(room, { view: wholeView(xray), window: sentWindow(xray) });
    room.notes[0].textContent = "";
    room.changed();
    await drawnOnce();
    room.root.dataset.shown = data.image;
    return;
  } catch {
    if (room.data.url === url) room.notes[0].textContent = "The picture can't be shown. Reload the page.";
  }
  room.changed();
}

// Without a word where it is missing, a pane would say that there is no evidence.
export async function loadHeat(room, url) {
  if (room.heatUrl === url) return;
  Object.assign(room, { heatUrl: url, heat: null, heatNote: url ? "Loading …" : "" });
  const numbers = url && (await heatmapAt(url).catch(() => null));
  if (room.heatUrl !== url) return;
  if (numbers) Object.assign(room, { heat: heatOf(numbers, room.data.scale), peak: Math.max(...numbers.flat()) });
  room.heatNote = "";
  const lacking = { heatNote: "The heatmap can't be shown. Reload the page.", heatUrl: undefined };
  if (url && !numbers) Object.assign(room, lacking);
  room.described();
}

// Once the case itself is on the screen.
export function loadAround(room) {
  loadPrior(room, room.data.prior?.url);
  if (!room.data.left) room.data.next.forEach(({ url }) => fetchAhead(room, url));
}

async function fetchAhead(room, url) {
  const xray = await xrayAt(url).catch(() => null);
  if (xray) prepare(room, xray);
}

// An earlier X-ray is fetched when the case is opened, so that comparing doesn't wait for it.
async function loadPrior(room, url) {
  if (room.priorUrl === url) return;
  Object.assign(room, { priorUrl: url, prior: null });
  const prior = url && (await xrayAt(url).catch(() => null));
  if (room.priorUrl !== url) return;
  Object.assign(room, { prior, priorUrl: prior ? url : null }); // one that failed is asked for when it is shown anew
  if (room.data) room.changed();
}
