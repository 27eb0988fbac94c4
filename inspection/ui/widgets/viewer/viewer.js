// The photo viewer: what Python tells it, and what a person does with it.
//
// Pointer moves go to `this.tool`; what correcting and measuring add stands in their own files.

const ZOOM_STEP = 1.5;
const TAP_SLOP_PX = 6;
const DOUBLE_TAP_MS = 320;
const DOUBLE_TAP_PX = 28;
const TOUCH_PX = 44;

// ---------------------------------------------------------------- viewer

class Viewer extends Stage {
  constructor(parent) {
    super(parent);
    this.tool = panTool;
    this.pointers = new Map();
    this.run = 0;
    this.record = [];
    this.editor = new Editor(this);
    this.measurer = new Measurer(this);
    this.outliner = new Outliner(this);
    this.listen();
  }

  // ------------------------------------------------------------ from Python

  update({ data, setStateValue, setTriggerValue }) {
    this.send = setStateValue;
    this.trigger = setTriggerValue;
    const { editing, measuring, outlining } = data;
    this.words = { ...data.labels, ...editing?.words, ...measuring?.words, ...outlining?.words };
    this.keys = data.keys;
    this.language = data.language;
    this.key = data.key;
    this.root.style.setProperty("--viewer-height", `${data.height_px}px`);
    this.label();
    if (data.opacity !== this.openedAtOpacity) {
      this.openedAtOpacity = data.opacity;
      this.opacity = clamp(data.opacity, 0, 1);
    }
    const isNewPhoto = data.photo_url !== this.photoSource.url;
    this.record = data.regions;
    this.maskUrl = data.mask_url;
    this.editor.update(editing);
    this.measurer.update(measuring, isNewPhoto);
    this.outliner.update(outlining);
    if (isNewPhoto) {
      this.active = data.selected;
      this.focus = undefined;
    }
    if (data.selected === this.clicked) {
      // Our own click came back; a page that passes it on as focus must not move the view.
      if (data.focus === this.clicked) this.focus = data.focus;
      this.clicked = undefined;
    }
    this.setRegions(this.editor.isOn ? this.editor.regions() : data.regions);
    this.setIgnored(data.ignored);
    if (isNewPhoto) this.openPhoto(data.photo_url);
    const hasMask = data.mask_url === (this.maskSource.url ?? null);
    if (!hasMask && !this.editor.isOn) this.openMask(data.mask_url);
    if ((data.focus ?? null) !== (this.focus ?? null)) {
      this.focus = data.focus;
      if (data.focus != null) this.focusRegion(data.focus);
    }
    this.ahead = data.ahead_urls;
    this.publish();
  }

