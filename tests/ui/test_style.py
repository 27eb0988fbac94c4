"""The one style of all pages."""

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
STYLE = REPOSITORY / "inspection" / "ui" / "style.css"


def test_the_style_of_the_pages_is_one_file():
    scripts = [*REPOSITORY.glob("inspection/ui/**/*.py"), *REPOSITORY.glob("pages/*.py")]
    styled = {path.name for path in scripts if "<style>" in path.read_text(encoding="utf-8")}
    # It alone holds words of the texts, which stand in for English ones on Streamlit's buttons.
    assert styled == {"sources.py"}


def test_the_style_fetches_nothing():
    style = STYLE.read_text(encoding="utf-8")
    assert "url(" not in style and "@import" not in style
    assert style.count("{") == style.count("}")
