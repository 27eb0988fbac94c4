import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from inspection.domain.chart_choice import ChartChoice
from inspection.errors import StorageError
from inspection.storage.chart_alerts import (
    FAILED,
    SENT,
    ChartAlert,
    alerts_since,
    claim_deliveries,
    finish_deliveries,
    raise_alerts,
)
from inspection.storage.database import writing

ARIA = ChartChoice("u", "day", 0, "vehicle_model", "aria")
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)


def an_alert(day=0, rule="beyond_limit", above=True, chart=ARIA):
    moment = MONDAY + timedelta(days=day)
    return ChartAlert(chart, rule, above, moment, moment, value=1.2, bound=0.9)


def test_a_signal_is_raised_once(engine):
    (new,) = raise_alerts(engine, [an_alert()])
    assert new.alert == an_alert()
    assert raise_alerts(engine, [an_alert(), an_alert()]) == ()
    assert [one.id for one in alerts_since(engine, MONDAY)] == [new.id]


@pytest.mark.parametrize(
    "other",
    [
        an_alert(day=1),
        an_alert(rule="six_trending"),
        an_alert(above=False),
        an_alert(chart=ChartChoice()),
    ],
)
def test_another_day_rule_side_or_chart_is_another_signal(engine, other):
    assert len(raise_alerts(engine, [an_alert(), other])) == 2


def test_two_checkers_at_once_raise_each_signal_once(engine):
    at_once, answers = threading.Barrier(4), []

    def check():
        at_once.wait()
        answers.append(raise_alerts(engine, [an_alert(day) for day in range(20)]))

    checkers = [threading.Thread(target=check) for _ in range(4)]
    for checker in checkers:
        checker.start()
    for checker in checkers:
        checker.join()
    raised = [one.alert.first_at for answer in answers for one in answer]
    assert len(raised) == len(set(raised)) == 20
    assert len(alerts_since(engine, MONDAY)) == 20


def test_old_signals_are_left_out(engine):
    raise_alerts(engine, [an_alert(0), an_alert(3)])
    (found,) = alerts_since(engine, MONDAY + timedelta(days=1))
    assert found.alert.first_at == MONDAY + timedelta(days=3)


def test_what_one_sender_took_another_is_not_given_and_what_was_sent_is_done(engine):
    first, second = raise_alerts(engine, [an_alert(0), an_alert(1)])
    now = datetime.now(UTC)
    claimed = claim_deliveries(engine, "webhook", now)
    assert claimed == ((first, 1), (second, 1))
    assert claim_deliveries(engine, "webhook", now) == ()
    # Another channel owes them still.
    assert claim_deliveries(engine, "mail", now) == ((first, 1), (second, 1))
    finish_deliveries(engine, "webhook", claimed, SENT)
    assert claim_deliveries(engine, "webhook", now + timedelta(days=6)) == ()


def test_two_senders_at_once_never_take_the_same_alert(engine):
    raise_alerts(engine, [an_alert(day) for day in range(8)])
    at_once, taken, now = threading.Barrier(4), [], datetime.now(UTC)

    def send():
        at_once.wait()
        taken.extend(one.id for one, _ in claim_deliveries(engine, "webhook", now))

    senders = [threading.Thread(target=send) for _ in range(4)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert sorted(taken) == list(range(1, 9))


def test_a_failed_attempt_is_made_again_after_five_ten_and_twenty_minutes(engine):
    (alert,) = raise_alerts(engine, [an_alert()])
    now = datetime.now(UTC)
    for attempt, wait in enumerate((5, 10, 20), start=1):
        claimed = claim_deliveries(engine, "webhook", now)
        assert claimed == ((alert, attempt),)
        finish_deliveries(engine, "webhook", claimed, FAILED, "HTTP 503")
        assert claim_deliveries(engine, "webhook", now + timedelta(minutes=wait - 1)) == ()
        now += timedelta(minutes=wait)


def test_an_attempt_that_was_cut_off_is_made_again(engine):
    (alert,) = raise_alerts(engine, [an_alert()])
    now = datetime.now(UTC)
    claim_deliveries(engine, "webhook", now)
    assert claim_deliveries(engine, "webhook", now + timedelta(minutes=9)) == ()
    assert claim_deliveries(engine, "webhook", now + timedelta(minutes=10)) == ((alert, 2),)


def test_what_a_channel_finds_in_the_log_after_a_week_is_no_news(engine):
    raise_alerts(engine, [an_alert()])
    assert claim_deliveries(engine, "webhook", datetime.now(UTC) + timedelta(days=8)) == ()


@pytest.mark.parametrize("change", ["UPDATE chart_alert SET value = 0", "DELETE FROM chart_alert"])
def test_an_alert_cannot_be_changed(engine, change):
    raise_alerts(engine, [an_alert()])
    with pytest.raises(StorageError, match="append-only"), writing(engine) as connection:
        connection.execute(text(change))
