// The stage: how far the photo is zoomed and moved, and how it is drawn with mask and regions.
// Words for the numbers used here:
//   scale   CSS pixels per photo pixel
//   zoom    device pixels per photo pixel; 1 is "1:1", sharp on every screen
//   view    {scale, cx, cy, fitted}: cx, cy is the photo point in the middle of the stage

const VERDICTS = {
  rework: { color: "#d55e00", dash: [] },
  human: { color: "#f0e442", dash: [7, 4] },
  ok: { color: "#56b4e9", dash: [2, 3] },
};

const ZOOM_MAX = 32;
const GLIDE_MS = 180;

// The zoom outlives the element: Streamlit may mount it anew when the page around it changes.
const remembered = new Map();
const REMEMBERED_MAX = 20;

class Stage {
  constructor(parent) {
    const find = (selector) => parent.querySelector(selector);
    this.root = find(".viewer");
    this.stage = find(".stage");
    this.canvas = find("canvas");
    this.ctx = this.canvas.getContext("2d");
    this.tagLayer = find(".tags");
    this.divider = find(".divider");
    this.handle = find(".handle");
    this.slider = find(".opacity input");
    this.maskNotice = find(".mask-notice");

    this.view = { scale: 1, cx: 0, cy: 0, fitted: true };
    this.size = { width: 0, height: 0 };
    this.regions = [];
    this.ignored = [];
    this.tags = new Map();
    this.active = null;
    this.opacity = 0.5;
    this.shown = { mask: true, regions: true, compare: false };
    this.dividerAt = 0.5;
    this.photoSource = new Source(() => this.publish());
    this.maskSource = new Source(() => this.publish(), fetchMask);
  }

  // ------------------------------------------------------------ regions

  setRegions(regions) {
    const text = JSON.stringify(regions);
    if (text === this.regionsText) return;
    this.regionsText = text;
    this.regions = regions;
    if (!regions.some((region) => region.index === this.active)) this.active = null;
    this.tags.clear();
    this.tagLayer.replaceChildren(
      ...regions.map((region) => {
        const tag = document.createElement("button");
        tag.type = "button";
        tag.className = "tag";
        tag.textContent = region.text ?? region.index;
        tag.title = region.label;
        tag.setAttribute("aria-label", region.label);
        tag.dataset.region = region.index;
        tag.style.setProperty("--verdict", VERDICTS[region.verdict].color);
        this.tags.set(region.index, tag);
        return tag;
      }),
    );
    this.writeLegend();
  }

  writeLegend() {
    const counted = Object.keys(VERDICTS)
      .map((verdict) => [verdict, this.regions.filter((one) => one.verdict === verdict).length])
      .filter(([, count]) => count > 0);
    this.root.querySelector(".legend").replaceChildren(
      ...counted.map(([verdict, count]) => {
        const line = document.createElement("li");
        const { dash } = VERDICTS[verdict];
        line.style.setProperty("--verdict", `var(--${verdict})`);
        line.innerHTML =
          '<svg viewBox="0 0 22 14" aria-hidden="true"><path class="back" d="M0 7h22"/>' +
          `<path class="front" stroke-dasharray="${dash.join(" ")}" d="M0 7h22"/></svg>`;
        line.append(`${this.words[verdict]} ${count}`);
        return line;
      }),
      ...ignoredLegend(this.ignored, this.words),
    );
  }

  setIgnored(shapes) {
    const text = JSON.stringify(shapes);
    if (text === this.ignoredText) return;
    this.ignoredText = text;
    this.ignored = shapes;
    this.writeLegend();
  }

  // ------------------------------------------------------------ view

  get dpr() {
    return window.devicePixelRatio || 1;
  }

  fitScale() {
    const { width, height } = this.size;
    return Math.min(width / this.photo.width, height / this.photo.height);
  }

  fitView() {
    return { scale: this.fitScale(), cx: this.photo.width / 2, cy: this.photo.height / 2 };
  }

  limits() {
    const fit = this.fitScale();
    const actual = 1 / this.dpr;
    return { low: Math.min(fit, actual), high: Math.max(ZOOM_MAX / this.dpr, fit * 4) };
  }

