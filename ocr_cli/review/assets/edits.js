// What can be done to the rows of a page. Nothing is changed in place: every function gives new
// rows, and shares what stays. A row: {id, points, spread, slant, words, accepted, changed};
// a word: {box: [x1, y1, x2, y2], read, confidence, typed, choices}.

export const textOf = (word) => (word.typed === null ? word.read : word.typed);

export const rowText = (row) => row.words.map(textOf).filter(Boolean).join(" ");

export const newId = () => "n" + crypto.getRandomValues(new Uint32Array(2)).join("-");

const clean = (text) => text.replace(/[\u0000-\u001f\u007f\u2028\u2029\ud800-\udfff]/gu, " ");

const replaced = (rows, id, change) => rows.map((row) => (row.id === id ? change(row) : row));

// The words of a row that says `text` now: those at both ends that stay are left as they are.
export function withText(row, text) {
  const tokens = clean(text).split(/ +/).filter(Boolean);
  const old = row.words.filter((word) => textOf(word));
  let start = 0, end = 0;
  while (start < Math.min(tokens.length, old.length) && textOf(old[start]) === tokens[start]) start++;
  while (end < Math.min(tokens.length, old.length) - start &&
    textOf(old[old.length - 1 - end]) === tokens[tokens.length - 1 - end]) end++;
  const fresh = tokens.slice(start, tokens.length - end);
  const gone = old.slice(start, old.length - end);
  const words = [...old.slice(0, start), ...inPlace(row, fresh, gone, old[start - 1]),
    ...old.slice(old.length - end)];
  return {...row, words};
}

// New words where old ones stood; as many as before take their places one by one.
function inPlace(row, fresh, gone, before) {
  if (fresh.length === gone.length) {
    return fresh.map((text, i) => ({...gone[i], typed: text === gone[i].read ? null : text}));
  }
  const box = gone.length ? around(gone) : beside(row, before);
  const total = fresh.reduce((sum, text) => sum + text.length + 1, 0);
  let x = box[0];
  return fresh.map((text) => {
    const from = x;
    x += ((box[2] - box[0]) * (text.length + 1)) / total;
    return {box: [from, box[1], x, box[3]], read: "", confidence: 0, typed: text, choices: []};
  });
}

function around(words) {
  const side = (k, pick) => pick(...words.map((word) => word.box[k]));
  return [side(0, Math.min), side(1, Math.min), side(2, Math.max), side(3, Math.max)];
}

// Room for a word behind another, or at the row's start.
function beside(row, before) {
  if (before) return [before.box[2], before.box[1], before.box[2] + row.spread * 4, before.box[3]];
  const [x, y] = row.points[0], tall = row.spread * 4;
  return [x, y - tall, row.points[row.points.length - 1][0], y + tall];
}

// A word says something else; with blanks in it, it becomes several.
export function setWord(rows, id, index, text) {
  return replaced(rows, id, (row) => {
    const parts = clean(text).split(/ +/).filter(Boolean), word = row.words[index];
    const whole = parts.join(" ");
    const fresh = word && parts.length < 2
      ? [{...word, typed: whole === word.read ? null : whole}]
      : inPlace(row, parts, word ? [word] : [], row.words[index - 1]);
    return {...row, words: [...row.words.slice(0, index), ...fresh, ...row.words.slice(index + 1)]};
  });
}

export const accept = (rows, id, accepted = true) => replaced(rows, id, (row) => ({...row, accepted}));

// Two rows of one: the second begins with the word of that index.
export function split(rows, id, index) {
  return rows.flatMap((row) => {
    if (row.id !== id || index <= 0 || index >= row.words.length) return [row];
    const x = (row.words[index - 1].box[2] + row.words[index].box[0]) / 2;
    const [left, right] = cut(row.points, x);
    return [
      {...row, points: left, words: row.words.slice(0, index), accepted: false},
      {...row, id: newId(), points: right, words: row.words.slice(index), accepted: false},
    ];
  });
}

// A polyline that runs to the right, cut at x; both parts have two points at least.
function cut(points, x) {
  const first = points[0][0], last = points[points.length - 1][0];
  const at = Math.min(Math.max(x, Math.min(first, last) + 1), Math.max(first, last) - 1);
  const next = Math.max(1, points.findIndex((point) => point[0] > at));
  const [a, b] = [points[next - 1], points[next]];
  const share = b[0] === a[0] ? 0.5 : Math.min(1, Math.max(0, (at - a[0]) / (b[0] - a[0])));
  const middle = [at, a[1] + share * (b[1] - a[1])];
  return [[...points.slice(0, next), middle], [middle, ...points.slice(next)]];
}

