// Where pages come from and where they are kept: the server, or the file itself.

// The pages of a server; every call may throw an Error whose message is for people.
export class Served {
  canRead = true;

  async ask(method, path, body, more = {}) {
    let answer;
    try {
      answer = await fetch(path, {
        method, headers: {...(body ? {"Content-Type": "application/json"} : {}), ...more.headers},
        body: body ? JSON.stringify(body) : undefined, keepalive: more.keepalive ?? false,
      });
    } catch {
      throw new Error("Not saved: ocr review is not running any more. Start it again and open the address that it prints.");
    }
    if (answer.status === 304) return null;
    if (answer.ok) return answer.json();
    const failure = new Error(await answer.text());
    failure.conflict = answer.status === 409;
    throw failure;
  }

  list() { return this.ask("GET", "/api/pages"); }
  load(page, known) {
    return this.ask("GET", `/api/pages/${page}`, null, {headers: known ? {"If-None-Match": `"${known}"`} : {}});
  }
  save(page, patch, leaving) {
    return this.ask("PATCH", `/api/pages/${page}`, patch, {keepalive: leaving});
  }
  read(page, box, id) { return this.ask("POST", `/api/pages/${page}/read`, {box, id}); }
  photos(page) { return [`/api/pages/${page}/small`, `/api/pages/${page}/photo`]; }
  teaching() { return this.ask("GET", "/api/teach"); }
  teach() { return this.ask("POST", "/api/teach", {}); }
  stop() { return this.ask("DELETE", "/api/teach"); }
  export(form, page) {
    download(`/api/export/${form}${page === null ? "" : `?page=${page}`}`, "");
  }
}

// The pages of one HTML file: what is changed is kept by saving it as scan.ocr.json.
export class Alone {
  canRead = false;

  constructor(pages) { this.pages = pages; }

  async list() {
    return this.pages.map(({document: page}) => ({
      name: page.frame ? `${page.picture}, page ${page.frame + 1}` : page.picture, state: "ready", problem: "",
      rows: page.rows.length, corrected: 0, revision: page.revision, formats: ["ocr.json"],
    }));
  }
  async load(page, known) {
    const found = this.pages[page].document;
    return known === found.revision ? null : structuredClone(found);
  }
  async save(page, patch) {
    const kept = this.pages[page].document, revision = kept.revision + 1;
    const rows = new Map(kept.rows.map((row) => [row.id, row]));
    for (const [id, row] of Object.entries(patch.rows)) {
      if (row) rows.set(id, {...row, changed: revision}); else rows.delete(id);
    }
    const order = patch.order ?? [...rows.keys()];
    const ordered = patch.order ? revision : kept.ordered;
    this.pages[page].document = {...kept, rows: order.map((id) => rows.get(id)), revision, ordered};
    this.unsaved = true;
    return structuredClone(this.pages[page].document);
  }
  photos(page) { return [this.pages[page].photo, null]; }
  export(form, page) {
    const chosen = page === null ? this.pages : [this.pages[page]];
    for (const {document: kept} of chosen) {
      const text = JSON.stringify(kept, null, 1) + "\n";
      const address = URL.createObjectURL(new Blob([text], {type: "application/json"}));
      const stem = kept.picture.replace(/\.[^.]*$/, "");
      download(address, `${stem}${kept.frame ? `-${kept.frame + 1}` : ""}.ocr.json`);
    }
    this.unsaved = false;
  }
}

function download(address, name) {
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
}

export function source() {
  const kept = document.getElementById("kept-pages");
  return kept ? new Alone(JSON.parse(kept.textContent)) : new Served();
}
