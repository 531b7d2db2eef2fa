// Where the X-ray lies on a pane. Points of the X-ray are in its own pixels from its upper left corner, however it is
// turned, mirrored or enlarged; points of a pane are in the pane's pixels.

const LARGEST_ZOOM = 32;

// zoom 1 shows the whole X-ray; (x, y) is the point of it that lies in the middle of the pane.
export function wholeView(xray) {
  return { zoom: 1, x: xray.columns / 2, y: xray.rows / 2, turn: 0, mirrored: false };
}

function fitScale(view, xray, { width, height }) {
  const [across, down] = view.turn % 2 ? [xray.rows, xray.columns] : [xray.columns, xray.rows];
  return Math.min(width / across, height / down);
}

// Turned clockwise by quarters, then mirrored left to right: an orthogonal matrix, whose inverse is its transpose.
function axes({ turn, mirrored }) {
  const cosine = [1, 0, -1, 0][turn], sine = [0, 1, 0, -1][turn], side = mirrored ? -1 : 1;
  return [side * cosine, -side * sine, sine, cosine];
}

export function placement(view, xray, pane) {
  const scale = fitScale(view, xray, pane) * view.zoom;
  const [a, b, c, d] = axes(view);
  let left = pane.width / 2 - scale * (a * view.x + b * view.y);
  let top = pane.height / 2 - scale * (c * view.x + d * view.y);
  if (Math.abs(scale - 1) < 1e-9) [left, top] = [Math.round(left), Math.round(top)]; // pixel on pixel
  return {
    scale, axes: [a, b, c, d], left, top,
    toPane: ([x, y]) => [left + scale * (a * x + b * y), top + scale * (c * x + d * y)],
    toXray: ([x, y]) => [(a * (x - left) + c * (y - top)) / scale, (b * (x - left) + d * (y - top)) / scale],
  };
}

// The view in which `point` of the X-ray stays where it is on the pane while the zoom changes.
export function zoomedAt(view, point, zoom) {
  const next = Math.min(Math.max(zoom, 1), LARGEST_ZOOM), share = view.zoom / next;
  return { ...view, zoom: next, x: point[0] + (view.x - point[0]) * share, y: point[1] + (view.y - point[1]) * share };
}

// The view moved so that no more than half a pane lies beside the X-ray; the whole X-ray is kept in the middle.
export function held(view, xray) {
  if (view.zoom <= 1) return { ...view, x: xray.columns / 2, y: xray.rows / 2 };
  return { ...view, x: Math.min(Math.max(view.x, 0), xray.columns), y: Math.min(Math.max(view.y, 0), xray.rows) };
}

// The view in which one pixel of the X-ray is one of the pane's, or the whole X-ray where that is so already.
export function oneToOne(view, xray, pane) {
  const zoom = 1 / fitScale(view, xray, pane);
  return held({ ...view, zoom: Math.abs(view.zoom - zoom) < 1e-9 ? 1 : zoom }, xray);
}
