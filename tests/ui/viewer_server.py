"""A small server with one page that holds the viewer, and what a person sees and does there."""

import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import cv2
import numpy as np

WIDTH_PX, HEIGHT_PX = 4000, 3000
REPOSITORY = Path(__file__).parents[2]
SCRATCH_PX = (1000, 800)  # a point on the scratch of region 1
ENGLISH = {
    "viewer": "Photo viewer",
    "loading": "Loading the photo",
    "failed": "The photo cannot be loaded",
    "retry": "Try again",
    "mask_failed": "The defect marks cannot be loaded",
    "photo": "Photo",
    "mask": "Defect marks",
    "opacity": "Opacity of the marks",
    "regions": "Numbers",
    "compare": "Compare",
    "divider": "Position of the dividing line",
    "zoom_in": "Zoom in",
    "zoom_out": "Zoom out",
    "fit": "Whole photo",
    "actual_size": "Original pixels 1:1",
    "region": "Defect {index}",
    "ignored_mark": "Ignored",
    "ignored_idle": "Ignore region, not in force",
    "rework": "Rework",
    "human": "Check needed",
    "ok": "OK",
}
KOREAN = {
    "viewer": "사진 보기",
    "loading": "사진을 불러오는 중…",
    "failed": "사진을 불러올 수 없습니다.",
    "retry": "다시 시도",
    "mask_failed": "결함 표시를 불러올 수 없습니다.",
    "photo": "사진",
    "mask": "결함 표시",
    "opacity": "결함 표시 농도",
    "regions": "번호",
    "compare": "비교",
    "divider": "구분선 위치",
    "zoom_in": "확대",
    "zoom_out": "축소",
    "fit": "전체 보기",
    "actual_size": "원본 배율 1:1",
    "region": "결함 {index}",
    "ignored_mark": "판정 제외",
    "ignored_idle": "판정 제외 영역(미적용)",
    "rework": "재작업",
    "human": "확인 필요",
    "ok": "합격",
}
SERVER = """
from pathlib import Path
import streamlit as st
from starlette.responses import FileResponse, PlainTextResponse
from starlette.routing import Route

HERE = Path(__file__).parent

async def file(request):
    path = HERE / "files" / request.path_params["name"]
    return FileResponse(path) if path.is_file() else PlainTextResponse("no", status_code=404)

app = st.App(HERE / "ui" / "page.py", routes=[Route("/files/{name}", file)])
"""
PAGE = f"""
import streamlit as st
from inspection.ui.widgets.viewer import viewer

WORDS = {{"en": {ENGLISH!r}, "ko": {KOREAN!r}}}
REGIONS = [
    {{"index": 1, "bbox_px": [700, 780, 600, 40], "verdict": "rework"}},
    {{"index": 2, "bbox_px": [2940, 1140, 120, 120], "verdict": "human"}},
    {{"index": 3, "bbox_px": [1780, 2180, 40, 40], "verdict": "ok"}},
]

asked = st.query_params
st.set_page_config(layout="wide", page_title="viewer")
left, right = st.columns([3, 1])
right.button("rerun")
above = right.checkbox("above")
away = right.checkbox("away")
focus = right.radio("focus", [None, 1, 2, 3], horizontal=True)
mask = asked.get("mask", "mask.png")
if above:
    left.info("something above")
if away:
    st.stop()
with left:
    selected = viewer(
        "photo",
        "/files/" + asked.get("photo", "photo.jpg") + "?v=1",
        None if mask == "none" else "/files/" + mask,
        [] if "clean" in asked else REGIONS,
        WORDS[asked.get("lang", "en")],
        asked.get("lang", "en"),
        focus=focus,
        on_select=lambda index: st.session_state.update(told=index),
    )
st.session_state.runs = st.session_state.get("runs", 0) + 1
right.text(f"selected: {{selected}} told: {{st.session_state.get('told')}}")
right.text(f"runs: {{st.session_state.runs}}")
"""


