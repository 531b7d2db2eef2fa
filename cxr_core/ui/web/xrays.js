// X-rays at their full depth, as dicom/rendering.py writes them; those that were read last and come next are kept.

const KEPT = 6;
const HEADER = 28; // bytes
const fetched = new Map(); // by address: a promise, and whether it has come

// Whether an X-ray is at hand, so that nobody waits for it.
export const isFetched = (url) => Boolean(fetched.get(url)?.isThere);

export function xrayAt(url) {
  const known = fetched.get(url) ?? fetchXray(url);
  fetched.delete(url);
  fetched.set(url, known); // the one asked for last goes last
  if (fetched.size > KEPT) fetched.delete(fetched.keys().next().value);
  return known.promise;
}

function fetchXray(url) {
  const entry = { isThere: false };
  const failed = (error) => {
    fetched.delete(url); // the next try asks again
    throw error;
  };
  entry.promise = received(url).then((xray) => {
    entry.isThere = true;
    return xray;
  }, failed);
  return entry;
}

async function received(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${answer.status}`);
  return decoded(await answer.arrayBuffer());
}

// `values` are stored values minus the lowest one; `tone` is the brightness of each, in units of 1/65535.
function decoded(buffer) {
  const head = new DataView(buffer);
  const [rows, columns, count] = [4, 8, 16].map((at) => head.getUint32(at, true));
  const tone = new Uint16Array(buffer, HEADER, count).slice(), size = rows * columns, start = HEADER + 2 * count;
  const high = new Uint8Array(buffer, start, size), low = new Uint8Array(buffer, start + size, size);
  const values = new Uint16Array(size);
  for (let i = 0, value = 0; i < size; i++) values[i] = value = (value + ((high[i] << 8) | low[i])) & 0xffff;
  const spacing = [head.getFloat32(20, true), head.getFloat32(24, true)];
  return {
    rows, columns, tone, lowest: head.getInt32(12, true),
    spacing: spacing.every((length) => length > 0) ? spacing : null, // millimetres between rows, between columns
    levels: [{ values, rows, columns }],
  };
}

// The X-ray shrunk by 2 to the power of `level`, each pixel the mean of four; made when it is first asked for.
export function shrunk(xray, level) {
  while (xray.levels.length <= level) {
    const { values, rows, columns } = xray.levels.at(-1);
    const [down, across] = [rows >> 1, columns >> 1];
    if (Math.min(down, across) < 2) break;
    const half = new Uint16Array(down * across);
    for (let row = 0, to = 0; row < down; row++) {
      for (let column = 0, at = 2 * row * columns; column < across; column++, at += 2) {
        half[to++] = (values[at] + values[at + 1] + values[at + columns] + values[at + columns + 1] + 2) >> 2;
      }
    }
    xray.levels.push({ values: half, rows: down, columns: across });
  }
  return Math.min(level, xray.levels.length - 1);
}

export function valueAt(xray, [x, y]) {
  const [column, row] = [Math.floor(x), Math.floor(y)];
  if (column < 0 || row < 0 || column >= xray.columns || row >= xray.rows) return null;
  return xray.levels[0].values[row * xray.columns + column] + xray.lowest;
}
