"""The fonts of whatever is printed: embedded, so that a file looks the same everywhere."""

import importlib.util
from functools import cache
from pathlib import Path

import typst

from inspection.errors import InspectionError

# The packages whose fonts are embedded. Typst takes each letter from the first that has it.
_FONT_PACKAGES = {"koreanize_matplotlib": "fonts", "manimgx_fonts": ".", "pylopdf_fonts_zh_cn": "."}


@cache
def fonts() -> typst.Fonts:
    """NanumGothic, and for what it lacks the Noto fonts (Vietnamese, Thai, Chinese, emoji) and
    typst's."""
    folders = [_font_folder(package, folder) for package, folder in _FONT_PACKAGES.items()]
    return typst.Fonts(include_system_fonts=False, font_paths=folders)


def _font_folder(name: str, folder: str) -> Path:
    # Found without importing the package: its import may load matplotlib.
    package = importlib.util.find_spec(name)
    if package is None or not package.submodule_search_locations:
        raise InspectionError("report_fonts_missing", package=name.replace("_", "-"))
    return Path(package.submodule_search_locations[0]) / folder
