"""Sending: the stream sends at once, the sweep sends what was lost, and nothing is lost, late or told twice."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

from chalicelib.domain.notices import CITIZEN_SMS_PER_CASE
from chalicelib.domain.sms import parts
from chalicelib.observability import metrics
from chalicelib.settings import move_clock, utc_now
from chalicelib.store import outbox
from chalicelib.store.tables import NoticeRow
from chalicelib.usecases import delivery, handling, signin
from tests.integration import people as cast
from tests.integration.people import NOW, Employee, Sent, a_case, an_officer, later
from tests.stack import Stack


@pytest.fixture(autouse=True)
def counters() -> Iterator[None]:
    metrics.clear_metrics()
    yield
    metrics.clear_metrics()


@pytest.fixture(autouse=True)
def by_day() -> Iterator[None]:
    # Jobs take the machine's clock, and by night messages wait.
    move_clock(NOW - datetime.now(UTC))
    yield
    move_clock(timedelta(0))


@pytest.fixture
def desk(stack: Stack) -> Employee:
    return an_officer("duty@dlhk", desk=True)


def notice_ids() -> list[str]:
    return sorted(row.notice_id for row in NoticeRow.scan())


def an_office_notice(now: datetime = NOW) -> str:
    """A fresh case, and the one notice of it, which goes to its office."""
    a_case(now=now)
    (notice_id,) = notice_ids()
    return notice_id


def state(notice_id: str) -> outbox.Delivery:
    return outbox.get(notice_id)


# The stream ---------------------------------------------------------------------------------------------------


def test_the_relay_sends_what_the_stream_brings(desk: Employee, stack: Stack) -> None:
    sent, phone = Sent(stack), cast.a_phone()
    filed = a_case(phone=phone, now=utc_now())
    cast.invoke("relay_notices", cast.a_batch(*notice_ids()))
    messages = sent.new()
    assert sorted(m["to"] for m in messages) == sorted([desk.phone, desk.email, phone])
    assert all(filed.complaint.code in m["text"] for m in messages)
    assert {state(notice_id).state for notice_id in notice_ids()} == {"sent"}
    assert [row.pending_shard for row in NoticeRow.scan()] == [None, None]


def test_a_batch_that_comes_again_sends_nothing_twice(desk: Employee, stack: Stack) -> None:
    an_office_notice(utc_now())
    sent = Sent(stack)
    for _ in range(3):
        cast.invoke("relay_notices", cast.a_batch(*notice_ids(), *notice_ids()))
    assert len(sent.new()) == 2


def test_changes_and_removals_of_the_outbox_are_nobodys_news(desk: Employee, stack: Stack) -> None:
    an_office_notice(utc_now())
    sent = Sent(stack)
    for event in ("MODIFY", "REMOVE"):
        cast.invoke("relay_notices", cast.a_batch(*notice_ids(), event=event))
    assert sent.new() == []


def test_a_notice_that_is_gone_or_broken_never_stops_those_after_it(desk: Employee, stack: Stack) -> None:
    good = an_office_notice(utc_now())
    NoticeRow(
        "broken", body='{"channel": "pigeon"}', state="pending", created_at="?", next_attempt_at="0"
    ).save()
    sent = Sent(stack)
    cast.invoke("relay_notices", cast.a_batch("gone", "broken", good))
    assert len(sent.new()) == 2
    assert NoticeRow.get("broken").tries == 1


def test_a_table_that_fails_stops_neither_the_batch_nor_the_notice(desk: Employee, stack: Stack) -> None:
    first = an_office_notice(utc_now())
    failed: list[str] = []

    def fail_once(**_: object) -> None:
        if not failed:
            failed.append("once")
            raise ConnectionError("the table is away")

    sent = Sent(stack)
    with cast.on_dynamodb("before-call.dynamodb.UpdateItem", fail_once):
        cast.invoke("relay_notices", cast.a_batch(first))
    assert sent.new() == []
    cast.deliver(utc_now())
    assert len(sent.new()) == 2


# The sweep ----------------------------------------------------------------------------------------------------


def test_the_sweep_sends_what_the_stream_lost(desk: Employee, stack: Stack) -> None:
    an_office_notice()
    sent = Sent(stack)
    answer = cast.invoke("sweep_outbox", cast.a_tick())
    # The job takes the machine's clock, which may stand before or after the case's.
    cast.deliver(later(days=1))
    assert answer["finished"]
    assert len(sent.new()) == 2
    assert delivery.sweep(now=later(days=2)).attempted == 0


def test_a_sweep_without_time_leaves_the_rest_for_the_next(desk: Employee, stack: Stack) -> None:
    for _ in range(3):
        a_case()
    left = iter([True, True, False])
    swept = delivery.sweep(now=later(minutes=1), has_time=lambda: next(left))
    assert (swept.attempted, swept.finished) == (2, False)
    assert delivery.sweep(now=later(minutes=1)).attempted == 1


def test_parallel_attempts_on_one_notice_publish_it_once(desk: Employee, stack: Stack) -> None:
    notice_id = an_office_notice()
    sent = Sent(stack)
    results = cast.at_once(12, lambda _: delivery.attempt(notice_id, now=NOW))
    assert sorted(map(str, results)) == ["sent"] + ["taken"] * 11
    assert len(sent.new()) == 2


def test_a_row_just_written_is_found_though_copies_lag_simulated(desk: Employee, stack: Stack) -> None:
    """The relay comes milliseconds after the transaction; a miss there would be a dead notice."""
    phone = cast.a_phone()
    a_case(phone=phone)

    def not_there_yet(params: dict[str, Any], model: Any, **_: Any) -> Any:
        import json

        asked = json.loads(params["body"])
        if asked.get("ConsistentRead"):
            return None
        empty: dict[str, Any] = {} if model.name == "GetItem" else {"Items": [], "Count": 0}
        return cast.AWSResponse("https://dynamodb", 200, {}, None), empty

    sent = Sent(stack)
    with (
        cast.on_dynamodb("before-call.dynamodb.GetItem", not_there_yet),
        cast.on_dynamodb("before-call.dynamodb.Query", not_there_yet),
    ):
        states = {delivery.attempt(notice_id, now=NOW) for notice_id in notice_ids()}
    assert states == {"sent"}
    assert phone in {m["to"] for m in sent.new()}


# When it cannot be sent ---------------------------------------------------------------------------------------

PASSING = [
    pytest.param(lambda **_: cast.sns_error("Throttling", 400), id="throttled"),
    pytest.param(lambda **_: cast.sns_error("ThrottledException", 429), id="throttled too"),
    pytest.param(lambda **_: cast.sns_error("InternalFailure", 500), id="5xx"),
    pytest.param(lambda **_: cast.sns_error("ServiceUnavailable", 503), id="503"),
]


def raising(error: Exception) -> Any:
    def act(**_: object) -> None:
        raise error

    return act


PASSING += [
    pytest.param(raising(ReadTimeoutError(endpoint_url="sns")), id="read time-out"),
    pytest.param(raising(ConnectTimeoutError(endpoint_url="sns")), id="connect time-out"),
    pytest.param(raising(EndpointConnectionError(endpoint_url="sns")), id="no connection"),
]


@pytest.mark.parametrize("trouble", PASSING)
def test_simulated_trouble_of_sns_uses_up_no_try_however_long_it_lasts(
    desk: Employee, stack: Stack, trouble: Any
) -> None:
    notice_id = an_office_notice()
    now, waits = NOW, []
    with cast.on_sns(trouble):
        for _ in range(12):
            assert delivery.attempt(notice_id, now=now) == "pending"
            found = state(notice_id)
            assert (found.state, found.tries) == ("pending", 0)
            assert found.next_attempt_at is not None
            waits.append(found.next_attempt_at - now)
            assert delivery.attempt(notice_id, now=found.next_attempt_at - timedelta(seconds=1)) == "taken"
            now = found.next_attempt_at
    # It backs off, and never further than a quarter of an hour.
    assert waits == sorted(waits)
    assert waits[0] >= timedelta(seconds=30)
    assert waits[-1] == timedelta(minutes=15)
    sent = Sent(stack)
    assert delivery.attempt(notice_id, now=now) == "sent"
    assert len(sent.new()) == 2


def test_a_key_that_is_away_uses_up_no_try_simulated(stack: Stack) -> None:
    a_case(phone=cast.a_phone())
    (notice_id,) = [found for found in notice_ids() if "citizen" in found]
    kms = cast.aws.client("kms").meta.events
    away = raising(ReadTimeoutError(endpoint_url="kms"))
    kms.register("before-call.kms.Decrypt", away)
    try:
        assert delivery.attempt(notice_id, now=NOW) == "pending"
    finally:
        kms.unregister("before-call.kms.Decrypt", away)
    assert state(notice_id).tries == 0
    assert delivery.attempt(notice_id, now=later(minutes=1)) == "sent"


def test_trouble_that_outlasts_the_use_of_a_notice_ends_it(desk: Employee, stack: Stack) -> None:
    notice_id = an_office_notice()
    useful_until = state(notice_id).notice.useful_until
    sent = Sent(stack)
    assert delivery.attempt(notice_id, now=useful_until) == "expired"
    assert sent.new() == []
    assert cast.counted("NoticesExpired") == 1


def test_what_sns_refuses_for_good_is_dead_at_once_and_counted_simulated(
    desk: Employee, stack: Stack
) -> None:
    notice_id = an_office_notice()
    with cast.on_sns(lambda **_: cast.sns_error("InvalidParameter", 400)):
        assert delivery.attempt(notice_id, now=NOW) == "dead"
    assert state(notice_id).fate == "refused: InvalidParameter"
    assert cast.counted("NoticesDead") == 1
    assert delivery.sweep(now=later(days=3)).attempted == 0


def test_what_fails_for_no_known_reason_is_tried_eight_times_simulated(desk: Employee, stack: Stack) -> None:
    notice_id = an_office_notice()
    now = NOW
    with cast.on_sns(raising(RuntimeError("a fault of ours"))):
        for number in range(1, delivery.TRIES):
            assert delivery.attempt(notice_id, now=now) == "pending"
            found = state(notice_id)
            assert found.tries == number
            assert found.next_attempt_at is not None
            now = found.next_attempt_at
        assert delivery.attempt(notice_id, now=now) == "dead"
    assert cast.counted("NoticesDead") == 1
    assert state(notice_id).fate == "gave up: RuntimeError"


@pytest.mark.parametrize(
    "code", ["AuthorizationError", "AccessDenied", "ExpiredToken", "InvalidClientTokenId"]
)
def test_a_right_of_ours_that_is_missing_does_not_kill_a_notice_at_once_simulated(
    desk: Employee, stack: Stack, code: str
) -> None:
    """A wrong policy in a deploy would else throw away every message of its minutes."""
    notice_id = an_office_notice()
    with cast.on_sns(lambda **_: cast.sns_error(code, 403)):
        assert delivery.attempt(notice_id, now=NOW) == "pending"
    sent = Sent(stack)
    cast.deliver(later(minutes=20))
    assert len(sent.new()) == 2


# Killed on the way --------------------------------------------------------------------------------------------


class Killed(BaseException):
    pass


def test_killed_between_publish_and_mark_it_is_sent_once_more_after_the_lease_and_counted(
    desk: Employee, stack: Stack
) -> None:
    notice_id = an_office_notice()
    updates: list[str] = []

    def die_at_the_mark(**_: object) -> None:
        updates.append("one")
        if len(updates) == 2:
            raise Killed

    sent = Sent(stack)
    with cast.on_dynamodb("before-call.dynamodb.UpdateItem", die_at_the_mark), pytest.raises(Killed):
        delivery.attempt(notice_id, now=NOW)
    assert len(sent.new()) == 2
    within = NOW + outbox.LEASE - timedelta(seconds=1)
    assert delivery.sweep(now=within).attempted == 0
    assert cast.counted("NoticesRepeated") == 0
    cast.deliver(NOW + outbox.LEASE)
    assert len(sent.new()) == 2
    assert cast.counted("NoticesRepeated") == 1
    cast.deliver(later(days=1))
    assert sent.new() == []


def test_an_ordinary_second_try_is_not_counted_as_a_repetition_simulated(
    desk: Employee, stack: Stack
) -> None:
    notice_id = an_office_notice()
    with cast.on_sns(lambda **_: cast.sns_error("Throttling", 400)):
        delivery.attempt(notice_id, now=NOW)
    cast.deliver(later(minutes=5))
    assert state(notice_id).state == "sent"
    assert cast.counted("NoticesRepeated") == 0


def test_whoever_outlives_their_lease_does_not_overwrite_what_the_next_one_wrote(
    desk: Employee, stack: Stack
) -> None:
    notice_id = an_office_notice()
    started, go_on = threading.Event(), threading.Event()
    slow: list[str] = []

    def wait(**_: object) -> None:
        if not started.is_set():
            started.set()
            go_on.wait(10)

    with cast.on_sns(wait):
        thread = threading.Thread(target=lambda: slow.append(delivery.attempt(notice_id, now=NOW)))
        thread.start()
        assert started.wait(10)
        assert delivery.attempt(notice_id, now=NOW + outbox.LEASE) == "sent"
        receipt = state(notice_id).fate
        go_on.set()
        thread.join()
    assert slow == ["taken"]
    assert state(notice_id).fate == receipt
    # The one window that cannot be closed: it went out twice, and that is counted.
    assert cast.counted("NoticesRepeated") == 2


# Quiet hours --------------------------------------------------------------------------------------------------

WITA = timedelta(hours=8)
SPREAD = timedelta(minutes=20)


def wita(text: str) -> datetime:
    """A moment on Denpasar's wall clock: ``2026-03-18 22:00``."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC) - WITA


