// Which region each pixel of the photo belongs to, and the shapes that are drawn into that.
//
// One number a pixel, 0 = none; 12 Mpx take 24 MB. Every change is noted in a Patch, which takes it
// back: undo needs no copy of the photo.

const LEAST_PIECE_PX = 9; // 3 × 3: what is smaller can be no defect of its own

// Pixels that changed, as runs: place of the first, how many, which number they had.
class Patch {
  constructor() {
    this.runs = [];
  }

  note(at, was) {
    const { runs } = this;
    const last = runs.length - 3;
    if (last >= 0 && runs[last] + runs[last + 1] === at && runs[last + 2] === was) {
      runs[last + 1] += 1;
    } else runs.push(at, 1, was);
  }

  // Latest first: a pixel may have changed twice.
  restore(numbers) {
    const { runs } = this;
    for (let i = runs.length - 3; i >= 0; i -= 3) {
      numbers.fill(runs[i + 2], runs[i], runs[i] + runs[i + 1]);
    }
  }

  get formerNumbers() {
    const found = new Set();
    for (let i = 2; i < this.runs.length; i += 3) found.add(this.runs[i]);
    found.delete(0);
    return found;
  }

  get isEmpty() {
    return this.runs.length === 0;
  }
}

const joined = (a, b) => ({
  left: Math.min(a.left, b.left),
  top: Math.min(a.top, b.top),
  right: Math.max(a.right, b.right),
  bottom: Math.max(a.bottom, b.bottom),
});

class Labels {
  // types: of regions 1, 2, … as the picture numbers them.
  constructor(bitmap, types) {
    this.width = bitmap.width;
    this.height = bitmap.height;
    this.numbers = new Uint16Array(this.width * this.height);
    this.regions = new Map(); // n -> {type, px, box}
    this.firstNew = firstNewOf(types);
    this.read(bitmap, types.length > 255);
    types.forEach((type, i) => {
      const box = this.boxes.get(i + 1);
      if (box) this.regions.set(i + 1, { type, ...this.count(i + 1, box) });
    });
    this.boxes = undefined;
  }

  // isWide: a number is red + 256 times green; else grey.
  read(bitmap, isWide) {
    const { width, height, numbers } = this;
    const rows = rowsOf(bitmap);
    this.boxes = new Map();
    for (let top = 0; top < height; top += STRIP_ROWS) {
      const strip = Math.min(STRIP_ROWS, height - top);
      const rgba = rows(top, strip);
      for (let i = 0; i < strip * width; i += 1) {
        const n = isWide ? rgba[4 * i] + 256 * rgba[4 * i + 1] : rgba[4 * i];
        if (!n) continue;
        numbers[top * width + i] = n;
        const [x, y] = [i % width, top + Math.floor(i / width)];
        const box = this.boxes.get(n);
        if (!box) this.boxes.set(n, { left: x, top: y, right: x + 1, bottom: y + 1 });
        else {
          if (x < box.left) box.left = x;
          else if (x >= box.right) box.right = x + 1;
          box.bottom = y + 1;
        }
      }
    }
  }

  at({ x, y }) {
    const isInside = x >= 0 && y >= 0 && x < this.width && y < this.height;
    return isInside ? this.numbers[Math.floor(y) * this.width + Math.floor(x)] : 0;
  }

  // How many pixels a region has within a box, and the tight box around them.
  count(n, { left, top, right, bottom }) {
    let px = 0;
    const box = { left: right, top: bottom, right: left, bottom: top };
    for (let y = top; y < bottom; y += 1) {
      const row = y * this.width;
      for (let x = left; x < right; x += 1) {
        if (this.numbers[row + x] !== n) continue;
        px += 1;
        if (x < box.left) box.left = x;
        if (x >= box.right) box.right = x + 1;
        if (y < box.top) box.top = y;
        if (y >= box.bottom) box.bottom = y + 1;
      }
    }
    return { px, box };
  }

  // After pixels within `rect` changed: these regions anew, and those that have none left are out.
  recount(numbers, rect) {
    for (const n of numbers) {
      const region = this.regions.get(n);
      if (!region) continue;
      Object.assign(region, this.count(n, region.px ? joined(region.box, rect) : rect));
    }
  }

