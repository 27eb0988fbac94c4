from dataclasses import replace
from datetime import date

import pytest

from inspection.i18n import translator
from inspection.services import reporting
from inspection.services.report_words import document_name
from inspection.storage import reading
from tests.services.example_reports import busy_shift, empty_shift
from tests.ui.conftest import invented, write_inspections

DAY = {"date": "2026-03-02", "shift": "day"}


def tiles(at) -> dict[str, str]:
    return {metric.label: metric.value for metric in at.metric}


def downloads(at) -> list:
    return [*at.get("download_button")]


def test_an_empty_log_still_yields_a_report(open_page):
    at = open_page("report")
    assert not at.exception
    assert tiles(at)["Photos inspected"] == "0"
    assert "0 inspected" in "\n".join(info.value for info in at.info)
    assert len(downloads(at)) == 2


def test_the_latest_shift_with_inspections_is_shown_first(open_page, filled_log):
    at = open_page("report")
    assert at.header[0].value.startswith("2026-03-02 · Day · All lines")
    shown = tiles(at)
    assert (shown["Photos inspected"], shown["Units"], shown["Defects"]) == ("60", "60", "20")
    assert shown["FTT before repair"] == "60.0%"


def test_another_shift_is_empty_and_stands_in_the_address(open_page, filled_log):
    # In Korean: the test harness words the choice outside the page, in the default language.
    at = open_page("report", lang="ko")
    at.segmented_control(key="address_shift").set_value("night").run()
    assert at.query_params["shift"] == "night"
    assert tiles(at)["검사 사진"] == "0장"
    at.button(key="latest_shift").click().run()
    assert tiles(at)["검사 사진"] == "60장"


def test_a_line_counts_only_its_own_photos(open_page, filled_log, shared):
    inspection, slot = invented(shared, 90, "ok")
    subject = replace(inspection.subject, line="L2")
    write_inspections(shared, (replace(inspection, subject=subject), slot))
    at = open_page("report", line="L2", **DAY)
    assert tiles(at)["Photos inspected"] == "1"
    assert "Line L2" in at.header[0].value


def test_worst_photos_are_listed_even_when_their_files_are_gone(open_page, filled_log):
    at = open_page("report", **DAY)
    shown = "\n".join(element.value for element in at.markdown)
    assert "Photo not available" in shown
    assert "Longest: 4\\.2 mm" in shown
    assert "Open inspection" in "\n".join(link.proto.label for link in at.get("page_link"))


def test_an_unreadable_address_falls_back_to_the_latest_shift(open_page, filled_log):
    at = open_page("report", date="yesterday", shift="brunch", line="L99")
    assert not at.exception
    assert at.header[0].value.startswith("2026-03-02 · Day · All lines")


def test_notes_and_names_change_the_documents_and_not_the_log(open_page, filled_log, shared):
    at = open_page("report", **DAY)
    before = reading.data_version(shared.engine)
    old = next(text.value for text in at.caption if "SHA-256" in text.value)
    at.text_area(key="notes_2026-03-02_day_").input("10:20 filter changed").run()
    new = next(text.value for text in at.caption if "SHA-256" in text.value)
    assert new != old
    assert reading.data_version(shared.engine) == before
    assert any("not stored in the log" in info.value for info in at.info)


def test_names_and_notes_reach_the_document(open_page, filled_log, shared):
    at = open_page("report", **DAY)
    at.text_input(key="outgoing_2026-03-02_day_").input(" Lee ").run()
    at.text_area(key="hand_over_2026-03-02_day_").input("three bodies on hold").run()
    assert not at.exception
    signed = reporting.build_shift_report(
        shared,
        date(2026, 3, 2),
        "day",
        supervisor="Lee",
        hand_over="three bodies on hold",
    )
    shown = next(text.value for text in at.caption if "SHA-256" in text.value)
    assert reporting.data_sha256(signed)[:16] in shown


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_page_of_each_language_says_all_in_it(open_page, filled_log, language):
    at = open_page("report", lang=language, **DAY)
    assert not at.exception
    assert at.title[0].value == {"ko": "교대 보고서", "en": "Shift report"}[language]


def test_documents_are_named_after_day_shift_and_line():
    report = busy_shift()
    header = report.header
    korean, english = (document_name(report, translator(code)) for code in ("ko", "en"))
    assert english == f"shift_report_{header.production_day}_day_{header.line}"
    assert korean == f"교대보고서_{header.production_day}_주간_{header.line}"
    assert "/" not in document_name(empty_shift(), translator("ko"))
