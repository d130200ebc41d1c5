// The correction page: rows as words to type in, kept with every change.
import * as edits from "./edits.js";
import {Photo} from "./photo.js";
import {source} from "./keep.js";
import {remember, remembered} from "./past.js";
import {saving} from "./saving.js";
import {toolbar} from "./toolbar.js";
import {beside, closeChoices, fitWidth, made, openChoices, shownRow} from "./view.js";

const $ = (id) => document.getElementById(id);
const keep = source();
const state = {
  sheets: [], number: -1, saved: null, rows: [], past: [], typing: null, here: null, sending: null, limit: 0.8,
};
const lines = new Map(); // id of a row → {row, item}

const photo = new Photo($("photo"), {
  point: (id, index, lit) => cell(id, index)?.classList.toggle("lit", lit),
  pick: (id, index) => focus(id, index),
  drawn: (box) => drawn(box),
  zoomed: (scale) => {
    $("zoom").value = 50 + 20 * Math.log2(scale / fitting());
    document.documentElement.style.setProperty("--size", `${Math.min(64, Math.max(16, 18 * scale / fitting()))}px`);
  },
});
const fitting = () => Math.max(0.05, $("photo").clientWidth / photo.size[0]);

const counted = (count, what) => `${count} ${what}${count === 1 ? "" : "s"}`;
const say = (text) => { if ($("status").textContent !== text) $("status").textContent = text; };
const isDoubtful = (row, word) => !row.accepted && word.typed === null && word.confidence < state.limit && Boolean(word.read);
const rowOf = (id) => state.rows.find((row) => row.id === id);
const cell = (id, index) => lines.get(id)?.item.querySelector(`.cell[data-index="${index}"]`);

const {later, save, refresh} = saving({state, keep, say, render, lines, focus});

// ---- showing

function render() {
  state.rendering = true; // what is taken out loses the focus, which is no leaving
  try { drawRows(); } finally { state.rendering = false; }
  const count = state.rows.flatMap((row) => row.words.filter((word) => isDoubtful(row, word))).length;
  $("kept").textContent = state.saved ? `${counted(state.rows.length, "row")}, ${counted(count, "word")} in doubt` : "";
  $("undo").disabled = !state.past.length;
}

function drawRows() {
  const list = $("rows"), alive = new Set(state.rows.map((row) => row.id));
  for (const [id, line] of lines) if (!alive.has(id)) { line.item.remove(); photo.find(id)?.remove(); lines.delete(id); }
  state.rows.forEach((row, i) => {
    let line = lines.get(row.id);
    if (line?.row !== row) {
      const item = shownRow(row, isDoubtful);
      item.classList.toggle("here", row.id === state.here?.id);
      if (line) line.item.replaceWith(item);
      if (line) photo.row(row, isDoubtful); else photo.overlay.append(photo.frame(row, isDoubtful));
      lines.set(row.id, line = {row, item});
    }
    if (list.children[i] !== line.item) list.insertBefore(line.item, list.children[i] ?? null);
    line.item.querySelector(".number").textContent = `${row.accepted ? "✓ " : ""}${i + 1}`;
  });
}

// ---- where we are

function focus(id, index, select = true) {
  const input = cell(id, index)?.querySelector("input") ?? lines.get(id)?.item.querySelector("input");
  if (!input) return;
  input.focus({preventScroll: true});
  if (select) input.select();
  input.scrollIntoView({block: "nearest"});
}

function entered(input) {
  const box = input.closest(".cell"), id = input.closest("li").dataset.row, index = Number(box.dataset.index);
  lines.get(state.here?.id)?.item.classList.remove("here");
  state.here = {id, index, whole: !state.pressed};
  if (!state.pressed) input.select();
  lines.get(id).item.classList.add("here");
  const row = rowOf(id);
  photo.here(row, index);
  closeChoices();
  const word = row.words[index];
  if (word && word.choices.length && isDoubtful(row, word)) openChoices(box, word, take);
}

const nextDoubtful = (by) => edits.nextDoubtful(state.rows, state.here, by, isDoubtful);

// ---- changing

function change(rows, typing = null) {
  if (rows === state.rows) return;
  if (!typing || typing !== state.typing) state.past.push(state.rows);
  state.past.splice(0, state.past.length - 300);
  state.typing = typing;
  state.rows = rows;
  render();
  later(typing ? 150 : 0);
}

function take(k) {
  const {id, index} = state.here, choice = rowOf(id)?.words[index]?.choices[k];
  if (choice === undefined) return false;
  change(edits.setWord(state.rows, id, index, choice));
  focus(id, index);
  say(`Took ${choice}.`);
  return true;
}

