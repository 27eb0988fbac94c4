// From the labels to a correction on the server: an own PNG with one number a pixel, because a
// canvas would only write colours.

const PNG_SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let bit = 0; bit < 8; bit += 1) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

function pngChunk(name, data) {
  const chunk = new Uint8Array(data.length + 12);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, data.length);
  for (let i = 0; i < 4; i += 1) chunk[4 + i] = name.charCodeAt(i);
  chunk.set(data, 8);
  let crc = 0xffffffff;
  for (let i = 4; i < data.length + 8; i += 1) {
    crc = CRC_TABLE[(crc ^ chunk[i]) & 0xff] ^ (crc >>> 8);
  }
  view.setUint32(data.length + 8, (crc ^ 0xffffffff) >>> 0);
  return chunk;
}

// A grey PNG of 8 bits, of 16 where there are more numbers. numberOf: labels' number -> PNG's.
async function numberedPng({ width, height, numbers }, numberOf) {
  const isWide = numberOf.size > 255;
  const bytes = isWide ? 2 : 1;
  const renamed = new Uint16Array(65536);
  numberOf.forEach((n, own) => (renamed[own] = n));
  const packer = new CompressionStream("deflate");
  const packed = new Response(packer.readable).arrayBuffer();
  const writer = packer.writable.getWriter();
  for (let top = 0; top < height; top += STRIP_ROWS) {
    const rows = Math.min(STRIP_ROWS, height - top);
    const strip = new Uint8Array(rows * (1 + width * bytes)); // each row begins with "no filter"
    for (let row = 0; row < rows; row += 1) {
      let to = row * (1 + width * bytes) + 1;
      const from = (top + row) * width;
      for (let x = 0; x < width; x += 1) {
        const n = renamed[numbers[from + x]];
        if (isWide) strip[to++] = n >> 8;
        strip[to++] = n & 0xff;
      }
    }
    await writer.write(strip);
  }
  await writer.close();
  const head = new Uint8Array(13);
  const view = new DataView(head.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  head.set([8 * bytes, 0, 0, 0, 0], 8);
  const parts = [
    new Uint8Array(PNG_SIGNATURE),
    pngChunk("IHDR", head),
    pngChunk("IDAT", new Uint8Array(await packed)),
    pngChunk("IEND", new Uint8Array(0)),
  ];
  return new Blob(parts, { type: "image/png" });
}

// Sends the labels as a correction. Answers {status, record}; status 0: nobody answered.
async function sendCorrection(url, labels, { who, reason, basedOn }) {
  const numberOf = new Map();
  const regions = labels.standing.map(([own, { type }], i) => {
    numberOf.set(own, i + 1);
    return { n: i + 1, type };
  });
  const form = new FormData();
  form.append("mask", await numberedPng(labels, numberOf), "mask.png");
  form.append("correction", JSON.stringify({ who, reason, based_on: basedOn, regions }));
  try {
    const answer = await fetch(url, { method: "POST", body: form, credentials: "same-origin" });
    const body = await answer.json().catch(() => ({}));
    if (!answer.ok) console.warn("photo viewer:", answer.status, body.error);
    return { status: answer.status, record: answer.ok ? body : null };
  } catch (error) {
    console.warn("photo viewer:", error.message);
    return { status: 0, record: null };
  }
}

async function fetchLabels(url, types, width, height) {
  const answer = await fetch(url, { credentials: "same-origin" });
  if (!answer.ok) throw new Error(`${url}: HTTP ${answer.status}`);
  // Numbers are no colours: nothing may be corrected or blended.
  const how = { colorSpaceConversion: "none", premultiplyAlpha: "none" };
  const bitmap = await createImageBitmap(await answer.blob(), how);
  try {
    if (bitmap.width !== width || bitmap.height !== height) {
      throw new Error(`${url}: ${bitmap.width} × ${bitmap.height} px`);
    }
    return new Labels(bitmap, types);
  } finally {
    bitmap.close();
  }
}
