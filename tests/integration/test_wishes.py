"""What people choose of their messages, one message for several changes, budgets, digests, and who hears an office."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib import cities
from chalicelib import sns as network
from chalicelib.domain.errors import NotAllowed, NotFound, OptedOut
from chalicelib.domain.people import Act
from chalicelib.domain.wishes import Wish
from chalicelib.observability import metrics
from chalicelib.settings import move_clock, settings
from chalicelib.store import guards, outbox, people, spending
from chalicelib.store import wishes as kept
from chalicelib.store.tables import NoticeRow
from chalicelib.usecases import (
    digests,
    dispatches,
    escalation,
    handling,
    listeners,
    posts,
    privacy,
    signin,
    wishes,
)
from chalicelib.usecases import spending as costs
from tests.integration import people as cast
from tests.integration.people import NOW, PANJER, TRIAGE_OFFICE, Sent, a_case, an_officer, later
from tests.integration.test_delivery import state
from tests.integration.test_http import Api, api
from tests.stack import Stack

__all__ = ["api"]


@pytest.fixture(autouse=True)
def by_day() -> Iterator[None]:
    metrics.clear_metrics()
    move_clock(NOW - datetime.now(UTC))
    yield
    move_clock(timedelta(0))
    metrics.clear_metrics()


def texts_to(sent: Sent, *addresses: str) -> list[str]:
    return [message["text"] for message in sent.to(*addresses)]


def notices_to(kind: str) -> dict[str, outbox.Delivery]:
    found = [outbox.get(row.notice_id) for row in NoticeRow.scan()]
    return {each.notice.template: each for each in found if each.notice.to.startswith(kind)}


# A citizen's ----------------------------------------------------------------------------------------------------


def test_a_stop_by_link_ends_notices_and_never_the_codes_that_somebody_asks_for(
    stack: Stack, api: Api
) -> None:
    clerk, phone, sent = an_officer("duty@dlhk").officer, cast.a_phone(), Sent(stack)
    filed = a_case(phone=phone)
    person = filed.complaint.citizen or ""
    page = wishes.path(person)
    assert "wishes" not in kept.of("citizen", person).channel
    shown = api.client.http.get(page, headers={"Accept": "text/html"})
    assert shown.status_code == 200
    assert kept.of("citizen", person).stopped_at is None, "looking stops nothing"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    # As a mail program's own button sends it, from another site.
    done = api.client.http.post(page, headers=form, body=b"List-Unsubscribe=One-Click")
    assert done.status_code == 303
    handling.resolve(filed.complaint.code, clerk, "Sudah.", if_match=1, now=later(hours=1))
    cast.deliver(later(hours=2))
    assert texts_to(sent, phone) == []
    assert {each.state for each in notices_to("citizen#").values()} == {"stopped"}
    signin.request_code(phone, signin.Kind.CITIZEN, "id", client="203.0.113.7", now=later(hours=3))
    cast.deliver(later(hours=3))
    assert len(texts_to(sent, phone)) == 1
    # Silence must not close what its reporter never hears of: a second person is asked instead.
    for day in range(1, 9):
        escalation.sweep(now=later(days=day))
    (call,) = [e for e in cast.complaints.get(filed.complaint.code).history if e.act is Act.LAST_CALL]
    assert not call.data.get("reached")
    wishes.choose(person, channel="", language="en", stopped=False, now=later(days=1))
    assert kept.of("citizen", person) == Wish(language="en")
    assert api.client.http.get(page[:-1] + "x").status_code == 404
    privacy.erase(cast.citizen(phone), now=later(days=2))
    assert kept.of("citizen", person) == Wish()


def test_a_citizens_language_holds_for_what_waits_already(stack: Stack) -> None:
    phone, sent = cast.a_phone(), Sent(stack)
    filed = a_case(phone=phone)
    wishes.choose(filed.complaint.citizen or "", channel="", language="en", stopped=False, now=NOW)
    cast.deliver(later(minutes=1))
    (text,) = texts_to(sent, phone)
    assert text.startswith("We have your complaint")


def test_a_number_that_the_network_keeps_off_is_told_so_at_sign_in_known_or_not(
    stack: Stack, api: Api
) -> None:
    number = "+6281200000099"  # moto's own mark of a number that opted out
    for known in (False, True):
        if known:
            a_case(phone=number)
        with pytest.raises(OptedOut):
            signin.request_code(number, signin.Kind.CITIZEN, "id", client="203.0.113.7", now=NOW)
    answer = api.post("/v1/auth/codes", {"phone": number})
    assert (answer.status, answer.body["type"].rpartition("/")[2]) == (409, "sms-opted-out")


# One message ----------------------------------------------------------------------------------------------------


def test_several_changes_within_minutes_are_one_message(stack: Stack) -> None:
    clerk, phone, sent = an_officer("duty@dlhk").officer, cast.a_phone(), Sent(stack)
    filed = a_case(phone=phone)
    code, who = filed.complaint.code, cast.citizen(phone)
    cast.deliver(later(seconds=30))
    assert len(texts_to(sent, phone)) == 1  # the receipt
    handling.resolve(code, clerk, "Sudah.", if_match=1, now=later(hours=1))
    cast.deliver(later(hours=1))
    assert len(texts_to(sent, phone)) == 1  # at once, as nothing came before it
    handling.reopen(code, who, "Belum.", now=later(hours=1, minutes=1))
    cast.deliver(later(hours=1, minutes=1))
    version = cast.stored(code).version
    handling.resolve(code, clerk, "Sudah lagi.", if_match=version, now=later(hours=1, minutes=3))
    cast.deliver(later(hours=1, minutes=3))
    assert texts_to(sent, phone) == [], "what follows waits"
    cast.deliver(later(hours=1, minutes=6))
    (text,) = texts_to(sent, phone)
    assert "2 kabar baru" in text
    assert filed.secret in text
    cast.deliver(later(hours=2))
    assert texts_to(sent, phone) == []
    states = [outbox.get(r.notice_id).state for r in NoticeRow.scan() if "#citizen#" in r.notice_id]
    assert sorted(states) == ["merged", "sent", "sent", "sent"]


# An officer's ---------------------------------------------------------------------------------------------------


def test_an_officers_choice_filters_the_topic_and_emergencies_pass(stack: Stack) -> None:
    desk, sent = an_officer("duty@dlhk", desk=True), Sent(stack)
    wishes.choose_as_officer(desk.officer, Wish(channel="email", areas=("51.71.03",)))
    a_case()
    cast.deliver(later(minutes=1))
    assert sent.to(desk.phone, desk.email) == [], "of another district, and by phone only emergencies"
    network.publish_to_office("dlhk", "Darurat", "Darurat", "Darurat", {"urgent": "yes", "area": PANJER})
    assert {m["to"] for m in sent.to(desk.phone, desk.email)} == {desk.phone, desk.email}
    wishes.choose_as_officer(desk.officer, Wish())
    a_case(now=later(hours=1))
    cast.deliver(later(hours=1))
    assert {m["to"] for m in sent.to(desk.phone, desk.email)} == {desk.phone, desk.email}


def test_an_officers_quiet_hours_and_channel_hold_for_what_comes_in_person(stack: Stack) -> None:
    hamlet = cast.city().areas[PANJER].hamlets[0].id
    head, sent = an_officer(f"hamlet_head@{hamlet}", office=PANJER), Sent(stack)
    wishes.choose_as_officer(head.officer, Wish(channel="email", quiet=(9 * 60, 14 * 60)))
    a_case(category="jalan_lingkungan", hamlet=hamlet)
    cast.deliver(later(minutes=1))
    assert sent.to(head.phone, head.email) == []
    cast.deliver(later(hours=5))
    assert [m["to"] for m in sent.to(head.phone, head.email)] == [head.email]
    assert {each.state for each in notices_to("officer#").values()} <= {"sent", "unwanted"}


def test_the_digest_comes_once_at_the_start_of_the_office_day_and_only_where_something_waits(
    stack: Stack,
) -> None:
    desk, idle = an_officer("duty@dlhk", desk=False), an_officer("duty@pupr")
    a_case()
    sent = Sent(stack)
    opens = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)  # Tuesday 07.30 WITA
    # Whatever waits of the case itself is sent first, so that the digest alone is looked at.
    cast.deliver(opens - timedelta(hours=1))
    sent.new()
    hours = cast.city().calendar_of("dlhk")
    first = datetime(2026, 11, 24, tzinfo=UTC) + timedelta(
        minutes=hours.hours(opens.date() + timedelta(days=1))[0][0]
    )
    at = first - cast.city().utc_offset
    if hours.always_open:
        at = datetime(2026, 11, 23, 23, 0, tzinfo=UTC)
    assert digests.send(now=at - timedelta(minutes=1)) == 0
    assert digests.send(now=at) == 1
    assert digests.send(now=at + timedelta(minutes=15)) == 0
    cast.deliver(at + timedelta(minutes=16))
    (mail,) = sent.to(desk.email, idle.email)
    assert mail["to"] == desk.email
    assert "1 terbuka" in mail["text"] or "1 terbuka" in mail.get("subject", "")
    wishes.choose_as_officer(desk.officer, Wish(digest=False))
    assert digests.send(now=at + timedelta(days=1)) == 0


# What it costs --------------------------------------------------------------------------------------------------


def test_a_spent_budget_stops_the_sms_of_an_office_and_no_emergency_and_no_mail(
    stack: Stack,
) -> None:
    desk, phone, sent = an_officer("duty@dlhk", desk=True), cast.a_phone(), Sent(stack)
    profile = cities.load("denpasar")
    cities.lend("denpasar", replace(profile, sms_budget={"default": 4}))
    try:
        filed = a_case(phone=phone)
        cast.deliver(later(minutes=1))
        assert spending.of_office("dlhk", "2026-11") == 2  # one to the desk, one to the reporter
        assert costs.of_case(filed.complaint.code) == (2, 1000)
        a_case(phone=cast.a_phone(), now=later(hours=1))
        cast.deliver(later(hours=1))
        assert cast.counted("SmsBudgetSpent") == 1
        sent.new()
        third = a_case(phone=phone, now=later(hours=2))
        cast.deliver(later(hours=2))
        assert [m["to"] for m in sent.to(desk.phone, desk.email, phone)] == [desk.email]
        assert notices_to("citizen#")["citizen_received"] is not None
        of_third = [
            d.state for d in outbox.of_complaint(third.complaint.code) if d.notice.to.startswith("citizen#")
        ]
        assert of_third == ["over_budget"]
        signin.request_code(phone, signin.Kind.CITIZEN, "id", client="203.0.113.7", now=later(hours=3))
        cast.deliver(later(hours=3))
        assert len(texts_to(sent, phone)) == 1, "a code that somebody asks for is under no office's budget"
        burning = notices_to("dlhk")["office_new"].notice
        alarm = replace(
            burning, id="DPS-1#0001#office_new#topic#dlhk", urgent=True, created_at=later(hours=4)
        )
        outbox.add_once(alarm)
        cast.deliver(later(hours=4))
        assert len(texts_to(sent, desk.phone)) == 1, "never an emergency"
    finally:
        cities.lend("denpasar", None)
    admin = an_officer(f"administrator@{TRIAGE_OFFICE}").officer
    rows = {row.office: row for row in costs.report(admin, "2026-11")}
    assert (rows["dlhk"].sms, rows["dlhk"].rupiah, rows["codes"].sms) == (5, 2500, 1)
    with pytest.raises(NotAllowed):
        costs.report(desk.officer, "2026-11")


# Who hears, and what died ---------------------------------------------------------------------------------------


def test_an_office_that_nobody_can_be_reached_at_is_named_and_can_be_joined_anew(stack: Stack) -> None:
    admin = an_officer(f"administrator@{TRIAGE_OFFICE}").officer
    clerk = an_officer("duty@damkar" if "damkar" in cast.city().offices else "duty@bpbd")
    office = clerk.officer.office
    before = dict(listeners.of_offices(admin))
    assert before[office] is None
    for row in listeners.of_office(admin, office):
        network.unsubscribe_office(office, clerk.phone)
        assert (row.phone, row.email) == ("absent", "absent")
    silent = listeners.check(now=NOW)
    assert silent > 0
    assert cast.counted("OfficesUnreachable") == silent
    assert listeners.check(now=later(minutes=15)) == 0, "once a day"
    assert listeners.mend(admin, office) == listeners.mend(admin, office) == 1
    (row,) = listeners.of_office(admin, office)
    assert (row.phone, row.email) == ("hears", "hears")
    listeners.check(now=later(days=1, minutes=5))
    ears = dict(listeners.of_offices(admin))[office]
    assert ears is not None
    assert ears.reachable
    with pytest.raises(NotAllowed):
        listeners.of_offices(clerk.officer)


def test_an_administrator_sees_what_died_and_lets_it_be_tried_again(stack: Stack, api: Api) -> None:
    admin = an_officer(f"administrator@{TRIAGE_OFFICE}")
    desk, sent = an_officer("duty@dlhk", desk=True), Sent(stack)
    filed = a_case()
    with cast.on_sns(lambda **_: cast.sns_error("InvalidParameter", 400)):
        cast.deliver(later(minutes=1))
    office = api.as_officer(admin)
    (line,) = office.get("/v1/office/notices").body["notices"]
    assert (line["state"], line["why"]) == ("dead", "refused: InvalidParameter")
    assert line["to"] == {"kind": "office", "id": "dlhk"}
    replayed = office.post("/v1/office/notices/replay", {"notice": line["notice"]})
    assert replayed.status == 201
    cast.deliver(later(days=8))  # the API's clock stands a week on
    assert len(sent.to(desk.phone, desk.email)) == 2
    assert state(line["notice"]).state == "sent"
    assert office.get("/v1/office/notices").body["notices"] == []
    assert office.post("/v1/office/notices/replay", {"notice": line["notice"]}).status == 404
    log = office.get(f"/v1/office/notices?code={filed.complaint.code}").body
    assert ([each["state"] for each in log["notices"]], log["sms"]) == (["handed_over"], 1)
    assert api.as_officer(desk).get("/v1/office/notices").status == 403


def test_of_a_case_about_the_administrators_own_office_not_even_the_log_is_shown(stack: Stack) -> None:
    admin = an_officer(f"administrator@{TRIAGE_OFFICE}").officer
    about = a_case(text="Petugas Diskominfo minta uang.", accused=TRIAGE_OFFICE)
    with pytest.raises(NotFound):
        dispatches.of_case(admin, about.complaint.code)
    with cast.on_sns(lambda **_: cast.sns_error("InvalidParameter", 400)):
        cast.deliver(later(minutes=1))
    assert dispatches.dead(admin) == []
    assert cast.counted("NoticesDead") == 1


def test_the_chosen_filter_outlives_a_new_roster(stack: Stack) -> None:
    desk = an_officer("duty@dlhk", desk=True)
    wishes.choose_as_officer(desk.officer, Wish(channel="email"))
    found = people.registered(desk.officer.id)
    posts.listen(found.officer, {"phone": desk.phone, "email": desk.email}, None)
    sent = Sent(stack)
    a_case()
    cast.deliver(later(minutes=1))
    assert [m["to"] for m in sent.to(desk.phone, desk.email)] == [desk.email]
    assert not guards.misused("nothing", 1, timedelta(days=1), now=NOW)


def test_staging_reaches_nobody_but_whom_it_names(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    known, real, sent = cast.a_phone(), cast.a_phone(), Sent(stack)
    first, second = a_case(phone=known), a_case(phone=real)
    monkeypatch.setenv("STAGE", "staging")
    monkeypatch.setenv("REACHES", f"{known}, uji@example.id")
    settings.cache_clear()
    try:
        desk = an_officer("duty@dlhk", desk=True)
        cast.deliver(later(minutes=1))
        assert {m["to"] for m in sent.to(known, real, desk.phone, desk.email)} == {known}
        of_second = outbox.of_complaint(second.complaint.code)
        assert [d.state for d in of_second if d.notice.to.startswith("citizen#")] == ["staging"]
        assert first.complaint.code != second.complaint.code
    finally:
        monkeypatch.undo()
        settings.cache_clear()


def test_nobody_hears_of_their_own_act(stack: Stack) -> None:
    hamlet = cast.city().areas[PANJER].hamlets[0].id
    head, sent = an_officer(f"hamlet_head@{hamlet}", f"village_head@{PANJER}", office=PANJER), Sent(stack)
    a_case(category="jalan_lingkungan", hamlet=hamlet, phone=cast.a_phone(), clerk=head.officer)
    cast.deliver(later(minutes=1))
    assert sent.to(head.phone) == []