TEN_AT_NIGHT, SIX = wita("2026-11-23 22:00"), wita("2026-11-24 06:00")


def a_message_that_waits(at: datetime, phone: str | None = None) -> str:
    """The id of a message to a reporter that the case is solved, an hour after all about its filing has left."""
    officer = an_officer("duty@dlhk").officer
    code = a_case(phone=phone or cast.a_phone(), now=at - timedelta(hours=1)).complaint.code
    for notice_id in notice_ids():
        if code in notice_id:
            delivery.attempt(notice_id, now=at - timedelta(hours=1))
    handling.resolve(code, officer, "Sudah.", if_match=1, now=at)
    (found,) = [notice_id for notice_id in notice_ids() if code in notice_id and "resolved" in notice_id]
    return found


def test_at_night_the_office_hears_at_once_and_whoever_filed_gets_the_receipt(
    desk: Employee, stack: Stack
) -> None:
    phone = cast.a_phone()
    sent = Sent(stack)
    a_case(phone=phone, now=TEN_AT_NIGHT)
    assert [delivery.attempt(notice_id, now=TEN_AT_NIGHT) for notice_id in notice_ids()] == ["sent"] * 2
    assert sorted(m["to"] for m in sent.new()) == sorted([phone, desk.phone, desk.email])


def test_at_night_other_messages_wait_and_leave_in_the_morning_within_the_spread(stack: Stack) -> None:
    phone = cast.a_phone()
    notice_id = a_message_that_waits(TEN_AT_NIGHT, phone)
    sent = Sent(stack)
    assert delivery.attempt(notice_id, now=TEN_AT_NIGHT) == "pending"
    assert cast.counted("NoticesHeld") == 1
    found = state(notice_id)
    assert (found.state, found.tries, found.fate) == ("pending", 0, "held: quiet hours")
    assert found.next_attempt_at is not None
    assert SIX <= found.next_attempt_at < SIX + SPREAD
    for hours in range(8):
        assert delivery.sweep(now=TEN_AT_NIGHT + timedelta(hours=hours)).attempted == 0
    assert sent.new() == []
    cast.deliver(SIX + SPREAD)
    assert [m["to"] for m in sent.new()] == [phone]
    cast.deliver(SIX + timedelta(days=1))
    assert sent.new() == []
    assert cast.counted("NoticesRepeated") == 0


