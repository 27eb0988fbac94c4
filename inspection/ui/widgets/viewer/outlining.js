// Outlines drawn on a photo, each of a kind: corners by tapping, as the polygon of the editor, and a
// corner that stands can be moved. Python keeps them; it hears of every change. Each change, on the
// page as well, is taken back by one press.

const CORNER_PX = 7;
const HOLD_PX = 22; // a corner so near a finger is moved
const MOST_STEPS = 100; // that can be taken back

class Outliner {
  constructor(viewer) {
    this.viewer = viewer;
    this.root = viewer.root;
    this.bar = this.root.querySelector(".outline-bar");
    this.kind = this.bar.querySelector("select");
    this.hint = this.bar.querySelector("output");
    this.polygon = new PolygonTool((points) => this.add(points));
    this.shapes = [];
    this.history = []; // what was drawn before each change, the last one at the end
    this.sentAt = 0;
    this.isOn = false;
    this.slop = 0;
  }

  update(given) {
    const isNew = given?.base !== this.given?.base;
    this.given = given;
    this.root.classList.toggle("outlinable", Boolean(given));
    if (!given) return this.end();
    const options = JSON.stringify(given.kinds);
    if (options !== this.options) {
      this.options = options;
      this.kind.replaceChildren(...given.kinds.map(([code, word]) => new Option(word, code)));
    }
    // What was drawn since Python last heard of it must not be taken back by an older answer.
    if (isNew) {
      this.history = [];
      this.shapes = given.shapes;
      this.begin();
    } else if (given.heard_at >= this.sentAt) {
      if (JSON.stringify(given.shapes) !== JSON.stringify(this.shapes)) this.remember(this.shapes);
      this.shapes = given.shapes;
    }
  }

  begin() {
    this.isOn = true;
    this.viewer.tool = this;
    this.viewer.publish();
  }

  end() {
    if (!this.isOn) return;
    this.isOn = false;
    this.polygon.clear();
    this.viewer.tool = panTool;
    this.viewer.publish();
  }

  add(points) {
    if (this.shapes.length >= this.given.most) return;
    this.remember(this.shapes);
    this.shapes = [...this.shapes, { kind: this.kind.value, points }];
    this.tell();
  }

  remember(shapes) {
    this.history = [...this.history, shapes].slice(-MOST_STEPS);
  }

  tell() {
    this.sentAt = Date.now();
    this.viewer.trigger("outlined", { shapes: this.shapes, at_ms: this.sentAt });
    this.viewer.publish();
  }

  // ------------------------------------------------------------ as a tool

  down(viewer, at, point) {
    this.held = this.polygon.points.length ? undefined : this.cornerAt(viewer, at);
    this.before = this.shapes;
    if (!this.held) this.polygon.down(viewer, at, this.inside(point));
  }

  move(viewer, from, to) {
    if (!this.held) return this.polygon.move(viewer, from, to);
    const { x, y } = this.inside(viewer.photoPoint(to));
    const { shape, corner } = this.held;
    const points = [...this.shapes[shape].points];
    [points[corner], points[corner + 1]] = [rounded(x), rounded(y)];
    this.shapes = this.shapes.map((one, i) => (i === shape ? { ...one, points } : one));
    this.isMoved = true;
    viewer.publish();
  }

  up() {
    if (!this.held) return this.polygon.up();
    if (this.isMoved) {
      this.remember(this.before);
      this.tell();
    }
    this.held = undefined;
    this.isMoved = false;
  }

  // Nobody heard of the corner that was on its way: it lies again where it lay.
  cancel() {
    if (this.isMoved) this.shapes = this.before;
    this.held = undefined;
    this.isMoved = false;
    this.polygon.cancel();
    this.viewer.publish();
  }

  tap() {}

  cornerAt(viewer, at) {
    for (const [shape, { points }] of this.shapes.entries()) {
      for (let corner = 0; corner < points.length; corner += 2) {
        const { x, y } = viewer.stagePoint({ x: points[corner], y: points[corner + 1] });
        if (Math.hypot(x - at.x, y - at.y) < HOLD_PX) return { shape, corner };
      }
    }
    return undefined;
  }

  inside({ x, y }) {
    const { width, height } = this.viewer.photo;
    return { x: clamp(x, 0, width), y: clamp(y, 0, height) };
  }

  drawOver(ctx, toStage) {
    if (!this.given) return;
    const words = new Map(this.given.kinds);
    const shown = this.shapes.map(({ kind, points }, i) => ({
      points, look: "holds", label: `${i + 1}. ${words.get(kind) ?? kind}`,
    }));
    drawIgnored(ctx, shown, toStage);
    if (!this.isOn) return;
    for (const { points } of this.shapes) {
      for (let i = 0; i < points.length; i += 2) {
        const { x, y } = toStage({ x: points[i], y: points[i + 1] });
        ctx.beginPath();
        ctx.arc(x, y, CORNER_PX, 0, 2 * Math.PI);
        ctx.fillStyle = "#fff";
        ctx.fill();
        ctx.lineWidth = 2;
        ctx.strokeStyle = "#000";
        ctx.stroke();
      }
    }
    this.polygon.draw(ctx, toStage);
  }

  // ------------------------------------------------------------ the person

  press(name) {
    if (name === "outline") this.isOn ? this.end() : this.begin();
    else if (name === "outline_undo") this.takeBack();
    else return false;
    return true;
  }

  takeBack() {
    if (this.polygon.points.length) return this.polygon.clear();
    if (this.held || !this.history.length) return;
    this.shapes = this.history.at(-1);
    this.history = this.history.slice(0, -1);
    this.tell();
  }

  // Answers whether the key was one of these.
  onKey(event) {
    if (!this.isOn || event.altKey) return false;
    const key = event.key.toLowerCase();
    const isDrawing = this.polygon.points.length > 0;
    if ((event.ctrlKey || event.metaKey) && key === "z") this.takeBack();
    else if (event.ctrlKey || event.metaKey) return false;
    else if (key === "enter" && isDrawing) this.polygon.close();
    else if (key === "escape" && isDrawing) this.polygon.clear();
    else return false;
    return true;
  }

  can() {
    const ready = Boolean(this.given && this.viewer.photo);
    const any = this.history.length > 0 || this.polygon.points.length > 0;
    return { outline: ready, outline_undo: ready && any };
  }

  writeControls() {
    this.root.dataset.outlining = this.isOn;
    this.root.dataset.outlines = this.shapes.length;
    this.root
      .querySelector('[data-do="outline"]')
      .setAttribute("aria-pressed", String(this.isOn));
    this.bar.hidden = !this.given;
    if (this.given) this.hint.textContent = this.isOn ? this.given.words.outline_hint : "";
  }
}
