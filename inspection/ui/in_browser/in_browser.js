// Keys and cookie of the whole window. Streamlit fires a button's shortcut wherever the focus is
// and leaves the focus in a field after Enter, so that the next key is typed into the name.

const FIELDS = "[data-testid=stTextInput], [data-testid=stNumberInput], [data-testid=stSelectbox]"
const NO_TEXT = new Set(["checkbox", "radio", "range", "button", "submit", "reset", "color", "file"])
const SAVE = ".st-key-decide_save button"
// What Python says of the keys that no button of Streamlit can take (`inspection/ui/keys.py`).
let keys = { viewer: {}, help: "", choices: "" }

const isField = (node) =>
  node instanceof HTMLTextAreaElement ||
  node instanceof HTMLSelectElement ||
  (node instanceof HTMLInputElement && !NO_TEXT.has(node.type)) ||
  Boolean(node.isContentEditable)

const fieldOf = (event) => event.composedPath().find((node) => node instanceof Element && isField(node))

const isComposing = (event) => event.isComposing || event.keyCode === 229

function leaveLater(field) {
  // After Streamlit has taken the value over.
  setTimeout(() => document.activeElement === field && field.blur(), 0)
}

function save(event, field) {
  const button = document.querySelector(SAVE)
  if (!button || button.disabled) return
  // A chip that was just chosen has the focus: Enter would take it back instead of saving.
  event.preventDefault()
  event.stopImmediatePropagation()
  field?.blur()
  // The words of the field travel first.
  setTimeout(() => document.querySelector(SAVE)?.click(), 100)
}

const isPressed = (event, key) =>
  event.key.toLowerCase() === key.toLowerCase() || event.code === `Key${key}`

// The digits belong to the first of the open questions that nobody answered yet, else to the last;
// style.css writes them on its choices.
function choose(place) {
  const questions = [...document.querySelectorAll(`.st-key-${keys.choices} [data-testid=stButtonGroup]`)]
  const open = questions.find((one) => !one.querySelector("[data-selected=true]")) ?? questions.at(-1)
  const choice = open?.querySelectorAll("button")[place - 1]
  choice?.click()
  return Boolean(questions.length)
}

function act(event) {
  if (/^[1-9]$/.test(event.key)) return choose(Number(event.key))
  if (event.key === "?") {
    document.querySelector(`.st-key-${keys.help} button`)?.click()
    return true
  }
  const name = Object.keys(keys.viewer).find((one) => isPressed(event, keys.viewer[one]))
  // The viewer lives behind a shadow root, where no selector of ours reaches.
  if (name) window.dispatchEvent(new CustomEvent("inspection-key", { detail: name }))
  return Boolean(name)
}

// A key that is held, or that a glove presses twice, would decide the next photo unseen, or confirm
// its own question: Streamlit takes every press.
const TWICE_MS = 400
const last = { code: "", at: -TWICE_MS }

function comesAgain(event) {
  const isTwice = event.code === last.code && event.timeStamp - last.at < TWICE_MS
  if (/^Key[YODU]$/.test(event.code)) Object.assign(last, { code: event.code, at: event.timeStamp })
  return event.repeat || isTwice
}

function keyPressed(event) {
  const field = fieldOf(event)
  const dialog = document.querySelector("[role=dialog]")
  if (isComposing(event) || (!field && !dialog && scanned(event))) return
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    if (!event.repeat && !dialog) save(event, field)
    return
  }
  if (field) {
    if (event.key === "Enter" && field.matches("input") && field.closest(FIELDS)) leaveLater(field)
    if (event.key === "Escape" && !dialog) {
      // Leaves the field; only the next one cancels what was begun.
      event.stopImmediatePropagation()
      field.blur()
    }
    return
  }
  const isLetter = event.key.length === 1 && event.key !== " "
  // What lies behind an open question must not be decided by a key.
  if (event.ctrlKey || event.metaKey || event.altKey || !isLetter) return
  if (dialog || comesAgain(event) || act(event)) event.stopImmediatePropagation()
}

function optionChosen(event) {
  const isOption = event.composedPath().some((node) => node instanceof Element && node.matches("[role=option]"))
  const field = document.activeElement
  if (isOption && field?.closest("[data-testid=stSelectbox]")) leaveLater(field)
}

function keep(cookie, text, seconds) {
  const secure = location.protocol === "https:" ? "; secure" : ""
  document.cookie = `${cookie}=${encodeURIComponent(text)}; path=/; max-age=${seconds}; samesite=strict${secure}`
}

