// What the viewer shows: the photo and the mask as pictures in several sizes, fetched by URL.
//
// Memory: one ImageBitmap for the photo and one tinted canvas for the mask (12 Mpx: 48 MB each),
// and their halvings (a third more), so that a zoomed-out frame reads few pixels.

const TINT = [0xd5, 0x5e, 0x00]; // vermilion (Okabe-Ito)
const OUTLINE = [0xff, 0xdc, 0xbf];
const NEAREST_ABOVE_ZOOM = 4;
const STRIP_ROWS = 256;
const CANVAS_MAX_PX = 16_000_000; // older iOS stops near 16.7 Mpx a canvas
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
