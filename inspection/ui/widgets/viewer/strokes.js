// What a person drew, as strokes: small, replayed on the labels, undone one by one, kept in the
// browser until they are saved.
//
//   {do: "draw",  n, type, width, at: [x0, y0, …]}   with the brush into region n
//   {do: "fill",  n, type, at}                       a polygon into region n
//   {do: "erase", width, at}
//   {do: "split", n, next, at}                       along a line; new regions from `next` on
//   {do: "join",  n, other}                          region `other` into n
//   {do: "type",  n, type}
//
// Regions of the record have its numbers, new ones begin behind them: after somebody else's
// correction new regions can be drawn again on that one.

const FEWEST_FOR_RECORD = 1000; // so that mostly the same numbers are free on the next record
const STROKES_KEY = "inspection-strokes:";
const STROKES_DAYS = 7;
const MOST_LETTERS = 2_000_000;

// Number of the first new region. types: of the record's regions 1, 2, …
const firstNewOf = (types) => Math.max(FEWEST_FOR_RECORD, types.length) + 1;

// Does one stroke; answers what takes it back, null where it changes nothing.
function applyStroke(labels, stroke) {
  const patch = new Patch();
  const types = new Map(); // n -> what it was, undefined for a new region
  const { regions } = labels;
  let rect;
  const into = (n, type) => {
    if (regions.has(n)) return;
    types.set(n, undefined);
    regions.set(n, { type, px: 0, box: undefined });
  };
  const known = stroke.n === undefined || stroke.n >= labels.firstNew || regions.has(stroke.n);
  if (!known) return null;
  if (stroke.do === "draw" || stroke.do === "fill") {
    into(stroke.n, stroke.type);
    if (stroke.do === "draw") labels.stroke(stroke.at, stroke.width / 2, stroke.n, patch);
    else labels.polygon(stroke.at, stroke.n, patch);
    rect = labels.rectOf(stroke.at, (stroke.width ?? 0) / 2 + 1);
  } else if (stroke.do === "erase") {
    labels.stroke(stroke.at, stroke.width / 2, 0, patch);
    rect = labels.rectOf(stroke.at, stroke.width / 2 + 1);
  } else if (stroke.do === "split") {
    if (!regions.get(stroke.n)?.px) return null;
    const { type, box } = regions.get(stroke.n);
    rect = box;
    for (const n of labels.split(stroke.n, stroke.at, stroke.next, patch)) into(n, type);
  } else if (stroke.do === "join") {
    const other = regions.get(stroke.other);
    if (!other?.px || !regions.get(stroke.n)?.px || stroke.n === stroke.other) return null;
    rect = joined(other.box, regions.get(stroke.n).box);
    labels.rename(stroke.other, stroke.n, patch);
  } else if (stroke.do === "type") {
    const region = regions.get(stroke.n);
    if (!region || region.type === stroke.type) return null;
    types.set(stroke.n, region.type);
    region.type = stroke.type;
    rect = region.box;
  }
  if (patch.isEmpty && ![...types.values()].some(Boolean)) {
    types.forEach((_, n) => regions.delete(n));
    return null;
  }
  const touched = new Set([...patch.formerNumbers, ...types.keys()]);
  if (stroke.n !== undefined) touched.add(stroke.n);
  labels.recount(touched, rect);
  return { patch, types, rect, touched };
}

function revertStroke(labels, { patch, types, rect, touched }) {
  patch.restore(labels.numbers);
  for (const [n, type] of types) {
    if (type === undefined) labels.regions.delete(n);
    else labels.regions.get(n).type = type;
  }
  labels.recount(touched, rect);
}

// The strokes since the record, each with what takes it back, and those that were undone.
class Strokes {
  // base: the record that they are drawn on; types: of its regions.
  constructor(inspection, base, types) {
    this.key = `${STROKES_KEY}${inspection}`;
    this.base = base;
    this.firstNew = firstNewOf(types);
    this.done = [];
    this.undone = [];
  }

  get next() {
    const used = this.done.flatMap(({ stroke, undo }) => [
      stroke.n ?? 0,
      ...(stroke.do === "split" ? undo.types.keys() : []),
    ]);
    return Math.max(this.firstNew, ...used.map((n) => n + 1));
  }

  // Answers the pixels that may have changed, null where nothing did.
  add(labels, stroke) {
    const undo = applyStroke(labels, stroke);
    if (!undo) return null;
    this.done.push({ stroke, undo });
    this.undone = [];
    this.keep();
    return undo.rect;
  }

  undo(labels) {
    const last = this.done.pop();
    if (!last) return null;
    revertStroke(labels, last.undo);
    this.undone.push(last.stroke);
    this.keep();
    return last.undo.rect;
  }

  redo(labels) {
    const stroke = this.undone.pop();
    const undo = stroke && applyStroke(labels, stroke);
    if (!undo) return null;
    this.done.push({ stroke, undo });
    this.keep();
    return undo.rect;
  }

  // ------------------------------------------------------------ kept in the browser

  keep() {
    const strokes = this.done.map(({ stroke }) => stroke);
    const text = JSON.stringify({
      base: this.base, first: this.firstNew, at: Date.now(), strokes,
    });
    try {
      if (strokes.length && text.length < MOST_LETTERS) localStorage.setItem(this.key, text);
      else localStorage.removeItem(this.key);
    } catch {
      // A browser that keeps nothing: they last as long as the page.
    }
  }

  // What was kept, as far as it can be drawn on this record.
  kept() {
    dropOldStrokes();
    try {
      const kept = JSON.parse(localStorage.getItem(this.key)) ?? { strokes: [] };
      const { base, strokes, first = FEWEST_FOR_RECORD + 1 } = kept;
      if (base === this.base) return strokes;
      return strokes
        .filter((one) => one.n >= first && (one.do === "draw" || one.do === "fill"))
        .map((one) => ({ ...one, n: one.n - first + this.firstNew }));
    } catch {
      return [];
    }
  }

  // Draws what was kept again; answers whether anything came of it.
  replay(labels) {
    for (const stroke of this.kept()) {
      const undo = applyStroke(labels, stroke);
      if (undo) this.done.push({ stroke, undo });
    }
    return this.done.length > 0;
  }

  forget() {
    this.done = [];
    this.undone = [];
    this.keep();
  }
}

function dropOldStrokes() {
  try {
    for (const key of Object.keys(localStorage)) {
      if (!key.startsWith(STROKES_KEY)) continue;
      const { at } = JSON.parse(localStorage.getItem(key)) ?? {};
      if (!(at > Date.now() - STROKES_DAYS * 86_400_000)) localStorage.removeItem(key);
    }
  } catch {
    // As above.
  }
}
