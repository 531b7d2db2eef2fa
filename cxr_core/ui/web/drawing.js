// Painting the panes: the X-ray at the depth of the source, and over it heatmap, marks, ruler and magnifier.

import { placement, wholeView } from "./geometry.js";
import { drawHeat, evidenceAt } from "./heat.js";
import { drawMark, drawRuler, lengthOf } from "./marks.js";
import { levelOf, sampled, shade } from "./shading.js";
import { greys, rises, sentWindow } from "./windowing.js";
import { shrunk, valueAt } from "./xrays.js";

const MANY = 1_500_000; // pixels of a pane, from which on it is drawn coarsely while a hand moves it
const LENS = 110; // CSS pixels: radius of the magnifier
const ENLARGED = 2.5;
const WORDS = 14; // CSS pixels: how high they are on a screen of usual size, as .streamlit/config.toml says

export const ratio = () => window.devicePixelRatio || 1;

// How many of the screen's pixels a line of one takes: on a large screen all that is drawn grows with the words.
export const dots = () => (ratio() * parseFloat(getComputedStyle(document.documentElement).fontSize)) / WORDS;

// The size of a pane in pixels of the screen, which all places on a pane are in.
export function paneSize({ pane }) {
  return { width: Math.round(pane.clientWidth * ratio()), height: Math.round(pane.clientHeight * ratio()) };
}

export const isComparing = (room) => Boolean(room.comparing && room.data.prior);

// What a pane shows; while comparing, the first one shows the earlier X-ray.
function shownOn(room, pane) {
  if (isComparing(room) && !pane.isTinted) return room.prior ? alike(room) : {};
  const { xray, view, window, kept } = room;
  return { xray, view, window, kept };
}

// The earlier X-ray under the same view and window as the new one, each in its own measures.
function alike({ xray, view, window, prior, keptPrior }) {
  const now = sentWindow(xray), then = sentWindow(prior);
  const share = then.width / now.width, side = rises(xray) === rises(prior) ? 1 : -1; // of brightness in stored values
  return {
    xray: prior, kept: keptPrior, isPrior: true,
    view: { ...view, x: (view.x / xray.columns) * prior.columns, y: (view.y / xray.rows) * prior.rows },
    window: { width: window.width * share, centre: then.centre + (window.centre - now.centre) * share * side },
  };
}

// Shrinks an X-ray to what a pane will show of it first, while nobody waits.
export function prepare(room, xray) {
  const [pane] = shownPanes(room);
  if (pane) shrunk(xray, levelOf(placement(wholeView(xray), xray, paneSize(pane)).scale));
}

export const shownPanes = (room) => room.panes.filter(({ pane }) => pane.clientWidth > 0);

export function draw(room) {
  if (room.waiting) return;
  room.waiting = requestAnimationFrame(() => {
    room.waiting = null;
    const panes = shownPanes(room);
    if (!panes.length) return;
    const size = paneSize(panes[0]); // of both: they may differ by a part of a pixel, and share one picture
    for (const pane of panes) paint(room, pane, size);
    tell(room, size);
  });
}

function paint(room, pane, size) {
  if (!size.width || !size.height) return;
  const coarse = room.moving && size.width * size.height > MANY ? 2 : 1;
  const [width, height] = [Math.ceil(size.width / coarse), Math.ceil(size.height / coarse)];
  const pen = sized(pane.picture, width, height), over = sized(pane.over, size.width, size.height);
  const shown = room.xray && shownOn(room, pane);
  if (!shown?.xray) return;
  pen.putImageData(picture(shown, room.invert, width, height), 0, 0);
  const place = placement(shown.view, shown.xray, size);
  if (!shown.isPrior) drawOver(room, pane, over, place);
  if (room.magnifying && room.cursor) drawLens(room, pane, shown, over, place);
}

function sized(canvas, width, height) {
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const pen = canvas.getContext("2d");
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.clearRect(0, 0, width, height);
  return pen;
}

// Panes that show the same have one picture; a new window needs no new samples, a new heatmap no new greys.
function picture({ xray, view, window, kept }, invert, width, height) {
  const from = JSON.stringify([view, width, height]), shown = JSON.stringify([window, invert]);
  if (kept.xray !== xray || kept.from !== from) {
    const samples = sampled(xray, placement(view, xray, { width, height }), width, height);
    Object.assign(kept, { xray, from, samples, image: null });
  }
  if (kept.shown !== shown || kept.greysOf !== xray) {
    Object.assign(kept, { shown, greysOf: xray, greys: greys(xray, window, invert), image: null });
  }
  return (kept.image ??= shade(kept.samples, kept.greys));
}

