"""Acting by a link: one person, one case, one act by one tap, and a PIN or a code the first time on a device."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from chalicelib import keys
from chalicelib.domain.complaint import Status
from chalicelib.domain.people import Act
from chalicelib.settings import move_clock, settings
from chalicelib.store import people
from chalicelib.usecases import handling, pins, signin
from tests.integration import people as cast
from tests.integration.people import NOW, PANJER, Employee, Sent, a_case, an_officer, later
from tests.integration.test_http import Api, api
from tests.stack import Stack

__all__ = ["api"]
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
PIN = "240681"


@pytest.fixture
def at_now(api: Api) -> Iterator[Api]:
    move_clock(NOW - datetime.now(UTC))
    yield api
    move_clock(timedelta(0))


class Phone:
    """A browser that keeps its cookies."""

    def __init__(self, api: Api) -> None:
        self.http, self.cookie = api.client.http, ""

    def get(self, path: str) -> Any:
        return self.http.get(path, headers={"Accept": "text/html", "Cookie": self.cookie})

    def post(self, path: str, **fields: str) -> Any:
        headers = {**FORM, "Cookie": self.cookie}
        answer = self.http.post(path, headers=headers, body=urlencode(fields).encode())
        for each in answer.headers.get("Set-Cookie", "").split(", "):
            if each.startswith(("alat=", "__Host-alat=")):
                self.cookie = each.partition(";")[0]
        return answer

    def seal(self, path: str, act: str) -> str:
        page = self.get(path).body.decode()
        found = re.search(
            rf'name="act" value="{act}"><input type="hidden" name="seal" value="([a-z2-7]+)"', page
        )
        assert found, page
        return found[1]


@pytest.fixture
def head(stack: Stack) -> Employee:
    hamlet = cast.city().areas[PANJER].hamlets[0].id
    found = an_officer(f"hamlet_head@{hamlet}", f"village_head@{PANJER}", office=PANJER, name="I Made Kaling")
    assert people.set_pin(found.officer.id, pins._hashed(found.officer.id, PIN, b"x" * 16))
    return found


def a_link(head: Employee, sent: Sent, now: datetime = NOW) -> tuple[str, str]:
    """A case of the hamlet, and the link that its head gets by SMS."""
    hamlet = cast.city().areas[PANJER].hamlets[0].id
    filed = a_case(category="jalan_lingkungan", hamlet=hamlet, now=now)
    cast.deliver(now + timedelta(seconds=30))
    texts = [m["text"] for m in sent.to(head.phone)]
    found = re.search(rf"{settings().base_url}(/p/\S+)", texts[-1])
    assert found, texts
    assert len(texts[-1]) <= 160
    return filed.complaint.code, found[1]


def test_one_tap_acts_as_the_officer_after_the_pin_and_the_link_is_used_up(
    stack: Stack, at_now: Api, head: Employee
) -> None:
    code, path = a_link(head, Sent(stack))
    phone, stranger = Phone(at_now), Phone(at_now)
    before = cast.stored(code).version
    assert phone.get(path).status_code == 200
    assert cast.stored(code).version == before, "looking does nothing"
    seal = phone.seal(path, "acknowledge")
    asked = phone.post(path, act="acknowledge", seal=seal)
    assert asked.status_code == 200
    assert "PIN" in asked.body.decode()
    assert cast.stored(code).version == before, "a forwarded SMS does nothing without the PIN"
    wrong = stranger.post(path, act="acknowledge", seal=seal, pin="111222")
    assert wrong.status_code == 422
    assert stranger.post(path, act="acknowledge", seal="a" * 16, pin=PIN).status_code == 412
    done = phone.post(path, act="acknowledge", seal=seal, pin=PIN)
    assert done.status_code == 303
    event = cast.complaints.get(code).history[-1]
    assert (event.act, event.by.id) == (Act.ACKNOWLEDGE, head.officer.id)
    assert phone.get(path).status_code == 410, "single use"
    # The next act has a link of its own, and the device is known by now.
    following = done.headers["Location"].partition("?")[0]
    following = following[following.index("/p/") :]
    started = phone.post(following, act="start", seal=phone.seal(following, "start"))
    assert started.status_code == 303
    assert cast.stored(code).status is Status.IN_PROGRESS
    third = started.headers["Location"].partition("?")[0]
    third = third[third.index("/p/") :]
    seal = phone.seal(third, "resolve")
    empty = phone.post(third, act="resolve", seal=seal, text="")
    assert empty.status_code == 422
    solved = phone.post(third, act="resolve", seal=seal, text="Sudah ditambal pagi ini.")
    assert solved.status_code == 200
    assert cast.complaints.get(code).history[-1].text == "Sudah ditambal pagi ini."
    # Another's device knows nothing, and a PIN that was reset makes every device forget.
    people.clear_pin(head.officer.id)
    _, path = a_link(head, Sent(stack), later(hours=1))
    assert "alat" in phone.cookie
    assert phone.post(path, act="acknowledge", seal=phone.seal(path, "acknowledge")).status_code == 200


def test_a_code_to_the_officers_own_phone_does_as_well_and_signs_nobody_in(
    stack: Stack, at_now: Api, head: Employee
) -> None:
    sent = Sent(stack)
    code, path = a_link(head, sent)
    phone = Phone(at_now)
    seal = phone.seal(path, "acknowledge")
    page = phone.post(path, act="acknowledge", seal=seal, send="code").body.decode()
    found = re.search(r'name="challenge" value="(\w+)"', page)
    assert found
    cast.deliver(later(minutes=1))
    digits = keys.one_time_digits(found[1])
    assert any(digits in m["text"] for m in sent.to(head.phone))
    with pytest.raises(signin.NotSignedIn):
        signin.redeem_code(found[1], digits, PIN, now=later(minutes=1))
    wrong = phone.post(path, act="acknowledge", seal=seal, challenge=found[1], digits="000000")
    assert wrong.status_code == 422
    right = phone.post(path, act="acknowledge", seal=seal, challenge=found[1], digits=digits)
    assert right.status_code == 303
    assert cast.complaints.get(code).history[-1].act is Act.ACKNOWLEDGE


def test_handing_it_to_staff_gives_them_a_link_in_their_own_name(
    stack: Stack, at_now: Api, head: Employee
) -> None:
    clerk = an_officer(f"staff@{PANJER}", name="Ni Ketut Staf")
    away = an_officer("staff@dlhk")
    sent, phone = Sent(stack), Phone(at_now)
    code, path = a_link(head, sent)
    fields = {"act": "forward", "seal": phone.seal(path, "forward"), "pin": PIN}
    assert phone.post(path, **fields, to=away.officer.id).status_code == 422
    assert phone.post(path, **fields, to=clerk.officer.id).status_code == 200
    note = cast.complaints.get(code).history[-1]
    assert (note.act, note.by.id) == (Act.NOTE, head.officer.id)
    cast.deliver(later(minutes=2))
    texts = [m["text"] for m in sent.to(clerk.phone)]
    (link,) = [found[0] for text in texts if (found := re.search(r"/p/\S+", text))]
    assert link != path
    assert "Ni Ketut" in Phone(at_now).get(link).body.decode()


def test_a_link_is_void_once_the_case_moved_and_after_three_days(
    stack: Stack, at_now: Api, head: Employee
) -> None:
    phone, sent = Phone(at_now), Sent(stack)
    code, path = a_link(head, sent)
    handling.start(code, head.officer, if_match=cast.stored(code).version, now=later(minutes=5))
    assert phone.get(path).status_code == 410
    code, path = a_link(head, sent, later(minutes=10))
    move_clock(later(days=3, minutes=11) - datetime.now(UTC))
    assert phone.get(path).status_code == 410
    assert phone.get(path[:-1] + ("a" if path[-1] != "a" else "b")).status_code == 404
    assert path.rpartition(".")[2] not in cast.everything(), "nobody reads a link in the store"
