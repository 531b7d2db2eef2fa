// From an X-ray and a placement to the pixels of a pane: first what lies under each of them, then how bright that is.

import { shrunk } from "./xrays.js";
import { grainOf } from "./windowing.js";

// By how many powers of 2 an X-ray is shrunk where it is drawn at this scale.
export const levelOf = (scale) => Math.max(0, Math.floor(Math.log2(1 / scale)));

// What lies under each pixel of a pane of this size, in 1/grain of a stored value; only within the X-ray's own part.
export function sampled(xray, place, width, height) {
  const level = shrunk(xray, levelOf(place.scale)), factor = 2 ** level;
  const { values, rows, columns } = xray.levels[level], [a, b, c, d] = place.axes;
  const turned = a === 0, along = 1 / (place.scale * factor);
  // A pane's row runs along the X-ray's columns, or along its rows where it is turned by a quarter.
  const [first, second] = turned ? [b, c] : [a, d];
  const [across, down] = turned ? [rows, columns] : [columns, rows];
  const u = steps(width, (0.5 - place.left) * first * along, first * along, across, turned ? columns : 1);
  const v = steps(height, (0.5 - place.top) * second * along, second * along, down, turned ? 1 : columns);
  const grain = grainOf(xray), samples = new Uint16Array(width * height);
  for (let row = v.from; row < v.to; row++) {
    const base = v.at[row], share = v.share[row];
    for (let column = u.from, to = row * width + column; column < u.to; column++, to++) {
      const i = base + u.at[column], part = u.share[column];
      const one = values[i] + (values[i + u.stride] - values[i]) * part;
      const j = i + v.stride, other = values[j] + (values[j + u.stride] - values[j]) * part;
      samples[to] = (one + (other - one) * share) * grain + 0.5;
    }
  }
  return { samples, u, v, width, height };
}

// For each pixel of a pane's row or column, the offset of the lower of two neighbours and the share of the upper one.
function steps(count, start, step, size, unit) {
  const at = new Int32Array(count), share = new Float32Array(count), inside = [];
  for (let i = 0; i < count; i++) {
    const place = start + step * i;
    if (place < 0 || place >= size) continue;
    const held = Math.min(Math.max(place - 0.5, 0), size - 1), low = Math.min(Math.floor(held), Math.max(size - 2, 0));
    at[i] = low * unit;
    share[i] = held - low;
    inside.push(i);
  }
  return { at, share, stride: size > 1 ? unit : 0, from: inside[0] ?? 0, to: (inside.at(-1) ?? -1) + 1 };
}

export function shade({ samples, u, v, width, height }, greys) {
  const image = new ImageData(width, height), pixels = new Uint32Array(image.data.buffer);
  for (let row = v.from; row < v.to; row++) {
    for (let i = row * width + u.from, end = row * width + u.to; i < end; i++) pixels[i] = greys[samples[i]];
  }
  return image;
}