  // Regions that still have pixels, in the order of their numbers.
  get standing() {
    return [...this.regions].filter(([, { px }]) => px > 0).sort(([a], [b]) => a - b);
  }

  // For Mask: what is held against the panel.
  marks(isJudged) {
    return (from, rows, marked, at) => {
      const judged = new Uint8Array(65536);
      for (const [n, { type }] of this.regions) judged[n] = isJudged(type) ? 1 : 0;
      const start = from * this.width;
      const length = rows * this.width;
      for (let i = 0; i < length; i += 1) marked[at + i] = judged[this.numbers[start + i]];
    };
  }

  rectOf(points, reach) {
    const rect = { left: this.width, top: this.height, right: 0, bottom: 0 };
    for (let i = 0; i < points.length; i += 2) {
      rect.left = Math.min(rect.left, Math.floor(points[i] - reach));
      rect.right = Math.max(rect.right, Math.ceil(points[i] + reach) + 1);
      rect.top = Math.min(rect.top, Math.floor(points[i + 1] - reach));
      rect.bottom = Math.max(rect.bottom, Math.ceil(points[i + 1] + reach) + 1);
    }
    return {
      left: clamp(rect.left, 0, this.width),
      top: clamp(rect.top, 0, this.height),
      right: clamp(rect.right, 0, this.width),
      bottom: clamp(rect.bottom, 0, this.height),
    };
  }

  // Pixels of row y whose middle lies between x0 and x1.
  span(y, x0, x1, n, patch) {
    const from = Math.max(0, Math.ceil(x0 - 0.5));
    const to = Math.min(this.width - 1, Math.floor(x1 - 0.5));
    for (let i = y * this.width + from; i <= y * this.width + to; i += 1) {
      const was = this.numbers[i];
      if (was === n) continue;
      patch.note(i, was);
      this.numbers[i] = n;
    }
  }

  // A stroke: along the points x0, y0, x1, y1, … with a round brush.
  stroke(points, radius, n, patch) {
    for (let i = 0; i === 0 || i + 3 < points.length; i += 2) {
      const [x0, y0, x1 = x0, y1 = y0] = points.slice(i, i + 4);
      this.capsule(x0, y0, x1, y1, radius, n, patch);
    }
  }

  capsule(x0, y0, x1, y1, radius, n, patch) {
    const length = Math.hypot(x1 - x0, y1 - y0);
    const [nx, ny] = length ? [((y0 - y1) / length) * radius, ((x1 - x0) / length) * radius] : [0, 0];
    const corners = [
      [x0 + nx, y0 + ny], [x1 + nx, y1 + ny], [x1 - nx, y1 - ny], [x0 - nx, y0 - ny],
    ];
    const first = Math.max(0, Math.floor(Math.min(y0, y1) - radius));
    const last = Math.min(this.height - 1, Math.ceil(Math.max(y0, y1) + radius));
    for (let y = first; y <= last; y += 1) {
      const middle = y + 0.5;
      const crossed = length ? crossings(corners, middle) : [];
      for (const [cx, cy] of [[x0, y0], [x1, y1]]) {
        const half = Math.sqrt(radius ** 2 - (middle - cy) ** 2);
        if (half >= 0) crossed.push(cx - half, cx + half);
      }
      if (crossed.length) this.span(y, Math.min(...crossed), Math.max(...crossed), n, patch);
    }
  }

  // The inside of a closed polygon x0, y0, x1, y1, …; where it crosses itself, every second part.
  polygon(points, n, patch) {
    const corners = [];
    for (let i = 0; i < points.length; i += 2) corners.push([points[i], points[i + 1]]);
    const { top, bottom } = this.rectOf(points, 1);
    for (let y = top; y < bottom; y += 1) {
      const crossed = crossings(corners, y + 0.5).sort((a, b) => a - b);
      for (let i = 0; i + 1 < crossed.length; i += 2) {
        this.span(y, crossed[i], crossed[i + 1], n, patch);
      }
    }
  }

