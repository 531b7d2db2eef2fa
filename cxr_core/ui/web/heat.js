// The model's evidence over the X-ray: 7 x 7 numbers, enlarged, as a tint or as lines of equal evidence.

const SIDE = 7; // rows and columns of a heatmap
const FINE = 224; // rows and columns to which the numbers are enlarged
const SHARES = [0.25, 0.5, 0.75]; // of the scale: where the lines run

// SIDE x SIDE numbers by rows, as explaining.heatmap gives them.
export async function heatmapAt(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${answer.status}`);
  const numbers = new DataView(await answer.arrayBuffer()), counted = Array.from({ length: SIDE }, (_, i) => i);
  return counted.map((row) => counted.map((column) => numbers.getFloat32(4 * (SIDE * row + column), true)));
}

// `values` is FINE x FINE in 0..1 of the scale.
export function heatOf(numbers, scale) {
  const values = enlarged(numbers).map((value) => Math.min(Math.max(value / scale, 0), 1));
  const lines = SHARES.map((share) => ({ share, segments: line(values, share) }));
  return { values, tint: tinted(values), lines };
}

export function evidenceAt({ values }, x, y, scale) {
  const [column, row] = [x, y].map((share) => Math.floor(share * FINE));
  const inside = column >= 0 && row >= 0 && column < FINE && row < FINE;
  return inside ? values[row * FINE + column] * scale : null;
}

// Bilinear, half-pixel centres, edges held: as the numbers would be enlarged to the network's input.
function enlarged(numbers) {
  const n = numbers.length, found = new Float32Array(FINE * FINE);
  const steps = Array.from({ length: FINE }, (_, i) => {
    const at = Math.min(Math.max(((i + 0.5) * n) / FINE - 0.5, 0), n - 1), low = Math.min(Math.floor(at), n - 2);
    return [low, at - low];
  });
  steps.forEach(([r, down], row) => steps.forEach(([c, right], column) => {
    const top = numbers[r][c] * (1 - right) + numbers[r][c + 1] * right;
    const bottom = numbers[r + 1][c] * (1 - right) + numbers[r + 1][c + 1] * right;
    found[row * FINE + column] = top * (1 - down) + bottom * down;
  }));
  return found;
}

function tinted(values) {
  const canvas = Object.assign(document.createElement("canvas"), { width: FINE, height: FINE });
  const pen = canvas.getContext("2d"), pixels = pen.createImageData(FINE, FINE);
  values.forEach((t, i) => pixels.data.set([...ramp(t), 255 * Math.sqrt(t)], 4 * i));
  pen.putImageData(pixels, 0, 0);
  return canvas;
}

// Marching squares: the pieces of the line on which the values reach `share`, in FINE x FINE coordinates.
function line(values, share) {
  const segments = [];
  for (let row = 0; row < FINE - 1; row++) {
    for (let column = 0; column < FINE - 1; column++) {
      const i = row * FINE + column, corners = [values[i], values[i + 1], values[i + FINE + 1], values[i + FINE]];
      const cuts = corners.flatMap((value, side) => crossing(value, corners[(side + 1) % 4], side, share));
      for (let cut = 0; cut + 1 < cuts.length; cut += 2) {
        segments.push([cuts[cut], cuts[cut + 1]].map(([x, y]) => [column + x + 0.5, row + y + 0.5]));
      }
    }
  }
  return segments;
}

function crossing(from, to, side, share) {
  if (from >= share === to >= share) return [];
  const at = (share - from) / (to - from);
  return [[[at, 0], [1, at], [1 - at, 1], [0, 1 - at]][side]];
}

// With the pen's coordinates those of the X-ray, which is as wide and high as it says.
export function drawHeat(pen, heat, { columns, rows }, style, opacity, thickness) {
  pen.globalAlpha = opacity;
  pen.imageSmoothingQuality = "high";
  if (style === "tint") pen.drawImage(heat.tint, 0, 0, columns, rows);
  else for (const { share, segments } of heat.lines) drawLine(pen, segments, columns, rows, share, thickness);
  pen.globalAlpha = 1;
}

function drawLine(pen, segments, columns, rows, share, thickness) {
  pen.beginPath();
  for (const [from, to] of segments) {
    pen.moveTo((from[0] / FINE) * columns, (from[1] / FINE) * rows);
    pen.lineTo((to[0] / FINE) * columns, (to[1] / FINE) * rows);
  }
  pen.lineWidth = thickness * (0.7 + share);
  pen.strokeStyle = css(ramp(share), 1);
  pen.stroke();
}

// From violet over red to pale yellow in OKLCH: lightness rises evenly, so equal steps look equal, also to
// readers who don't tell red from green (B. Ottosson, "A perceptual color space for image processing", 2020).
function ramp(t) {
  const lightness = 0.42 + 0.5 * t, chroma = 0.17 - 0.05 * t, hue = ((310 + 145 * t) * Math.PI) / 180;
  const a = chroma * Math.cos(hue), b = chroma * Math.sin(hue);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ].map((v) => 255 * standardRgb(Math.min(Math.max(v, 0), 1)));
}

const standardRgb = (v) => (v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055);
const css = (rgb, alpha) => `rgb(${rgb.map(Math.round).join(" ")} / ${alpha})`;

export const rampGradient = () =>
  `linear-gradient(90deg, ${[0, 0.25, 0.5, 0.75, 1].map((t) => css(ramp(t), Math.sqrt(t))).join(", ")})`;
