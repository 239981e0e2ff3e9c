"""Reports about one thing, on the real engines: what is offered, who joins, what is merged, whom the end reaches."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from math import cos, radians
from typing import Any

import pytest

from chalicelib import keys
from chalicelib.domain.complaint import Complaint, Status
from chalicelib.domain.errors import IllegalMove, Invalid, KeyReused, NotFound, StaleComplaint
from chalicelib.domain.geo import Point, distance_m
from chalicelib.domain.people import Act, Officer
from chalicelib.domain.scheduling import Wish
from chalicelib.domain.service_level import ClockName
from chalicelib.store import complaints, joins
from chalicelib.usecases import delivery, duplicates, endings, handling, intake, nearby, reading, signin
from chalicelib.usecases.handling import Sorting
from local.bench.meter import item_size
from tests.integration import people as cast
from tests.integration.people import NOW, TRIAGE_OFFICE, Sent, a_case, a_phone, an_officer, later, stored
from tests.stack import Stack

SPOT = Point(-8.69, 115.22)
MINUTE = timedelta(minutes=1)


def away(metres: float, east: float = 1.0) -> Point:
    """A point so many metres from the spot, eastward or else northward."""
    degrees = metres / 111_195
    if east:
        return Point(SPOT.lat, SPOT.lon + degrees / cos(radians(SPOT.lat)))
    return Point(SPOT.lat + degrees, SPOT.lon)


def triage() -> Officer:
    return an_officer(f"triage@{TRIAGE_OFFICE}").officer


def office() -> Officer:
    return an_officer("staff@dlhk").officer


def shown(at: Point = SPOT, **changes: Any) -> Complaint:
    """A case about rubbish at a spot, which triage has released."""
    filed = a_case(at=(at.lat, at.lon), **changes)
    now = changes.get("now", NOW) + MINUTE
    return handling.release(filed.complaint.code, triage(), if_match=1, now=now)


def near(at: Point = SPOT, category: str = "sampah") -> list[str]:
    return [offer.card.code for offer in nearby.offers(category, at)]


def contact(phone: str) -> intake.Contact:
    return intake.Contact(phone=phone)


def join(code: str, phone: str = "", **changes: Any) -> duplicates.Joined:
    values: dict[str, Any] = {"language": "id", "client": "203.0.113.9", "now": later(minutes=5), **changes}
    if not phone and "retry" not in values and "who" not in values:
        values["retry"] = intake.Retry(cast.a_key(), "hash")
    return duplicates.join(code, contact(phone), **values)


def joiner(code: str, phone: str) -> signin.Who:
    secret = keys.join_secret(code, keys.person_id(phone))
    return signin.holder(code, secret)


def resolved(code: str, now: Any = None) -> Complaint:
    return handling.resolve(
        code, office(), "Sudah diangkut.", if_match=stored(code).version, now=now or later(hours=2)
    )


# Nearby -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shift", range(12))
@pytest.mark.parametrize("east", [0.0, 1.0])
def test_twelve_metres_away_is_shown_and_325_is_not_wherever_the_grid_lies(
    stack: Stack, shift: int, east: float
) -> None:
    base = Point(SPOT.lat + shift * 0.00011, SPOT.lon + shift * 0.00007)
    case = shown(base)

    def moved(metres: float) -> Point:
        return Point(
            base.lat + away(metres, east).lat - SPOT.lat, base.lon + away(metres, east).lon - SPOT.lon
        )

    assert near(moved(12)) == [case.code]
    assert near(moved(325)) == []


def test_an_offer_has_enough_to_judge_and_no_more_of_the_place_than_its_public_pin(stack: Stack) -> None:
    case = shown(away(7))
    join(case.code)
    (offer,) = nearby.offers("sampah", SPOT)
    assert offer.joined == 1
    assert offer.card.excerpt
    assert offer.card.point is not None
    pin = Point(*offer.card.point)
    assert offer.metres == round(distance_m(SPOT, pin) / 10) * 10


def test_never_what_is_private_held_hidden_accused_merged_over_or_of_another_category(stack: Stack) -> None:
    held = a_case(at=(SPOT.lat, SPOT.lon)).complaint
    a_case(at=(SPOT.lat, SPOT.lon), private=True)
    hidden = shown()
    handling.hide(hidden.code, triage(), "nama", if_match=2, now=later(minutes=3))
    accused = a_case(at=(SPOT.lat, SPOT.lon), about_staff=True, accused="pupr").complaint
    sorting = handling.Sorting("sampah", accusation=True, accused="pupr")
    handling.sort(accused.code, triage(), sorting, if_match=1, now=later(minutes=2))
    handling.release(accused.code, triage(), if_match=2, now=later(minutes=3))
    over = shown()
    resolved(over.code)
    another = shown(category="pohon_taman")
    assert near() == []
    assert near(category="pohon_taman") == [another.code]
    for code in (held.code, hidden.code, accused.code):
        with pytest.raises(NotFound):
            join(code)
    with pytest.raises(IllegalMove):
        join(over.code)


def test_no_place_and_no_radius_means_no_suggestion_and_five_are_the_most(stack: Stack) -> None:
    for step in range(6):
        shown(away(5 * step))
    assert len(near()) == 5
    assert nearby.offers("sampah", None) == ()
    shown(category="air_bersih")  # its pins are those of homes
    assert near(category="air_bersih") == []


def test_a_crowd_of_newer_cases_in_the_cell_hides_neither_an_open_case_nor_costs_more_reads(
    stack: Stack,
) -> None:
    case = shown()
    place = complaints.get_head(case.code).keys
    strip, cell = place["spot_at"], place["public_cell"]
    others = [("pohon_taman", strip), ("sampah", f"{int(strip[:9]) + 3000:09d}{strip[9:]}")]
    with complaints.ComplaintRow.batch_write() as batch:
        for number in range(400):
            category, at = others[number % 2]
            row = complaints.ComplaintRow(f"DPS-CROWD-{number:05d}", "head", listed_at=f"2027-{number:05d}")
            row.set_keys({"public_cell": cell, "spot": f"{category}#{cell}", "spot_at": at})
            batch.save(row)
    assert near(away(30)) == [case.code]
    found = complaints.spots("sampah", cell, SPOT.lat - 0.001, SPOT.lat + 0.001, solved=False)
    assert [spot.code for spot in found] == [case.code]


# Joining ------------------------------------------------------------------------------------------------------


def test_joining_is_once_per_person_and_leaves_the_head_as_it_was(stack: Stack) -> None:
    case, phone = shown(), a_phone()
    head = complaints.get(case.code, consistent=True)
    for _ in range(3):
        join(case.code, phone)
    me = cast.citizen(phone)
    assert duplicates.join(
        case.code, contact(""), language="id", client="x", now=later(minutes=9), who=me
    ).secret
    after = complaints.get(case.code, consistent=True)
    assert after.joined == joins.count(case.code) == 1
    assert (after.complaint, after.body, after.keys) == (head.complaint, head.body, head.keys)


def test_without_a_contact_the_same_key_joins_once_and_another_body_is_refused(stack: Stack) -> None:
    case, key = shown(), cast.a_key()
    first = join(case.code, retry=intake.Retry(key, "a"))
    again = join(case.code, retry=intake.Retry(key, "a"))
    assert first.secret == again.secret is not None
    assert again.joined == 1
    with pytest.raises(KeyReused):
        join(case.code, retry=intake.Retry(key, "b"))
    with pytest.raises(Invalid):
        duplicates.join(case.code, contact(""), language="id", client="x", now=NOW)


def test_a_typed_number_tells_nobody_whose_case_it_is_or_who_joined(stack: Stack) -> None:
    owner, known = a_phone(), a_phone()
    case = shown(phone=owner)
    join(case.code, known)
    answers = {
        (joined.secret, joined.complaint.code)
        for joined in (join(case.code, owner), join(case.code, known), join(case.code, a_phone()))
    }
    assert answers == {(None, case.code)}
    assert joins.count(case.code) == 2  # the owner of the case is not one who joined it


def test_fifty_join_at_once_while_an_officer_acts_and_nobody_loses_a_race(stack: Stack) -> None:
    case = shown()
    staff = office()
    cast.delivery.sweep(now=later(minutes=2))

    def act(place: int) -> object:
        if place:
            return join(case.code, f"+6281399{place:06d}")
        version = case.version
        for step in range(8):
            version = handling.reply(
                case.code, staff, f"Kabar {step}", if_match=version, now=later(minutes=6 + step)
            ).version
        return version

    results = cast.at_once(51, act)
    assert cast.bad(results) == []
    after = complaints.get(case.code, consistent=True)
    assert (after.joined, after.complaint.version) == (50, case.version + 8)


def test_of_what_is_due_on_one_day_the_inbox_puts_first_what_more_people_wait_for(stack: Stack) -> None:
    first, popular, last = (shown(now=later(minutes=5 * place)) for place in range(3))
    tomorrow = shown(now=later(days=1))
    for case in (popular, tomorrow):
        for phone in [a_phone() for _ in range(2)]:
            join(case.code, phone, client=phone)
        # The row shows the count as of the last act on the case.
        handling.acknowledge(case.code, office(), if_match=case.version, now=later(hours=1))

    def listed(now: Any) -> list[str]:
        return [card.code for card in reading.inbox(office(), "office", now=now).cards]

    today = sorted(
        [first.code, popular.code, last.code]
    )  # due at one moment: then in the order of their codes
    others = [code for code in today if code != popular.code]
    assert listed(later(minutes=30)) == [popular.code, *others, tomorrow.code]
    # Once they are late, the deadline alone counts again.
    assert listed(later(days=3)) == [*today, tomorrow.code]


def test_who_joins_hears_of_it_and_of_the_end_and_never_more_than_four_times_by_sms(stack: Stack) -> None:
    case, phone, reporter = shown(phone=(owner := a_phone())), a_phone(), owner
    cast.deliver(later(minutes=2))
    sent = Sent(stack)
    join(case.code, phone)
    cast.deliver(later(minutes=6))
    (hello,) = sent.to(phone)
    assert "/j/" in hello["text"]
    assert keys.secret_link(case.code, 1) not in hello["text"]
    for turn in range(3):
        resolved(case.code, now=later(hours=2 + turn))
        cast.deliver(later(hours=2 + turn, minutes=1))
        cast.deliver(later(hours=2 + turn, minutes=2))
        key = signin.Who(signin.Kind.LINK, f"{case.code}.1")
        handling.reopen(case.code, key, "Belum beres juga.", now=later(hours=2 + turn, minutes=20))
        cast.deliver(later(hours=2 + turn, minutes=21))
        cast.deliver(later(hours=2 + turn, minutes=22))
    told = [message["text"] for message in sent.to(phone, reporter) if message["to"] == phone]
    assert len(told) == 3  # with the first one four, of seven things that happened
    assert "selesai" in told[0]
    assert "dibuka lagi" in told[1]


def test_more_than_one_page_of_people_hears_of_the_end_once_each_however_often_it_is_expanded(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endings, "PAGE", 10)
    case = shown()
    phones = [a_phone() for _ in range(33)]
    for place, phone in enumerate(phones):
        join(case.code, phone, client=f"203.0.113.{place}")
    cast.deliver(later(minutes=6))
    sent = Sent(stack)
    done = resolved(case.code)
    row = next(
        found.notice
        for found in reading.outbox.of_complaint(case.code, most=100)
        if found.notice.template == "fan_out"
    )
    for _ in range(2):
        endings.expand(row, now=later(hours=2, minutes=1))  # by the relay, and by one that died
    for minute in range(2, 9):
        cast.deliver(later(hours=2, minutes=minute))
    heard = [message["to"] for message in sent.new() if message["to"] in phones]
    assert sorted(heard) == sorted(phones)
    assert done.status is Status.RESOLVED
    assert delivery.sweep(now=later(hours=3)).attempted == 0


def test_where_a_second_person_approves_the_fix_those_who_wait_hear_of_it_then_and_not_before(
    stack: Stack,
) -> None:
    doer, head = an_officer("staff@pupr").officer, an_officer("division_head@pupr").officer
    master, mine = a_phone(), a_phone()
    case = shown(category="lubang_terbuka")
    other = a_case(category="lubang_terbuka", phone=master).complaint  # merged, and told with the master
    silent = a_case(category="lubang_terbuka").complaint  # merged, and nobody to tell
    for each in (other, silent):
        duplicates.merge(each.code, doer, case.code, if_match=1, now=later(minutes=3))
    join(case.code, mine)
    cast.deliver(later(minutes=6))
    sent = Sent(stack)
    handling.resolve(case.code, doer, "Sudah ditutup.", "Berita acara 12.", if_match=2, now=later(hours=1))
    cast.deliver(later(hours=1, minutes=1))
    assert sent.to(master, mine) == []
    assert stored(other.code).merged is not None
    handling.approve(case.code, head, if_match=3, now=later(hours=2))
    for minute in (1, 2, 3):
        cast.deliver(later(hours=2, minutes=minute))
    assert sorted(message["to"] for message in sent.to(master, mine)) == sorted([master, mine])
    for each in (other, silent):
        solved = stored(each.code)
        assert (solved.status, solved.merged, solved.confirmed) == (Status.RESOLVED, None, True)
        assert complaints.get(each.code).history[-1].text == "Sudah ditutup."
    assert "rate" in duplicates.may_judge(
        stored(case.code), duplicates.joined_case(case.code, joiner(case.code, mine))[1], later(hours=3)
    )


def test_who_joined_hears_of_a_new_date_and_that_a_lost_case_goes_on(stack: Stack) -> None:
    head, phone = an_officer("office_head@dlhk").officer, a_phone()
    declines = triage()
    above = an_officer(f"office_head@{TRIAGE_OFFICE}").officer
    case = shown()
    join(case.code, phone)
    cast.deliver(later(minutes=6))
    sent = Sent(stack)
    wish = Wish((NOW + 60 * timedelta(days=1)).date(), "budget_year", "Menunggu anggaran.", "Dipasang rambu.")
    handling.schedule(case.code, head, wish, if_match=2, now=later(hours=1))
    handling.reject(case.code, declines, "not_city", "Bukan kewenangan kota.", if_match=3, now=later(hours=2))
    reporter = signin.Who(signin.Kind.LINK, f"{case.code}.1")
    handling.appeal(case.code, reporter, "Ini jalan kota.", now=later(hours=3))
    handling.decide_appeal(
        case.code, above, "Ini memang jalan kota.", grant=True, if_match=5, now=later(hours=4)
    )
    for hour in range(1, 5):
        for minute in (1, 2):
            cast.deliver(later(hours=hour, minutes=minute))
    texts = [message["text"] for message in sent.to(phone)]
    assert [any(word in text for text in texts) for word in ("dijadwalkan", "lanjutkan", "dibuka lagi")] == [
        True
    ] * 3
    assert "25/01/2027" in texts[0]  # the working day after 60 days
    assert len(texts) == 3


@pytest.mark.parametrize("how", ["hidden", "about somebody", "private"])
def test_whoever_goes_with_a_case_that_not_everybody_may_know_any_more_stands_alone_again(
    stack: Stack, how: str
) -> None:
    master = shown()
    before = stored(shown(away(20)).code)
    duplicates.merge(before.code, office(), master.code, if_match=before.version, now=later(minutes=10))
    if how == "hidden":
        handling.hide(master.code, triage(), "nama orang", if_match=2, now=later(hours=1))
    else:
        said = {"about somebody": ("perilaku_petugas", "dlhk"), "private": ("perempuan_anak", None)}[how]
        sorting = Sorting(said[0], accusation=said[1] is not None or None, accused=said[1])
        handling.sort(master.code, triage(), sorting, if_match=2, now=later(hours=1))
    cast.deliver(later(hours=1, minutes=1))
    after = stored(before.code)
    assert (after.merged, after.clocks) == (None, before.clocks)
    assert complaints.get(master.code).merged_here == 0


def test_who_joins_in_the_very_moment_of_the_end_hears_of_it_once(stack: Stack) -> None:
    case = shown()
    cast.deliver(later(minutes=2))
    phones = [a_phone() for _ in range(12)]
    staff = office()

    def act(place: int) -> object:
        if place < len(phones):
            return join(case.code, phones[place])
        return handling.resolve(case.code, staff, "Sudah diangkut.", if_match=2, now=later(minutes=5))

    sent = Sent(stack)
    results = cast.at_once(len(phones) + 1, act)
    late = [error for error in cast.bad(results) if not isinstance(error, IllegalMove)]
    assert late == []
    for minute in range(6, 12):
        cast.deliver(later(minutes=minute))
    ends = [m["to"] for m in sent.new() if m["to"] in phones and "selesai" in m["text"]]
    assert len(ends) == len(set(ends)) == joins.count(case.code)


# Those who joined judge for themselves --------------------------------------------------------------------------


def test_each_rates_once_and_the_case_stays_its_reporters_to_close(stack: Stack) -> None:
    case, phone = shown(), a_phone()
    join(case.code, phone)
    me = joiner(case.code, phone)
    with pytest.raises(IllegalMove):
        duplicates.rate(case.code, me, 5, "", now=later(hours=1))
    resolved(case.code)
    assert duplicates.rate(case.code, me, 2, "Masih bau", now=later(hours=3)).rating == 2
    with pytest.raises(IllegalMove):
        duplicates.rate(case.code, me, 5, "", now=later(hours=3))
    assert stored(case.code).status is Status.RESOLVED
    assert stored(case.code).rating is None


def test_one_no_files_an_own_linked_case_and_two_reopen_the_one_they_joined(stack: Stack) -> None:
    case, first, second = shown(), a_phone(), a_phone()
    for phone in (first, second):
        join(case.code, phone)
    cast.deliver(later(minutes=6))
    resolved(case.code)
    says: dict[str, Any] = {"client": "x", "now": later(hours=3)}
    own = duplicates.say_no(case.code, joiner(case.code, first), "Masih menumpuk di sini.", **says)
    again = own.complaint.code
    cast.deliver(later(hours=3, minutes=1))
    assert stored(case.code).status is Status.RESOLVED
    assert complaints.get(again).history[0].data["follows"] == case.code
    assert stored(again).citizen == keys.person_id(first)
    with pytest.raises(IllegalMove):
        duplicates.say_no(case.code, joiner(case.code, first), "Masih menumpuk di sini.", **says)
    duplicates.say_no(case.code, joiner(case.code, second), "Baunya masih sama saja.", **says)
    for minute in (2, 3):
        cast.deliver(later(hours=3, minutes=minute))
    reopened = complaints.get(case.code, consistent=True)
    assert reopened.complaint.status is Status.REOPENED
    assert [e.by.kind for e in reopened.history if e.act is Act.REOPEN] == ["time"]


def test_an_own_case_of_who_joined_holds_the_public_pin_and_not_the_reporters_place(stack: Stack) -> None:
    case, phone = shown(away(13)), a_phone()
    join(case.code, phone)
    resolved(case.code)
    own = duplicates.say_no(
        case.code, joiner(case.code, phone), "Masih menumpuk di sini.", client="x", now=later(hours=3)
    )
    place = stored(own.complaint.code).place
    assert place.point is not None
    assert place.point != stored(case.code).place.point


# Merging ------------------------------------------------------------------------------------------------------


def merged(master: Complaint, now: Any = None, **changes: Any) -> Complaint:
    case = shown(away(20), **changes)
    return duplicates.merge(
        case.code, office(), master.code, if_match=case.version, now=now or later(minutes=10)
    )


def test_undo_gives_a_case_its_own_clocks_back_to_the_millisecond(stack: Stack) -> None:
    master = shown()
    case = shown(away(20))
    before = stored(case.code)
    duplicates.merge(case.code, office(), master.code, if_match=case.version, now=later(minutes=10))
    asleep = stored(case.code)
    assert asleep.merged is not None
    assert not any(clock.awake for clock in asleep.clocks if clock.name is not ClockName.CEILING)
    due = before.clocks.get(ClockName.RESOLUTION)
    assert due is not None
    assert case.code not in list(complaints.due(due.due + timedelta(days=9)))
    assert case.code not in [c.code for c in reading.inbox(office(), "office").cards]
    assert case.code not in near()
    duplicates.unmerge(case.code, office(), if_match=asleep.version, now=later(hours=5))
    after = stored(case.code)
    assert after.clocks == before.clocks
    assert after.merged is None
    assert case.code in list(complaints.due(due.due + timedelta(days=9)))
    assert joins.merged_into(master.code) == []


def test_nothing_but_undoing_and_the_reporters_words_is_done_to_a_merged_case(stack: Stack) -> None:
    master = shown()
    case = merged(master)
    with pytest.raises(IllegalMove):
        handling.reply(case.code, office(), "Kami cek.", if_match=case.version, now=later(minutes=20))
    handling.message(
        case.code,
        signin.Who(signin.Kind.LINK, f"{case.code}.1"),
        "Makin banyak.",
        now=later(minutes=21),
    )


def test_no_chains_no_circles_and_no_master_that_not_everybody_may_see(stack: Stack) -> None:
    master, other = shown(), shown()
    case = merged(master)
    staff = office()

    def refused(code: str, into: str) -> str:
        with pytest.raises((Invalid, IllegalMove)) as found:
            duplicates.merge(code, staff, into, if_match=stored(code).version, now=later(minutes=11))
        return str(found.value)

    assert "master_merged" in refused(other.code, case.code)
    refused(master.code, other.code)  # others go with it
    refused(master.code, case.code)
    assert "master_same" in refused(other.code, other.code)
    held = a_case(at=(SPOT.lat, SPOT.lon)).complaint
    private = a_case(at=(SPOT.lat, SPOT.lon), private=True).complaint
    for hidden in (held, private):
        assert "master_hidden" in refused(other.code, hidden.code)
    elsewhere = shown(category="jalan_rusak")
    assert "unknown_case" in refused(other.code, elsewhere.code)
    assert "unknown_case" in refused(other.code, "DPS-22222-22222")
    resolved(master.code)
    assert "master_over" in refused(other.code, master.code)


def merge_one(ways: list[tuple[Complaint, Complaint]], staff: Officer, place: int) -> Complaint:
    case, master = ways[place]
    return duplicates.merge(case.code, staff, master.code, if_match=case.version, now=later(minutes=10))


def test_of_two_that_are_merged_into_each_other_at_once_one_wins(stack: Stack) -> None:
    staff = office()
    for _ in range(5):
        one, two, three = shown(), shown(), shown()
        ways = [(one, two), (two, three), (three, one)]
        results = cast.at_once(3, partial(merge_one, ways, staff))
        assert all(isinstance(e, StaleComplaint | Invalid | IllegalMove) for e in cast.bad(results))
        assert len(cast.good(results)) == 1
        into = [stored(case.code).merged for case in (one, two, three)]
        assert sum(m is not None for m in into) == 1


def test_the_end_of_the_master_answers_each_merged_case_and_each_judges_for_itself(stack: Stack) -> None:
    master, phone = shown(), a_phone()
    case = merged(master, phone=phone)
    cast.deliver(later(minutes=30))
    sent = Sent(stack)
    resolved(master.code)
    for minute in (1, 2, 3):
        cast.deliver(later(hours=2, minutes=minute))
    answered = stored(case.code)
    assert (answered.status, answered.merged) == (Status.RESOLVED, None)
    assert complaints.get(case.code).history[-1].text == "Sudah diangkut."
    assert len(sent.to(phone)) == 1
    key = signin.Who(signin.Kind.LINK, f"{case.code}.1")
    handling.reopen(case.code, key, "Di tempat saya belum.", now=later(hours=3))
    for minute in (1, 2):
        cast.deliver(later(hours=3, minutes=minute))
    assert stored(case.code).status is Status.REOPENED
    assert stored(master.code).status is Status.RESOLVED
    assert duplicates.links(complaints.get(case.code)).master == master.code


def test_one_who_joined_and_one_who_was_merged_reopen_the_master_together(stack: Stack) -> None:
    master, phone = shown(), a_phone()
    case = merged(master)
    join(master.code, phone, now=later(minutes=12))
    resolved(master.code)
    for minute in (1, 2):
        cast.deliver(later(hours=2, minutes=minute))
    key = signin.Who(signin.Kind.LINK, f"{case.code}.1")
    handling.reopen(case.code, key, "Di tempat saya belum.", now=later(hours=3))
    duplicates.say_no(
        master.code, joiner(master.code, phone), "Masih menumpuk di sini.", client="x", now=later(hours=4)
    )
    for minute in (1, 2):
        cast.deliver(later(hours=4, minutes=minute))
    assert stored(master.code).status is Status.REOPENED


def test_a_withdrawn_master_gives_its_merged_cases_back_to_themselves(stack: Stack) -> None:
    master = shown()
    before = stored(shown(away(20)).code)
    duplicates.merge(before.code, office(), master.code, if_match=before.version, now=later(minutes=10))
    handling.withdraw(
        master.code, signin.Who(signin.Kind.LINK, f"{master.code}.1"), "selesai sendiri", now=later(hours=1)
    )
    cast.deliver(later(hours=1, minutes=1))
    after = stored(before.code)
    assert (after.merged, after.clocks) == (None, before.clocks)
    assert after.open


def test_a_rejected_master_rejects_with_its_reason(stack: Stack) -> None:
    master = shown()
    case = merged(master)
    handling.reject(
        master.code, triage(), "not_city", "Bukan kewenangan kota.", if_match=2, now=later(hours=1)
    )
    cast.deliver(later(hours=1, minutes=1))
    assert stored(case.code).status is Status.REJECTED


def test_a_private_case_shows_in_no_link_or_count_to_who_may_not_read_it(stack: Stack) -> None:
    master = shown()
    private = a_case(private=True).complaint
    duplicates.merge(private.code, office(), master.code, if_match=1, now=later(minutes=10))
    found = complaints.get(master.code)
    assert duplicates.links(found).merged == ()
    assert found.joined == 0
    neighbour = an_officer(f"village_head@{cast.PANJER}").officer
    assert duplicates.links(found, neighbour).merged == ()
    assert duplicates.links(found, office()).merged == (private.code,)
    handling.hide(master.code, triage(), "nama orang", if_match=2, now=later(minutes=12))
    assert duplicates.links(complaints.get(private.code)).master is None


def test_withdrawing_a_merged_case_leaves_no_link_behind(stack: Stack) -> None:
    master = shown()
    case = merged(master)
    handling.withdraw(case.code, signin.Who(signin.Kind.LINK, f"{case.code}.1"), "", now=later(hours=1))
    assert joins.merged_into(master.code) == []
    assert complaints.get(master.code).merged_here == 0


def test_the_dearest_head_of_a_merged_case_stays_below_two_write_units(stack: Stack) -> None:
    master = shown()
    case = shown(
        away(20),
        text="Sampah menumpuk di depan pasar, " * 10,
        phone=a_phone(),
        identity_shown=True,
        client_time=NOW,
    )
    handling.ask(case.code, office(), "Di sebelah mana?", if_match=case.version, now=later(minutes=5))
    version = stored(case.code).version
    done = duplicates.merge(case.code, office(), master.code, if_match=version, now=later(minutes=10))
    assert not done.asked.open
    found = complaints.connection().get_item(
        complaints.ComplaintRow.Meta.table_name, hash_key=case.code, range_key="head"
    )
    assert item_size(found["Item"]) <= 2048


# Again, and still -----------------------------------------------------------------------------------------------


def test_a_report_where_a_case_was_solved_is_a_recurrence_within_the_profiles_days_and_not_after(
    stack: Stack,
) -> None:
    before = shown()
    resolved(before.code)
    soon = a_case(at=(away(12).lat, away(12).lon), now=later(days=20)).complaint
    far = a_case(at=(away(325).lat, away(325).lon), now=later(days=20)).complaint
    late = a_case(at=(SPOT.lat, SPOT.lon), now=later(days=31)).complaint
    said = [complaints.get(case.code).history[0].data.get("recurs") for case in (soon, far, late)]
    assert said == [before.code, None, None]
    assert duplicates.links(complaints.get(soon.code)).recurs == before.code


def test_older_solutions_nearer_by_do_not_hide_the_one_that_did_not_last(stack: Stack) -> None:
    for _ in range(6):
        resolved(shown().code)
    last = shown(away(60))
    resolved(last.code, now=later(days=20))
    again = a_case(at=(SPOT.lat, SPOT.lon), now=later(days=40)).complaint
    assert complaints.get(again.code).history[0].data.get("recurs") == last.code


def test_a_text_that_speaks_of_an_earlier_report_is_offered_it_to_its_own_reporter_alone(
    stack: Stack,
) -> None:
    phone = a_phone()
    case = a_case(phone=phone).complaint
    says = "Sudah lapor minggu lalu tapi sampah masih menumpuk."
    me, other = cast.citizen(phone), cast.citizen(a_phone())
    found = nearby.earlier(says, "sampah", cast.PANJER, me)
    assert found is not None
    assert found.code == case.code
    assert nearby.earlier(says, "sampah", cast.SESETAN, me) is None
    assert nearby.earlier(says, "jalan_rusak", cast.PANJER, me) is None
    assert nearby.earlier("Sampah menumpuk lagi.", "sampah", cast.PANJER, me) is None
    assert nearby.earlier(says, "sampah", cast.PANJER, other) is None
    assert nearby.earlier(says, "sampah", cast.PANJER, None) is None


def test_far_from_the_city_nothing_is_near(stack: Stack) -> None:
    shown()
    for lat in (89.9, -89.9, 0.0):
        assert list(nearby.offers("sampah", Point(lat, 115.22))) == []