  // Every pixel of one region into another.
  rename(from, to, patch) {
    const { left, top, right, bottom } = this.regions.get(from).box;
    for (let y = top; y < bottom; y += 1) {
      for (let i = y * this.width + left; i < y * this.width + right; i += 1) {
        if (this.numbers[i] !== from) continue;
        patch.note(i, from);
        this.numbers[i] = to;
      }
    }
  }

  // Takes a region apart where the line crosses it: its largest piece keeps the number, the others
  // get `next` and so on. Answers the new numbers; without any nothing has changed.
  split(n, line, next, patch) {
    const { box } = this.regions.get(n);
    const cut = new Patch();
    // Three pixels: what touches only at a corner across the line would still be one piece.
    this.erase(n, line, 1.5, cut);
    const pieces = this.pieces(n, box);
    const whole = [];
    for (let i = 0; i < cut.runs.length; i += 3) {
      for (let k = 0; k < cut.runs[i + 1]; k += 1) whole.push(cut.runs[i] + k);
    }
    if (pieces.length < 2) {
      for (const at of whole) this.numbers[at] = n;
      return [];
    }
    const fresh = pieces.slice(1).map((piece, i) => {
      for (const at of piece) {
        patch.note(at, n);
        this.numbers[at] = next + i;
      }
      return next + i;
    });
    this.giveBack(whole, n, new Set([n, ...fresh]), patch);
    return fresh;
  }

  erase(n, line, radius, patch) {
    const drawn = new Patch();
    this.stroke(line, radius, 0, drawn);
    const { runs } = drawn;
    drawn.restore(this.numbers);
    for (let i = 0; i < runs.length; i += 3) {
      if (runs[i + 2] !== n) continue;
      for (let k = 0; k < runs[i + 1]; k += 1) {
        patch.note(runs[i] + k, n);
        this.numbers[runs[i] + k] = 0;
      }
    }
  }

  // The pixels under the line belong to the piece beside them: splitting loses none.
  giveBack(pixels, n, pieces, patch) {
    const { width, numbers } = this;
    const around = [-1, 1, -width, width];
    let open = pixels;
    while (open.length) {
      const found = [];
      for (const at of open) {
        const beside = around.map((step) => numbers[at + step]).find((one) => pieces.has(one));
        if (beside) found.push([at, beside]);
      }
      if (!found.length) break;
      for (const [at, beside] of found) {
        if (beside !== n) patch.note(at, n);
        numbers[at] = beside;
      }
      open = open.filter((at) => numbers[at] === 0);
    }
    for (const at of open) numbers[at] = n;
  }

  // The connected pieces of a region as lists of places, largest first; crumbs are left out.
  pieces(n, { left, top, right, bottom }) {
    const width = right - left;
    const seen = new Uint8Array(width * (bottom - top));
    const found = [];
    for (let y = top; y < bottom; y += 1) {
      for (let x = left; x < right; x += 1) {
        if (this.numbers[y * this.width + x] !== n || seen[(y - top) * width + x - left]) continue;
        const piece = [];
        const open = [[x, y]];
        seen[(y - top) * width + x - left] = 1;
        while (open.length) {
          const [px, py] = open.pop();
          piece.push(py * this.width + px);
          for (let dy = -1; dy <= 1; dy += 1) {
            for (let dx = -1; dx <= 1; dx += 1) {
              const [qx, qy] = [px + dx, py + dy];
              if (qx < left || qx >= right || qy < top || qy >= bottom) continue;
              const mark = (qy - top) * width + qx - left;
              if (seen[mark] || this.numbers[qy * this.width + qx] !== n) continue;
              seen[mark] = 1;
              open.push([qx, qy]);
            }
          }
        }
        if (piece.length >= LEAST_PIECE_PX) found.push(piece);
      }
    }
    return found.sort((a, b) => b.length - a.length);
  }
}

// Where the border of a polygon crosses a row.
function crossings(corners, y) {
  const found = [];
  for (let i = 0; i < corners.length; i += 1) {
    const [[ax, ay], [bx, by]] = [corners[i], corners[(i + 1) % corners.length]];
    if (ay <= y !== by <= y) found.push(ax + ((y - ay) / (by - ay)) * (bx - ax));
  }
  return found;
}
