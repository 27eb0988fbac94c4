// Correcting the regions in the viewer: tools, types, undo, saving as a record of its own.
//
// Python gives `editing`: which record stands (`based_on`), where its labels are, the catalogue of
// types, who is inspecting, and the words. Nothing goes to Python before a correction is saved.

const TOOLS = ["choose", "brush", "eraser", "polygon", "split", "join"];
const NO_DEFECT = "pseudo_defect";
const BRUSH_PX = { start: 18, least: 4, most: 80 };
const STALE = 409;

class Editor {
  constructor(viewer) {
    this.viewer = viewer;
    this.root = viewer.root;
    const find = (selector) => this.root.querySelector(selector);
    this.panel = find(".save-panel");
    this.notice = find(".edit-notice");
    this.typeList = find(".type select");
    this.size = find(".brush-size input");
    this.who = find(".save-panel .who input");
    this.reason = find(".save-panel .reason input");
    this.state = "off"; // off, loading, on, saving
    this.tool = "choose";
    this.brushPx = BRUSH_PX.start;
    Object.assign(this.size, { min: BRUSH_PX.least, max: BRUSH_PX.most, value: this.brushPx });
    const brush = (commit, look) => new LineTool(this, { commit, look, widthPx: () => this.brushPx });
    this.tools = {
      choose: panTool,
      brush: brush((at, width) => this.draw({ do: "draw", at, width }), () => "rgb(213 94 0 / 65%)"),
      eraser: brush((at, width) => this.add({ do: "erase", at, width }), () => "rgb(255 255 255 / 65%)"),
      polygon: new PolygonTool((at) => this.draw({ do: "fill", at })),
      split: new LineTool(this, {
        commit: (at) => this.split(at), look: () => "#fff", widthPx: () => 2,
      }),
      join: { ...panTool, tap: (_, point) => this.join(point) },
    };
  }

  get isOn() {
    return Boolean(this.labels) && (this.state === "on" || this.state === "saving");
  }

  get isJudged() {
    const { not_judged: not } = this.given;
    return (type) => !not.includes(type);
  }

  // ------------------------------------------------------------ from Python

  update(given) {
    const base = given && `${given.inspection}/${given.based_on}`;
    if (base !== this.base) this.end();
    this.base = base;
    this.given = given;
    this.root.classList.toggle("editable", Boolean(given));
    if (!given) return;
    const options = JSON.stringify(given.catalogue);
    if (options === this.options) return;
    this.options = options;
    this.typeList.replaceChildren(...given.catalogue.map(([code, word]) => new Option(word, code)));
    this.newType = given.new_type;
    this.offerReasons(given.reasons);
  }

  // What is said most often takes one tap with a glove.
  offerReasons(reasons) {
    this.panel.querySelector(".quick").replaceChildren(
      ...reasons.map((words) => {
        const button = document.createElement("button");
        button.type = "button";
        button.className = "tool";
        button.textContent = words;
        button.addEventListener("click", () => {
          const said = this.reason.value.split("; ").filter(Boolean);
          if (!said.includes(words)) this.reason.value = [...said, words].join("; ");
        });
        return button;
      }),
    );
  }

  // Strokes that a reload or a locked screen cut off are there again.
  photoIsThere() {
    if (!this.given || this.state !== "off") return;
    const { inspection, based_on: basedOn, types } = this.given;
    if (new Strokes(inspection, basedOn, types).kept().length) this.begin();
  }

  // ------------------------------------------------------------ begin and end

  async begin() {
    const { given, base, viewer } = this;
    if (!given || this.state !== "off" || !viewer.photo) return;
    viewer.measurer.end();
    this.be("loading");
    const { width, height } = viewer.photo;
    let labels;
    try {
      labels = await fetchLabels(given.labels_url, given.types, width, height);
    } catch (error) {
      console.warn("photo viewer:", error.message);
      if (base === this.base) this.fail("labels_failed", "off");
      return;
    }
    if (base !== this.base || this.state !== "loading") return;
    this.labels = labels;
    this.strokes = new Strokes(given.inspection, given.based_on, given.types);
    this.strokes.replay(labels);
    viewer.maskSource.forget();
    viewer.maskSource.state = "ready";
    viewer.shown.mask = true;
    viewer.mask?.close();
    viewer.mask = new Mask(width, height, labels.marks(this.isJudged));
    this.pick("choose");
    this.be("on");
    viewer.setRegions(this.regions());
    viewer.publish();
  }

  // Strokes that are not saved stay in the browser.
  end() {
    if (this.state === "off") return;
    const wasOn = this.isOn;
    this.state = "off";
    this.labels = undefined;
    this.strokes = undefined;
    this.panel.hidden = true;
    this.notice.hidden = true;
    this.tools.polygon.clear();
    this.viewer.tool = panTool;
    this.be("off");
    if (wasOn) this.viewer.showRecord();
  }

  be(state) {
    this.state = state;
    this.viewer.publish();
  }