def test_what_the_stream_lost_at_night_is_held_by_the_sweep(stack: Stack) -> None:
    notice_id = a_message_that_waits(TEN_AT_NIGHT)
    sent = Sent(stack)
    cast.deliver(TEN_AT_NIGHT + timedelta(minutes=5))
    assert sent.new() == []
    assert state(notice_id).fate == "held: quiet hours"


def test_nothing_is_sent_on_nyepi_until_the_next_morning(desk: Employee, stack: Stack) -> None:
    phone = cast.a_phone()
    a_case(phone=phone, now=wita("2026-03-19 12:00"))
    sent = Sent(stack)
    for at in ("2026-03-19 12:00", "2026-03-19 22:00", "2026-03-20 05:59"):
        cast.deliver(wita(at))
        assert sent.new() == []
    end = wita("2026-03-20 06:00")
    cast.deliver(end + SPREAD)
    assert sorted(m["to"] for m in sent.new()) == sorted([phone, desk.phone, desk.email])


def test_what_waited_leaves_bit_by_bit(stack: Stack) -> None:
    for _ in range(40):
        delivery.attempt(a_message_that_waits(TEN_AT_NIGHT), now=TEN_AT_NIGHT)
    by_sweep = [delivery.sweep(now=SIX + timedelta(minutes=m)).attempted for m in range(0, 21, 5)]
    assert sum(by_sweep) == 40
    assert max(by_sweep) <= 24  # 10 if they were laid out by hand