// One row of two that follow each other; whichever lies further left comes first.
export function join(rows, id) {
  const at = rows.findIndex((row) => row.id === id);
  if (at < 0 || at + 1 >= rows.length) return rows;
  const pair = [rows[at], rows[at + 1]].sort((a, b) => a.points[0][0] - b.points[0][0]);
  const row = {
    ...rows[at],
    points: [...pair[0].points, ...pair[1].points].sort((a, b) => a[0] - b[0]),
    spread: (pair[0].spread + pair[1].spread) / 2,
    words: [...pair[0].words, ...pair[1].words],
    accepted: false,
  };
  return [...rows.slice(0, at), row, ...rows.slice(at + 2)];
}

export const remove = (rows, id) => rows.filter((row) => row.id !== id);

export function move(rows, id, by) {
  const at = rows.findIndex((row) => row.id === id), to = at + by;
  if (at < 0 || to < 0 || to >= rows.length) return rows;
  const rest = remove(rows, id);
  return [...rest.slice(0, to), rows[at], ...rest.slice(to)];
}

// A new row where it belongs from top to bottom.
export function add(rows, row) {
  const height = (one) => one.points.reduce((sum, point) => sum + point[1], 0) / one.points.length;
  const after = rows.findIndex((one) => height(one) > height(row));
  const at = after < 0 ? rows.length : after;
  return [...rows.slice(0, at), row, ...rows.slice(at)];
}

// A row without text in a box that was drawn, for when nothing can read it.
export function emptyRow(box, id = newId()) {
  const [x1, y1, x2, y2] = box, middle = (y1 + y2) / 2;
  const word = {box, read: "", confidence: 0, typed: null, choices: []};
  return {id, points: [[x1, middle], [x2, middle]], spread: (y2 - y1) / 9, slant: 0, words: [word],
    accepted: false, changed: 0};
}

export function replaceAll(rows, find, put) {
  return rows.map((row) => {
    const text = rowText(row);
    return find && text.includes(find) ? withText(row, text.split(find).join(put)) : row;
  });
}

export const same = (a, b) => a === b ||
  (a && b && JSON.stringify({...a, changed: 0}) === JSON.stringify({...b, changed: 0}));

const ids = (rows) => rows.map((row) => row.id);

// What is to be sent so that `old` rows become `now`; null where they are the same.
export function patch(old, now, base) {
  const before = new Map(old.map((row) => [row.id, row])), rows = {};
  for (const row of now) if (!same(before.get(row.id), row)) rows[row.id] = row;
  const left = new Set(ids(now));
  for (const row of old) if (!left.has(row.id)) rows[row.id] = null;
  const moved = ids(old).join() !== ids(now).join();
  if (!moved && !Object.keys(rows).length) return null;
  return {base, rows, order: moved ? ids(now) : null};
}

// My rows and theirs, both made of `base`: who alone changed a row has his way, and of rows that
// both changed theirs stay, and `lost` has mine.
export function merge(base, mine, theirs) {
  const find = (rows) => new Map(rows.map((row) => [row.id, row]));
  const [was, own, other] = [find(base), find(mine), find(theirs)];
  const lost = [], rows = [];
  const reordered = ids(base).join() !== ids(mine).join();
  const order = reordered && ids(base).join() === ids(theirs).join() ? ids(mine) : ids(theirs);
  for (const id of [...order, ...ids(mine).filter((one) => !order.includes(one))]) {
    const [a, b, c] = [was.get(id), own.get(id), other.get(id)];
    const iChanged = !same(a, b), theyChanged = !same(a, c);
    if (iChanged && theyChanged && !same(b, c) && b) lost.push(b);
    const row = iChanged && !theyChanged ? b : c;
    if (row) rows.push(row);
  }
  return {rows, lost};
}

// The next (1) or last (-1) doubtful word from `here`, as [id, index].
export function nextDoubtful(rows, here, by, isDoubtful) {
  const all = rows.flatMap((row, r) => row.words.map((word, index) => ({row, r, word, index})));
  const from = [here ? rows.findIndex((row) => row.id === here.id) : -1, here?.index ?? -1];
  const beyond = ({r, index}) => by * (r - from[0] || index - from[1]) > 0;
  const found = all.filter((one) => isDoubtful(one.row, one.word) && beyond(one));
  const next = by > 0 ? found[0] : found[found.length - 1];
  return next ? [next.row.id, next.index] : null;
}
