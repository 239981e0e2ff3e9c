"""Wishes, and several changes that become one message: rules without a store."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.domain.notices import Channel, Notice
from chalicelib.domain.together import WITHIN, Neighbour, is_beside, may_join, told
from chalicelib.domain.wishes import NONE, Wish, filter_policy, in_language, rests_until, unwanted
from tests.builders import a_city, a_complaint

CITY = a_city()
NOON = datetime(2026, 11, 23, 4, tzinfo=UTC)
"""12.00 on the city's wall clock."""
NIGHT = datetime(2026, 11, 23, 15, tzinfo=UTC)


def a_notice(template: str = "officer_rung", channel: Channel = Channel.SMS, **changes: object) -> Notice:
    made = Notice(
        id=f"DPS-1#0003#{template}#{channel}#officer#a",
        code="DPS-1",
        template=template,
        channel=channel,
        to="officer#a",
        language="id",
        created_at=NOON,
        useful_until=NOON + timedelta(days=1),
        args={"category": "Jalan rusak"},
    )
    return replace(made, **changes)


@pytest.mark.parametrize(
    ("wish", "channel", "template", "keeps"),
    [
        ("", Channel.SMS, "officer_rung", False),
        ("email", Channel.SMS, "officer_rung", True),  # its twin comes by e-mail
        ("email", Channel.EMAIL, "officer_rung", False),
        ("sms", Channel.EMAIL, "officer_rung", True),
        ("sms", Channel.EMAIL, "officer_mentioned", False),  # it has no twin: only an e-mail tells it
    ],
)
def test_an_officer_leaves_a_message_to_its_twin_on_the_other_channel(wish, channel, template, keeps):
    assert unwanted(Wish(channel=wish), a_notice(template, channel)) is keeps


def test_an_emergency_comes_by_every_channel_and_through_an_officers_quiet_hours():
    loud = a_notice(urgent=True)
    assert not unwanted(Wish(channel="email"), loud)
    assert rests_until(Wish(quiet=(0, 1439)), loud, NOON, CITY) is None


def test_quiet_hours_of_ones_own_end_on_the_citys_clock_and_a_little_later_for_each_case():
    wish = Wish(quiet=(22 * 60, 6 * 60))
    assert rests_until(wish, a_notice(), NOON, CITY) is None
    until = rests_until(wish, a_notice(), NIGHT, CITY)
    morning = datetime(2026, 11, 23, 22, tzinfo=UTC)  # 06.00 there
    assert until is not None
    assert morning <= until < morning + timedelta(minutes=15)
    assert rests_until(wish, a_notice(), until, CITY) is None


def test_a_message_in_another_language_names_things_in_it():
    case = a_complaint(category="jalan")
    english = in_language(a_notice(), "en", case, CITY)
    assert english["category"] == CITY.categories["jalan"].labels["en"]
    assert in_language(a_notice(), "en", None, CITY) == {"category": "Jalan rusak"}


@pytest.mark.parametrize(
    ("wish", "phone", "policy"),
    [
        (NONE, True, {"sms": ["yes"]}),
        (NONE, False, {}),
        (Wish(channel="email"), True, {"urgent": ["yes"]}),
        (Wish(channel="sms"), False, {"$or": [{"urgent": ["yes"]}, {"sms": ["no"]}]}),
        (
            Wish(areas=("51.71.01",), level=2),
            True,
            {
                "$or": [
                    {"urgent": ["yes"]},
                    {
                        "sms": ["yes"],
                        "area": [{"prefix": "51.71.01"}, {"exists": False}],
                        "level": [{"numeric": [">=", 2]}, {"exists": False}],
                    },
                ]
            },
        ),
    ],
)
def test_a_topic_brings_what_somebody_wants_to_hear_and_every_emergency(wish, phone, policy):
    assert filter_policy(wish, phone=phone) == policy


# One message for several changes --------------------------------------------------------------------------------


def mine(version: int = 5, template: str = "citizen_reopened") -> Notice:
    return a_notice(
        template, id=f"DPS-1#{version:04d}#{template}#sms#citizen#c", to="citizen#c", created_at=NOON
    )


def other(version: int, state: str, ended: float | None = None) -> Neighbour:
    at = NOON + timedelta(minutes=ended) if ended is not None else None
    return Neighbour(f"DPS-1#{version:04d}#citizen_resolved#sms#citizen#c", version, state, at)


def test_a_message_alone_goes_at_once():
    assert told(mine(), [], NOON).count == 1
    assert told(mine(), [], NOON).until is None


def test_what_follows_within_minutes_of_a_message_waits_for_their_end():
    just_now = [other(4, "sent", ended=-1)]
    assert told(mine(), just_now, NOON).until == NOON - timedelta(minutes=1) + WITHIN
    assert told(mine(), just_now, NOON - timedelta(minutes=1) + WITHIN).until is None


def test_of_several_that_wait_the_last_speaks_for_all_and_those_before_it_go_nowhere():
    assert told(mine(4), [other(5, "pending")], NOON).another == other(5, "pending").id
    assert told(mine(5), [other(4, "pending"), other(3, "merged")], NOON).count == 3
    # What was told already, and what will never be told, is not counted again.
    assert told(mine(6), [other(3, "sent", ended=-9), other(4, "merged"), other(5, "dead")], NOON).count == 2


def test_only_messages_of_one_case_one_person_and_one_channel_are_beside_each_other():
    one = "DPS-1#0002#citizen_resolved#sms#citizen#c"
    assert is_beside(one, "DPS-1#0003#citizen_reopened#sms#citizen#c")
    for apart in (
        "DPS-1#0002#citizen_reopened#sms#citizen#c",  # the same change: two messages on purpose
        "DPS-2#0003#citizen_reopened#sms#citizen#c",
        "DPS-1#0003#citizen_reopened#email#citizen#c",
        "DPS-1#0003#citizen_reopened#sms#citizen#d",
        "DPS-1#0003#citizen_question#sms#citizen#c",  # names a date: always by itself
        "sign_in#x",
    ):
        assert not is_beside(one, apart)


def test_what_names_a_date_and_what_is_urgent_always_goes_by_itself():
    assert may_join(mine())
    assert not may_join(replace(mine(), urgent=True))
    for template in ("citizen_received", "citizen_question", "citizen_silence", "officer_rung", "sign_in"):
        assert not may_join(mine(template=template))