def test_an_emergency_wakes_people_at_night_and_on_nyepi(stack: Stack) -> None:
    desk, phone = an_officer("duty@bpbd", desk=True), cast.a_phone()
    sent = Sent(stack)
    for at in (TEN_AT_NIGHT, wita("2026-03-19 12:00")):
        a_case(phone=phone, category="kebakaran", now=at)
        cast.deliver(at)
        assert sorted(m["to"] for m in sent.new()) == sorted([phone, desk.phone, desk.email])


def test_a_one_time_code_is_sent_at_night_and_on_nyepi(stack: Stack) -> None:
    phone = cast.a_phone()
    a_case(phone=phone)
    cast.deliver(later(minutes=1))
    sent = Sent(stack)
    for at in (TEN_AT_NIGHT, wita("2027-03-08 12:00")):
        signin.request_code(phone, signin.Kind.CITIZEN, "id", client="203.0.113.7", now=at)
        cast.deliver(at)
        assert [m["to"] for m in sent.new()] == [phone]


def test_the_messages_of_one_case_keep_their_order_over_the_night(stack: Stack) -> None:
    phones = [cast.a_phone() for _ in range(6)]
    for phone in phones:
        solved = a_message_that_waits(TEN_AT_NIGHT, phone)
        handling.reopen(solved[:15], cast.citizen(phone), "Belum.", now=TEN_AT_NIGHT + timedelta(minutes=30))
    # The stream lost all of them, so what they are held until is found late and in no order of its own.
    cast.deliver(TEN_AT_NIGHT + timedelta(hours=2))
    sent = Sent(stack)
    cast.deliver(SIX + SPREAD)
    texts = sent.new()
    for phone in phones:
        first, second = [m["text"] for m in texts if m["to"] == phone]
        assert ("dinyatakan selesai" in first, "dibuka lagi dan" in second) == (True, True)


