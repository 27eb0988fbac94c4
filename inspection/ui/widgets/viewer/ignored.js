// What is not judged: ignore regions as outlines, and the marks that lie within them in grey. A
// region that does not hold for this photo is drawn thinner and said to.

const IGNORED_LOOKS = {
  mark: { fill: "rgb(150 150 150 / 55%)", dash: [], width: 1.5 },
  holds: { fill: "rgb(150 150 150 / 14%)", dash: [8, 5], width: 2 },
  idle: { fill: "transparent", dash: [2, 5], width: 2 },
};
const IGNORED_LINE = "#c8c8c8";
const IGNORED_FONT = "600 12px sans-serif";

// shapes: {points: [x, y, …] in photo pixels, look, label}.
function drawIgnored(ctx, shapes, toStage) {
  for (const { points, look, label } of shapes) {
    const { fill, dash, width } = IGNORED_LOOKS[look];
    traceClosed(ctx, points, toStage);
    ctx.fillStyle = fill;
    ctx.fill();
    ctx.setLineDash(dash);
    for (const [colour, wide] of [["rgb(0 0 0 / 65%)", width + 2], [IGNORED_LINE, width]]) {
      ctx.lineWidth = wide;
      ctx.strokeStyle = colour;
      ctx.stroke();
    }
    ctx.setLineDash([]);
    if (look !== "mark") writeBeside(ctx, points, label, toStage);
  }
}

function traceClosed(ctx, points, toStage) {
  ctx.beginPath();
  for (let i = 0; i < points.length; i += 2) {
    const { x, y } = toStage({ x: points[i], y: points[i + 1] });
    if (i === 0) ctx.moveTo(x, y);
    else ctx.lineTo(x, y);
  }
  ctx.closePath();
}

function writeBeside(ctx, points, label, toStage) {
  let [x, y] = [Infinity, Infinity];
  for (let i = 0; i < points.length; i += 2) {
    const at = toStage({ x: points[i], y: points[i + 1] });
    if (at.y < y) [x, y] = [at.x, at.y];
  }
  ctx.font = IGNORED_FONT;
  const across = ctx.measureText(label).width + 10;
  const [left, top] = [Math.max(0, x - across / 2), Math.max(0, y - 22)];
  ctx.fillStyle = "rgb(0 0 0 / 70%)";
  ctx.fillRect(left, top, across, 18);
  ctx.fillStyle = "#fff";
  ctx.textBaseline = "middle";
  ctx.fillText(label, left + 5, top + 9.5);
}

// One line of the legend for each kind of shape that is drawn.
function ignoredLegend(shapes, words) {
  return Object.keys(IGNORED_LOOKS)
    .filter((look) => look !== "holds" && shapes.some((shape) => shape.look === look))
    .map((look) => {
      const line = document.createElement("li");
      line.className = "ignored";
      line.style.setProperty("--verdict", IGNORED_LINE);
      line.innerHTML =
        '<svg viewBox="0 0 22 14" aria-hidden="true"><path class="back" d="M0 7h22"/>' +
        `<path class="front" stroke-dasharray="${IGNORED_LOOKS[look].dash.join(" ")}" d="M0 7h22"/></svg>`;
      const count = look === "mark" ? ` ${shapes.filter((one) => one.look === look).length}` : "";
      line.append(`${words[`ignored_${look}`]}${count}`);
      return line;
    });
}
