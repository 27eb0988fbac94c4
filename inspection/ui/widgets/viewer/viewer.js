// The photo viewer. Words for the numbers used here:
//   scale   CSS pixels per photo pixel
//   zoom    device pixels per photo pixel; 1 is "1:1", sharp on every screen
//   view    {scale, cx, cy, fitted}: cx, cy is the photo point in the middle of the stage
//
// Memory: one ImageBitmap for the photo and one tinted canvas for the mask (12 Mpx: 48 MB each),
// and their halvings (a third more), so that a zoomed-out frame reads few pixels.
//
// Seams for a brush: pointer moves go to `this.tool` in stage and photo coordinates; `Mask` owns
// the tinted canvas and the outline, strip by strip, so that a stroke can redo only its strips.

const TINT = [0xd5, 0x5e, 0x00]; // vermilion (Okabe-Ito)
const OUTLINE = [0xff, 0xdc, 0xbf];
const VERDICTS = {
  rework: { color: "#d55e00", dash: [] },
  human: { color: "#f0e442", dash: [7, 4] },
  ok: { color: "#56b4e9", dash: [2, 3] },
};

const ZOOM_STEP = 1.5;
const ZOOM_MAX = 32;
const NEAREST_ABOVE_ZOOM = 4;
const TAP_SLOP_PX = 6;
const DOUBLE_TAP_MS = 320;
const DOUBLE_TAP_PX = 28;
const TOUCH_PX = 44;
const GLIDE_MS = 180;
const STRIP_ROWS = 256;
const CANVAS_MAX_PX = 16_000_000; // older iOS stops near 16.7 Mpx a canvas
const OUTLINE_MAX_SEGMENTS = 60_000; // beyond, stroking would cost more than it shows

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

// ---------------------------------------------------------------- pictures

// A picture and its halvings. Drawing from the halving just above the wanted size keeps thin
// scratches from flickering and spares reading 12 Mpx for a 1 Mpx stage.
class Pyramid {
  constructor(source, width, height) {
    this.width = width;
    this.height = height;
    this.levels = [source];
    this.halve();
  }

  halve() {
    let above = this.levels[0];
    for (let level = 1; Math.min(above.width, above.height) > 512; level += 1) {
      const half = this.levels[level] ?? document.createElement("canvas");
      half.width = Math.round(above.width / 2);
      half.height = Math.round(above.height / 2);
      half.getContext("2d").drawImage(above, 0, 0, half.width, half.height);
      this.levels[level] = half;
      above = half;
    }
  }

  // Draws the part that lies on the canvas; photo point p lands on device pixel p * zoom + (x, y).
  draw(ctx, zoom, x, y) {
    const level = this.levels.findLast((one) => one.width / this.width >= zoom) ?? this.levels[0];
    const kx = (zoom * this.width) / level.width;
    const ky = (zoom * this.height) / level.height;
    // Two spare pixels: smoothing at the cut would otherwise show as a seam.
    const left = clamp(Math.floor(-x / kx) - 2, 0, level.width);
    const top = clamp(Math.floor(-y / ky) - 2, 0, level.height);
    const right = clamp(Math.ceil((ctx.canvas.width - x) / kx) + 2, 0, level.width);
    const bottom = clamp(Math.ceil((ctx.canvas.height - y) / ky) + 2, 0, level.height);
    if (right <= left || bottom <= top) return;
    ctx.imageSmoothingEnabled = zoom <= NEAREST_ABOVE_ZOOM;
    ctx.imageSmoothingQuality = "low"; // at most a halving is left to do
    const [w, h] = [right - left, bottom - top];
    ctx.drawImage(level, left, top, w, h, x + left * kx, y + top * ky, w * kx, h * ky);
  }

  close() {
    for (const level of this.levels) {
      if (level.close) level.close();
      else level.width = level.height = 0; // Safari frees canvas memory only so
    }
    this.levels = [];
  }
}

// The mask as a tinted picture and as outlines that keep their width on the screen.
class Mask {
  constructor(bitmap) {
    const shrink = Math.min(1, Math.sqrt(CANVAS_MAX_PX / (bitmap.width * bitmap.height)));
    this.canvas = document.createElement("canvas");
    this.canvas.width = Math.floor(bitmap.width * shrink);
    this.canvas.height = Math.floor(bitmap.height * shrink);
    this.outlines = []; // {top, bottom, path}, one a strip, in pixels of the canvas
    this.segments = 0;
    this.paint(bitmap);
    this.pyramid = new Pyramid(this.canvas, this.canvas.width, this.canvas.height);
  }