def test_the_night_is_not_held_against_the_use_of_a_notice(stack: Stack) -> None:
    notice_id = a_message_that_waits(TEN_AT_NIGHT - timedelta(days=14) + timedelta(hours=1))
    useful_until = state(notice_id).notice.useful_until
    assert TEN_AT_NIGHT < useful_until < SIX
    sent = Sent(stack)
    # First tried after its use would have ended, but that end fell into the night.
    assert delivery.attempt(notice_id, now=useful_until + timedelta(hours=1)) == "pending"
    assert delivery.attempt(notice_id, now=SIX + SPREAD) == "sent"
    assert len(sent.new()) == 1


def test_what_was_of_no_use_before_the_night_is_not_sent_after_it(desk: Employee, stack: Stack) -> None:
    notice_id = an_office_notice(TEN_AT_NIGHT - timedelta(days=14, hours=2))
    assert state(notice_id).notice.useful_until < TEN_AT_NIGHT - timedelta(hours=1)
    assert delivery.attempt(notice_id, now=TEN_AT_NIGHT) == "expired"


def test_trouble_after_the_night_leaves_an_hour_to_get_through_simulated(stack: Stack) -> None:
    notice_id = a_message_that_waits(TEN_AT_NIGHT - timedelta(days=14) + timedelta(hours=1))
    assert delivery.attempt(notice_id, now=TEN_AT_NIGHT) == "pending"
    with cast.on_sns(lambda **_: cast.sns_error("Throttling", 400)):
        assert delivery.attempt(notice_id, now=SIX + SPREAD) == "pending"
    assert delivery.attempt(notice_id, now=SIX + SPREAD + timedelta(minutes=20)) == "sent"


