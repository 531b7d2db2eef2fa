// Window and level, in stored values: the curve that the X-ray came with is moved and stretched, so that a sigmoid stays
// a sigmoid (PS3.3 C.11.2.1.3.1) and nothing that the first window cut off is lost.

const WHITE = 65535;
const SAMPLES = 65536;

// How finely samples tell stored values: whole numbers of parts of one value, as many as 16 bits have room for.
export const grainOf = (xray) => Math.max(1, Math.floor((SAMPLES - 1) / Math.max(1, xray.tone.length - 1)));

// Whether higher stored values are brighter.
export const rises = ({ tone }) => tone.at(-1) >= tone[0];

// The window as sent: from where the curve leaves its first value to where it reaches its last.
export function sentWindow(xray) {
  const { tone } = xray, last = tone.length - 1;
  let low = 0, high = last;
  while (low < last && tone[low + 1] === tone[0]) low++;
  while (high > low + 1 && tone[high - 1] === tone[last]) high--;
  return between(low, Math.max(high, low + 1));
}

export const between = (low, high) => ({ centre: (low + high) / 2, width: Math.max(high - low, 1e-3) });

// Windows to choose from, each between two shares of the X-ray's pixels, counted from the darkest.
export function presets(xray) {
  const shares = shareOf(xray), rising = rises(xray);
  const spans = (dark, bright) =>
    rising ? between(shares(dark), shares(bright)) : between(shares(1 - bright), shares(1 - dark));
  return [
    { name: "As sent", window: sentWindow(xray) },
    { name: "Lungs", window: spans(0.02, 0.6) },
    { name: "Mediastinum", window: spans(0.4, 0.995) },
    { name: "Whole range", window: between(0, xray.tone.length - 1) },
  ];
}

// The value below which a share of the pixels lies. A quarter of the rows and columns tells it well enough.
function shareOf(xray) {
  const { values } = xray.levels[0], counts = new Uint32Array(xray.tone.length);
  let total = 0;
  for (let row = 0; row < xray.rows; row += 4) {
    for (let at = row * xray.columns, end = at + xray.columns; at < end; at += 4, total++) counts[values[at]]++;
  }
  return (share) => {
    let value = 0;
    for (let seen = counts[0]; seen < share * total && value < counts.length - 1; ) seen += counts[++value];
    return value;
  };
}

// A grey (opaque, little-endian RGBA) for every sample.
export function greys(xray, window, invert) {
  const { tone } = xray, grain = grainOf(xray), sent = sentWindow(xray), found = new Uint32Array(SAMPLES);
  const stretch = sent.width / window.width, last = tone.length - 1;
  const reach = Math.max(1, last >> 6), before = (tone[Math.min(reach, last)] - tone[0]) / reach;
  const after = (tone[last] - tone[Math.max(0, last - reach)]) / reach;
  for (let sample = 0; sample < SAMPLES; sample++) {
    const at = sent.centre + (sample / grain - window.centre) * stretch, low = Math.floor(at);
    let light;
    if (at < 0) light = tone[0] + before * at;
    else if (low >= last) light = tone[last] + after * (at - last);
    else light = tone[low] + (tone[low + 1] - tone[low]) * (at - low);
    light = Math.min(Math.max(light / WHITE, 0), 1);
    found[sample] = 0xff000000 | (Math.round(255 * (invert ? 1 - light : light)) * 0x010101);
  }
  return found;
}
