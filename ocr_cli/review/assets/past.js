// What can be undone: without what others changed since, and after this tab was loaded again.
import {merge, same} from "./edits.js";

const MOST = 20; // states that are remembered
const named = (number) => `past-${number}`;

// The states of `past` as if what turned the rows `was` into `now` had come before them.
export const rebased = (past, was, now) => past.map((rows) => merge(was, rows, now).rows);

export function remember(number, rows, past) {
  if (number < 0) return;
  try {
    sessionStorage.setItem(named(number), JSON.stringify({rows, past: past.slice(-MOST)}));
  } catch { /* no room, or a file that may keep nothing */ }
}

// What was remembered, where the rows are still those that it was about.
export function remembered(number, rows) {
  try {
    const kept = JSON.parse(sessionStorage.getItem(named(number)));
    return kept.rows.length === rows.length && rows.every((row, i) => same(row, kept.rows[i])) ? kept.past : [];
  } catch {
    return [];
  }
}
