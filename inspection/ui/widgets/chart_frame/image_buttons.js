// Two buttons that save the chart of a frame as a picture. The browser draws it, so no server
// needs one. The drawing library is fetched from this server at the first press.

function library(url) {
  window.inspectionPlotly ??= new Promise((resolve, reject) => {
    const script = document.createElement("script")
    script.src = url
    script.onload = () => resolve(window.Plotly)
    script.onerror = () => {
      // The next press tries again.
      window.inspectionPlotly = undefined
      script.remove()
      reject(new Error(url))
    }
    document.head.append(script)
  })
  return window.inspectionPlotly
}

async function save(button, message, { frame, paper, filename, library: url, labels }) {
  button.disabled = true
  message.textContent = labels.drawing
  try {
    const plotly = await library(url)
    const chart = document.querySelector(`${frame} .js-plotly-plot`)
    const margin = { ...chart.layout.margin, ...paper.margin }
    const figure = { data: chart.data, layout: { ...chart.layout, ...paper, margin } }
    await plotly.downloadImage(structuredClone(figure), {
      format: button.dataset.format,
      filename,
      width: paper.width,
      height: paper.height,
      // A vector picture has no pixels to be sharpened.
      scale: button.dataset.format === "png" ? 2 : 1,
    })
    message.textContent = ""
  } catch {
    message.textContent = labels.failed
  } finally {
    button.disabled = false
  }
}

export default function ({ data, parentElement }) {
  const message = parentElement.querySelector("p")
  for (const button of parentElement.querySelectorAll("button")) {
    button.textContent = data.labels[button.dataset.format]
    button.onclick = () => save(button, message, data)
  }
}
