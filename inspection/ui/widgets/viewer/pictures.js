// What the viewer shows: the photo and the mask as pictures in several sizes, fetched by URL.
//
// Memory: one ImageBitmap for the photo (12 Mpx: 48 MB) and its halvings (a third more), so that a
// zoomed-out frame reads few pixels; of the mask one byte a pixel and a canvas of 4 Mpx. Whoever draws on
// the mask gives the pixels that changed to `Mask.redo`: only these are done again.

const TINT = [0xd5, 0x5e, 0x00]; // vermilion (Okabe-Ito)
const TINT_WORD = new Uint32Array(new Uint8ClampedArray([...TINT, 255]).buffer)[0];
const OUTLINE = [0xff, 0xdc, 0xbf];
const NEAREST_ABOVE_ZOOM = 4;
const STRIP_ROWS = 256;
// Of the whole mask in one canvas; from near the part in view is drawn by itself.
const CANVAS_MAX_PX = 4_000_000;
const OUTLINE_MAX_SEGMENTS = 60_000; // beyond, stroking would cost more than it shows

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

// A picture and its halvings. Drawing from the halving just above the wanted size keeps thin
// scratches from flickering and spares reading 12 Mpx for a 1 Mpx stage.
class Pyramid {
  constructor(source, width, height) {
    this.width = width;
    this.height = height;
    this.levels = [source];
    this.halve();
  }

