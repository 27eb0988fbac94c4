import re
from pathlib import Path

import pytest

from inspection.i18n import LANGUAGES, texts
from inspection.ui.keys import KEYS, VIEWER_KEYS

REPOSITORY = Path(__file__).resolve().parents[2]


def everything(at) -> str:
    words = [element.value for element in (*at.markdown, *at.caption, *at.subheader)]
    return "\n".join([*words, *(table.value.to_string() for table in at.table)])


@pytest.mark.parametrize(
    ("lang", "wanted"),
    [
        ("en", ("Symbols of the verdicts", "first inspection", "Zone grade", "3 × scale")),
        ("ko", ("판정 기호", "직행률", "구역 등급", "3 × 축척")),
    ],
)
def test_help_explains_symbols_terms_and_limits(open_page, lang, wanted):
    at = open_page("help", lang=lang)
    assert not at.exception
    assert [word for word in wanted if word not in everything(at)] == []


def test_help_names_the_data_folder_of_this_installation(open_page, shared):
    place = str(shared.settings.data_dir).replace("-", "\\-").replace("_", "\\_")
    assert place in everything(open_page("help"))


def test_help_shows_how_to_name_a_folder_and_what_may_lie_in_it(open_page):
    shown = "\n".join(code.value for code in open_page("help").code)
    assert "INSPECTION_PHOTO_FOLDERS" in shown
    assert '"mm_per_px": 0.25' in shown


def test_every_key_that_a_page_listens_to_is_explained():
    """The one table has them all: no button takes a key that is not in it, and none is unused."""
    taken, elsewhere = set(), {"choose", *VIEWER_KEYS}
    for path in [*REPOSITORY.glob("pages/*.py"), *REPOSITORY.glob("inspection/ui/**/*.py")]:
        said = re.findall(r"shortcut=([^,)]+)", path.read_text(encoding="utf-8"))
        named = [re.fullmatch(r'KEYS\["(\w+)"\]', one) for one in said]
        assert None not in named, (path, said)
        taken |= {one[1] for one in named}
    assert taken | elsewhere == set(KEYS)
    assert len(set(KEYS.values())) == len(KEYS)
    for language in LANGUAGES:
        assert [name for name in KEYS if f"help.key_{name}" not in texts(language)] == []
