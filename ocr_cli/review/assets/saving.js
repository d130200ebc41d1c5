// Keeping what is changed here, and taking over what is changed elsewhere.
import * as edits from "./edits.js";
import {rebased} from "./past.js";

// app: {state, keep, say, render, lines, focus} of the page. Gives what keeps its rows.
export function saving({state, keep, say, render, lines, focus}) {
  function later(wait) {
    clearTimeout(state.timer);
    state.timer = setTimeout(save, wait);
  }

  async function save(leaving = false) {
    clearTimeout(state.timer);
    if (state.sending && !leaving) return;
    const {number, saved} = state, sent = state.rows, patch = saved && edits.patch(saved.rows, sent, saved.revision);
    if (!patch) return;
    state.sending = true;
    try {
      takeOver(await keep.save(number, patch, leaving), sent, number);
      if (state.failed) say("Saved.");
      state.failed = false;
    } catch (failure) {
      state.failed = true;
      if (!failure.conflict) return say(failure.message);
      state.sending = null;
      return takeOver(await keep.load(number), saved.rows, number);
    } finally {
      state.sending = null;
    }
    if (edits.patch(state.saved.rows, state.rows, 0)) later(0);
  }

  // The page as it is kept now; what was changed here since `base` stays.
  function takeOver(page, base, number) {
    if (number !== state.number) return;
    const {rows, lost} = edits.merge(base, state.rows, page.rows), mine = state.rows;
    const before = new Map(mine.map((row) => [row.id, row]));
    const active = document.activeElement?.closest?.("#rows li")?.dataset.row;
    state.saved = page;
    state.rows = rows.map((row) => {
      const old = before.get(row.id);
      if (!old || !edits.same(old, row)) return row;
      const kept = {...old, changed: row.changed};
      const line = lines.get(row.id);
      if (line?.row === old) line.row = kept; // nothing to draw anew
      return kept;
    });
    if (edits.patch(mine, state.rows, 0)) state.past = rebased(state.past, mine, state.rows);
    const others = page.rows.some((row) => !before.has(row.id)) || lost.length;
    const {id, index} = state.here ?? {};
    render();
    if (active && !lines.get(active)?.item.contains(document.activeElement)) focus(id, index, false);
    if (lost.length) {
      say(`Changed in another window too; what you had is not kept: ${lost.map(edits.rowText).join(" / ")}`);
      if (edits.patch(page.rows, state.rows, 0)) later(0);
    } else if (others) say("Changed in another window; this one shows it.");
  }

  // What another window, or a reading, has kept since.
  async function refresh(sheets) {
    if (state.saved && !state.sending && sheets[state.number]?.revision > state.saved.revision) {
      const number = state.number, base = state.saved.rows, page = await keep.load(number, state.saved.revision);
      if (page && !state.sending) {
        say("Changed in another window, or read anew; this one shows it.");
        takeOver(page, base, number);
      }
    }
    if (state.failed) save();
  }

  return {later, save, refresh};
}