  // By strips: one getImageData over 12 Mpx would take another 48 MB.
  paint(bitmap) {
    const { width, height } = this.canvas;
    const ctx = this.canvas.getContext("2d");
    const scratch = document.createElement("canvas");
    scratch.width = width;
    scratch.height = STRIP_ROWS;
    const reader = scratch.getContext("2d", { willReadFrequently: true });
    reader.globalCompositeOperation = "copy";
    const step = bitmap.height / height;
    const marked = new Uint8Array(width * (STRIP_ROWS + 1)); // row 0 is the one above the strip
    for (let top = 0; top < height; top += STRIP_ROWS) {
      const rows = Math.min(STRIP_ROWS, height - top);
      reader.drawImage(bitmap, 0, top * step, bitmap.width, rows * step, 0, 0, width, rows);
      const strip = reader.getImageData(0, 0, width, rows);
      const rgba = strip.data;
      const pixels = new Uint32Array(rgba.buffer);
      const tint = new Uint32Array(new Uint8ClampedArray([...TINT, 255]).buffer)[0];
      let any = false;
      for (let i = 0; i < pixels.length; i += 1) {
        const on = rgba[4 * i] >= 128;
        marked[width + i] = on ? 1 : 0;
        pixels[i] = on ? tint : 0;
        any ||= on;
      }
      if (any) ctx.putImageData(strip, 0, top);
      this.trace(marked, width, rows, top, top + rows === height);
      marked.copyWithin(0, rows * width, (rows + 1) * width);
    }
  }

  // Every border between a marked and an unmarked pixel, joined into straight runs.
  trace(marked, width, rows, top, isLast) {
    const path = new Path2D();
    const before = this.segments;
    const open = new Int32Array(width + 1).fill(-1); // first row of the vertical run at this x
    const segment = (x0, y0, x1, y1) => {
      path.moveTo(x0, y0);
      path.lineTo(x1, y1);
      this.segments += 1;
    };
    const isBlank = (from) => !marked.subarray(from, from + width).includes(1);
    let aboveIsBlank = isBlank(0);
    for (let row = 0; row < rows; row += 1) {
      const here = (row + 1) * width;
      const blank = isBlank(here);
      if (!(blank && aboveIsBlank)) {
        const y = top + row;
        let start = -1;
        for (let x = 0; x <= width; x += 1) {
          const on = x < width ? marked[here + x] : 0;
          const up = x < width ? marked[here + x - width] : 0;
          const left = x > 0 ? marked[here + x - 1] : 0;
          if (on !== up) {
            if (start < 0) start = x;
          } else if (start >= 0) {
            segment(start, y, x, y);
            start = -1;
          }
          if (on !== left) {
            if (open[x] < 0) open[x] = y;
          } else if (open[x] >= 0) {
            segment(x, open[x], x, y);
            open[x] = -1;
          }
        }
      }
      aboveIsBlank = blank;
    }
    const bottom = top + rows;
    open.forEach((from, x) => from >= 0 && segment(x, from, x, bottom));
    if (isLast && !aboveIsBlank) {
      for (let x = 0; x < width; x += 1) {
        if (marked[rows * width + x]) segment(x, bottom, x + 1, bottom);
      }
    }
    if (this.segments > before) this.outlines.push({ top, bottom, path });
  }

  // zoom, x, y: as for the photo, which is photoWidth pixels wide.
  draw(ctx, zoom, x, y, photoWidth, opacity, linePx) {
    const own = (zoom * photoWidth) / this.canvas.width;
    ctx.globalAlpha = opacity;
    this.pyramid.draw(ctx, own, x, y);
    // The outline stays readable where the fill is faint, and goes with it at 0.
    ctx.globalAlpha = Math.min(1, opacity * 2);
    if (this.segments <= OUTLINE_MAX_SEGMENTS) {
      ctx.save();
      ctx.setTransform(own, 0, 0, own, x, y);
      ctx.lineWidth = linePx / own;
      ctx.lineCap = "square";
      // From afar a light outline would bury a thin scratch; there it takes the tint's own colour.
      const near = clamp((zoom - 0.6) / 0.8, 0, 1);
      const mixed = TINT.map((value, i) => Math.round(value + (OUTLINE[i] - value) * near));
      ctx.strokeStyle = `rgb(${mixed.join(" ")})`;
      for (const { top, bottom, path } of this.outlines) {
        if (bottom * own + y >= 0 && top * own + y <= ctx.canvas.height) ctx.stroke(path);
      }
      ctx.restore();
    }
    ctx.globalAlpha = 1;
  }

