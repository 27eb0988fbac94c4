"""Learning from the plant's photos on the Model page; the services are tested without a page."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from inspection.domain.learning.folds import Readiness
from inspection.domain.learning.paired import HeldOutPhoto, compare
from inspection.services import station as station_module
from inspection.services.learning import process, readiness
from inspection.services.learning.journal import Folder, Journal
from inspection.services.model.golden_set import GoldenFigures
from inspection.services.model.learned import Learned
from inspection.services.worker.parent import ModelState
from inspection.ui.model import learning as section
from tests.services.model_folders import write_model

AT = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
JOURNAL = Journal(
    who="Kim",
    begun_at=AT,
    model="lite0-unet",
    model_sha256="c" * 64,
    photos=34,
    bodies=17,
    step="fold",
    fit=2,
    done=100,
    of=200,
)


def learned(golden_after=100):
    """Twenty bodies with one defect each; ten were found before, all after."""
    photos = [HeldOutPhoto(f"B{n}", 1, n % 2, 1, 1, 0) for n in range(20)]
    figures = [GoldenFigures("bars", found, 100, 0, 5) for found in (100, golden_after)]
    return Learned("lite0-unet", "c" * 64, "Kim", AT, 5, compare(photos), *figures)


class Served:
    def __init__(self, card):
        self.model = ModelState("lite0-unet", "c" * 64, ("scratch",), card)

    def close(self):
        pass


@pytest.fixture
def desk(shared, tmp_path, monkeypatch):
    """`desk(photos=34, bodies=17, better=learned())`: corrected photos, and models that learnt."""

    def desk(photos=0, bodies=0, unnumbered=0, **models):
        models_dir = tmp_path / "models"
        write_model(models_dir, "lite0-unet")
        for name, one in models.items():
            write_model(models_dir, name, learned=one.as_json())
        settings = shared.settings.model_copy(update={"models_dir": models_dir})
        card = {"name": "lite0-unet", "types": ["scratch"], "thresholds": {"region": 0.5}}
        station = replace(shared, settings=settings, worker=Served(card))
        monkeypatch.setattr(station_module, "_shared", station)
        ready = Readiness(photos, bodies, unnumbered)
        monkeypatch.setattr(readiness, "readiness", lambda station: ready)
        return station

    return desk


def texts(at) -> str:
    shown = (*at.markdown, *at.caption, *at.info, *at.warning, *at.success, *at.error, *at.code)
    return "\n".join(element.value for element in shown).replace("\\", "")


def keys(at) -> list[str]:
    return [button.key for button in at.button if button.key]


def test_with_too_few_corrections_the_page_says_how_many_are_missing(desk, open_page):
    desk(photos=21, bodies=9, unnumbered=2)
    at = open_page("model")
    assert not at.exception
    assert "So far 21 photos of 9 bodies" in texts(at)
    assert "Still missing: 9 photos and 6 bodies" in texts(at)
    assert "2 photos without a body number count as one body" in texts(at)
    assert "learn_begin" not in keys(at)


def test_the_button_begins_and_the_run_is_watched_and_cancelled(desk, open_page, monkeypatch):
    station = desk(photos=34, bodies=17)
    asked = []
    monkeypatch.setattr(process, "begin", lambda station, who: asked.append(who))
    at = open_page("model")
    at.button(key="learn_begin").click().run()
    assert asked == ["Kim"]
    folder = Folder(station.settings)
    with folder.held():
        folder.write(JOURNAL)
        at = open_page("model")
        assert not at.exception
        assert "34 photos of 17 bodies; begun by Kim" in texts(at)
        assert "learn_begin" not in keys(at)
        at.button(key="learn_cancel").click().run()
        assert folder.is_cancelled
    # Five folds and the fit on all: one is learnt, half of the second.
    assert section._share(JOURNAL) == pytest.approx(1.5 / 6)


def test_an_interrupted_run_is_gone_on_with_or_given_up(desk, open_page):
    station = desk(photos=34, bodies=17)
    folder = Folder(station.settings)
    with folder.held():
        folder.write(JOURNAL)
    at = open_page("model", lang="ko")
    assert "학습이 끝나기 전에 중단되었습니다" in texts(at)
    assert {"learn_go_on", "learn_give_up"} <= set(keys(at)) and "learn_begin" not in keys(at)
    at.button(key="learn_give_up").click().run()
    assert folder.read() is None and "learn_begin" in keys(at)


def test_without_the_libraries_the_command_stands_in_the_buttons_place(
    desk, open_page, monkeypatch
):
    desk(photos=34, bodies=17)
    monkeypatch.setattr(readiness, "LIBRARIES", ("no_such_library",))
    at = open_page("model")
    assert "python -m inspection improve" in texts(at)
    assert "requirements-train.txt" in texts(at) and "no_such_library" in texts(at)
    assert "learn_begin" not in keys(at)


def test_a_model_that_learnt_is_offered_with_its_proof_or_without(desk, open_page):
    desk(better=learned(), doubtful=learned(golden_after=99))
    at = open_page("model")
    assert not at.exception
    said = texts(at)
    assert "Better than lite0-unet" in said
    assert "No proof yet that it is better than lite0-unet" in said
    assert "It finds less of the golden set" in said
    assert "20 corrected photos of 20 bodies (20 defects on 20 bodies)" in said
    tables = [table.value.to_string().replace("\\", "") for table in at.table]
    (better,) = [one for one in tables if "+50.0 pp" in one and "100 of 100 found" in one][:1]
    assert "-1.00" in better and "-1 found" not in better
    assert any("-1 found" in one for one in tables)
    # Nothing of it is live by itself.
    assert {"put_in_use_better", "put_in_use_doubtful"} <= set(keys(at))
    assert [line for line in said.splitlines() if "In use" in line and "better" in line] == []
