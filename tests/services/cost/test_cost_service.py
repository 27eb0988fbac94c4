import io

import openpyxl
import pytest

from inspection.domain.cost import INPUTS, CostInputs, CostRanges, Range, corrected_saving
from inspection.domain.reliability import wilson
from inspection.errors import EstimateRefused
from inspection.i18n import translator
from inspection.services.cost import saving as cost
from inspection.services.cost import words as cost_words
from inspection.services.cost.saving import EXAMPLE, OriginalExample
from inspection.services.exporting import table_csv
from inspection.storage.cost_estimates import estimate
from tests.services.example_evaluation import example_report

# 1,000 bodies, 10 of them defective: 4,000 × detection − 9,900 × false alarms − 400 is saved.
SMALL = CostInputs(1000, 0.01, 0.8, 0.1, 500, 100, 10, 0.05, 2, 300)


def ranges(**own):
    same = {name: Range(*[getattr(SMALL, name)] * 3) for name in INPUTS}
    return CostRanges({**same, **own})


def test_the_originals_number_stands_beside_the_corrected_one_of_the_example():
    assert OriginalExample().saving == pytest.approx(1_201_261_652.5)
    assert cost.original_with(EXAMPLE.base) == pytest.approx(1_201_261_652.5)
    assert corrected_saving(EXAMPLE.base).total == pytest.approx(100_177_852.7, abs=0.05)


def test_the_best_threshold_is_read_off_the_measured_curve_with_its_counts():
    # From 0.8 on 2 of 4 defective photos and no clean one: 4,000 × 0.5 − 400.
    best = cost.best_threshold(example_report(), SMALL)
    assert (best.threshold, best.saving) == pytest.approx((0.8, 1600))
    assert (best.detection.hits, best.detection.n) == (2, 4)
    assert (best.false_alarm.hits, best.false_alarm.n) == (0, 3)


def test_the_bounds_of_a_threshold_count_the_photos_of_one_car_once():
    best = cost.best_threshold(example_report(), SMALL)
    # Four defective photos in three groups, three clean ones in three.
    found_low, found_high = wilson(1.5, 3)
    alarm_high = wilson(0, 3)[1]
    assert best.saving_low == pytest.approx(4000 * found_low - 9900 * alarm_high - 400)
    assert best.saving_high == pytest.approx(4000 * found_high - 400)


def test_dear_escapes_lower_the_best_threshold_and_cheap_ones_stop_all_rejecting():
    def best(escape_cost):
        inputs = ranges(escape_cost=Range(*[escape_cost] * 3)).base
        return cost.best_threshold(example_report(), inputs)

    # The last of four is found at 0.2 with 2 of 3 false alarms: 6,600 for half the defects.
    assert best(2000).threshold == 0.2
    assert best(100).detection.hits == 0


def test_the_score_in_use_is_judged_as_if_it_alone_decided():
    report = example_report()
    report["thresholds"]["reject_from"] = 0.5
    in_use = cost.threshold_in_use(report, SMALL)
    # 3 of 4 defective and 1 of 3 clean photos reach 0.5.
    assert (in_use.threshold, in_use.detection.hits, in_use.false_alarm.hits) == (0.5, 3, 1)
    assert in_use.saving == pytest.approx(3000 - 3300 - 400)


def test_without_clean_photos_there_is_no_best_threshold():
    report = example_report()
    report["scores"]["clean"] = []
    assert cost.best_threshold(report, SMALL) is None
    assert cost.threshold_in_use(report, SMALL) is None
    assert cost.savings_by_threshold(report, SMALL).empty


def test_an_alarm_without_a_false_one_is_right_for_sure_and_its_interval_says_otherwise():
    best = cost.best_threshold(example_report(), SMALL)
    value, low, high = cost.ppv_at(best, 0.01)
    assert (value, high) == (1.0, 1.0)
    assert low < 0.02
    # 0.8 × 1 % against 0.1 × 99 %: 0.008 / 0.107.
    assert cost.ppv_entered(ranges(), 0.01)[0] == pytest.approx(0.008 / 0.107)


