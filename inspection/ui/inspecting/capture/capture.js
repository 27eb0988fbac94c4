// One photo by the phone's own camera, at the sensor's full resolution, sent to our own route. The
// page is told its key. A phone may lock, or drop the page, between the two: the key is kept in the
// browser until the page has taken it.

const TOO_LARGE = 413
const NO_ROOM = 507
const KEPT = "inspection_photo"
const KEPT_MS = 50 * 60 * 1000

const kept = () => {
  try {
    const found = JSON.parse(localStorage.getItem(KEPT))
    return found && Date.now() - found.at < KEPT_MS ? found : null
  } catch {
    return null
  }
}

const keep = (photo) => {
  try {
    if (photo) localStorage.setItem(KEPT, JSON.stringify({ ...photo, at: Date.now() }))
    else localStorage.removeItem(KEPT)
  } catch {
    // A browser that keeps nothing loses the photo with the page, and only then.
  }
}

// Not `fetch`: it does not say how much of a photo is sent.
function send(url, file, progress) {
  return new Promise((resolve, reject) => {
    const form = new FormData()
    form.append("file", file, file.name || "photo.jpg")
    const request = new XMLHttpRequest()
    request.open("POST", url)
    request.responseType = "json"
    request.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total)
    request.onload = () => (request.status === 201 ? resolve(request.response) : reject(request.status))
    request.onerror = request.onabort = () => reject(0)
    request.send(form)
  })
}

export default function ({ data, parentElement, setTriggerValue }) {
  const find = (part) => parentElement.querySelector(part)
  const [shoot, field, bar, message, again] = [".shoot", "input", "progress", "p", ".again"].map(find)
  const { labels } = data
  find(".shoot span").textContent = labels.shoot
  again.textContent = labels.again

  const left = kept()
  if (left && left.id === data.taken) keep(null)
  else if (left && shoot.dataset.told !== left.id) {
    shoot.dataset.told = left.id
    setTriggerValue("photo", { id: left.id })
  }

  async function bring(file) {
    shoot.dataset.busy = ""
    again.hidden = true
    bar.hidden = false
    bar.value = 0
    message.textContent = labels.sending
    try {
      const photo = await send(data.url, file, (share) => (bar.value = share))
      keep({ id: photo.id })
      shoot.dataset.told = photo.id
      message.textContent = labels.sent
      setTriggerValue("photo", { id: photo.id })
    } catch (status) {
      const why = { [TOO_LARGE]: labels.too_large, [NO_ROOM]: labels.full }
      message.textContent = why[status] ?? labels.failed
      again.hidden = status === TOO_LARGE
      again.onclick = () => bring(file)
    } finally {
      delete shoot.dataset.busy
      bar.hidden = true
      // The same file may be chosen once more.
      field.value = ""
    }
  }
  field.onchange = () => field.files.length && bring(field.files[0])
}
