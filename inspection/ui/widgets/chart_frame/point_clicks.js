// Tells Python which point of the neighbouring chart was clicked. Streamlit's own selection would
// make a finger drag the chart, where it should scroll the page.

const watching = new WeakMap()

export default function ({ data, parentElement, setStateValue }) {
  const hint = parentElement.querySelector("p")
  hint.textContent = data.hint
  const frame = parentElement.getRootNode().host?.closest(data.frame) ?? hint.closest(data.frame)
  watching.get(parentElement)?.disconnect()
  const tell = ({ points }) => {
    const point = points.find(({ customdata }) => customdata !== undefined)
    if (!point) return
    const photos = point.customdata.at(-1)
    setStateValue("point", { curve: point.curveNumber, number: point.pointNumber, photos })
  }
  // The chart may come later than this part, and another one may take its place.
  const listen = () => {
    const chart = frame.querySelector(".js-plotly-plot")
    if (!chart?.on || chart.tellPoint === tell) return
    if (chart.tellPoint) chart.removeListener("plotly_click", chart.tellPoint)
    chart.on("plotly_click", tell)
    chart.tellPoint = tell
  }
  const observer = new MutationObserver(listen)
  observer.observe(frame, { childList: true, subtree: true })
  watching.set(parentElement, observer)
  listen()
  return () => observer.disconnect()
}
