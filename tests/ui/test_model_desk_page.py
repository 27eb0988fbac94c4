"""The model desk on the Model page; the service itself is tested without a page."""

from dataclasses import replace

import pytest

from inspection.services import station as station_module
from inspection.services.active_model import FollowedChoice
from inspection.services.model import desk as model_desk
from inspection.services.worker.parent import InspectionWorker
from tests.services.model_folders import FAINTEST, SEGMENTER, hundred_bars, write_model


@pytest.fixture
def install(shared, tmp_path, monkeypatch):
    """`install("keen", blunt=30)`: models beside the default one; a number = unseen bars."""
    opened = []
    monkeypatch.setattr(model_desk, "golden_set", lambda settings, progress: hundred_bars())

    def install(*names, pinned="", **unseen):
        models = tmp_path / "models"
        write_model(models, "lite0-unet")
        for place, name in enumerate(names, start=1):
            write_model(models, name, faintest=FAINTEST - place)
        for name, bars in unseen.items():
            write_model(models, name, faintest=FAINTEST + bars)
        changed = {"models_dir": models, **({"model": pinned} if pinned else {})}
        settings = shared.settings.model_copy(update=changed)
        worker = InspectionWorker(
            settings.model_folder,
            choice=FollowedChoice(settings, shared.engine),
            segmenter=SEGMENTER,
        )
        opened.append(worker)
        station = replace(shared, settings=settings, worker=worker)
        monkeypatch.setattr(station_module, "_shared", station)
        return station

    yield install
    for worker in opened:
        worker.close()


def texts(at) -> str:
    shown = (*at.markdown, *at.caption, *at.text, *at.warning, *at.error, *at.success)
    return "\n".join(element.value for element in shown)


def keys(at) -> list[str]:
    return [button.key for button in at.button if button.key]


def history(at) -> str:
    return at.table[-1].value.to_string()


def put_in_use(at, name, reason="finds more"):
    at.button(key=f"put_in_use_{name}").click().run()
    return decided(at, reason)


def decided(at, reason):
    at.text_area(key="switch_reason").set_value(reason)
    return at.button(key="switch_confirm").click().run()


def test_the_one_model_that_is_there_says_how_others_come(install, open_page):
    install()
    at = open_page("model")
    assert not at.exception
    assert "There is no other model folder yet" in texts(at)
    assert "The default; nobody has switched yet" in texts(at)
    assert "No switch yet" in texts(at)
    assert not [key for key in keys(at) if key.startswith(("put_in_use", "roll_back"))]


def test_a_model_is_put_in_use_with_a_reason_and_the_page_shows_the_new_one(install, open_page):
    station = install("keen")
    at = put_in_use(open_page("model"), "keen", "finds <b>chips</b>")
    assert not at.exception
    assert "keen is in use. Golden set: 100 of 100 defects found" in at.success[0].value
    assert station.worker.model.name == "keen"
    assert "Since " in texts(at) and "put in use by Kim" in texts(at)
    assert "\\<b\\>" in history(at) and "instead of lite0-unet" in history(at)
    assert "put_in_use_keen" not in keys(at) and "roll_back" in keys(at)


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_a_candidate_that_finds_less_is_refused_with_both_figures(install, open_page, lang):
    station = install(blunt=30)
    at = put_in_use(open_page("model", lang=lang), "blunt")
    (refusal,) = at.error
    read = refusal.value.replace("\\", "")
    for figure in ("70", "100", "70.0%", "100.0%"):
        assert figure in read
    assert ("모델을 바꾸지 않았습니다" if lang == "ko" else "Nothing was changed") in read
    assert station.worker.model.name == "lite0-unet"
    at = open_page("model", lang=lang)
    assert "blunt" in history(at) and "70" in history(at)


def test_without_a_reason_nothing_is_switched(install, open_page):
    station = install("keen")
    at = put_in_use(open_page("model"), "keen", "  ")
    assert "needs a reason" in at.error[0].value
    assert station.worker.model.name == "lite0-unet" and not model_desk.switch_history(station)


def test_without_a_name_nothing_is_switched(install, open_page):
    station = install("keen")
    at = open_page("model", inspector="")
    at = put_in_use(at, "keen")
    assert "needs a name" in at.error[0].value
    assert not model_desk.switch_history(station)


def test_the_model_before_is_one_dialog_away(install, open_page):
    station = install("keen")
    put_in_use(open_page("model"), "keen")
    at = open_page("model")
    at.button(key="roll_back").click().run()
    at = decided(at, "misses chips")
    assert not at.exception
    assert at.success[0].value == "lite0-unet is in use."
    assert station.worker.model.name == "lite0-unet"
    assert "Rolled back from keen to lite0-unet" in history(at)


def test_a_damaged_folder_is_shown_with_its_reason_and_without_a_button(install, open_page):
    station = install("keen")
    (station.settings.models_dir / "keen" / "unet.bin").write_text("bent")
    at = open_page("model", lang="ko")
    assert "사용할 수 없음" in texts(at) and "바뀌었거나 손상되었습니다" in texts(at)
    assert "put_in_use_keen" not in keys(at)


def test_where_the_model_in_use_is_refused_another_one_can_be_put_in_use(install, open_page):
    station = install("keen")
    (station.settings.models_dir / "lite0-unet" / "unet.bin").write_text("bent")
    at = open_page("model")
    assert "Nothing was changed" not in texts(at)
    at = put_in_use(at, "keen", "the other one is damaged")
    assert not at.exception and station.worker.model.name == "keen"


def test_a_model_that_the_settings_name_cannot_be_switched_here(install, open_page):
    install("keen", pinned="keen")
    at = open_page("model")
    assert "The settings name the model **keen**" in texts(at)
    assert "Named in the settings" in texts(at)
    assert not [key for key in keys(at) if key.startswith(("put_in_use", "roll_back"))]