function typed(input) {
  const {id, index} = state.here, row = rowOf(id);
  fitWidth(input);
  closeChoices();
  state.here.whole = false;
  const text = input.value, word = row.words[index];
  // while it is typed, a word stays one, whatever it says
  const value = text.trim() === word?.read ? null : text.replace(/[\u0000-\u001f\u007f]/g, " ");
  const words = word ? row.words.map((one, i) => (i === index ? {...one, typed: value} : one))
    : edits.setWord([row], id, index, text)[0].words;
  const fresh = {...row, words};
  const line = lines.get(id), name = `${id}/${index}`;
  if (name !== state.typing) state.past.push(state.rows);
  state.typing = name;
  state.rows = state.rows.map((one) => (one === row ? fresh : one));
  line.row = fresh; // the input that is typed in stays
  input.parentNode.classList.remove("doubtful");
  input.parentNode.classList.add("typed");
  $("undo").disabled = false;
  later(150);
}

// A word that was typed is what it is: several, where blanks are in it.
function settle(id, index) {
  const word = rowOf(id)?.words[index];
  if (!word?.typed || !/\s/.test(word.typed)) return false;
  state.rows = edits.setWord(state.rows, id, index, word.typed);
  return true;
}

function left(input) {
  const item = input.closest("li"), index = Number(input.closest(".cell")?.dataset.index);
  closeChoices();
  if (!item || !settle(item.dataset.row, index)) return;
  render();
  later(0);
}

function undo() {
  if (!state.past.length) return;
  state.rows = state.past.pop();
  state.typing = null;
  const {id, index} = state.here ?? {};
  render();
  later(0);
  if (rowOf(id)) focus(id, index); else $("text").focus();
  say("Undone.");
}

const actions = {
  split() {
    const {id, index} = state.here, row = rowOf(id);
    const input = cell(id, index)?.querySelector("input");
    const atEnd = input && !state.here.whole && input.selectionStart === input.value.length && input.value;
    const at = index + (atEnd ? 1 : 0);
    if (at < 1 || at >= row.words.length) return say("A row is split before a word that is not its first.");
    change(edits.split(state.rows, id, at));
    say("The row was split.");
    focus(state.rows[state.rows.findIndex((one) => one.id === id) + 1].id, 0);
  },
  join() {
    const before = state.rows.length;
    change(edits.join(state.rows, state.here.id));
    say(state.rows.length < before ? "The rows were joined." : "There is no row after this one.");
    focus(state.here.id, state.here.index);
  },
  up() { moved(-1); },
  down() { moved(1); },
  delete() {
    const at = state.rows.findIndex((row) => row.id === state.here.id);
    change(edits.remove(state.rows, state.here.id));
    say("The row was deleted.");
    const next = state.rows[Math.min(at, state.rows.length - 1)];
    state.here = null;
    if (next) focus(next.id, 0);
  },
  accept() {
    const {id} = state.here;
    change(edits.accept(state.rows, id));
    say("The row is accepted.");
    const next = nextDoubtful(1), after = state.rows[state.rows.findIndex((row) => row.id === id) + 1];
    if (next) focus(...next); else if (after) focus(after.id, 0);
  },
};

function moved(by) {
  const {id, index} = state.here;
  change(edits.move(state.rows, id, by));
  say(`The row is now number ${state.rows.findIndex((row) => row.id === id) + 1}.`);
  focus(id, index);
}

function act(name) {
  if (!state.here || !rowOf(state.here.id)) return say("First choose a row: click on one of its words.");
  settle(state.here.id, state.here.index);
  actions[name]();
}

function drawing(on) {
  photo.draw(on);
  $("draw").setAttribute("aria-pressed", String(on));
  if (on) say("Drag a box around a row on the photo, from the tops of its tall letters to its tails.");
}

async function drawn(box) {
  drawing(false);
  const id = edits.newId(), number = state.number;
  let row = edits.emptyRow(box, id);
  if (keep.canRead) {
    say("Reading …");
    try { row = await keep.read(number, box, id); } catch (failure) { say(failure.message); }
  }
  if (number !== state.number) return;
  change(edits.add(state.rows, row));
  say(edits.rowText(row) ? `Read: ${edits.rowText(row)}` : "Nothing was read there; type what it says.");
  focus(id, 0);
}

// ---- what others do

async function look() {
  try {
    const sheets = await keep.list();
    const before = JSON.stringify(state.sheets.map((sheet) => [sheet.name, sheet.state, sheet.problem]));
    state.sheets = sheets;
    if (before !== JSON.stringify(sheets.map((sheet) => [sheet.name, sheet.state, sheet.problem]))) listed();
    await refresh(sheets);
    if (keep.canRead) taught(await keep.teaching());
  } catch (failure) { say(failure.message); }
}

// Again and again, and more often as long as there is nothing to be seen.
async function watch() {
  if (document.visibilityState === "visible" || state.number < 0) await look();
  if (keep.canRead) setTimeout(watch, state.number < 0 ? 100 : 1000);
}

// ---- pages

