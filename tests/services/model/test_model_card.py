import pytest

from inspection.i18n import translator
from inspection.services.model.card import (
    broken_limits,
    claim,
    in_language,
    measured,
    never_tested_on,
    photo_sources,
)

CARD = {
    "data": [{"dataset": "doors", "licence": "CC BY 4.0", "train": 70, "val": 10, "test": 20}],
    "figures": {
        "test": {
            "doors": {
                "photos": 20,
                "tight_recall": {"value": 0.8, "hits": 24, "n": 30, "ci95": [0.627, 0.905]},
                "defect_recall": {"value": 0.9, "hits": 27, "n": 30, "ci95": [0.744, 0.965]},
                "photo_false_alarm": None,
                "auroc": None,
            },
            "ALL": {
                "photos": 30,
                "tight_recall": {"value": 0.8, "hits": 24, "n": 30, "ci95": [0.627, 0.905]},
                "area_ratio": [1.2, 0.8, 2.0],
                "defect_recall": {"value": 0.9, "hits": 27, "n": 30, "ci95": [0.744, 0.965]},
                "photo_false_alarm": {"value": 0.2, "hits": 2, "n": 10, "ci95": [0.057, 0.51]},
                "auroc": 0.91,
            },
        }
    },
    "limits": ["metallic red"],
}


def test_all_photos_stand_first_and_keep_hits_n_and_interval():
    whole, doors = measured(CARD)
    assert (whole.dataset, doors.dataset) == ("ALL", "doors")
    assert (whole.found.hits, whole.found.n, whole.found.low) == (27, 30, 0.744)
    assert (whole.tight.hits, whole.area_ratio) == (24, (1.2, 0.8, 2.0))
    assert doors.false_alarms is None and doors.auroc is None and doors.area_ratio is None


def test_a_detection_rate_without_its_false_alarms_is_no_claim():
    assert claim(CARD).false_alarms.hits == 2
    whole = {**CARD["figures"]["test"]["ALL"], "photo_false_alarm": None}
    assert claim({"figures": {"test": {"ALL": whole}}}) is None


def test_what_is_merely_touched_is_no_claim_without_what_fits():
    whole = {**CARD["figures"]["test"]["ALL"], "tight_recall": None}
    assert claim({"figures": {"test": {"ALL": whole}}}) is None


def test_the_limits_that_the_choice_broke_are_told_the_weightiest_first():
    broken = {"area": 0.2, "alarms": 1.0}
    assert broken_limits({"chosen_on_val": {"broken": broken}}) == ("alarms", "area")
    assert broken_limits({}) == broken_limits({"chosen_on_val": None}) == ()


@pytest.mark.parametrize("figures", [None, {}, {"test": None}, {"test": {}}, "none"])
def test_a_card_without_figures_is_not_measured(figures):
    assert measured({"figures": figures}) == ()
    assert claim({"figures": figures}) is None


def test_sources_keep_their_licence_and_photos_a_split():
    (source,) = photo_sources(CARD)
    assert (source.licence, source.train, source.val, source.test) == ("CC BY 4.0", 70, 10, 20)
    assert photo_sources({"data": "AI Hub"}) == ()


def test_limits_may_be_one_sentence_several_or_none():
    assert never_tested_on(CARD, translator("ko")) == ("metallic red",)
    assert never_tested_on({"limits": "night photos"}, translator("ko")) == ("night photos",)
    assert never_tested_on({}, translator("ko")) == ()


def test_a_text_of_a_card_may_have_a_sentence_for_each_language():
    limits = [{"ko": "밤 사진", "en": "night photos"}, "matt paint"]
    assert never_tested_on({"limits": limits}, translator("ko")) == ("밤 사진", "matt paint")
    assert never_tested_on({"limits": limits}, translator("en")) == ("night photos", "matt paint")
    assert in_language({"en": "night photos"}, "ko") == "night photos"
    assert in_language(None, "ko") == in_language({}, "ko") == ""
