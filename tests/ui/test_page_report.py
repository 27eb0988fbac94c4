from dataclasses import replace
from datetime import date

import pytest

from inspection.domain.inspections import UNKNOWN
from inspection.domain.shifts import ShiftOfLine
from inspection.i18n import translator
from inspection.services.report import signing
from inspection.services.report.words import document_name
from tests.services.example_reports import busy_shift, empty_shift
from tests.storage.tampering import tamper
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
    assert len(downloads(at)) == 3


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


def test_the_address_of_the_latest_shift_still_shows_it_when_a_later_shift_came(
    open_page, filled_log, shared
):
    at = open_page("report")
    link = {name: at.query_params[name] for name in ("date", "shift")}
    assert link == DAY
    inspection, slot = invented(shared, 90, "ok")
    write_inspections(shared, (inspection, replace(slot, day=date(2026, 3, 3))))
    assert open_page("report").header[0].value.startswith("2026-03-03 · Day · All lines")
    later = open_page("report", **link)
    assert later.header[0].value.startswith("2026-03-02 · Day · All lines")


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
    assert "Longest: 4.2 mm" in shown
    assert "Open inspection" in "\n".join(link.proto.label for link in at.get("page_link"))


def test_an_unreadable_address_falls_back_to_the_latest_shift(open_page, filled_log):
    at = open_page("report", date="yesterday", shift="brunch", line="L99")
    assert not at.exception
    assert at.header[0].value.startswith("2026-03-02 · Day · All lines")


def test_photos_without_a_line_have_a_report_of_their_own(open_page, filled_log, shared):
    photo, slot = invented(shared, 61, "rework")
    without = replace(photo, subject=replace(photo.subject, line=""))
    write_inspections(shared, (without, slot))
    at = open_page("report", **DAY)
    assert at.segmented_control(key="address_line").options[-1] == "unknown"
    at = open_page("report", line=UNKNOWN, **DAY)
    assert not at.exception
    assert at.header[0].value.startswith("2026-03-02 · Day · Line unknown")
    assert tiles(at)["Photos inspected"] == "1"


def write(at, kind: str, text: str):
    at.text_area(key=f"{kind}_text_2026-03-02_day_").input(text)
    next(b for b in at.button if b.label == "Add" and f"write_{kind}" in b.form_id).click()
    return at.run()


def shown(at) -> str:
    """What stands on the page, without the marks that keep data from being markup."""
    parts = (*at.markdown, *at.caption, *at.info, *at.success, *at.error, *at.warning)
    return "\n".join(part.value for part in parts).replace("\\", "")


def sign(at, way: str, who: str):
    at.button(key=f"sign_{way}").click().run()
    at.text_input(key=f"sign_{way}_who").set_value(who)
    return at.button(key=f"sign_{way}_confirm").click().run()


def fingerprint(at) -> str:
    return next(text.value for text in at.caption if "SHA-256" in text.value)


def test_a_note_is_kept_in_the_log_and_can_be_taken_back(open_page, filled_log):
    at = open_page("report", **DAY)
    before = fingerprint(at)
    write(at, "note", "10:20 *filter* changed")
    assert not at.exception
    assert any(r"\*filter\*" in text.value for text in at.markdown)
    assert fingerprint(at) != before
    at.button(key="note_withdraw_1").click().run()
    assert "Taken back" in shown(at)
    assert fingerprint(at) == before
    at.button(key="note_undo").click().run()
    assert "10:20" in shown(at)


def test_a_name_given_with_a_note_is_not_asked_again_for_the_signature(open_page, filled_log):
    at = open_page("report", inspector="", **DAY)
    at.text_input(key="note_who_2026-03-02_day__").set_value("Choi")
    write(at, "note", "10:20 filter changed")
    assert at.text_input(key="inspector").value == "Choi"
    assert at.text_input(key="hand_over_who_2026-03-02_day__Choi").value == "Choi"
    at.button(key="sign_out").click().run()
    assert at.text_input(key="sign_out_who").value == "Choi"


def test_who_takes_over_is_not_the_one_who_handed_over(open_page, filled_log):
    at = sign(open_page("report", **DAY), "out", "Kim")
    at.button(key="sign_in").click().run()
    assert at.text_input(key="sign_in_who").value == ""
    at = open_page("report", inspector="Lee", **DAY)
    at.button(key="sign_in").click().run()
    assert at.text_input(key="sign_in_who").value == "Lee"


def test_a_note_without_a_text_is_refused_in_a_sentence(open_page, filled_log):
    at = write(open_page("report", **DAY), "note", " ")
    assert "a note needs a text" in shown(at)


def test_an_item_is_carried_to_the_next_shift_until_it_is_closed(open_page, filled_log):
    write(open_page("report", **DAY), "hand_over", "three bodies on hold")
    at = open_page("report", date="2026-03-03", shift="night")
    assert "three bodies on hold" in shown(at)
    assert "Kim, 03-02 Day" in shown(at)
    at.button(key="note_close_1").click().run()
    at.button(key="note_close_confirm").click().run()
    assert "say how it was settled" in shown(at)
    at.text_area(key="note_reason").set_value("colour is right")
    at.button(key="note_close_confirm").click().run()
    assert "closed by Kim" in shown(at) and "colour is right" in shown(at)
    later = open_page("report", date="2026-03-04", shift="day")
    assert "three bodies on hold" not in shown(later)
    at.button(key="note_reopen_1").click().run()
    assert "three bodies on hold" in shown(open_page("report", date="2026-03-04", shift="day"))


def test_two_leads_sign_and_nothing_can_be_written_any_more(open_page, filled_log, shared):
    at = open_page("report", **DAY)
    before = fingerprint(at)
    sign(at, "out", "")
    assert "needs a name" in shown(at)
    sign(at, "out", "Lee")
    assert not at.exception
    assert "Outgoing shift lead: **Lee**" in shown(at)
    assert "nothing can be added" in shown(at)
    assert not [area for area in at.text_area if "text_2026" in area.key]
    sign(at, "in", "lee")
    assert "another name" in shown(at)
    sign(at, "in", "Park")
    assert "Incoming shift lead: **Park**" in shown(at)
    assert fingerprint(at) == before
    assert (
        signing.find_signed(shared, ShiftOfLine(date(2026, 3, 2), "day")).who("incoming_lead")
        == "Park"
    )


def test_the_check_of_a_signed_report_names_a_row_changed_behind_its_back(
    open_page, filled_log, shared
):
    at = sign(open_page("report", **DAY), "out", "Lee")
    at.button(key="check_report").click().run()
    assert "the log still says what was signed" in shown(at)
    changed = filled_log[0].id
    tamper(shared.engine, f"UPDATE inspection SET verdict = 'ok' WHERE id = {changed}")
    at.button(key="check_report").click().run()
    assert f"inspection {changed}: verdict Rework → OK" in shown(at)


def test_the_documents_of_a_signed_report_show_what_was_signed(open_page, filled_log, shared):
    sign(open_page("report", **DAY), "out", "Lee")
    write_inspections(shared, invented(shared, 90, "ok"))
    at = open_page("report", **DAY)
    assert tiles(at)["Photos inspected"] == "60"


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
    assert korean == f"교대보고서_{header.production_day}_오전_{header.line}"
    assert "/" not in document_name(empty_shift(), translator("ko"))