function listed() {
  const told = {waiting: " (being read …)", failed: " (cannot be read)"};
  $("pages").replaceChildren(...state.sheets.map((sheet, i) => made("option", {value: i}, sheet.name + (told[sheet.state] ?? ""))));
  $("pages").value = state.number;
  const forms = state.sheets.find((sheet) => sheet.formats)?.formats ?? [];
  if ($("format").options.length !== forms.length) $("format").replaceChildren(...forms.map((form) => made("option", {value: form}, form)));
  const first = state.sheets.findIndex((sheet) => sheet.state === "ready");
  if (state.number < 0 && first >= 0) open(first);
  const failed = state.sheets.filter((sheet) => sheet.state === "failed");
  if (failed.length) say(failed.map((sheet) => sheet.problem).join(" "));
  else if (first < 0) say("Reading …");
}

async function open(number) {
  await save();
  remember(state.number, state.rows, state.past);
  photo.load(...keep.photos(number)); // while its rows are on their way
  const page = await keep.load(number);
  Object.assign(state, {number, saved: page, rows: page.rows, past: remembered(number, page.rows), typing: null, here: null});
  lines.clear();
  $("rows").replaceChildren();
  photo.overlay.replaceChildren();
  photo.show(page.size);
  $("pages").value = number;
  document.title = `${state.sheets[number].name} – ocr review`;
  render();
  say(`${state.sheets[number].name}: ${$("kept").textContent}.`);
  document.body.dataset.ready = number;
}

// ---- listening

const keys = {
  Tab(event) {
    const next = nextDoubtful(event.shiftKey ? -1 : 1);
    if (next) { event.preventDefault(); focus(...next); }
  },
  Enter(event) { event.preventDefault(); act(event.ctrlKey || event.metaKey ? "split" : "accept"); },
  Escape() { closeChoices(); $("split").focus(); },
  ArrowUp(event) { event.preventDefault(); if (event.altKey) act("up"); else neighbour(-1); },
  ArrowDown(event) { event.preventDefault(); if (event.altKey) act("down"); else neighbour(1); },
  ArrowLeft(event, input) { if (input.selectionEnd === 0 || state.here.whole) beside(event, -1); },
  ArrowRight(event, input) { if (input.selectionStart === input.value.length || state.here.whole) beside(event, 1); },
  Delete(event) { if (event.ctrlKey) { event.preventDefault(); act("delete"); } },
};

function neighbour(by) {
  const row = state.rows[state.rows.findIndex((one) => one.id === state.here.id) + by];
  if (row) focus(row.id, Math.min(state.here.index, row.words.length - 1));
}

$("rows").addEventListener("focusin", (event) => { if (event.target.matches("input")) entered(event.target); });
$("rows").addEventListener("focusout", (event) => { if (event.target.matches("input") && !state.rendering) left(event.target); });
$("rows").addEventListener("input", (event) => typed(event.target));
// who points with a mouse wants the caret there; who comes by keyboard has the word chosen
$("rows").addEventListener("pointerdown", () => { state.pressed = true; if (state.here) state.here.whole = false; });
addEventListener("pointerup", () => { state.pressed = false; });
$("rows").addEventListener("keydown", (event) => {
  const input = event.target;
  if (!input.matches("input") || !state.here) return;
  if (/^[1-5]$/.test(event.key) && state.here.whole && !event.ctrlKey && !event.altKey) {
    const row = rowOf(state.here.id), word = row?.words[state.here.index];
    if (word && isDoubtful(row, word) && take(Number(event.key) - 1)) return event.preventDefault();
  }
  keys[event.key]?.(event, input);
});
for (const kind of ["pointerover", "pointerout"]) {
  $("rows").addEventListener(kind, (event) => {
    const box = event.target.closest?.(".cell"), id = box?.closest("li").dataset.row;
    if (box) photo.light(id, Number(box.dataset.index), kind === "pointerover");
  });
}
document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
  const plain = event.target.matches?.("header input[type=text]");
  const work = {z: undo, j: () => act("join"), d: () => drawing(!photo.drawing)}[event.key.toLowerCase()];
  if (work && !plain) { event.preventDefault(); work(); }
});
for (const name of Object.keys(actions)) $(name)?.addEventListener("click", () => act(name));
$("undo").addEventListener("click", undo);
$("draw").addEventListener("click", () => drawing(!photo.drawing));
$("pages").addEventListener("change", (event) => {
  const number = Number(event.target.value);
  if (state.sheets[number].state === "ready") return open(number);
  say(state.sheets[number].problem || "This page is still being read.");
  $("pages").value = state.number;
});
$("doubt").addEventListener("input", (event) => { limit(Number(event.target.value)); say(`${$("kept").textContent}.`); });
$("zoom").addEventListener("input", (event) => photo.zoom(fitting() * 2 ** ((event.target.value - 50) / 20)));
addEventListener("pagehide", () => { save(true); remember(state.number, state.rows, state.past); });
document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") save(true); });
addEventListener("beforeunload", (event) => { if (state.failed || keep.unsaved) event.preventDefault(); });

function limit(percent) {
  state.limit = percent / 100;
  $("doubt").value = percent;
  $("limit").textContent = `${percent} %`;
  for (const line of lines.values()) line.row = null;
  render();
}

const taught = toolbar({state, keep, say, change, save});
limit(80);
if (!keep.canRead) for (const id of ["teaching"]) $(id).hidden = true;
watch();