# One-time codes and the cap -----------------------------------------------------------------------------------


def test_a_one_time_code_is_never_sent_late(stack: Stack) -> None:
    phone = cast.a_phone()
    a_case(phone=phone)
    cast.deliver(later(minutes=1))
    sent = Sent(stack)
    signin.request_code(phone, signin.Kind.CITIZEN, "id", client="203.0.113.7", now=later(minutes=2))
    (notice_id,) = [found for found in notice_ids() if found.startswith("sign_in")]
    assert delivery.attempt(notice_id, now=later(minutes=2) + signin.CODE_LASTS) == "expired"
    assert sent.new() == []
    cast.deliver(later(minutes=30))
    assert sent.new() == []


def test_a_reporter_gets_at_most_four_sms_about_a_case(stack: Stack) -> None:
    officers = [an_officer("duty@dlhk").officer for _ in range(4)]  # again and again by others
    phone = cast.a_phone()
    sent = Sent(stack)
    filed = a_case(phone=phone)
    code, who, version = filed.complaint.code, cast.citizen(phone), 1
    for round_ in range(4):
        now = later(hours=round_ + 1)
        version = handling.resolve(code, officers[round_], "Sudah.", if_match=version, now=now).version
        version = handling.reopen(code, who, "Belum.", now=now + timedelta(minutes=10)).version
    cast.deliver(later(days=1))
    texts = [m for m in sent.new() if m["to"] == phone]
    assert len(texts) == CITIZEN_SMS_PER_CASE == 4
    assert cast.stored(code).citizen_sms == 4
    # What was not texted is in the history all the same.
    assert len(cast.complaints.get(code).history) == 9


def test_a_secret_link_is_made_at_the_last_moment_and_stored_nowhere(stack: Stack) -> None:
    phone = cast.a_phone()
    sent = Sent(stack)
    filed = a_case(phone=phone)
    cast.deliver(later(minutes=1))
    (message,) = [m for m in sent.new() if m["to"] == phone]
    assert filed.secret in message["text"]
    assert filed.secret not in cast.everything()


def test_an_office_message_holds_nothing_personal(stack: Stack) -> None:
    desk = an_officer("duty@dlhk", desk=True)
    phone = cast.a_phone()
    sent = Sent(stack)
    filed = a_case(phone=phone, identity_shown=True)
    cast.deliver(later(minutes=1))
    for message in sent.to(desk.phone, desk.email):
        for private in (phone, "Made Contoh", filed.secret, "Nyanggelan", "menumpuk", "/k/"):
            assert private not in message["text"] + (message["subject"] or "")


# Receipts before a closure ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("filed", "language", "said"),
    [
        ("2026-03-17 10:00", "id", "Kantor buka lagi 25/03."),
        ("2026-03-18 10:00", "en", "The office reopens on 25/03."),
        ("2026-11-23 10:00", "id", None),
    ],
)
def test_the_receipt_before_nyepi_and_idulfitri_says_when_the_office_works_again(
    stack: Stack, filed: str, language: str, said: str | None
) -> None:
    phone = cast.a_phone()
    sent = Sent(stack)
    code = a_case(phone=phone, now=wita(filed), language=language).complaint.code
    cast.deliver(wita(filed))
    (message,) = [m for m in sent.new() if m["to"] == phone]
    assert code in message["text"]
    assert parts(message["text"]) == 1
    assert said in message["text"] if said else "buka lagi" not in message["text"]