  bounded({ scale, cx, cy }) {
    const { low, high } = this.limits();
    const bounded = clamp(scale, low, high);
    // Nothing to move at fit, more the nearer one looks: the border never comes further in than at
    // fit, and a zoom from there never has to leave the point under the finger.
    const roam = Math.max(0, 1 - this.fitScale() / bounded) / 2;
    const within = (centre, length) => length * clamp(centre / length, 0.5 - roam, 0.5 + roam);
    return {
      scale: bounded,
      cx: within(cx, this.photo.width),
      cy: within(cy, this.photo.height),
      fitted: Math.abs(bounded / this.fitScale() - 1) < 1e-3,
    };
  }

  look(view) {
    if (!this.photo || !this.size.width) return;
    this.view = this.bounded(view);
    remembered.delete(this.key);
    remembered.set(this.key, { url: this.photoSource.url, view: this.view });
    if (remembered.size > REMEMBERED_MAX) remembered.delete(remembered.keys().next().value);
    this.publish();
  }

  // The photo point under `anchor` (stage coordinates) stays where it is.
  zoomed(factor, anchor, from = this.view) {
    const { low, high } = this.limits();
    const scale = clamp(from.scale * factor, low, high);
    const dx = anchor.x - this.size.width / 2;
    const dy = anchor.y - this.size.height / 2;
    const slide = 1 / from.scale - 1 / scale;
    return { scale, cx: from.cx + dx * slide, cy: from.cy + dy * slide };
  }

  glide(view, ms = GLIDE_MS) {
    if (!this.photo) return;
    this.halt();
    const to = this.bounded(view);
    if (ms === 0 || matchMedia("(prefers-reduced-motion: reduce)").matches) return this.look(to);
    const from = this.view;
    const start = performance.now();
    this.goal = to;
    const step = (now) => {
      const time = clamp((now - start) / ms, 0, 1);
      const eased = 1 - (1 - time) ** 3;
      const scale = from.scale * (to.scale / from.scale) ** eased;
      // Moving the centre with 1/scale holds the anchor of a zoom still on the screen.
      const isZoom = Math.abs(to.scale / from.scale - 1) > 1e-3;
      const share = isZoom ? (1 / scale - 1 / from.scale) / (1 / to.scale - 1 / from.scale) : eased;
      const mix = (a, b) => a + (b - a) * share;
      this.look(time < 1 ? { scale, cx: mix(from.cx, to.cx), cy: mix(from.cy, to.cy) } : to);
      if (time < 1) this.gliding = requestAnimationFrame(step);
      else this.goal = undefined;
    };
    this.gliding = requestAnimationFrame(step);
  }

  halt() {
    cancelAnimationFrame(this.gliding);
    this.goal = undefined;
  }

  zoomBy(factor, anchor = { x: this.size.width / 2, y: this.size.height / 2 }) {
    if (this.photo) this.glide(this.zoomed(factor, anchor, this.goal ?? this.view));
  }

  fit() {
    if (this.photo) this.glide(this.fitView());
  }

  actualSize() {
    const { cx, cy } = this.goal ?? this.view;
    this.glide({ scale: 1 / this.dpr, cx, cy });
  }

  focusRegion(index, ms = GLIDE_MS * 1.6) {
    const region = this.regions.find((one) => one.index === index);
    if (!region) return;
    this.active = index;
    this.waitingFocus = this.photo ? null : index;
    if (!this.photo) return;
    const [x, y, w, h] = region.bbox_px;
    const room = 3; // the region takes a third of the stage: its surroundings are part of judging
    const snug = Math.min(this.size.width / (w * room), this.size.height / (h * room));
    const scale = Math.max(Math.min(snug, NEAREST_ABOVE_ZOOM / this.dpr), this.fitScale());
    this.glide({ scale, cx: x + w / 2, cy: y + h / 2 }, ms);
  }

  measure() {
    const { clientWidth: width, clientHeight: height } = this.stage;
    if (width === this.size.width && height === this.size.height) return;
    this.size = { width, height };
    if (this.photo && width) this.look(this.view.fitted ? this.fitView() : this.view);
  }

  // ------------------------------------------------------------ drawing