def test_the_tornado_table_holds_the_ends_of_every_input_and_what_they_save():
    frame = cost.tornado_frame(ranges(recall=Range(0.5, 0.8, 1)))
    assert frame.loc[0, "name"] == "recall" and len(frame) == len(INPUTS)
    assert frame.loc[0, ["low", "high", "at_low", "at_high"]].tolist() == pytest.approx(
        [0.5, 1, 610, 2610]
    )


def test_figures_that_do_not_rise_are_refused_in_the_words_of_the_person():
    figures = dict.fromkeys(INPUTS, (0, 0, 0)) | {"recall": (0.9, 0.8, 1.0)}
    words = {name: name for name in INPUTS} | {"recall": "검출률"}
    with pytest.raises(EstimateRefused, match=r"검출률: low, base and high must rise, got 0\.9"):
        cost.ranges_of(figures, words)


def test_figures_are_kept_under_a_plant_and_a_name_only(station):
    with pytest.raises(EstimateRefused, match="name of the plant"):
        cost.keep_estimate(station, " ", "KRW", ranges(), "Kim", "")
    with pytest.raises(EstimateRefused, match="needs a name"):
        cost.keep_estimate(station, "Ulsan", "KRW", ranges(), "", "")
    assert cost.newest_estimate(station, "Ulsan") is None
    number = cost.keep_estimate(station, " Ulsan ", "EUR", ranges(), "Kim", "claims 2025")
    kept = cost.newest_estimate(station, "Ulsan")
    assert (kept.id, kept.estimate.currency, kept.estimate.ranges) == (number, "EUR", ranges())


def a_table(station, plant="=Ulsan", note="=1+1"):
    number = cost.keep_estimate(station, plant, "KRW", EXAMPLE, "Kim", note)
    kept = estimate(station.engine, number)
    return cost_words.estimate_table(translator("en"), EXAMPLE, "KRW", kept, "2026-03-02 10:00")


def test_the_table_to_take_away_has_inputs_results_formulas_and_who_said_it(station):
    rows = {row[0]: row[1:] for row in a_table(station).itertuples(index=False)}
    assert rows["Share truly defective"][:4] == ("%", 0.05, 0.1, 0.2)
    unit, low, base, high, formula = rows["Corrected formula"]
    assert (unit, formula) == ("KRW/year", "sum of the four")
    assert base == pytest.approx(100_177_852.7, abs=0.05)
    assert low < base < high
    assert rows["Original formula (the project's example)"][2] == pytest.approx(1_201_261_652.5)
    assert rows["Saved by"][-1] == "Kim" and rows["Saved at"][-1] == "2026-03-02 10:00"


def test_no_text_of_the_table_becomes_a_formula(station):
    table = a_table(station)
    assert b'"\'=Ulsan"' in table_csv(table) and b'"=' not in table_csv(table)
    book = openpyxl.load_workbook(io.BytesIO(cost_words.estimate_xlsx(table, "Cost")))
    cells = [cell for row in book["Cost"].iter_rows() for cell in row]
    assert [cell.value for cell in cells if cell.data_type == "f"] == []
    assert "'=1+1" in [cell.value for cell in cells]
    assert 325000 in [cell.value for cell in cells]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (1_201_261_652.5, "1,201,261,652.5 KRW"),
        (500.0, "500 KRW"),
        (-38_907_260.04, "−38,907,260 KRW"),
    ],
)
def test_an_amount_has_one_decimal_where_it_says_something(value, said):
    assert cost_words.amount(translator("en"), value, "KRW") == said


def test_what_nobody_knows_to_the_last_digit_is_said_in_millions():
    say = translator("en")
    assert cost_words.short_amount(say, -1_243_020_875.4, "KRW") == "−1,243 million KRW"
    assert cost_words.short_amount(say, 297_897.4, "KRW") == "297,897 KRW"
    assert cost_words.axis(say, [5, -2e7], "EUR") == (1e6, "Saving a year (million EUR/year)")
    assert cost_words.axis(say, [5, 10], "EUR") == (1.0, "Saving a year (EUR/year)")