  fail(word, state) {
    this.notice.querySelector(".words").textContent = this.given.words[word];
    this.notice.hidden = false;
    this.notice.dataset.why = word;
    this.be(state);
  }

  // ------------------------------------------------------------ strokes

  add(stroke) {
    if (this.state !== "on") return false;
    return this.changed(this.strokes.add(this.labels, stroke));
  }

  changed(rect) {
    if (!rect) return false;
    const { viewer } = this;
    this.notice.hidden = true;
    viewer.mask.redo(rect);
    viewer.setRegions(this.regions());
    viewer.publish();
    return true;
  }

  // Into the chosen region; without one a new region of the type in the list.
  draw(shape) {
    const { viewer, labels } = this;
    const n = labels.regions.get(viewer.active)?.px ? viewer.active : this.strokes.next;
    const type = labels.regions.get(n)?.type ?? this.newType;
    if (this.add({ ...shape, n, type })) this.choose(n);
  }

  split(at) {
    const { labels } = this;
    const crossed = new Set();
    for (let i = 0; i === 0 || i + 3 < at.length; i += 2) {
      const [x0, y0, x1 = x0, y1 = y0] = at.slice(i, i + 4);
      const steps = Math.ceil(Math.hypot(x1 - x0, y1 - y0)) || 1;
      for (let step = 0; step <= steps; step += 1) {
        const share = step / steps;
        crossed.add(labels.at({ x: x0 + (x1 - x0) * share, y: y0 + (y1 - y0) * share }));
      }
    }
    crossed.delete(0);
    let any = false;
    for (const n of crossed) any = this.add({ do: "split", n, next: this.strokes.next, at }) || any;
    if (!any) this.fail("split_hint", "on");
  }

  join(point) {
    const n = this.viewer.regionAt(point);
    const { active } = this.viewer;
    if (n != null && active != null && n !== active) this.add({ do: "join", n: active, other: n });
    else this.choose(n);
  }

  setType(type) {
    const { active } = this.viewer;
    if (active != null) this.add({ do: "type", n: active, type });
    else this.newType = type;
    this.viewer.publish();
  }

  // Of the regions that are held against the panel the only one, if there is one only.
  get onlyJudged() {
    if (!this.given) return null;
    const standing = this.isOn
      ? this.labels.standing.map(([n, { type }]) => [n, type])
      : this.given.types.map((type, i) => [i + 1, type]);
    const judged = standing.filter(([, type]) => this.isJudged(type));
    return judged.length === 1 ? judged[0][0] : null;
  }

  // Outside of editing one tap: it is saved at once.
  async noDefect() {
    const n = this.viewer.active ?? this.onlyJudged;
    if (n == null) return;
    const isQuick = this.state === "off";
    if (isQuick) await this.begin();
    if (this.state !== "on" || !this.add({ do: "type", n, type: NO_DEFECT })) return;
    if (!isQuick) return;
    this.reason.value = this.given.words.reason_no_defect;
    if (this.given.who && this.strokes.done.length === 1) this.save();
    else this.ask();
  }

  regions() {
    const words = new Map(this.given.catalogue);
    return this.labels.standing.map(([n, { type, box }], i) => {
      const told = this.viewer.record.find((one) => one.index === n && one.type === type);
      const { left, top, right, bottom } = box;
      return {
        index: n,
        text: i + 1,
        type,
        bbox_px: [left, top, right - left, bottom - top],
        verdict: told?.verdict ?? (this.isJudged(type) ? "human" : "ok"),
        label: `${i + 1}. ${words.get(type) ?? type}`,
      };
    });
  }

  // ------------------------------------------------------------ saving

  ask() {
    this.who.closest("label").hidden = Boolean(this.given.who);
    this.panel.hidden = false;
    (this.given.who ? this.reason : this.who).focus();
    this.viewer.publish();
  }

  async save() {
    const who = this.given.who || this.who.value.trim();
    if (this.state !== "on") return;
    if (!who) return this.fail("name_missing", "on");
    const { save_url: url, based_on: basedOn } = this.given;
    const { labels, strokes } = this;
    if (await this.send(url, labels, { who, reason: this.reason.value.trim(), basedOn })) {
      strokes.forget();
    }
  }

  // The machine's regions again, as a correction of the correction.
  async restore() {
    const { machine, words, save_url: url, based_on: basedOn, who } = this.given;
    const { width, height } = this.viewer.photo;
    if (this.state === "on") this.end();
    if (!machine || this.state !== "off") return;
    if (!who) return this.fail("name_missing", "off");
    this.be("saving");
    let labels;
    try {
      labels = await fetchLabels(machine.labels_url, machine.types, width, height);
    } catch {
      return this.fail("labels_failed", "off");
    }
    await this.send(url, labels, { who, reason: words.reason_restore, basedOn }, "off");
  }