  close() {
    this.pyramid.close();
  }
}

async function fetchPicture(url, signal) {
  const answer = await fetch(url, { signal, credentials: "same-origin" });
  if (!answer.ok) throw new Error(`${url}: HTTP ${answer.status}`);
  return createImageBitmap(await answer.blob());
}

// One picture by URL; a newer request cancels the older one, so the last URL asked for wins.
class Source {
  constructor(onChange) {
    this.onChange = onChange;
    this.url = undefined;
    this.state = "none"; // none, loading, ready, failed
  }

  request(url, build, onReady, onFail) {
    this.abort?.abort();
    this.abort = new AbortController();
    this.url = url;
    const { signal } = this.abort;
    this.state = "loading";
    this.onChange();
    fetchPicture(url, signal)
      .then((bitmap) => {
        if (signal.aborted) return bitmap.close();
        onReady(build(bitmap));
        this.state = "ready";
        this.onChange();
      })
      .catch((error) => {
        if (signal.aborted) return;
        console.warn("photo viewer:", error.message);
        this.state = "failed";
        onFail?.();
        this.onChange();
      });
  }

  forget() {
    this.abort?.abort();
    this.url = undefined;
    this.state = "none";
  }
}

// ---------------------------------------------------------------- tools

// What one finger or the left mouse button does. `down` and `up` are optional.
const panTool = {
  move(viewer, from, to) {
    const { scale, cx, cy } = viewer.view;
    viewer.look({ scale, cx: cx - (to.x - from.x) / scale, cy: cy - (to.y - from.y) / scale });
  },
};

// ---------------------------------------------------------------- viewer

// The zoom outlives the element: Streamlit may mount it anew when the page around it changes.
const remembered = new Map();
const REMEMBERED_MAX = 20;

