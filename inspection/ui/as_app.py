"""The station as an app of a tablet or a phone: a web manifest and its icons.

A browser offers to install the page over HTTPS and on this machine. Nothing is kept on the
device: without the network there is no photo to inspect.
"""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from inspection.i18n import LANGUAGES, translator

MANIFEST = "manifest.webmanifest"
# By name: side in px, and what Android may do to it; "maskable" is cut to the phone's own shape.
ICONS = {
    "icon_192.png": (192, "any"),
    "icon_512.png": (512, "any"),
    "icon_maskable.png": (512, "maskable"),
}
# The blue of the icon and of the light theme.
_THEME, _BACKGROUND = "#0072B2", "#ffffff"
_FOLDER = Path(__file__).parent
_A_DAY = {"Cache-Control": "public, max-age=86400"}


def manifest(language: str) -> dict[str, object]:
    """The manifest in a language; addresses count from its own, behind any proxy."""
    t = translator(language)
    return {
        "id": "./",
        "start_url": "./",
        "scope": "./",
        "name": t("app.title"),
        "short_name": t("app.short"),
        "lang": language,
        "display": "standalone",
        "theme_color": _THEME,
        "background_color": _BACKGROUND,
        "icons": [
            {"src": name, "sizes": f"{side}x{side}", "type": "image/png", "purpose": purpose}
            for name, (side, purpose) in ICONS.items()
        ],
    }


def app_routes(default_language: str) -> list[Route]:
    """Routes of the manifest and the icons, beside the pages. `?lang=` asks for a language."""

    def answer_manifest(request: Request) -> Response:
        asked = request.query_params.get("lang")
        language = asked if asked in LANGUAGES else default_language
        return JSONResponse(manifest(language), media_type="application/manifest+json")

    def answer_icon(request: Request) -> Response:
        name = request.url.path.rsplit("/", 1)[-1]
        return FileResponse(_FOLDER / name, media_type="image/png", headers=_A_DAY)

    return [
        Route(f"/{MANIFEST}", answer_manifest),
        *(Route(f"/{name}", answer_icon) for name in ICONS),
    ]