def write_photo_and_mask(folder: Path) -> None:
    """A blue panel with a scratch, a large and a small spot; mask 255 exactly on them."""
    down = np.linspace(0, 1, HEIGHT_PX, dtype=np.float32)[:, None]
    along = np.linspace(0, 1, WIDTH_PX, dtype=np.float32)[None, :]
    shine = 95 * np.exp(-(((down - 0.32 - 0.12 * along) / 0.09) ** 2)) + 35 * (1 - down)
    photo = np.stack([95 + shine, 55 + shine, 32 + shine], axis=-1)
    photo = np.clip(photo, 0, 255).astype(np.uint8)
    cv2.line(photo, (0, 2450), (WIDTH_PX, 2300), (28, 18, 12), 14, cv2.LINE_AA)
    mask = np.zeros((HEIGHT_PX, WIDTH_PX), np.uint8)
    cv2.line(mask, (710, 790), (1290, 810), 255, 7)
    cv2.circle(mask, (3000, 1200), 50, 255, -1)
    cv2.circle(mask, (1800, 2200), 12, 255, -1)
    photo[mask > 0] = (photo[mask > 0] * 0.4 + 130).astype(np.uint8)
    cv2.imwrite(str(folder / "photo.jpg"), photo)
    cv2.imwrite(str(folder / "mask.png"), mask)


def wait_until_up(url: str, server: subprocess.Popen) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert server.poll() is None, "the throwaway server ended before it answered"
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.read() == b"ok":
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise AssertionError(f"no answer from {url} within 60 s")


class Screen:
    """One browser page with the viewer; photo points in, colours and states out."""

    def __init__(self, page, base_url: str):
        # A busy machine draws two megapixels on its processor only after a while.
        page.set_default_timeout(60_000)
        self.page = page
        self.base_url = base_url
        self.requests = []
        self.problems = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.root = page.locator(".viewer")

    def open(self, query: str = "", state: str = "ready", mask: str = "ready"):
        self.page.goto(f"{self.base_url}/?{query}")
        self.page.locator(f'.viewer[data-state="{state}"][data-mask="{mask}"]').wait_for()
        self.page.get_by_text("runs: ").wait_for()
        self.settle()
        return self

    def settle(self):
        """Until the zoom has stopped and the last frame is drawn."""
        before = None
        while (now := (self.root.get_attribute("data-zoom"), self.centre)) != before:
            before = now
            self.page.wait_for_timeout(120)

    @property
    def zoom(self) -> float:
        return float(self.root.get_attribute("data-zoom"))

    @property
    def centre(self) -> str | None:
        return self.root.get_attribute("data-centre")

    def spot(self, photo_px) -> tuple[float, float]:
        """Where a photo point lies in the window, CSS pixels."""
        box = self.page.locator(".stage").bounding_box()
        cx, cy = (float(value) for value in self.centre.split())
        scale = self.zoom / self.page.evaluate("devicePixelRatio")
        return (
            box["x"] + box["width"] / 2 + (photo_px[0] - cx) * scale,
            box["y"] + box["height"] / 2 + (photo_px[1] - cy) * scale,
        )

    def colour(self, photo_px) -> tuple[int, int, int, int]:
        x, y = self.spot(photo_px)
        return tuple(
            self.page.locator(".stage canvas").evaluate(
                """(canvas, [x, y]) => {
                    const box = canvas.getBoundingClientRect();
                    const k = canvas.width / box.width;
                    const [left, top] = [(x - box.left) * k, (y - box.top) * k];
                    return [...canvas.getContext("2d").getImageData(left, top, 1, 1).data];
                }""",
                [x, y],
            )
        )

    def redness(self, photo_px) -> int:
        red, _, blue, _ = self.colour(photo_px)
        return red - blue

    def zoom_onto(self, photo_px, notches: int = 5):
        self.page.mouse.move(*self.spot(photo_px))
        for _ in range(notches):
            self.page.mouse.wheel(0, -240)
        self.settle()

    def press(self, name: str):
        self.page.get_by_role("button", name=name, exact=True).click()
        self.settle()

    def opacity(self, percent: int):
        self.page.get_by_role("slider", name="Opacity of the marks").fill(str(percent))
        self.settle()

    def rerun(self):
        runs = int(self.page.get_by_text("runs: ").inner_text().split()[-1])
        self.page.get_by_role("button", name="rerun").click()
        self.page.get_by_text(f"runs: {runs + 1}").wait_for()
        self.settle()
