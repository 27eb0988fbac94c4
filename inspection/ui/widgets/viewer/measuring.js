// Two points on something of known length: how large a pixel is. Python judges with it, or keeps it
// for the station; here it is only shown.

const GRAB_PX = 26; // an end so near a finger is moved
const MARK_PX = 14;

// What a person typed as a length: "12.5", "12,5", "1,000", "1.250,5", "1 000". 0 for nothing, NaN
// for what is no number or might be two. One sign before three digits ends the whole number or sets
// thousands apart: that is as the language has it.
function lengthOf(text, language) {
  const plain = text.trim().replace(/(?<=\d)[\s'’](?=\d{3}(?!\d))/g, "");
  if (!plain) return 0;
  if (!/^\d+([.,]\d*)*$/.test(plain)) return NaN;
  const parts = plain.split(/[.,]/);
  const signs = plain.match(/[.,]/g) ?? [];
  const last = signs.at(-1);
  const decimal = (0.5).toLocaleString(language).includes(",") ? "," : ".";
  const isGrouped = (some) =>
    some.length < 2 || (/^[1-9]\d{0,2}$/.test(some[0]) && some.slice(1).every((one) => one.length === 3));
  const hasFraction =
    signs.length === 1 ? !isGrouped(parts) || last === decimal : new Set(signs).size === 2;
  const whole = hasFraction ? parts.slice(0, -1) : parts;
  const between = hasFraction ? signs.slice(0, -1) : signs;
  if (!isGrouped(whole) || new Set(between).size > 1 || (hasFraction && between.includes(last))) {
    return NaN;
  }
  return Number(`${whole.join("")}.${hasFraction ? parts.at(-1) : ""}0`);
}

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
    const value = lengthOf(this.length.value, this.viewer.language);
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
    else if (!this.mm && this.length.value.trim()) this.answer.textContent = words.measure_unclear;
    else if (!this.mm) this.answer.textContent = `${write(px, 1)} px`;
    else {
      const error = this.viewer.percent(errorPx / px, 1);
      const length = this.mm.toLocaleString(this.viewer.language);
      const scale = `${write(this.mm / px, 4)} mm/px ± ${error}`;
      this.answer.textContent = `${write(px, 1)} px = ${length} mm · ${scale}`;
    }
  }
}
