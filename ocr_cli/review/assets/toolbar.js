// What concerns all pages: find and replace, saving as a file, and teaching.
import * as edits from "./edits.js";

const $ = (id) => document.getElementById(id);

// app: {state, keep, say, change, save} of the page. Gives a function that shows how teaching goes.
export function toolbar({state, keep, say, change, save}) {
  async function replaceEverywhere(find, put) {
    let count = 0;
    for (let number = 0; number < state.sheets.length; number++) {
      if (state.sheets[number].state !== "ready") continue;
      if (number === state.number) {
        const rows = edits.replaceAll(state.rows, find, put);
        count += rows.filter((row, i) => row !== state.rows[i]).length;
        if (rows.some((row, i) => row !== state.rows[i])) change(rows);
        continue;
      }
      const page = await keep.load(number), rows = edits.replaceAll(page.rows, find, put);
      const patch = edits.patch(page.rows, rows, page.revision);
      if (patch) await keep.save(number, patch);
      count += Object.keys(patch?.rows ?? {}).length;
    }
    say(`${count} ${count === 1 ? "row was" : "rows were"} changed.`);
  }

  function taught(progress) {
    const busy = ["learning", "reading"].includes(progress.state);
    $("teach").disabled = busy;
    $("stop").hidden = progress.state !== "learning";
    $("progress").hidden = !busy;
    $("progress").max = progress.steps;
    $("progress").value = progress.step;
    if (progress.message && JSON.stringify(progress) !== state.taught) {
      state.taught = JSON.stringify(progress);
      say(progress.message);
    }
  }

  $("replacing").addEventListener("submit", (event) => {
    event.preventDefault();
    if ($("find").value) replaceEverywhere($("find").value, $("replacement").value).catch((failure) => say(failure.message));
  });
  for (const [id, all] of [["export", false], ["export-all", true]]) {
    $(id).addEventListener("click", async () => {
      await save();
      keep.export($("format").value, all ? null : state.number);
    });
  }
  $("teach").addEventListener("click", async () => {
    await save();
    try { taught(await keep.teach()); } catch (failure) { say(failure.message); }
  });
  $("stop").addEventListener("click", async () => taught(await keep.stop()));
  return taught;
}