  // Answers whether it was kept; then Python is told, and shows the new record.
  async send(url, labels, said, back = "on") {
    this.panel.hidden = true;
    this.notice.hidden = true;
    this.be("saving");
    const { base } = this;
    const { status, record } = await sendCorrection(url, labels, said);
    if (record) {
      this.viewer.trigger("saved", { id: record.id, who: said.who, at_ms: Date.now() });
      return true;
    }
    // Another photo is in sight, or the editor was left: the strokes wait in the browser.
    if (base !== this.base || this.state !== "saving") return false;
    const isRefused = status >= 400 && status < 500;
    this.fail(status === STALE ? "conflict" : isRefused ? "refused" : "not_saved", back);
    return false;
  }

  // ------------------------------------------------------------ the person

  pick(tool) {
    if (this.tool === "polygon" && tool === "polygon") this.tools.polygon.close();
    else this.tools.polygon.clear();
    this.tool = tool;
    this.viewer.tool = this.tools[tool];
    this.viewer.publish();
  }

  choose(n) {
    this.viewer.active = n;
    this.viewer.publish();
  }

  // Answers whether the button is one of these.
  press(name) {
    if (TOOLS.includes(name)) this.pick(name);
    else if (name === "edit") this.state === "off" ? this.begin() : this.end();
    else if (name === "no_defect") this.noDefect();
    else if (name === "restore") this.restore();
    else if (name === "new_region") {
      this.choose(null);
      this.pick("brush");
    } else if (name === "undo") this.changed(this.strokes.undo(this.labels));
    else if (name === "redo") this.changed(this.strokes.redo(this.labels));
    else if (name === "save") this.panel.hidden ? this.ask() : this.save();
    else if (name === "discard") {
      this.strokes.forget();
      this.end();
    } else if (name === "latest") {
      this.notice.hidden = true;
      this.viewer.trigger("stale", { at_ms: Date.now() });
    } else return false;
    return true;
  }

  byKey(key) {
    const { keys } = this.viewer;
    return [...TOOLS, "no_defect"].find((name) => keys[name]?.toLowerCase() === key);
  }

  // Answers whether the key was one of these.
  onKey(event) {
    if (this.state !== "on") return false;
    const key = event.key.toLowerCase();
    if (event.ctrlKey || event.metaKey) {
      if (key === "z") this.press(event.shiftKey ? "redo" : "undo");
      else if (key === "y") this.press("redo");
      else return false;
    } else if (event.altKey) return false;
    else if (this.byKey(key)) this.press(this.byKey(key));
    else if (key === "delete") this.noDefect();
    else if (key === "enter" && this.tools.polygon.points.length) this.tools.polygon.close();
    else if (key === "escape" && this.tools.polygon.points.length) this.tools.polygon.clear();
    else if (key === "escape" && !this.panel.hidden) this.panel.hidden = true;
    else if (key === "escape" && this.viewer.active == null) this.end();
    else if (key === "[" || key === "]") this.resize(key === "]" ? 1.25 : 0.8);
    else return false;
    return true;
  }

  resize(factor) {
    this.brushPx = clamp(Math.round(this.brushPx * factor), BRUSH_PX.least, BRUSH_PX.most);
    this.size.value = this.brushPx;
    this.viewer.publish();
  }

  can() {
    const isOn = this.state === "on";
    const { given, viewer } = this;
    const ready = Boolean(given && viewer.photo) && this.state !== "saving";
    const active = viewer.regions.find((one) => one.index === viewer.active);
    const isNamed = active ? active.type !== NO_DEFECT : this.onlyJudged != null;
    return {
      edit: ready && this.state !== "loading",
      no_defect: ready && this.state !== "loading" && isNamed,
      restore: ready && Boolean(given.machine),
      undo: isOn && this.strokes.done.length > 0,
      redo: isOn && this.strokes.undone.length > 0,
      save: isOn && this.strokes.done.length > 0,
      discard: isOn,
      new_region: isOn,
      latest: true,
      ...Object.fromEntries(TOOLS.map((tool) => [tool, isOn])),
    };
  }

  writeControls() {
    const { dataset } = this.root;
    const isOn = this.isOn;
    dataset.editing = this.state;
    dataset.tool = isOn ? this.tool : "";
    dataset.strokes = this.strokes?.done.length ?? 0;
    dataset.drawn = isOn ? this.regions().map(({ index, type }) => `${index}:${type}`).join(" ") : "";
    const press = (name, on) =>
      this.root.querySelector(`[data-do="${name}"]`).setAttribute("aria-pressed", String(on));
    press("edit", this.state !== "off");
    for (const tool of TOOLS) press(tool, isOn && this.tool === tool);
    this.root.querySelector('[data-do="restore"]').hidden = !this.given?.machine;
    this.root.querySelector('[data-do="latest"]').hidden = this.notice.dataset.why !== "conflict";
    const active = isOn ? this.labels?.regions.get(this.viewer.active) : undefined;
    const type = active?.px ? active.type : this.newType;
    if (type && this.typeList.value !== type) this.typeList.value = type;
    this.typeList.disabled = this.size.disabled = this.state !== "on";
  }

  drawOver(ctx, toStage) {
    if (this.isOn) this.tools[this.tool].draw?.(ctx, toStage);
  }
}
