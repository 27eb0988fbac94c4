import json
import threading
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from pydantic import SecretStr

from inspection.i18n import translator
from inspection.services.quality import alerting, chart_annotations
from inspection.services.quality.alerting import check_signals, open_alerts, tell_alerts
from inspection.storage import chart_alerts
from tests.services.quality.test_control_charts import ARIA, at_ten, log_days, plotted

JUMP = [3, 4] * 10 + [12]
# The production day after the jump: its point is complete.
NEXT_DAY = at_ten(21)


@pytest.fixture
def receiver():
    """A web server that keeps what is posted; `answers` are its status codes, then 200."""

    class Receiver(HTTPServer):
        posted: list
        answers: list

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.server.posted.append(json.loads(body))
            self.send_response(self.server.answers.pop(0) if self.server.answers else 200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = Receiver(("127.0.0.1", 0), Handler)
    server.posted, server.answers = [], []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def with_webhook(station, receiver, **more):
    address = f"http://127.0.0.1:{receiver.server_port}/hook"
    settings = station.settings.model_copy(
        update={"alert_webhook": SecretStr(address), "language": "en", **more}
    )
    return replace(station, settings=settings)


def test_a_signal_is_alerted_once_when_its_day_is_over(station):
    log_days(station, JUMP)
    assert check_signals(station, at_ten(20, 30)) == ()
    (new,) = check_signals(station, NEXT_DAY)
    assert (new.alert.chart, new.alert.rule, new.alert.above) == (ARIA, "beyond_limit", True)
    assert check_signals(station, NEXT_DAY) == ()


def test_a_run_that_goes_on_is_no_new_signal(station):
    log_days(station, [3, 4] * 10 + [5] * 9)
    assert len(check_signals(station, at_ten(29))) == 1
    log_days(station, [5] * 3, start=29)
    assert check_signals(station, at_ten(32)) == ()


def test_a_signal_of_months_ago_is_no_news(station):
    log_days(station, JUMP)
    assert check_signals(station, at_ten(20 + alerting.WATCHED_DAYS + 2)) == ()


def test_two_checkers_at_once_find_each_signal_once(station):
    log_days(station, JUMP)
    at_once, found = threading.Barrier(2), []

    def check():
        at_once.wait()
        found.extend(check_signals(station, NEXT_DAY))

    checkers = [threading.Thread(target=check) for _ in range(2)]
    for checker in checkers:
        checker.start()
    for checker in checkers:
        checker.join()
    assert len(found) == 1


def test_rules_that_the_settings_leave_out_raise_nothing(station):
    log_days(station, JUMP)
    settings = station.settings.model_copy(update={"alert_rules": ("six_trending",)})
    assert check_signals(replace(station, settings=settings), NEXT_DAY) == ()


def test_a_chart_with_a_chosen_baseline_is_watched_too(station):
    log_days(station, JUMP)
    whole = replace(ARIA, kind="p", split="", subject="")
    assert whole not in alerting.watched_charts(station)
    chart_annotations.choose_baseline(station, plotted(station, whole), 0, 19, "Kim")
    assert whole in alerting.watched_charts(station)


def test_an_alert_is_open_until_its_cause_is_known(station):
    log_days(station, JUMP)
    check_signals(station, NEXT_DAY)
    (group,) = open_alerts(station, NEXT_DAY)
    assert group.chart == ARIA and len(group.alerts) == 1
    number = chart_annotations.note_cause(
        station, plotted(station), 20, 20, "machine", "nozzle", "Kim"
    )
    assert open_alerts(station, NEXT_DAY) == ()
    chart_annotations.take_back(station, number, "Kim")
    assert len(open_alerts(station, NEXT_DAY)) == 1


def test_the_sentence_names_chart_day_value_and_limit(station):
    log_days(station, JUMP)
    (new,) = check_signals(station, NEXT_DAY)
    # ū = 0.35, n = 10: upper limit 0.35 + 3·√(0.35/10) = 0.91.
    assert alerting.alert_sentence(translator("en"), station, new.alert) == (
        "u chart by day, vehicle model Aria: above the upper limit on 2026-03-22, "
        "1.20 per body > 0.91 per body"
    )


def test_nothing_is_told_outside_by_default(station):
    log_days(station, JUMP)
    check_signals(station, NEXT_DAY)
    assert not alerting.tells_outside(station)
    assert tell_alerts(station) == () and alerting.tell_in_background(station) is None


def test_a_webhook_gets_each_alert_once_with_a_link(station, receiver):
    log_days(station, JUMP)
    check_signals(station, NEXT_DAY)
    here = with_webhook(station, receiver, site_url="https://qa.plant.example")
    (told,) = tell_alerts(here)
    assert (told.channel, told.alerts, told.reason) == ("webhook", 1, "")
    assert tell_alerts(here) == ()
    (body,) = receiver.posted
    assert "above the upper limit on 2026-03-22" in body["text"]
    assert body["alerts"][0]["chart"] == "u/day/vehicle_model/aria"
    assert "https://qa.plant.example/control?split=vehicle_model&subject=aria" in body["text"]


def test_a_failed_webhook_is_tried_again_later(station, receiver):
    log_days(station, JUMP)
    (new,) = check_signals(station, NEXT_DAY)
    here = with_webhook(station, receiver)
    receiver.answers.append(503)
    (told,) = tell_alerts(here, new.raised_at)
    assert (told.alerts, told.reason) == (0, "HTTP 503")
    assert tell_alerts(here, new.raised_at + timedelta(minutes=4)) == ()
    (told,) = tell_alerts(here, new.raised_at + timedelta(minutes=6))
    assert told.alerts == 1 and len(receiver.posted) == 2


@pytest.mark.parametrize(
    "address", ["http//chat/T0/secret", "http://chat:secret/T0", "http://chat/T0 /secret"]
)
def test_an_address_that_is_none_is_never_repeated(station, receiver, address):
    log_days(station, JUMP)
    check_signals(station, NEXT_DAY)
    here = with_webhook(station, receiver)
    settings = here.settings.model_copy(update={"alert_webhook": SecretStr(address)})
    (told,) = tell_alerts(replace(here, settings=settings))
    assert told.reason == "the address in the setting alert_webhook cannot be used"


def test_a_webhook_that_nobody_answers_is_told_and_does_no_harm(station, receiver):
    log_days(station, JUMP)
    check_signals(station, NEXT_DAY)
    here = with_webhook(station, receiver)
    receiver.shutdown()
    receiver.server_close()
    (told,) = tell_alerts(here)
    assert told.alerts == 0 and told.reason


def test_two_senders_at_once_post_an_alert_once(station, receiver):
    log_days(station, JUMP)
    check_signals(station, NEXT_DAY)
    here, at_once = with_webhook(station, receiver), threading.Barrier(2)

    def send():
        at_once.wait()
        tell_alerts(here)

    senders = [threading.Thread(target=send) for _ in range(2)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert len(receiver.posted) == 1


def test_telling_in_the_background_keeps_nobody_waiting(station, receiver):
    log_days(station, JUMP)
    check_signals(station, NEXT_DAY)
    thread = alerting.tell_in_background(with_webhook(station, receiver))
    thread.join(20)
    assert len(receiver.posted) == 1


def test_mail_goes_out_where_it_is_asked_for(station, monkeypatch):
    sent = []
    monkeypatch.setattr(
        alerting, "send_mail", lambda _, subject, text: sent.append((subject, text))
    )
    log_days(station, JUMP)
    check_signals(station, NEXT_DAY)
    mail = {"mail_host": "mail", "mail_from": "a@b.example", "mail_to": ("c@b.example",)}
    settings = station.settings.model_copy(update={**mail, "language": "en"})
    assert tell_alerts(replace(station, settings=settings)) == ()
    settings = settings.model_copy(update={"alert_mail": True})
    (told,) = tell_alerts(replace(station, settings=settings))
    assert (told.channel, told.alerts) == ("mail", 1)
    ((subject, text),) = sent
    assert "1 control chart signals" in subject and "2026-03-22" in text
    assert chart_alerts.claim_deliveries(station.engine, "mail", at_ten(21)) == ()
