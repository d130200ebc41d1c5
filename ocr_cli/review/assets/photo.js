// The photo: zoomed by wheel and pinch, dragged, and drawn on; rows and words lie over it.

const SVG = "http://www.w3.org/2000/svg";
const LEAST = 0.05, MOST = 8;

export class Photo {
  // on: {point(row, index, lit), pick(row, index), drawn(box), zoomed(scale)}
  constructor(section, on) {
    this.section = section;
    this.on = on;
    this.stage = section.querySelector("#stage");
    this.image = section.querySelector("#picture");
    this.overlay = section.querySelector("#overlay");
    this.scale = 1;
    this.size = [1, 1];
    this.fingers = new Map();
    this.drawing = false;
    this.listen();
  }

  // A small picture at once; the whole one as soon as it would show more.
  load(small, whole) {
    this.whole = whole;
    this.image.src = small;
  }

  sharpen() {
    const shown = this.size[0] * this.scale * devicePixelRatio;
    if (!this.whole || !this.image.complete || shown <= this.image.naturalWidth) return;
    this.image.src = this.whole; // the small one stays until this is there
    this.whole = null;
  }

  show(size) {
    this.size = size;
    this.overlay.setAttribute("viewBox", `0 0 ${size[0]} ${size[1]}`);
    this.fit();
  }

  fit() {
    this.zoom(Math.max(LEAST, this.section.clientWidth / this.size[0]));
  }

  // To a scale, with what is at x, y of the window left where it is.
  zoom(scale, x, y) {
    const frame = this.section.getBoundingClientRect();
    const dx = (x ?? frame.left + frame.width / 2) - frame.left;
    const dy = (y ?? frame.top + frame.height / 2) - frame.top;
    const at = [(this.section.scrollLeft + dx) / this.scale, (this.section.scrollTop + dy) / this.scale];
    this.scale = Math.min(MOST, Math.max(LEAST, scale));
    this.stage.style.width = `${this.size[0] * this.scale}px`;
    this.stage.style.height = `${this.size[1] * this.scale}px`;
    this.section.scrollTo(at[0] * this.scale - dx, at[1] * this.scale - dy);
    this.sharpen();
    this.on.zoomed(this.scale);
  }

  rows(rows, isDoubtful) {
    this.overlay.replaceChildren(...rows.map((row) => this.frame(row, isDoubtful)));
  }

  row(row, isDoubtful) {
    this.find(row.id)?.replaceWith(this.frame(row, isDoubtful));
  }

  find(id) {
    return this.overlay.querySelector(`g[data-row="${id}"]`);
  }

  frame(row, isDoubtful) {
    const group = element("g", {"data-row": row.id});
    const points = row.points.map((point) => point.join()).join(" ");
    group.append(element("polyline", {class: "row", points, "stroke-width": row.spread * 8}));
    row.words.forEach((word, index) => {
      const [x, y, right, foot] = word.box;
      const shape = {x, y, width: Math.max(1, right - x), height: Math.max(1, foot - y)};
      const name = `word${isDoubtful(row, word) ? " doubtful" : ""}`;
      group.append(element("rect", {class: name, "data-index": index, ...shape}));
    });
    return group;
  }

  light(id, index, lit) {
    this.find(id)?.querySelector(`[data-index="${index}"]`)?.classList.toggle("lit", lit);
  }

  // The row at hand is marked, and brought into sight with its word.
  here(row, index) {
    for (const old of this.overlay.querySelectorAll(".here, .lit")) old.classList.remove("here", "lit");
    if (!row) return;
    this.find(row.id)?.querySelector(".row").classList.add("here");
    this.light(row.id, index, true);
    const box = row.words[index]?.box ?? [...row.points[0], ...row.points[0]];
    const [left, top, right, foot] = box.map((value) => value * this.scale);
    const {scrollLeft, scrollTop, clientWidth, clientHeight} = this.section;
    const margin = 40;
    if (top < scrollTop + margin || foot > scrollTop + clientHeight - margin) {
      this.section.scrollTop = (top + foot - clientHeight) / 2;
    }
    if (left < scrollLeft || right > scrollLeft + clientWidth) {
      this.section.scrollLeft = (left + right - clientWidth) / 2;
    }
  }

  draw(on) {
    this.drawing = on;
    this.section.classList.toggle("drawing", on);
  }

  place(event) {
    const frame = this.stage.getBoundingClientRect();
    return [(event.clientX - frame.left) / this.scale, (event.clientY - frame.top) / this.scale];
  }

  listen() {
    const section = this.section;
    this.image.addEventListener("load", () => this.sharpen());
    section.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(this.scale * Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015)), event.clientX, event.clientY);
    }, {passive: false});
    section.addEventListener("pointerdown", (event) => this.down(event));
    section.addEventListener("pointermove", (event) => this.move(event));
    for (const end of ["pointerup", "pointercancel"]) {
      section.addEventListener(end, (event) => this.up(event));
    }
    this.overlay.addEventListener("pointerover", (event) => this.over(event.target, true));
    this.overlay.addEventListener("pointerout", (event) => this.over(event.target, false));
    section.addEventListener("keydown", (event) => {
      const step = {"+": 1.25, "=": 1.25, "-": 0.8}[event.key];
      if (step) this.zoom(this.scale * step);
      if (event.key === "0") this.fit();
    });
  }

  over(target, lit) {
    const index = target.getAttribute?.("data-index");
    if (index !== null && index !== undefined) this.on.point(target.parentNode.dataset.row, Number(index), lit);
  }

  down(event) {
    if (event.button) return;
    this.fingers.set(event.pointerId, [event.clientX, event.clientY]);
    this.began = [event.clientX, event.clientY];
    this.section.setPointerCapture(event.pointerId);
    this.pressed = event.target;
    if (this.drawing) {
      this.corner = this.place(event);
      this.box = element("rect", {class: "drawn"});
      this.overlay.append(this.box);
    }
  }

  move(event) {
    const before = this.fingers.get(event.pointerId);
    if (!before) return;
    const now = [event.clientX, event.clientY];
    if (this.drawing && this.corner) {
      const [x1, y1, x2, y2] = spanned(this.corner, this.place(event));
      for (const [name, value] of Object.entries({x: x1, y: y1, width: x2 - x1, height: y2 - y1})) {
        this.box.setAttribute(name, value);
      }
      return;
    }
    const others = [...this.fingers].filter(([id]) => id !== event.pointerId).map(([, place]) => place);
    this.fingers.set(event.pointerId, now);
    if (others.length) {
      const grown = distance(now, others[0]) / Math.max(1, distance(before, others[0]));
      this.zoom(this.scale * grown, (now[0] + others[0][0]) / 2, (now[1] + others[0][1]) / 2);
    } else {
      this.section.scrollBy(before[0] - now[0], before[1] - now[1]);
    }
  }

  up(event) {
    if (!this.fingers.delete(event.pointerId)) return;
    if (this.drawing && this.corner) {
      const box = spanned(this.corner, this.place(event));
      this.box.remove();
      this.corner = this.box = null;
      if (event.type === "pointerup" && box[2] - box[0] > 3 && box[3] - box[1] > 3) this.on.drawn(box);
    } else if (distance(this.began, [event.clientX, event.clientY]) < 4) {
      const index = this.pressed?.getAttribute?.("data-index");
      if (index) this.on.pick(this.pressed.parentNode.dataset.row, Number(index));
    }
  }
}

function element(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

const distance = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);

const spanned = (a, b) => [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[0], b[0]), Math.max(a[1], b[1])];