class Viewer {
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
    this.tags = new Map();
    this.pointers = new Map();
    this.active = null;
    this.opacity = 0.5;
    this.shown = { mask: true, regions: true, compare: false };
    this.dividerAt = 0.5;
    this.tool = panTool;
    this.photoSource = new Source(() => this.publish());
    this.maskSource = new Source(() => this.publish());
    this.run = 0;
    this.listen();
  }

  // ------------------------------------------------------------ from Python

  update({ data, setStateValue }) {
    this.send = setStateValue;
    this.words = data.labels;
    this.key = data.key;
    this.root.style.setProperty("--viewer-height", `${data.height_px}px`);
    this.label();
    if (data.opacity !== this.openedAtOpacity) {
      this.openedAtOpacity = data.opacity;
      this.opacity = clamp(data.opacity, 0, 1);
    }
    const isNewPhoto = data.photo_url !== this.photoSource.url;
    if (isNewPhoto) {
      this.active = data.selected;
      this.focus = undefined;
    }
    if (data.selected === this.clicked) {
      // Our own click came back; a page that passes it on as focus must not move the view.
      if (data.focus === this.clicked) this.focus = data.focus;
      this.clicked = undefined;
    }
    this.setRegions(data.regions);
    if (isNewPhoto) this.openPhoto(data.photo_url);
    if (data.mask_url !== (this.maskSource.url ?? null)) this.openMask(data.mask_url);
    if ((data.focus ?? null) !== (this.focus ?? null)) {
      this.focus = data.focus;
      if (data.focus != null) this.focusRegion(data.focus);
    }
    this.publish();
  }

  label() {
    const { words, root } = this;
    for (const button of root.querySelectorAll("[data-label]")) {
      const word = words[button.dataset.label];
      button.title = word;
      button.setAttribute("aria-label", word);
      const shown = button.querySelector(".word");
      if (shown) shown.textContent = word;
    }
    const write = (selector, word) => (root.querySelector(selector).textContent = word);
    write(".loading .words", words.loading);
    write(".failed .words", words.failed);
    write(".mask-notice .words", words.mask_failed);
    write(".before", words.photo);
    write(".after", words.mask);
    this.stage.setAttribute("aria-label", words.viewer);
    root.querySelector(".bar").setAttribute("aria-label", words.viewer);
    this.tagLayer.setAttribute("aria-label", words.regions);
    this.handle.setAttribute("aria-label", words.divider);
    this.slider.setAttribute("aria-label", words.opacity);
    this.slider.title = words.opacity;
  }

  openPhoto(url) {
    this.photo?.close();
    this.photo = undefined;
    this.mask?.close();
    this.mask = undefined;
    this.maskSource.forget();
    this.halt();
    this.view = { ...this.view, fitted: true };
    this.waitingFocus = null;
    const kept = remembered.get(this.key);
    const build = (bitmap) => new Pyramid(bitmap, bitmap.width, bitmap.height);
    this.photoSource.request(url, build, (photo) => {
      this.photo = photo;
      this.measure();
      if (kept?.url === url && !kept.view.fitted) this.look(kept.view);
      else this.look(this.fitView());
      if (this.waitingFocus != null) this.focusRegion(this.waitingFocus, 0);
    });
  }

  openMask(url) {
    if (url == null) {
      this.maskSource.forget();
      this.mask?.close();
      this.mask = undefined;
      return;
    }
    // The former mask stays until the new one is there: no flicker while a threshold moves.
    const replace = (mask) => {
      this.mask?.close();
      this.mask = mask;
    };
    const build = (bitmap) => {
      const mask = new Mask(bitmap);
      bitmap.close();
      return mask;
    };
    this.maskSource.request(url, build, replace, () => replace(undefined));
  }

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
        tag.textContent = region.index;
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
    );
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

  writeControls(state) {
    const ready = state === "ready";
    const hasMask = ready && ["loading", "ready"].includes(this.maskSource.state);
    const { low, high } = ready && this.size.width ? this.limits() : { low: 0, high: 0 };
    const { scale, fitted } = this.view;
    const can = {
      mask: hasMask,
      compare: hasMask,
      regions: ready && this.regions.length > 0,
      zoom_out: ready && scale > low * 1.001,
      zoom_in: ready && scale < high * 0.999,
      fit: ready && !fitted,
      actual_size: ready,
      retry: true,
      retry_mask: true,
    };
    for (const button of this.root.querySelectorAll("[data-do]")) {
      const name = button.dataset.do;
      button.setAttribute("aria-disabled", String(!can[name]));
      if (name in this.shown) button.setAttribute("aria-pressed", String(this.shown[name]));
    }
    const percent = Math.round(this.opacity * 100);
    this.slider.disabled = !(hasMask && this.shown.mask);
    this.slider.parentElement.classList.toggle("off", this.slider.disabled);
    if (Number(this.slider.value) !== percent) this.slider.value = percent;
    this.slider.style.setProperty("--share", percent);
    this.slider.setAttribute("aria-valuetext", `${percent} %`);
    this.root.querySelector(".opacity output").textContent = `${percent} %`;
    const zoom = scale * this.dpr * 100;
    this.root.querySelector(".percent").textContent = ready
      ? `${zoom < 10 ? zoom.toFixed(1) : Math.round(zoom)} %`
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
    if (this.shown.regions) this.drawRegions(x / dpr, y / dpr);
    ctx.restore();
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

  // ------------------------------------------------------------ the person

  select(index) {
    if (index === this.active) return;
    this.active = index;
    this.clicked = index;
    this.publish();
    // With the moment, the same region chosen again is news to Python as well.
    this.send("selection", { photo_url: this.photoSource.url, index, at_ms: Date.now() });
  }

  // The smallest box under the finger; a small box counts as large as a fingertip.
  regionAt({ x, y }) {
    if (!this.shown.regions || !this.photo) return null;
    const cut = this.divider.hidden ? 0 : this.dividerAt * this.size.width;
    if (x < cut) return null;
    const hit = (this.boxes ?? [])
      .filter(({ left, top, width, height }) => {
        const [dx, dy] = [Math.max(0, TOUCH_PX - width) / 2, Math.max(0, TOUCH_PX - height) / 2];
        return x >= left - dx && x <= left + width + dx && y >= top - dy && y <= top + height + dy;
      })
      .sort((a, b) => a.width * a.height - b.width * b.height)[0];
    return hit ? hit.region.index : null;
  }

  listen() {
    this.ears = new AbortController();
    const { signal } = this.ears;
    const on = (target, type, act, options = {}) =>
      target.addEventListener(type, act, { signal, ...options });
    on(this.root, "click", (event) => this.onClick(event));
    on(this.slider, "input", () => {
      this.opacity = Number(this.slider.value) / 100;
      this.publish();
    });
    on(this.stage, "keydown", (event) => this.onKey(event));
    on(this.stage, "wheel", (event) => this.onWheel(event), { passive: false });
    on(this.stage, "pointerdown", (event) => this.onPointerDown(event));
    on(this.stage, "pointermove", (event) => this.onPointerMove(event));
    on(this.stage, "pointerup", (event) => this.onPointerEnd(event));
    on(this.stage, "pointercancel", (event) => this.onPointerEnd(event));
    on(this.stage, "pointerleave", () => this.showPosition(null));
    on(this.handle, "pointerdown", (event) => this.handle.setPointerCapture(event.pointerId));
    on(this.handle, "pointermove", (event) => {
      if (this.handle.hasPointerCapture(event.pointerId)) {
        this.moveDivider(this.at(event).x / this.size.width);
      }
    });
    // Another screen or browser zoom changes the pixel ratio without changing the stage.
    on(window, "resize", () => this.publish());
    this.observer = new ResizeObserver(() => {
      this.measure();
      this.publish();
    });
    this.observer.observe(this.stage);
  }

  at(event) {
    const box = this.stage.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  photoPoint({ x, y }) {
    const { scale, cx, cy } = this.view;
    return {
      x: cx + (x - this.size.width / 2) / scale,
      y: cy + (y - this.size.height / 2) / scale,
    };
  }

  onClick(event) {
    // Taps on a number are handled with the pointer; this is the keyboard and the screen reader.
    const tag = event.target.closest(".tag");
    if (tag && event.detail === 0) return this.select(Number(tag.dataset.region));
    const button = event.target.closest("[data-do]");
    if (!button || button.getAttribute("aria-disabled") === "true") return;
    const name = button.dataset.do;
    if (name in this.shown) {
      this.shown[name] = !this.shown[name];
      // Comparing with nothing on the other side would look broken.
      if (name === "compare" && this.shown.compare) this.shown.mask = true;
      if (name === "mask" && !this.shown.mask) this.shown.compare = false;
      this.publish();
    } else if (name === "zoom_in") this.zoomBy(ZOOM_STEP);
    else if (name === "zoom_out") this.zoomBy(1 / ZOOM_STEP);
    else if (name === "fit") this.fit();
    else if (name === "actual_size") this.actualSize();
    else if (name === "retry_mask") this.openMask(this.maskSource.url);
    else if (name === "retry") {
      const maskUrl = this.maskSource.url;
      this.openPhoto(this.photoSource.url);
      if (maskUrl != null) this.openMask(maskUrl);
    }
  }

  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const arrow = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const move = arrow[event.key];
    if (event.target === this.handle) {
      if (!move) return;
      this.moveDivider(this.dividerAt + (move[0] - move[1]) * 0.02);
    } else if (move && this.photo) {
      const { scale, cx, cy } = this.goal ?? this.view;
      const [dx, dy] = [move[0] * this.size.width, move[1] * this.size.height];
      this.glide({ scale, cx: cx + (0.12 * dx) / scale, cy: cy + (0.12 * dy) / scale }, 90);
    } else if (event.key === "+" || event.key === "=") this.zoomBy(ZOOM_STEP);
    else if (event.key === "-" || event.key === "_") this.zoomBy(1 / ZOOM_STEP);
    else if (event.key === "0") this.fit();
    else if (event.key === "1") this.actualSize();
    else if (event.key === "Escape" && this.active != null) this.select(null);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  onWheel(event) {
    if (!this.photo) return;
    event.preventDefault();
    this.halt();
    const unit = event.deltaMode === 1 ? 18 : event.deltaMode === 2 ? 400 : 1;
    const speed = event.ctrlKey ? 0.01 : 0.0018; // a trackpad pinch arrives as small ctrl steps
    const factor = Math.exp(-clamp(event.deltaY * unit, -300, 300) * speed);
    this.look(this.zoomed(factor, this.at(event)));
  }

  onPointerDown(event) {
    if (!this.photo || event.button > 1 || event.target.closest(".handle, .notice")) return;
    if (event.button === 1) event.preventDefault(); // no autoscroll on the middle button
    this.halt();
    this.stage.setPointerCapture(event.pointerId);
    const point = this.at(event);
    this.pointers.set(event.pointerId, point);
    const tag = event.target.closest(".tag");
    if (this.pointers.size === 1) {
      this.press = { point, moved: false, tag: tag ? Number(tag.dataset.region) : null };
      this.tool.down?.(this, point, this.photoPoint(point));
    } else {
      this.press.moved = true;
    }
  }

  onPointerMove(event) {
    const to = this.at(event);
    const from = this.pointers.get(event.pointerId);
    if (!from) return this.hover(event, to);
    if (this.pointers.size === 1) {
      const { press } = this;
      if (!press.moved) {
        if (Math.hypot(to.x - press.point.x, to.y - press.point.y) < TAP_SLOP_PX) return;
        press.moved = true;
        this.stage.classList.add("dragging");
      }
      this.tool.move(this, from, to);
    } else if (this.pointers.size === 2) {
      this.pinch(event.pointerId, from, to);
    }
    this.pointers.set(event.pointerId, to);
  }

  // The photo points under both fingers stay under them.
  pinch(id, from, to) {
    const [, other] = [...this.pointers].find(([pointer]) => pointer !== id);
    const spread = (point) => Math.max(1, Math.hypot(point.x - other.x, point.y - other.y));
    const middle = (point) => ({ x: (point.x + other.x) / 2, y: (point.y + other.y) / 2 });
    const [before, after] = [middle(from), middle(to)];
    const view = this.zoomed(spread(to) / spread(from), before);
    this.look({
      scale: view.scale,
      cx: view.cx - (after.x - before.x) / view.scale,
      cy: view.cy - (after.y - before.y) / view.scale,
    });
  }

  onPointerEnd(event) {
    if (!this.pointers.delete(event.pointerId)) return;
    const point = this.at(event);
    if (this.pointers.size > 0) return;
    this.stage.classList.remove("dragging");
    this.tool.up?.(this, point, this.photoPoint(point));
    if (event.type === "pointerup" && !this.press.moved && event.button === 0) this.tap(point);
  }

  tap(point) {
    const now = performance.now();
    const last = this.lastTap;
    const isDouble =
      last && now - last.time < DOUBLE_TAP_MS &&
      Math.hypot(point.x - last.point.x, point.y - last.point.y) < DOUBLE_TAP_PX;
    this.lastTap = isDouble ? undefined : { time: now, point };
    if (!isDouble) return this.select(this.press.tag ?? this.regionAt(point));
    const near = Math.max(1 / this.dpr, this.fitScale() * 2.5);
    if (this.view.scale < near * 0.99) this.zoomBy(near / this.view.scale, point);
    else this.fit();
  }

  hover(event, point) {
    if (event.pointerType !== "mouse" || !this.photo) return;
    this.showPosition(this.photoPoint(point));
    this.stage.classList.toggle("over-region", this.regionAt(point) != null);
  }

  showPosition(point) {
    const { photo } = this;
    const inside =
      point && photo && point.x >= 0 && point.y >= 0 && point.x < photo.width &&
      point.y < photo.height;
    this.root.querySelector(".where").textContent = inside
      ? `x ${Math.floor(point.x)}  y ${Math.floor(point.y)}`
      : "";
  }

  moveDivider(share) {
    this.dividerAt = clamp(share, 0, 1);
    this.publish();
  }

  close() {
    this.ears.abort();
    this.observer.disconnect();
    this.halt();
    cancelAnimationFrame(this.frame);
    this.frame = 1; // a late answer must not draw into an element that is gone
    this.photoSource.forget();
    this.maskSource.forget();
    this.photo?.close();
    this.mask?.close();
  }
}

// ---------------------------------------------------------------- Streamlit

const viewers = new WeakMap();

export default function (component) {
  const { parentElement } = component;
  let viewer = viewers.get(parentElement);
  if (!viewer) {
    viewer = new Viewer(parentElement);
    viewers.set(parentElement, viewer);
  }
  viewer.run += 1;
  const { run } = viewer;
  viewer.update(component);
  return () => {
    // Streamlit also calls this for a run that a newer one has overtaken; only the newest ends us.
    if (viewer.run !== run) return;
    viewer.close();
    viewers.delete(parentElement);
  };
}
