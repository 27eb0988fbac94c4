// What one finger or the left mouse button does on the photo, one tool each. Two fingers always pan
// and zoom. A tool has `move(viewer, from, to)` in stage coordinates and, where it needs them,
// `down`, `up`, `cancel` (a second finger came), `tap` and `draw` (over the photo); `slop`: how far
// a finger may slip before it counts as moved.

const panTool = {
  move(viewer, from, to) {
    const { scale, cx, cy } = viewer.view;
    viewer.look({ scale, cx: cx - (to.x - from.x) / scale, cy: cy - (to.y - from.y) / scale });
  },
};

const CLOSING_PX = 18; // a tap so near the first corner closes a polygon
const LEAST_STEP_PX = 1.5;

// Photo points as they are kept: a tenth of a pixel is finer than any finger.
const rounded = (value) => Math.round(value * 10) / 10;

class LineTool {
  // commit(points, width): called with the finished line; width: of the brush, photo pixels.
  constructor(editor, { look, commit, widthPx }) {
    Object.assign(this, { editor, look, commit, widthPx, slop: 0 });
  }

  down(viewer, at, { x, y }) {
    this.points = [rounded(x), rounded(y)];
    this.width = this.widthPx() / viewer.view.scale;
    this.last = at;
    viewer.publish();
  }

  move(viewer, from, to) {
    if (!this.points || Math.hypot(to.x - this.last.x, to.y - this.last.y) < LEAST_STEP_PX) return;
    const { x, y } = viewer.photoPoint(to);
    this.points.push(rounded(x), rounded(y));
    this.last = to;
    viewer.publish();
  }

  up() {
    const { points } = this;
    this.points = undefined;
    if (points) this.commit(points, rounded(this.width));
  }

  cancel() {
    this.points = undefined;
  }

  tap() {}

  draw(ctx, toStage) {
    if (this.points) traceLine(ctx, this.points, toStage, this.look(), this.width * toStage.scale);
  }
}

// Corners by tapping, or a line around it in one go; the first corner, Enter or a double tap closes.
class PolygonTool {
  constructor(commit) {
    Object.assign(this, { commit, points: [], slop: 0 });
  }

  down(viewer, at, { x, y }) {
    this.viewer = viewer;
    const { points } = this;
    if (points.length >= 6) {
      const first = viewer.stagePoint({ x: points[0], y: points[1] });
      if (Math.hypot(at.x - first.x, at.y - first.y) < CLOSING_PX) return this.close();
    }
    this.last = at;
    points.push(rounded(x), rounded(y));
    viewer.publish();
  }

  move(viewer, from, to) {
    if (!this.last || Math.hypot(to.x - this.last.x, to.y - this.last.y) < 4) return;
    const { x, y } = viewer.photoPoint(to);
    this.points.push(rounded(x), rounded(y));
    this.last = to;
    this.isDragged = true;
    viewer.publish();
  }

  up() {
    // Drawn around in one go.
    if (this.isDragged && this.points.length > 12) this.close();
    this.isDragged = false;
    this.last = undefined;
  }

  // A second finger zooms; the corner under the first one was not meant.
  cancel() {
    if (this.last && !this.isDragged) this.points.length -= 2;
    this.last = undefined;
    this.isDragged = false;
  }

  tap() {}

  close() {
    const { points } = this;
    this.clear();
    if (points.length >= 6) this.commit(points);
  }

  clear() {
    this.points = [];
    this.last = undefined;
    this.viewer?.publish();
  }

  draw(ctx, toStage) {
    if (!this.points.length) return;
    traceLine(ctx, this.points, toStage, "#fff", 2);
    const first = toStage({ x: this.points[0], y: this.points[1] });
    ctx.beginPath();
    ctx.arc(first.x, first.y, 7, 0, 2 * Math.PI);
    ctx.fillStyle = "#d55e00";
    ctx.fill();
    ctx.lineWidth = 2;
    ctx.strokeStyle = "#fff";
    ctx.stroke();
  }
}

function traceLine(ctx, points, toStage, colour, width) {
  ctx.beginPath();
  for (let i = 0; i < points.length; i += 2) {
    const { x, y } = toStage({ x: points[i], y: points[i + 1] });
    if (i === 0) ctx.moveTo(x, y);
    ctx.lineTo(x, y);
  }
  ctx.lineCap = "round";
  ctx.lineJoin = "round";
  ctx.lineWidth = Math.max(1, width);
  ctx.strokeStyle = colour;
  ctx.stroke();
}