  label() {
    const { words, root } = this;
    for (const button of root.querySelectorAll("[data-label]")) {
      const word = words[button.dataset.label];
      if (word === undefined) continue;
      button.title = word;
      button.setAttribute("aria-label", word);
      const key = this.keys[button.dataset.do];
      if (key) button.dataset.key = key;
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
    const bars = {
      ".bar": words.viewer, ".edit-bar": words.edit, ".measure-bar": words.measure,
      ".outline-bar": words.outline,
    };
    for (const [bar, word] of Object.entries(bars)) {
      root.querySelector(bar).setAttribute("aria-label", word ?? "");
    }
    this.tagLayer.setAttribute("aria-label", words.regions);
    this.handle.setAttribute("aria-label", words.divider);
    this.slider.setAttribute("aria-label", words.opacity);
    this.slider.title = words.opacity;
    for (const place of root.querySelectorAll("[data-word]")) {
      const word = words[place.dataset.word];
      if (word !== undefined) place.textContent = word;
    }
  }

  // What Python says of the record, after something else was shown.
  showRecord() {
    this.setRegions(this.record);
    if (this.photo && this.maskUrl !== (this.maskSource.url ?? null)) this.openMask(this.maskUrl);
    this.publish();
  }

  openPhoto(url) {
    this.editor.end();
    this.photo?.close();
    this.photo = undefined;
    this.mask?.close();
    this.mask = undefined;
    this.maskSource.forget();
    this.halt();
    this.view = { ...this.view, fitted: true };
    this.waitingFocus = null;
    const kept = remembered.get(this.key);
    const photoHasCome = (photo) => {
      this.photo = photo;
      this.measure();
      if (kept?.url === url && !kept.view.fitted) this.look(kept.view);
      else this.look(this.fitView());
      if (this.waitingFocus != null) this.focusRegion(this.waitingFocus, 0);
      this.editor.photoIsThere();
    };
    this.photoSource.request(url, wholePhoto, photoHasCome, undefined, photoAhead.taken(url));
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
    const expected = maskAhead.taken(url);
    this.maskSource.request(url, Mask.of, replace, () => replace(undefined), expected);
  }

  // ------------------------------------------------------------ the person

  select(index) {
    if (this.editor.isOn) return this.editor.choose(index);
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
    const own = this.editor.labels?.at(this.photoPoint({ x, y }));
    if (own) return own;
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
    on(this.root, "keydown", (event) => this.onKey(event));
    on(this.editor.panel, "submit", (event) => {
      event.preventDefault();
      this.editor.save();
    });
    on(this.editor.typeList, "change", () => this.editor.setType(this.editor.typeList.value));
    on(this.editor.size, "input", () => (this.editor.brushPx = Number(this.editor.size.value)));
    on(this.measurer.length, "input", () => this.publish());
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
    // The window's own listener knows when a field is typed in (`in_browser.js`).
    on(window, "inspection-key", ({ detail }) => {
      this.root.querySelector(`[data-do="${detail}"]`)?.click();
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

  stagePoint({ x, y }) {
    const { scale, cx, cy } = this.view;
    return {
      x: (x - cx) * scale + this.size.width / 2,
      y: (y - cy) * scale + this.size.height / 2,
    };
  }

  onClick(event) {
    // Taps on a number are handled with the pointer; this is the keyboard and the screen reader.
    const tag = event.target.closest(".tag");
    if (tag && event.detail === 0) return this.select(Number(tag.dataset.region));
    const button = event.target.closest("[data-do]");
    if (!button || button.getAttribute("aria-disabled") === "true") return;
    const name = button.dataset.do;
    if ([this.editor, this.measurer, this.outliner].some((one) => one.press(name))) return;
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
    if (event.target.matches("input:not([type=range]), select")) {
      // What is typed here must not press the page's buttons.
      event.stopPropagation();
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (this.editor.onKey(event) || this.outliner.onKey(event)) {
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    if (!this.stage.contains(event.target)) return;
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
    if (!this.photo || event.button > 1 || event.target.closest(".handle, .notice, .panel")) return;
    if (event.button === 1) event.preventDefault(); // no autoscroll on the middle button
    this.halt();
    this.stage.setPointerCapture(event.pointerId);
    const point = this.at(event);
    this.pointers.set(event.pointerId, point);
    const tag = event.target.closest(".tag");
    if (this.pointers.size === 1) {
      this.press = { point, moved: false, tag: tag ? Number(tag.dataset.region) : null };
      // A number is a button whatever the tool, and the middle button always moves the photo.
      this.hand = tag || event.button === 1 ? panTool : this.tool;
      this.hand.down?.(this, point, this.photoPoint(point));
    } else {
      if (this.pointers.size === 2) this.hand.cancel?.();
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
        if (Math.hypot(to.x - press.point.x, to.y - press.point.y) < (this.hand.slop ?? TAP_SLOP_PX)) return;
        press.moved = true;
        this.stage.classList.add("dragging");
      }
      this.hand.move(this, from, to);
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
    const { hand } = this;
    if (event.type === "pointercancel") hand.cancel?.();
    else hand.up?.(this);
    const isTap = event.type === "pointerup" && !this.press.moved && event.button === 0;
    if (isTap && hand.tap) hand.tap(this, point);
    else if (isTap) this.tap(point);
    this.publish();
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
    this.editor.state = "off";
    this.editor.labels = undefined;
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