  publish() {
    const { dataset } = this.root;
    const { photoSource, maskSource, shown } = this;
    const put = (name, value) => {
      if (dataset[name] !== String(value)) dataset[name] = value;
    };
    const state = this.photo ? "ready" : photoSource.state === "failed" ? "failed" : "loading";
    put("state", state);
    put("mask", maskSource.state);
    put("compare", shown.compare && ["loading", "ready"].includes(maskSource.state));
    put("fitted", this.view.fitted);
    put("zoom", this.photo ? (this.view.scale * this.dpr).toFixed(4) : "");
    put("centre", this.photo ? `${this.view.cx.toFixed(1)} ${this.view.cy.toFixed(1)}` : "");
    put("selected", this.active ?? "");
    this.maskNotice.hidden = !(state === "ready" && maskSource.state === "failed");
    this.writeControls(state);
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  /** A share as the page's language writes it: "80%", in German "80 %". */
  percent(share, digits = 0) {
    return share.toLocaleString(this.language, {
      style: "percent",
      useGrouping: false,
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    });
  }

  writeControls(state) {
    const ready = state === "ready";
    const hasMask = ready && ["loading", "ready"].includes(this.maskSource.state);
    const { low, high } = ready && this.size.width ? this.limits() : { low: 0, high: 0 };
    const { scale, fitted } = this.view;
    const can = {
      mask: hasMask,
      compare: hasMask,
      regions: ready && this.regions.length + this.ignored.length > 0,
      zoom_out: ready && scale > low * 1.001,
      zoom_in: ready && scale < high * 0.999,
      fit: ready && !fitted,
      actual_size: ready,
      retry: true,
      retry_mask: true,
      ...this.editor.can(),
      ...this.measurer.can(),
      ...this.outliner.can(),
    };
    for (const button of this.root.querySelectorAll("[data-do]")) {
      const name = button.dataset.do;
      button.setAttribute("aria-disabled", String(!can[name]));
      if (name in this.shown) button.setAttribute("aria-pressed", String(this.shown[name]));
    }
    this.editor.writeControls();
    this.measurer.writeControls();
    this.outliner.writeControls();
    const percent = Math.round(this.opacity * 100);
    this.slider.disabled = !(hasMask && this.shown.mask);
    this.slider.parentElement.classList.toggle("off", this.slider.disabled);
    if (Number(this.slider.value) !== percent) this.slider.value = percent;
    this.slider.style.setProperty("--share", percent);
    const opacity = this.percent(this.opacity);
    this.slider.setAttribute("aria-valuetext", opacity);
    this.root.querySelector(".opacity output").textContent = opacity;
    const zoom = scale * this.dpr;
    this.root.querySelector(".percent").textContent = ready
      ? this.percent(zoom, zoom < 0.1 ? 1 : 0)
      : "–";
    this.root.querySelector(".size").textContent = ready
      ? `${this.photo.width} × ${this.photo.height} px`
      : "";
    this.divider.hidden = !(hasMask && this.shown.compare);
    this.divider.style.setProperty("--divider", this.dividerAt);
    this.handle.setAttribute("aria-valuenow", Math.round(this.dividerAt * 100));
  }

  draw() {
    const { ctx, canvas, dpr, photo, view, size } = this;
    const [width, height] = [Math.round(size.width * dpr), Math.round(size.height * dpr)];
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.clearRect(0, 0, width, height);
    this.tagLayer.hidden = !(photo && this.shown.regions);
    if (!photo || !width || !height) return;
    const zoom = view.scale * dpr;
    // Whole device pixels, so that 1:1 shows the photo's own pixels and nothing in between.
    const x = Math.round(width / 2 - view.cx * zoom);
    const y = Math.round(height / 2 - view.cy * zoom);
    photo.draw(ctx, zoom, x, y);
    ctx.save();
    if (!this.divider.hidden) {
      const cut = Math.round(this.dividerAt * width);
      ctx.beginPath();
      ctx.rect(cut, 0, width - cut, height);
      ctx.clip();
    }
    if (this.mask && this.shown.mask && this.opacity > 0) {
      this.mask.draw(ctx, zoom, x, y, photo.width, this.opacity, 1.25 * dpr);
    }
    const toStage = (point) => ({
      x: x / dpr + point.x * view.scale,
      y: y / dpr + point.y * view.scale,
    });
    toStage.scale = view.scale;
    if (this.shown.regions) {
      ctx.setTransform(dpr, 0, 0, dpr, 0, 0);
      drawIgnored(ctx, this.ignored, toStage);
      this.drawRegions(x / dpr, y / dpr);
    }
    ctx.restore();
    ctx.save();
    ctx.setTransform(dpr, 0, 0, dpr, 0, 0);
    this.editor.drawOver(ctx, toStage);
    this.measurer.drawOver(ctx, toStage);
    this.outliner.drawOver(ctx, toStage);
    ctx.restore();
    // By now the photo is in sight, and the line is free for the one that comes next.
    this.root.dataset.inSight = this.photoSource.url;
    if (this.maskSource.state !== "loading") {
      const [photoUrl, maskUrl] = this.ahead ?? [];
      photoAhead.want(photoUrl);
      maskAhead.want(maskUrl);
    }
  }

  // The box on the stage in CSS pixels: clear of the defect, never too small to see.
  boxOf(region, x, y) {
    const { scale } = this.view;
    const [left, top, w, h] = region.bbox_px;
    const width = Math.max(w * scale + 8, 18);
    const height = Math.max(h * scale + 8, 18);
    return {
      left: x + (left + w / 2) * scale - width / 2,
      top: y + (top + h / 2) * scale - height / 2,
      width,
      height,
    };
  }

  drawRegions(x, y) {
    const { ctx, dpr, size } = this;
    ctx.setTransform(dpr, 0, 0, dpr, 0, 0);
    const cut = this.divider.hidden ? 0 : this.dividerAt * size.width;
    const placed = [];
    const order = ({ index, verdict }) =>
      index === this.active ? -1 : Object.keys(VERDICTS).indexOf(verdict);
    this.boxes = [...this.regions]
      .sort((a, b) => order(a) - order(b) || a.index - b.index)
      .map((region) => ({ region, ...this.boxOf(region, x, y) }));
    for (const { region, left, top, width, height } of this.boxes) {
      const { color, dash } = VERDICTS[region.verdict];
      const isActive = region.index === this.active;
      const tag = this.tags.get(region.index);
      const seen =
        left + width > cut && left < size.width && top + height > 0 && top < size.height;
      if (seen) {
        ctx.setLineDash([]);
        ctx.lineWidth = isActive ? 6 : 3.5;
        ctx.strokeStyle = isActive ? "rgb(0 0 0 / 80%)" : "rgb(0 0 0 / 50%)";
        ctx.strokeRect(left, top, width, height);
        if (isActive) {
          ctx.lineWidth = 4;
          ctx.strokeStyle = "#fff";
          ctx.strokeRect(left, top, width, height);
        }
        ctx.setLineDash(dash);
        ctx.lineWidth = isActive ? 2 : 1.75;
        ctx.strokeStyle = color;
        ctx.strokeRect(left, top, width, height);
      }
      const spot = this.tagSpot(tag, left, top, height, cut);
      const free = (other) =>
        spot.x + spot.w <= other.x || other.x + other.w <= spot.x ||
        spot.y + spot.h <= other.y || other.y + other.h <= spot.y;
      // Numbers on top of each other read as other numbers; the hidden ones appear on zooming in.
      const isShown = seen && placed.every(free);
      if (isShown) placed.push(spot);
      tag.style.visibility = isShown ? "visible" : "hidden";
      tag.style.transform = `translate(${Math.round(spot.x)}px, ${Math.round(spot.y)}px)`;
      tag.setAttribute("aria-pressed", String(isActive));
    }
    ctx.setLineDash([]);
  }

  tagSpot(tag, left, top, height, cut) {
    const w = Math.max(24, 16 + 8 * tag.textContent.length);
    const h = 24;
    const below = top - h < 0 && top + height + h < this.size.height;
    return {
      x: clamp(left - 1, cut, Math.max(cut, this.size.width - w)),
      y: clamp(below ? top + height : top - h, 0, this.size.height - h),
      w,
      h,
    };
  }
}