  halve(left = 0, top = 0, right = this.width, bottom = this.height) {
    let above = this.levels[0];
    for (let level = 1; Math.min(above.width, above.height) > 512; level += 1) {
      let half = this.levels[level];
      if (!half) {
        half = document.createElement("canvas");
        half.width = Math.round(above.width / 2);
        half.height = Math.round(above.height / 2);
        this.levels[level] = half;
      }
      const [kx, ky] = [half.width / this.width, half.height / this.height];
      const x = clamp(Math.floor(left * kx) - 1, 0, half.width);
      const y = clamp(Math.floor(top * ky) - 1, 0, half.height);
      const w = clamp(Math.ceil(right * kx) + 1, 0, half.width) - x;
      const h = clamp(Math.ceil(bottom * ky) + 1, 0, half.height) - y;
      const [ux, uy] = [above.width / half.width, above.height / half.height];
      const ctx = half.getContext("2d");
      ctx.clearRect(x, y, w, h);
      ctx.drawImage(above, x * ux, y * uy, w * ux, h * uy, x, y, w, h);
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
//
// What is marked comes from `read(top, rows, marked, at)`: 1 or 0 for each pixel of these rows, put
// into `marked` from place `at` on. Over CANVAS_MAX_PX the canvas is a smaller overview.
class Mask {
  constructor(width, height, read) {
    const shrink = Math.min(1, Math.sqrt(CANVAS_MAX_PX / (width * height)));
    this.width = width;
    this.height = height;
    this.read = read;
    this.canvas = document.createElement("canvas");
    this.canvas.width = Math.floor(width * shrink);
    this.canvas.height = Math.floor(height * shrink);
    this.strips = []; // {top, bottom, path, segments}, in pixels of the mask
    this.segments = 0;
    this.paint(0, height, 0, width);
    this.pyramid = new Pyramid(this.canvas, this.canvas.width, this.canvas.height);
  }

  static of(bitmap) {
    const { width, height } = bitmap;
    const read = bitmap.raw ? marksOfLevels(bitmap) : marksOf(bitmap);
    const mask = new Mask(width, height, read);
    // The bitmap is read again only where the canvas does not hold all of it.
    if (!bitmap.raw && mask.canvas.width < width) mask.read = readerOf(read, width, height);
    bitmap.close?.();
    return mask;
  }

  // What has changed within these pixels is drawn anew, outlines and halvings with it.
  redo({ left, top, right, bottom }) {
    this.paint(top, bottom, left, right);
    const k = this.canvas.width / this.width;
    this.pyramid.halve(left * k, top * k, right * k, bottom * k);
    this.part = undefined;
  }

  // By strips: all pixels at once would take another 48 MB.
  paint(top, bottom, left, right) {
    const { width, height } = this;
    const marked = new Uint8Array(width * (STRIP_ROWS + 1)); // row 0 is the one above the strip
    const last = Math.min(Math.floor(bottom / STRIP_ROWS), Math.ceil(height / STRIP_ROWS) - 1);
    const first = Math.floor(top / STRIP_ROWS);
    for (let strip = first; strip <= last; strip += 1) {
      const from = strip * STRIP_ROWS;
      const rows = Math.min(STRIP_ROWS, height - from);
      if (strip > first) marked.copyWithin(0, STRIP_ROWS * width);
      else if (from > 0) this.read(from - 1, 1, marked, 0);
      this.read(from, rows, marked, width);
      if (!this.strips[strip] && !marked.includes(1)) {
        this.strips[strip] = { top: from, bottom: from + rows, path: undefined, segments: 0 };
        continue;
      }
      this.tint(marked, from, rows, Math.max(top, from), Math.min(bottom, from + rows), left, right);
      this.segments -= this.strips[strip]?.segments ?? 0;
      this.strips[strip] = this.trace(marked, width, rows, from, from + rows === height);
      this.segments += this.strips[strip].segments;
    }
  }

  tint(marked, from, rows, top, bottom, left, right) {
    if (bottom <= top || right <= left) return;
    const ctx = this.canvas.getContext("2d");
    const k = this.canvas.width / this.width;
    const [x0, y0] = [Math.floor(left * k), Math.floor(top * k)];
    const x1 = Math.min(this.canvas.width, Math.ceil(right * k));
    const y1 = Math.min(this.canvas.height, Math.ceil(bottom * k));
    if (x1 <= x0 || y1 <= y0) return;
    const picture = new ImageData(x1 - x0, y1 - y0);
    const pixels = new Uint32Array(picture.data.buffer);
    let any = this.strips.length > Math.floor(from / STRIP_ROWS);
    for (let y = y0; y < y1; y += 1) {
      const row = clamp(Math.floor((y + 0.5) / k) - from, 0, rows - 1) + 1;
      let at = (y - y0) * (x1 - x0);
      if (k === 1) {
        const start = row * this.width;
        for (let i = start + x0; i < start + x1; i += 1, at += 1) {
          if (marked[i]) {
            pixels[at] = TINT_WORD;
            any = true;
          }
        }
      } else {
        // From afar a thin scratch must not fall between the pixels that are looked at.
        const reach = Math.ceil(1 / k);
        for (let x = x0; x < x1; x += 1, at += 1) {
          const i = row * this.width + Math.floor((x + 0.5) / k);
          let on = 0;
          for (let step = 0; step < reach; step += 1) {
            on |= marked[i + step] | (row < rows ? marked[i + step + this.width] : 0);
          }
          if (on) {
            pixels[at] = TINT_WORD;
            any = true;
          }
        }
      }
    }
    if (any) ctx.putImageData(picture, x0, y0);
  }

  // Every border between a marked and an unmarked pixel, joined into straight runs.
  trace(marked, width, rows, top, isLast) {
    const path = new Path2D();
    let segments = 0;
    const open = new Int32Array(width + 1).fill(-1); // first row of the vertical run at this x
    const segment = (x0, y0, x1, y1) => {
      path.moveTo(x0, y0);
      path.lineTo(x1, y1);
      segments += 1;
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
    return { top, bottom, path, segments };
  }

  // zoom, x, y: as for the photo, which is photoWidth pixels wide.
  draw(ctx, zoom, x, y, photoWidth, opacity, linePx) {
    const own = (zoom * photoWidth) / this.width;
    ctx.globalAlpha = opacity;
    if (this.canvas.width < this.width && own * this.width > this.canvas.width) {
      this.drawPart(ctx, own, x, y);
    } else this.pyramid.draw(ctx, (own * this.width) / this.canvas.width, x, y);
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
      for (const { top, bottom, path, segments } of this.strips) {
        const isSeen = bottom * own + y >= 0 && top * own + y <= ctx.canvas.height;
        if (segments && isSeen) ctx.stroke(path);
      }
      ctx.restore();
    }
    ctx.globalAlpha = 1;
  }

  // Of a photo that no canvas holds whole: the part on the screen, at its own resolution.
  drawPart(ctx, own, x, y) {
    const left = clamp(Math.floor(-x / own), 0, this.width);
    const top = clamp(Math.floor(-y / own), 0, this.height);
    const right = clamp(Math.ceil((ctx.canvas.width - x) / own), 0, this.width);
    const bottom = clamp(Math.ceil((ctx.canvas.height - y) / own), 0, this.height);
    if (right <= left || bottom <= top) return;
    const { part } = this;
    const isHeld =
      part && part.left <= left && part.top <= top &&
      part.left + part.canvas.width >= right && part.top + part.canvas.height >= bottom;
    if (!isHeld) this.part = this.cut(left, top, right, bottom);
    ctx.imageSmoothingEnabled = own <= NEAREST_ABOVE_ZOOM;
    const { canvas } = this.part;
    const [w, h] = [canvas.width * own, canvas.height * own];
    ctx.drawImage(canvas, x + this.part.left * own, y + this.part.top * own, w, h);
  }

  cut(left, top, right, bottom) {
    const canvas = this.part?.canvas ?? document.createElement("canvas");
    canvas.width = right - left;
    canvas.height = bottom - top;
    const marked = new Uint8Array(this.width);
    const picture = new ImageData(canvas.width, canvas.height);
    const pixels = new Uint32Array(picture.data.buffer);
    for (let row = top; row < bottom; row += 1) {
      this.read(row, 1, marked, 0);
      const at = (row - top) * canvas.width - left;
      for (let x = left; x < right; x += 1) if (marked[x]) pixels[at + x] = TINT_WORD;
    }
    canvas.getContext("2d").putImageData(picture, 0, 0);
    return { canvas, left, top };
  }

  close() {
    this.pyramid.close();
    if (this.part) this.part.canvas.width = this.part.canvas.height = 0;
    this.part = undefined;
    this.strips = [];
    this.read = undefined;
  }
}

// `rowsOf(bitmap)(from, rows)`: RGBA of some rows, at most STRIP_ROWS. All pixels of 12 Mpx at once
// would take another 48 MB.
function rowsOf(bitmap) {
  const { width } = bitmap;
  const scratch = document.createElement("canvas");
  scratch.width = width;
  scratch.height = Math.min(STRIP_ROWS, bitmap.height);
  const reader = scratch.getContext("2d", { willReadFrequently: true });
  reader.globalCompositeOperation = "copy";
  return (from, rows) => {
    reader.drawImage(bitmap, 0, from, width, rows, 0, 0, width, rows);
    return reader.getImageData(0, 0, width, rows).data;
  };
}

function marksOf(bitmap) {
  const read = rowsOf(bitmap);
  return (from, rows, marked, at) => {
    const rgba = read(from, rows);
    const length = rows * bitmap.width;
    for (let i = 0; i < length; i += 1) marked[at + i] = rgba[4 * i] >= 128 ? 1 : 0;
  };
}

// The marks kept as bytes, for a mask that is read again and again.
function readerOf(read, width, height) {
  const cells = new Uint8Array(width * height);
  for (let top = 0; top < height; top += STRIP_ROWS) {
    read(top, Math.min(STRIP_ROWS, height - top), cells, top * width);
  }
  return (from, rows, marked, at) =>
    marked.set(cells.subarray(from * width, (from + rows) * width), at);
}

// The levels of a grey PNG as our server writes them, without filters: no picture of 48 MB is made
// of 12 Mpx. null for any other file.
async function greyLevels(blob) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const view = new DataView(bytes.buffer);
  const name = (at) => String.fromCharCode(...bytes.subarray(at, at + 4));
  if (bytes.length < 33 || name(12) !== "IHDR") return null;
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const [bits, colours, , , interlaced] = bytes.subarray(24, 29);
  if (bits !== 8 || colours !== 0 || interlaced !== 0) return null;
  const packed = [];
  for (let at = 33; at + 12 <= bytes.length; at += 12 + view.getUint32(at)) {
    if (name(at + 4) === "IDAT") packed.push(bytes.subarray(at + 8, at + 8 + view.getUint32(at)));
  }
  const unpacked = new Blob(packed).stream().pipeThrough(new DecompressionStream("deflate"));
  const raw = new Uint8Array(await new Response(unpacked).arrayBuffer());
  if (raw.length !== (width + 1) * height) return null;
  for (let row = 0; row < height; row += 1) if (raw[row * (width + 1)] !== 0) return null;
  return { width, height, raw };
}

// Each row begins with the number of its filter.
const marksOfLevels = ({ width, raw }) => (from, rows, marked, at) => {
  for (let row = 0; row < rows; row += 1) {
    const start = (from + row) * (width + 1) + 1;
    const to = at + row * width;
    for (let x = 0; x < width; x += 1) marked[to + x] = raw[start + x] >> 7;
  }
};

async function fetchMask(url, signal) {
  const answer = await fetch(url, { signal, credentials: "same-origin" });
  if (!answer.ok) throw new Error(`${url}: HTTP ${answer.status}`);
  const blob = await answer.blob();
  return (await greyLevels(blob).catch(() => null)) ?? createImageBitmap(blob);
}

async function fetchPicture(url, signal) {
  const answer = await fetch(url, { signal, credentials: "same-origin" });
  if (!answer.ok) throw new Error(`${url}: HTTP ${answer.status}`);
  return createImageBitmap(await answer.blob());
}

const wholePhoto = (bitmap) => new Pyramid(bitmap, bitmap.width, bitmap.height);

// What comes next, fetched and made ready while a person looks at this photo. Kept for the whole
// window, as Streamlit may mount the viewer anew between two photos.
class Ahead {
  // load(url, signal): a promise of what is drawn.
  constructor(load) {
    this.load = load;
  }

  want(url) {
    if (url === this.url) return;
    this.drop();
    this.url = url;
    if (!url) return;
    this.abort = new AbortController();
    this.picture = this.load(url, this.abort.signal);
    // Whoever opens it is told; nobody else has to know that it cannot be had.
    this.picture.catch(() => {});
  }

  // From here on the caller's; undefined where another one was expected.
  taken(url) {
    if (!url || url !== this.url) return undefined;
    const { picture } = this;
    this.url = this.picture = this.abort = undefined;
    return picture;
  }

  drop() {
    this.abort?.abort();
    this.picture?.then((picture) => picture.close()).catch(() => {});
    this.url = this.picture = undefined;
  }
}

const photoAhead = new Ahead((url, signal) => fetchPicture(url, signal).then(wholePhoto));
const maskAhead = new Ahead((url, signal) => fetchMask(url, signal).then(Mask.of));

// One picture by URL; a newer request cancels the older one, so the last URL asked for wins.
class Source {
  constructor(onChange, get = fetchPicture) {
    this.onChange = onChange;
    this.get = get;
    this.url = undefined;
    this.state = "none"; // none, loading, ready, failed
  }

  // expected: a promise of what `build` would make, where that was begun before.
  request(url, build, onReady, onFail, expected) {
    this.abort?.abort();
    this.abort = new AbortController();
    this.url = url;
    const { signal } = this.abort;
    this.state = "loading";
    this.onChange();
    const fresh = async () => {
      const bitmap = await this.get(url, signal);
      if (!signal.aborted) return build(bitmap);
      bitmap.close?.();
    };
    (expected ? expected.catch(fresh) : fresh())
      .then((picture) => {
        if (signal.aborted) return picture?.close();
        onReady(picture);
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
