// What a reader draws: boxes and ellipses on what is wrong or missed, and the ruler. All in pixels of the X-ray.

const NEAR = 8; // CSS pixels within which a hand means a line or a corner
const SMALLEST = 3; // pixels of the X-ray: less is a slip of the hand
const COLOUR = "#8fd3ff", DIM = "#6db3d0", SHADE = "#000c";

export const markBetween = (shape, [x1, y1], [x2, y2]) => ({
  shape, x: Math.min(x1, x2), y: Math.min(y1, y2), width: Math.abs(x2 - x1), height: Math.abs(y2 - y1),
});

export const isMark = (mark) => Math.min(mark.width, mark.height) >= SMALLEST;

// The point of the X-ray that is nearest to one beside it.
export const onto = ([x, y], { columns, rows }) => [Math.min(Math.max(x, 0), columns), Math.min(Math.max(y, 0), rows)];

// Moved into the X-ray, and to a hundredth of a pixel.
export function within(mark, { columns, rows }) {
  const exact = (value) => Math.round(value * 100) / 100;
  const [width, height] = [Math.min(mark.width, columns), Math.min(mark.height, rows)];
  const x = Math.min(Math.max(mark.x, 0), columns - width), y = Math.min(Math.max(mark.y, 0), rows - height);
  return { shape: mark.shape, x: exact(x), y: exact(y), width: exact(width), height: exact(height) };
}

export const moved = (mark, dx, dy) => ({ ...mark, x: mark.x + dx, y: mark.y + dy });

const corners = ({ x, y, width, height }) => [[x, y], [x + width, y], [x + width, y + height], [x, y + height]];

// Which mark lies at a point of a pane, and by what it is held there: a number for a corner, `line` for the rest.
export function grabbed(marks, place, point, ratio) {
  for (const [index, mark] of [...marks.entries()].reverse()) {
    const at = corners(mark).map(place.toPane);
    const corner = at.findIndex((one) => Math.hypot(one[0] - point[0], one[1] - point[1]) < NEAR * ratio);
    if (corner >= 0) return { index, by: corner };
    if (isOnLine(mark, place, point, NEAR * ratio)) return { index, by: "line" };
  }
  return null;
}

function isOnLine(mark, place, point, reach) {
  const [x, y] = place.toXray(point), far = reach / place.scale;
  const [across, down] = [x - mark.x - mark.width / 2, y - mark.y - mark.height / 2].map(Math.abs);
  const [a, b] = [mark.width / 2, mark.height / 2];
  if (mark.shape === "ellipse") return Math.abs(Math.hypot(across / a, down / b) - 1) * Math.min(a, b) < far;
  const inside = across < a + far && down < b + far;
  return inside && (Math.abs(across - a) < far || Math.abs(down - b) < far);
}

// The mark with one corner drawn to a point; the corner across stays.
export function resized(mark, corner, point) {
  return markBetween(mark.shape, corners(mark)[(corner + 2) % 4], point);
}

// With the pen's coordinates those of the X-ray; `line` is how thick a line is in them.
export function drawMark(pen, mark, line, isSelected, isEditable) {
  pen.beginPath();
  if (mark.shape === "ellipse") {
    pen.ellipse(mark.x + mark.width / 2, mark.y + mark.height / 2, mark.width / 2, mark.height / 2, 0, 0, 2 * Math.PI);
  } else {
    pen.rect(mark.x, mark.y, mark.width, mark.height);
  }
  outlined(pen, line, isSelected || !isEditable ? COLOUR : DIM);
  if (!isSelected) return;
  pen.fillStyle = COLOUR;
  for (const [x, y] of corners(mark)) pen.fillRect(x - 3 * line, y - 3 * line, 6 * line, 6 * line);
}

export function drawRuler(pen, { from, to }, line) {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]], length = Math.hypot(dx, dy) || 1;
  const end = [(-dy / length) * 6 * line, (dx / length) * 6 * line];
  pen.beginPath();
  pen.moveTo(...from);
  pen.lineTo(...to);
  for (const [x, y] of [from, to]) {
    pen.moveTo(x - end[0], y - end[1]);
    pen.lineTo(x + end[0], y + end[1]);
  }
  outlined(pen, line, "#e6d28f");
}

function outlined(pen, line, colour) {
  pen.lineWidth = 3.5 * line;
  pen.strokeStyle = SHADE;
  pen.stroke();
  pen.lineWidth = 1.5 * line;
  pen.strokeStyle = colour;
  pen.stroke();
}

// In millimetres where the X-ray tells how far its pixels lie apart, else in pixels.
export function lengthOf({ from, to }, spacing) {
  const [across, down] = [to[0] - from[0], to[1] - from[1]];
  if (!spacing) return `${Math.hypot(across, down).toFixed(0)} px`;
  return `${Math.hypot(across * spacing[1], down * spacing[0]).toFixed(1)} mm at the detector`;
}