function remember({ cookie, seconds, name, forget, subject, subject_cookie, subject_seconds }) {
  if (name || forget) keep(cookie, name, name ? seconds : 0)
  if (subject) keep(subject_cookie, subject, subject_seconds)
}

// --- A hand scanner is a keyboard that types a line faster than anybody, and ends it by Enter ---

const BODY_NUMBER = ".st-key-subject_body_number input"
const SCANNER_MS = 100
const LEAST_SCANNED = 4
const scan = { text: "", first: null, timer: 0 }

// Keys typed outside a field on a page that asks for a body's number. The first waits for a moment:
// where no second follows, it was a person's key and goes its way.
function scanned(event) {
  const field = document.querySelector(BODY_NUMBER)
  if (!field || event.passedOn || event.ctrlKey || event.metaKey || event.altKey) return false
  const isEnd = event.key === "Enter" || event.key === "Tab"
  if (!(event.key.length === 1 || (isEnd && scan.text))) return false
  // The space bar presses the button that has the focus, and no number begins with a blank.
  if (event.key === " " && !scan.text) return false
  clearTimeout(scan.timer)
  if (isEnd) {
    const { text } = scan
    letGo()
    if (text.length < LEAST_SCANNED) return false
    write(field, text)
  } else {
    scan.first ??= event
    scan.text += event.key
    scan.timer = setTimeout(passOn, SCANNER_MS)
  }
  event.preventDefault()
  event.stopImmediatePropagation()
  return true
}

function letGo() {
  scan.text = ""
  scan.first = null
}

function passOn() {
  const { first, text } = scan
  letGo()
  if (text.length > 1) return
  const { key, code, keyCode, shiftKey } = first
  const again = new KeyboardEvent("keydown", { key, code, keyCode, shiftKey, bubbles: true, cancelable: true, composed: true })
  again.passedOn = true
  ;(first.target ?? document.body).dispatchEvent(again)
}

function write(field, text) {
  field.focus()
  // As React hears it, and as a person ends it.
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(field, text)
  field.dispatchEvent(new Event("input", { bubbles: true }))
  field.blur()
}

// --- Touch: the navigation leaves the photo its room; its handle stays in sight ---

function foldOnTouch() {
  if (!matchMedia("(pointer: coarse)").matches) return
  let tries = 0
  const fold = () => {
    const sidebar = document.querySelector("[data-testid=stSidebar]")
    if (sidebar?.getAttribute("aria-expanded") === "true" || sidebar?.dataset.collapsed === "false")
      document.querySelector("[data-testid=stSidebarCollapseButton] button")?.click()
    else if ((tries += 1) < 20) setTimeout(fold, 100)
  }
  fold()
}

// Streamlit's own page names no manifest; the browser takes one that is added later as well.
function nameManifest({ manifest }) {
  const known = document.head.querySelector("link[rel=manifest]")
  const link = known ?? document.createElement("link")
  if (link.getAttribute("href") === manifest) return
  link.rel = "manifest"
  link.setAttribute("href", manifest)
  if (!known) document.head.append(link)
}

// Plotly draws for the width of the window. Paper is narrower: the drawing shrinks as a picture.
function chartsOnPaper() {
  for (const container of document.querySelectorAll(".js-plotly-plot .svg-container")) {
    const { width, height } = container.getBoundingClientRect()
    if (!width || !height) continue
    container.style.setProperty("--on-paper", `${width} / ${height}`)
    for (const svg of container.querySelectorAll(".main-svg")) {
      svg.setAttribute("viewBox", `0 0 ${width} ${height}`)
      svg.setAttribute("preserveAspectRatio", "none")
    }
  }
}

function chartsOnScreen() {
  for (const svg of document.querySelectorAll(".js-plotly-plot .main-svg")) {
    svg.removeAttribute("viewBox")
    svg.removeAttribute("preserveAspectRatio")
  }
}

export default function ({ data }) {
  remember(data)
  keys = data.keys
  nameManifest(data)
  if (window.inspectionKeys) return
  window.inspectionKeys = true
  foldOnTouch()
  window.addEventListener("keydown", keyPressed, true)
  window.addEventListener("click", optionChosen, true)
  window.addEventListener("beforeprint", chartsOnPaper)
  window.addEventListener("afterprint", chartsOnScreen)
}
