import pytest

from inspection.services.cost import saving as cost
from inspection.services.cost.saving import EXAMPLE
from inspection.services.model import evaluation
from tests.services.example_evaluation import example_report


@pytest.fixture
def measured(monkeypatch):
    """The served model has the curve of the small example."""
    monkeypatch.setattr(evaluation, "read_evaluation", lambda folder, model: example_report())


def said(at) -> str:
    boxes = (*at.info, *at.warning, *at.caption, *at.markdown, *at.subheader, *at.error)
    return "\n".join(element.value for element in boxes).replace("\\", "")


def keep(station, plant="Ulsan", who="Lee"):
    return cost.keep_estimate(station, plant, "KRW", EXAMPLE, who, "claims of 2025")


def save(at, plant, note=""):
    fields = {field.label: field for field in at.text_input}
    fields["Name of the plant"].set_value(plant)
    fields["Source (from whom, from which record)"].set_value(note)
    next(button for button in at.button if button.label == "Save").click()
    return at.run()


def test_the_first_visit_shows_both_numbers_and_says_that_they_are_an_example(open_page):
    at = open_page("cost")
    assert not at.exception
    assert "invented and true of no plant" in said(at)
    assert "1,201,261,652.5 KRW" in said(at) and "100,177,852.7 KRW" in said(at)
    assert "The log holds only what the AI or a person caught" in said(at)


def test_the_headline_is_what_the_measured_model_gives_and_invented_figures_are_grey(
    open_page, measured, shared
):
    at = open_page("cost")
    # Half of 3,891 defective bodies, 275,000 each, less 38.9 million of looks and 100 to run it.
    assert at.header[0].value == ":gray[396 million KRW] :gray-badge[example]"
    keep(shared)
    assert open_page("cost", plant="Ulsan").header[0].value == "396 million KRW"


def test_without_a_measured_model_no_saving_is_claimed(open_page):
    at = open_page("cost")
    assert not at.header
    assert "Unknown: the model has not been measured." in said(at)


def test_an_alarms_worth_that_nobody_can_tell_is_not_a_figure(open_page, measured):
    tables = str([table.value.to_dict() for table in open_page("cost").table]).replace("\\", "")
    assert "cannot be told" in tables and "100.0% (0" not in tables


def test_a_changed_figure_changes_the_saving_and_is_said_to_be_unsaved(open_page):
    at = open_page("cost")
    at.number_input(key="cost_example_running_cost_per_year_base").set_value(150_000_000.0)
    at.button[0].click().run()
    # 50 million more to run the system.
    assert "50,177,852.7 KRW" in said(at)
    assert "figures that are not saved" in said(at)


def test_figures_that_do_not_rise_are_refused_by_name_and_nothing_is_reckoned_with_them(open_page):
    at = open_page("cost", lang="ko")
    at.number_input(key="cost_example_recall_base").set_value(99.0)
    at.button[0].click().run()
    said_so = at.error[0].value.replace("\\", "")
    assert said_so.startswith("검출률(차체 단위): 낮음, 기준, 높음 순으로")
    assert "100,177,852.7 KRW" in said(at)


def test_saving_needs_a_name_and_makes_a_version_that_the_address_names(open_page, shared):
    at = save(open_page("cost", inspector=""), "Ulsan")
    assert "needs a name" in at.error[0].value
    at = save(open_page("cost"), "Ulsan", "claims of 2025")
    assert not at.exception
    assert (at.query_params["plant"], at.query_params["version"]) == ("Ulsan", "1")
    kept = cost.newest_estimate(shared, "Ulsan")
    assert (kept.estimate.who, kept.estimate.note) == ("Kim", "claims of 2025")
    assert "version 1 of Ulsan, saved by Kim" in said(at)


def test_an_earlier_version_in_the_address_is_shown_and_said_to_be_earlier(open_page, shared):
    first = keep(shared)
    keep(shared, who="Park")
    at = open_page("cost", plant="Ulsan", version=str(first))
    assert "saved by Lee" in said(at) and "The newest is version 2" in said(at)
    at.selectbox(key="cost_version").set_value("2").run()
    assert at.query_params["version"] == "2" and "saved by Park" in said(at)


def test_a_plant_is_chosen_among_those_with_figures(open_page, shared):
    keep(shared)
    keep(shared, "Asan", "Choi")
    at = open_page("cost")
    assert "version 2 of Asan" in said(at)
    at.segmented_control(key="address_plant").set_value("Ulsan").run()
    assert "version 1 of Ulsan" in said(at)
    at.segmented_control(key="address_plant").set_value("~").run()
    assert "invented and true of no plant" in said(at)


def test_the_best_threshold_stands_with_its_counts_and_the_share_it_cannot_know(
    open_page, measured
):
    at = open_page("cost")
    assert len(at.get("plotly_chart")) == 2
    # At one defective body in a thousand only the thresholds without a false alarm can pay.
    assert "Threshold that saves most 0.800: detection 2 of 4" in said(at).replace("**", "")
    assert "false alarms 0 of 3" in said(at)
    assert "3 clean photos (3 groups) cannot show" in said(at)


def test_a_model_without_a_curve_says_where_it_comes_from(open_page):
    at = open_page("cost")
    assert len(at.get("plotly_chart")) == 1
    assert "has no measured curve" in said(at)


def test_the_korean_page_speaks_korean(open_page, measured):
    at = open_page("cost", lang="ko")
    assert at.title[0].value == "비용"
    assert "임의로 넣은 값이라 어느 공장의 실제 값도 아닙니다" in said(at)
    heads = [str(table.value.columns.tolist()) for table in at.table]
    assert any("금액(KRW/년)" in head for head in heads)
