// What rows and words look like: elements made of them, and nothing else.
import {textOf} from "./edits.js";

const ruler = document.createElement("canvas").getContext("2d");
ruler.font = `100px ${getComputedStyle(document.body).fontFamily}`;

export function shownRow(row, isDoubtful) {
  const item = made("li", {"data-row": row.id, class: row.accepted ? "accepted" : ""});
  const line = made("div", {class: "line", role: "group", "aria-label": "Row"});
  const words = row.words.length ? row.words : [{read: "", typed: null, confidence: 0, choices: []}];
  words.forEach((word, index) => {
    if (textOf(word) || words.every((one) => !textOf(one)) && index === 0) line.append(shownWord(row, word, index, isDoubtful));
  });
  item.append(made("span", {class: "number"}), line);
  return item;
}

function shownWord(row, word, index, isDoubtful) {
  const kinds = ["cell", isDoubtful(row, word) ? "doubtful" : "", word.typed !== null ? "typed" : ""];
  const box = made("span", {class: kinds.join(" ").trim(), "data-index": index});
  const input = made("input", {
    type: "text", autocomplete: "off", autocapitalize: "off", spellcheck: "false",
    tabindex: isDoubtful(row, word) ? 0 : -1, "aria-label": label(row, word, index, isDoubtful),
  });
  input.value = textOf(word);
  fitWidth(input);
  box.append(input);
  return box;
}

function label(row, word, index, isDoubtful) {
  const parts = [`word ${index + 1} of ${row.words.length}`];
  if (isDoubtful(row, word)) {
    parts.push(`doubtful, ${Math.round(100 * word.confidence)} % sure`);
    parts.push(...word.choices.map((choice, k) => `${k + 1} for ${choice}`));
  } else if (word.typed !== null) parts.push("typed");
  return parts.join(", ");
}

// As wide as what is typed in it, however large that is shown.
export function fitWidth(input) {
  input.style.width = `calc(${(ruler.measureText(input.value || " ").width / 98).toFixed(2)}em + 8px)`;
}

export function made(name, attributes = {}, text = "") {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (value !== "") node.setAttribute(key, value);
  node.textContent = text;
  return node;
}

// The alternatives of a word, below it; `take` is given the number of the one that is wanted.
export function openChoices(box, word, take) {
  const list = made("ul", {class: "choices", "aria-label": "Alternatives"});
  word.choices.slice(0, 5).forEach((choice, k) => {
    const button = made("button", {type: "button", tabindex: -1}), item = made("li");
    button.append(made("kbd", {}, String(k + 1)), choice);
    button.addEventListener("mousedown", (event) => { event.preventDefault(); take(k); });
    item.append(button);
    list.append(item);
  });
  box.append(list);
}

export const closeChoices = () => document.querySelector(".choices")?.remove();

// To the word after (1) or before (-1) the one that is typed in.
export function beside(event, by) {
  const inputs = [...document.querySelectorAll("#rows input")], next = inputs[inputs.indexOf(event.target) + by];
  if (next) { event.preventDefault(); next.focus(); next.select(); }
}