const transform = ({ scale, axes: [a, b, c, d], left, top }) => [scale * a, scale * c, scale * b, scale * d, left, top];

function drawOver(room, pane, pen, place) {
  pen.setTransform(...transform(place));
  const line = dots() / place.scale, { heat } = room;
  if (pane.isTinted && heat && room.hot) drawHeat(pen, heat, room.xray, room.style, room.opacity / 100, 2 * line);
  room.marks.forEach((mark, index) => drawMark(pen, mark, line, index === room.selected, room.data.editable));
  if (room.sketch) drawMark(pen, room.sketch, line, false, true);
  if (room.ruler) drawRuler(pen, room.ruler, line);
  pen.setTransform(1, 0, 0, 1, 0, 0);
  if (room.ruler) drawLength(room, pen, place);
}

function drawLength(room, pen, place) {
  const [x, y] = place.toPane(room.ruler.to), dot = dots();
  pen.font = `600 ${13 * dot}px sans-serif`;
  pen.lineWidth = 3 * dot;
  pen.strokeStyle = "#000";
  pen.fillStyle = "#e6d28f";
  const words = lengthOf(room.ruler, room.xray.spacing), width = pen.measureText(words).width + 10 * dot;
  const left = x + width > pen.canvas.width ? x - width : x + 10 * dot; // where there is room for it
  pen.strokeText(words, left, y - 8 * dot);
  pen.fillText(words, left, y - 8 * dot);
}

// The part under the cursor, enlarged, at the same place of both panes.
function drawLens(room, pane, { xray, view, kept, isPrior }, pen, place) {
  const [x, y] = room.cursor, side = Math.round(2 * LENS * dots());
  const middle = place.toXray([x, y]);
  const within = { width: side, height: side };
  const closer = { ...view, x: middle[0], y: middle[1], zoom: 1 };
  closer.zoom = (place.scale * ENLARGED) / placement(closer, xray, within).scale;
  const near = placement(closer, xray, within);
  const lens = sized((pane.lens ??= document.createElement("canvas")), side, side);
  lens.putImageData(shade(sampled(xray, near, side, side), kept.greys), 0, 0);
  if (!isPrior) drawOver(room, pane, lens, near);
  pen.save();
  pen.beginPath();
  pen.arc(x, y, side / 2, 0, 2 * Math.PI);
  pen.clip();
  pen.fillRect(x - side / 2, y - side / 2, side, side);
  pen.drawImage(pane.lens, x - side / 2, y - side / 2);
  pen.restore();
  pen.lineWidth = 1.5 * dots();
  pen.strokeStyle = "#4f9dbd";
  pen.stroke();
}

// What is shown, in words and numbers: preset, window, zoom, and the value under the cursor.
function tell(room, size) {
  const { xray, view, say } = room;
  if (!xray) return say("", "");
  const { centre, width } = room.window, place = placement(view, xray, size);
  const round = (value) => Math.round(value).toLocaleString("en");
  const zoom = view.zoom === 1 ? "fit" : `${Math.round(place.scale * 100)} %`;
  const named = room.presets.find(({ window }) => window.centre === centre && window.width === width);
  const turned = view.turn ? `turned by ${90 * view.turn}°` : "";
  const changed = [zoom, turned, view.mirrored ? "MIRRORED" : "", room.invert ? "inverted" : ""];
  const shown = `C ${round(centre + xray.lowest)} W ${round(width)}`;
  say([named?.name ?? "Own window", shown, ...changed].filter(Boolean).join(" · "), underCursor(room, place));
}

function underCursor(room, place) {
  const isPrior = isComparing(room) && room.over?.matches(".xray"); // its values aren't the new one's
  const at = room.cursor && !isPrior && place.toXray(room.cursor), value = at && valueAt(room.xray, at);
  if (value === null || value === undefined || !at) return "";
  const shares = [at[0] / room.xray.columns, at[1] / room.xray.rows];
  const evidence = room.heat && room.hot ? evidenceAt(room.heat, ...shares, room.data.scale) : null;
  const words = `x ${Math.floor(at[0])}  y ${Math.floor(at[1])}  value ${value}`;
  return evidence === null ? words : `${words}  evidence ${evidence.toFixed(digits(room.data.scale))}`;
}

// So many that a hundredth of the scale can be told.
const digits = (scale) => Math.max(0, 2 - Math.floor(Math.log10(scale)));
