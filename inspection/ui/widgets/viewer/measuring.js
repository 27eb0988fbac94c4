// Two points on something of known length: how large a pixel is. Python judges with it, or keeps it
// for the station; here it is only shown.

const GRAB_PX = 26; // an end so near a finger is moved
const MARK_PX = 14;

class Measurer {
  constructor(viewer) {
    this.viewer = viewer;
    this.root = viewer.root;
    this.bar = this.root.querySelector(".measure-bar");
    this.length = this.bar.querySelector("input");
    this.answer = this.bar.querySelector("output");
    this.points = [];
    this.isOn = false;
    this.slop = 0;
  }

  update(given, isNewPhoto) {
    this.given = given;
    this.root.classList.toggle("measurable", Boolean(given));
    if (isNewPhoto || !given) this.end();
  }

  begin() {
    this.isOn = true;
    this.viewer.editor.end();
    this.viewer.tool = this;
    this.viewer.publish();
  }

  end() {
    if (!this.isOn) return;
    this.isOn = false;
    this.points = [];
    this.viewer.tool = panTool;
    this.viewer.publish();
  }

  get px() {
    const [a, b] = this.points;
    return b ? Math.hypot(b.x - a.x, b.y - a.y) : 0;
  }

  get mm() {
    // A comma is a decimal sign in German.
    const value = Number(this.length.value.replace(",", "."));
    return value > 0 && Number.isFinite(value) ? value : 0;
  }

  get isKnown() {
    return Boolean(this.given) && this.px >= this.given.least_px && this.mm > 0;
  }

  // ------------------------------------------------------------ as a tool

  down(viewer, at, point) {
    const near = this.points.findIndex((one) => {
      const { x, y } = viewer.stagePoint(one);
      return Math.hypot(x - at.x, y - at.y) < GRAB_PX;
    });
    this.before = [...this.points];
    if (near >= 0) this.held = near;
    else {
      if (this.points.length === 2) this.points = [];
      this.held = this.points.push(this.inside(point)) - 1;
    }
    viewer.publish();
  }

  move(viewer, from, to) {
    if (this.held === undefined) return;
    this.points[this.held] = this.inside(viewer.photoPoint(to));
    viewer.publish();
  }

  up() {
    this.held = undefined;
  }

  cancel() {
    if (this.held !== undefined) this.points = this.before;
    this.held = undefined;
  }

  tap() {}

  inside({ x, y }) {
    const { width, height } = this.viewer.photo;
    return { x: clamp(x, 0, width), y: clamp(y, 0, height) };
  }

  drawOver(ctx, toStage) {
    if (!this.isOn || !this.points.length) return;
    const ends = this.points.map(toStage);
    for (const [width, colour] of [[5, "rgb(0 0 0 / 70%)"], [2, "#fff"]]) {
      ctx.beginPath();
      ends.forEach(({ x, y }, i) => (i ? ctx.lineTo(x, y) : ctx.moveTo(x, y)));
      for (const { x, y } of ends) {
        ctx.moveTo(x - MARK_PX, y);
        ctx.lineTo(x + MARK_PX, y);
        ctx.moveTo(x, y - MARK_PX);
        ctx.lineTo(x, y + MARK_PX);
      }
      ctx.lineWidth = width;
      ctx.strokeStyle = colour;
      ctx.stroke();
    }
  }

  // ------------------------------------------------------------ the person

  press(name) {
    if (name === "measure") this.isOn ? this.end() : this.begin();
    else if (name === "for_photo" || name === "for_station") {
      const points = this.points.flatMap(({ x, y }) => [x, y]);
      const use = name === "for_photo" ? "photo" : "station";
      this.viewer.trigger("measured", { points, mm: this.mm, use, at_ms: Date.now() });
      this.end();
    } else return false;
    return true;
  }

  can() {
    const ready = Boolean(this.given && this.viewer.photo);
    return { measure: ready, for_photo: ready && this.isKnown, for_station: ready && this.isKnown };
  }

  writeControls() {
    this.root.dataset.measuring = this.isOn;
    const button = this.root.querySelector('[data-do="measure"]');
    button.setAttribute("aria-pressed", String(this.isOn));
    this.bar.hidden = !this.isOn;
    if (!this.isOn) return;
    const { words, error_px: errorPx } = this.given;
    const write = (value, places) =>
      value.toLocaleString(this.viewer.language, {
        minimumFractionDigits: places, maximumFractionDigits: places, useGrouping: false,
      });
    const { px } = this;
    if (this.points.length < 2) this.answer.textContent = words.measure_hint;
    else if (px < this.given.least_px) this.answer.textContent = words.measure_near;
    else if (!this.mm) this.answer.textContent = `${write(px, 1)} px`;
    else {
      const error = this.viewer.percent(errorPx / px, 1);
      this.answer.textContent = `${write(px, 1)} px · ${write(this.mm / px, 4)} mm/px ± ${error}`;
    }
  }
}
