"""Sign-in: nobody learns who is known, no code is guessed or used twice, and what was taken away is gone at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from chalicelib import keys
from chalicelib.domain.errors import NotFound, NotSignedIn, TooMany
from chalicelib.store import guards, outbox
from chalicelib.store.tables import ComplaintRow, GuardRow
from chalicelib.usecases import handling, reading, signin
from chalicelib.usecases.signin import Kind
from tests.integration import people as cast
from tests.integration.people import NOW, Sent, a_case, an_officer, later
from tests.stack import Stack


def ask(phone: str, kind: Kind = Kind.CITIZEN, *, now: datetime = NOW, client: str = "203.0.113.7") -> str:
    return signin.request_code(phone, kind, "id", client=client, now=now)


def a_reporter() -> str:
    phone = cast.a_phone()
    a_case(phone=phone)
    cast.deliver(later(seconds=1))
    return phone


def wrong(challenge: str) -> str:
    right = keys.one_time_digits(challenge)
    return f"{(int(right) + 1) % 1_000_000:06d}"


# Who is known -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(Kind)[:2])
def test_known_and_unknown_numbers_get_the_same_answer_for_the_same_work(stack: Stack, kind: Kind) -> None:
    known = a_reporter() if kind is Kind.CITIZEN else an_officer("duty@dlhk").phone
    done: list[list[str]] = []
    answers = []
    for phone in (known, cast.a_phone()):
        with cast.calls() as seen:
            answers.append(ask(phone, kind))
        done.append([name for name, _ in seen])
    assert done[0] == done[1]
    assert len(answers[0]) == len(answers[1]) == 32


def test_only_a_known_number_hears_anything(stack: Stack) -> None:
    known, stranger = a_reporter(), cast.a_phone()
    sent = Sent(stack)
    challenge = ask(known, now=later(minutes=1))
    ask(stranger, now=later(minutes=1))
    ask(known, Kind.OFFICER, now=later(minutes=1))
    for minutes in range(1, 10):
        cast.deliver(later(minutes=minutes))
    (message,) = sent.new()
    assert message["to"] == known
    assert keys.one_time_digits(challenge) in message["text"]


def test_a_decoy_is_never_sent_not_even_by_the_stream(stack: Stack) -> None:
    challenge = ask(cast.a_phone())
    sent = Sent(stack)
    cast.invoke("relay_notices", cast.a_batch(f"sign_in#{challenge}"))
    assert sent.new() == []
    assert outbox.get(f"sign_in#{challenge}").state == "decoy"
    assert list(outbox.pending(later(days=1), most=10)) == []


def test_an_unknown_number_cannot_sign_in_with_any_digits(stack: Stack) -> None:
    challenge = ask(cast.a_phone())
    with pytest.raises(NotSignedIn):
        signin.redeem_code(challenge, wrong(challenge), now=NOW)


def test_neither_the_digits_nor_the_number_are_stored(stack: Stack) -> None:
    phone = a_reporter()
    challenge = ask(phone)
    cast.deliver(later(seconds=5))
    text = cast.everything()
    assert phone[1:] not in text
    assert f'"{keys.one_time_digits(challenge)}"' not in text


# Tries --------------------------------------------------------------------------------------------------------


def test_the_right_digits_sign_in_once(stack: Stack) -> None:
    phone = a_reporter()
    challenge = ask(phone)
    token, kind = signin.redeem_code(challenge, keys.one_time_digits(challenge), now=later(minutes=1))
    assert kind is Kind.CITIZEN
    assert signin.identify(token, now=later(minutes=1)) == cast.citizen(phone)
    with pytest.raises(NotSignedIn):
        signin.redeem_code(challenge, keys.one_time_digits(challenge), now=later(minutes=1))


def test_after_five_wrong_tries_the_right_digits_are_wrong_too(stack: Stack) -> None:
    challenge = ask(a_reporter())
    for _ in range(guards.CHALLENGE_TRIES):
        with pytest.raises(NotSignedIn):
            signin.redeem_code(challenge, wrong(challenge), now=NOW)
    with pytest.raises(NotSignedIn):
        signin.redeem_code(challenge, keys.one_time_digits(challenge), now=NOW)


def test_twenty_wrong_tries_at_once_use_up_five_and_no_more(stack: Stack) -> None:
    challenge = ask(a_reporter())
    compared: list[str] = []

    def attempt(_: int) -> None:
        person, _kind = guards.try_challenge(challenge, now=NOW)
        compared.append(person)

    results = cast.at_once(20, attempt)
    assert len(compared) == guards.CHALLENGE_TRIES
    assert {type(error) for error in cast.bad(results)} == {NotFound}
    assert GuardRow.get(f"challenge#{challenge}").tries == guards.CHALLENGE_TRIES


def test_the_right_digits_from_twenty_threads_sign_in_one_of_them(stack: Stack) -> None:
    challenge = ask(a_reporter())
    digits = keys.one_time_digits(challenge)
    results = cast.at_once(20, lambda _: signin.redeem_code(challenge, digits, now=NOW))
    assert len(cast.good(results)) == 1
    assert {type(error) for error in cast.bad(results)} == {NotSignedIn}


def test_the_right_digits_count_once_though_another_is_between_try_and_spending(stack: Stack) -> None:
    challenge = ask(a_reporter())
    digits = keys.one_time_digits(challenge)
    updates: list[str] = []
    inner: list[str] = []

    def slip_in(**_: object) -> None:
        updates.append("one")
        if len(updates) == 2:
            inner.append(signin.redeem_code(challenge, digits, now=NOW)[0])

    with cast.on_dynamodb("before-call.dynamodb.UpdateItem", slip_in), pytest.raises(NotSignedIn):
        signin.redeem_code(challenge, digits, now=NOW)
    assert len(inner) == 1


def test_a_code_ends_after_five_minutes_though_its_row_still_stands(stack: Stack) -> None:
    phone = a_reporter()
    for minutes, opens in ((timedelta(minutes=4, seconds=59), True), (timedelta(minutes=5), False)):
        challenge = ask(phone)
        digits = keys.one_time_digits(challenge)
        if opens:
            assert signin.redeem_code(challenge, digits, now=NOW + minutes)
        else:
            with pytest.raises(NotSignedIn):
                signin.redeem_code(challenge, digits, now=NOW + minutes)
        assert GuardRow.get(f"challenge#{challenge}")


@pytest.mark.parametrize("digits", ["", "12345", "1234567", "abcdef", "１２３４５６", "\ud800", "0" * 1000])
def test_nonsense_for_digits_is_a_wrong_code(stack: Stack, digits: str) -> None:
    challenge = ask(a_reporter())
    with pytest.raises(NotSignedIn):
        signin.redeem_code(challenge, digits.encode("utf-8", "replace").decode(), now=NOW)


@pytest.mark.parametrize("challenge", ["", "nothing", "x" * 64])
def test_an_unknown_challenge_is_a_wrong_code(stack: Stack, challenge: str) -> None:
    with pytest.raises(NotSignedIn):
        signin.redeem_code(challenge, "123456", now=NOW)


# Caps ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("known", [True, False])
def test_a_number_is_texted_five_times_an_hour_and_the_refusal_says_when(stack: Stack, known: bool) -> None:
    phone = a_reporter() if known else cast.a_phone()
    now = NOW + timedelta(minutes=10)
    for place in range(signin.PER_NUMBER_HOUR):
        ask(phone, now=now, client=f"10.0.0.{place}")
    with pytest.raises(TooMany) as raised:
        ask(phone, now=now, client="10.0.0.99")
    assert raised.value.retry_after == 50 * 60
    ask(phone, now=NOW + timedelta(hours=1))


def test_a_number_is_texted_ten_times_a_day(stack: Stack) -> None:
    phone = a_reporter()
    for place in range(signin.PER_NUMBER_DAY):
        ask(phone, now=NOW + timedelta(hours=place // 3))
    with pytest.raises(TooMany) as raised:
        ask(phone, now=NOW + timedelta(hours=5))
    assert raised.value.retry_after == (22 - 5) * 3600


def test_an_address_behind_which_many_stand_has_a_wider_cap(stack: Stack) -> None:
    for place in range(6):
        ask(cast.a_phone(), client="10.0.0.1", now=NOW + timedelta(seconds=place))
    key = f"rate#code-address#10.0.0.1#3600#{int(NOW.timestamp()) // 3600 * 3600}"
    GuardRow(key).update(actions=[GuardRow.tries.set(signin.PER_ADDRESS_HOUR)])
    with pytest.raises(TooMany):
        ask(cast.a_phone(), client="10.0.0.1")
    ask(cast.a_phone(), client="10.0.0.2")


def day_counter(name: str) -> GuardRow:
    return GuardRow(f"rate#code-day#{name}#86400#{int(NOW.timestamp()) // 86400 * 86400}")


@pytest.mark.parametrize("known", [True, False])
def test_the_days_budget_holds_for_everybody_alike(stack: Stack, known: bool) -> None:
    phone = a_reporter() if known else cast.a_phone()
    ask(a_reporter())
    day_counter("sent").update(actions=[GuardRow.tries.set(signin.PER_DAY)])
    with pytest.raises(TooMany) as raised:
        ask(phone)
    assert raised.value.retry_after == 22 * 3600


def test_a_flood_of_unknown_numbers_does_not_shut_the_city_out(stack: Stack) -> None:
    phone = a_reporter()
    ask(phone)
    day_counter("sent").update(actions=[GuardRow.tries.set(signin.PER_DAY - 1)])
    for _ in range(3):
        ask(cast.a_phone())
    assert ask(phone)


# What was taken away ------------------------------------------------------------------------------------------


def test_a_disabled_officer_loses_access_at_the_next_request(stack: Stack) -> None:
    employee = an_officer("duty@dlhk")
    challenge = ask(employee.phone, Kind.OFFICER)
    token, _ = signin.redeem_code(challenge, keys.one_time_digits(challenge), "240681", now=NOW)
    who = signin.identify(token, now=NOW)
    assert signin.officer(who).id == employee.officer.id
    cast.disable(employee)
    with pytest.raises(NotSignedIn):
        signin.officer(signin.identify(token, now=NOW))
    sent = Sent(stack)
    ask(employee.phone, Kind.OFFICER, now=later(minutes=2))
    cast.deliver(later(minutes=3))
    assert sent.new() == []


def test_an_officer_is_read_consistently_on_each_request(stack: Stack) -> None:
    employee = an_officer("duty@dlhk")
    with cast.calls() as seen:
        signin.officer(signin.Who(Kind.OFFICER, employee.officer.id))
    assert [(name, params.get("ConsistentRead")) for name, params in seen] == [("GetItem", True)]


def test_a_citizens_token_is_no_officers(stack: Stack) -> None:
    employee = an_officer("duty@dlhk")
    for who in (
        signin.Who(Kind.CITIZEN, employee.officer.id),
        signin.Who(Kind.OFFICER, "nobody"),
        signin.Who(Kind.LINK, "x.1"),
    ):
        with pytest.raises(NotSignedIn):
            signin.officer(who)


def test_a_secret_link_opens_its_one_case_until_it_is_made_void(stack: Stack) -> None:
    filed, other = a_case(), a_case()
    code = filed.complaint.code
    who = signin.identify(signin.open_link(code, filed.secret, now=NOW), now=NOW)
    assert reading.own_case(code, who).complaint.code == code
    assert [card.code for card in reading.own_cases(who).cards] == [code]
    with pytest.raises(NotFound):
        reading.own_case(other.complaint.code, who)
    with pytest.raises(NotSignedIn):
        signin.open_link(other.complaint.code, filed.secret, now=NOW)
    row = ComplaintRow.get(code, "head")
    row.update(actions=[ComplaintRow.body.set(json.dumps(json.loads(row.body) | {"link_version": 2}))])
    with pytest.raises(NotFound):
        reading.own_case(code, who)
    with pytest.raises(NotFound):
        handling.withdraw(code, who, "other", now=later(minutes=1))
    assert reading.own_cases(who).cards == ()
    with pytest.raises(NotSignedIn):
        signin.open_link(code, filed.secret, now=NOW)


def forged(make: Callable[[str], str]) -> Callable[[str], str]:
    return make


@pytest.mark.parametrize(
    "spoil",
    [
        forged(lambda token: token[:-2] + ("AA" if token[-2:] != "AA" else "BB")),
        forged(lambda token: ".".join((token.split(".")[0], "e30", token.split(".")[2]))),
        forged(lambda token: token + "x"),
        forged(lambda _: ""),
        forged(lambda _: "a.b.c"),
        forged(lambda _: "eyJhbGciOiJub25lIn0.eyJzdWIiOiJvZmZpY2VyOngifQ."),
    ],
)
def test_a_forged_token_identifies_nobody(stack: Stack, spoil: Callable[[str], str]) -> None:
    token = signin.token(cast.citizen(cast.a_phone()), now=NOW)
    with pytest.raises(NotSignedIn):
        signin.identify(spoil(token), now=NOW)


def test_a_token_ends_after_its_time(stack: Stack) -> None:
    token = signin.token(cast.citizen(cast.a_phone()), now=NOW)
    assert signin.identify(token, now=NOW + signin.TOKEN_LASTS - timedelta(seconds=1))
    with pytest.raises(NotSignedIn):
        signin.identify(token, now=NOW + signin.TOKEN_LASTS)
