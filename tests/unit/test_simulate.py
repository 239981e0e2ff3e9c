"""The simulator: same seed, same year; counts that add up; promises that behave as promises do."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chalicelib.domain.city import City, Kind
from chalicelib.domain.clock import Span
from chalicelib.domain.complaint import LIVE, Filing, Outcome, Status
from chalicelib.domain.notices import CITIZEN_SMS_PER_CASE, Channel, Notice, render, topic_room
from chalicelib.domain.people import Act
from chalicelib.domain.service_level import INSIDE, Clock, ClockName
from chalicelib.domain.sms import SINGLE_PART, parts
from local.console import Trouble
from local.simulate import arrivals, figures, picture, study, table, year
from local.simulate.__main__ import main
from local.simulate.arrivals import SETTINGS, Case, Setting, Verdict
from local.simulate.year import Climb, Year, billed
from tests.builders import WORKS, a_city, at, denpasar

PER_YEAR = 120
END = datetime(2027, 1, 1, tzinfo=UTC) - timedelta(hours=8)

PRICED: Mapping[str, str] = {"rupiah": "500", "as_of": "2026-11-21", "source": "test"}


def a_year(
    name: str = "middle",
    *,
    seed: int = 1,
    city: City | None = None,
    per_year: int = PER_YEAR,
    month: int = 0,
    **changes: object,
) -> Year:
    """A small year of Denpasar, or one month's cases; ``city`` is the policy, ``changes`` are assumptions."""
    base = denpasar()
    chosen: Setting = replace(arrivals.setting(name), **{"storms": 0, **changes})
    coming = arrivals.generate(base, chosen, seed=seed, year=2026, per_year=per_year)
    if month:
        coming = [arrival for arrival in coming if arrival.at.month == month]
    cases = arrivals.cases(coming, base, chosen, seed=seed)
    posts = arrivals.filled(base, chosen, seed=seed)
    return year.play(cases, city or base, posts, subscribers=chosen.subscribers, ends_at=END)


def a_case(**changes: object) -> Case:
    """A pothole on Monday 23 November 2026 at 10.00 that nobody ever does anything about."""
    nothing = Verdict("", 0.5)
    values: dict[str, object] = {
        "at": at(23, 10),
        "filing": Filing(Kind.COMPLAINT, "Lubang.", "id", "web", category="jalan", area="90.01.01.1001"),
        "code": "UJI-22222-22222",
        "citizen": "warga",
        "reach": "sms",
        "category": "jalan",
        "sorts": timedelta(hours=1),
        "releases": timedelta(hours=1),
        "rejected": False,
        "replies": timedelta(hours=2),
        "works": timedelta(hours=16),
        "silent": False,
        "stalls": False,
        "heeds_reply": 99,
        "heeds_work": 99,
        "acknowledges": 1.0,
        "verdicts": (nothing, nothing, nothing),
    }
    return Case(**{**values, **changes})


class Everybody(dict[str, bool]):
    """Every post of the small city is held."""

    def get(self, post: str, default: object = None) -> bool:  # as a plain yes
        return True


def play_one(case: Case, *, until: datetime, posts: Mapping[str, bool] | None = None) -> Year:
    return year.play([case], a_city(), Everybody() if posts is None else posts, subscribers=3, ends_at=until)


def every_clock(of: Year) -> list[tuple[str, Clock]]:
    return [
        (one.complaint.office, clock)
        for one in of.cases
        for clock in one.complaint.clocks
        if of.city.categories[one.case.category].emergency is None
    ]


def promised(climbs: Sequence[Climb]) -> list[Climb]:
    return [climb for climb in climbs if climb.clock not in INSIDE]


def longer(city: City) -> City:
    """The same city with twice the time for everything."""

    def twice(span: Span) -> Span:
        return Span(span.amount * 2, span.unit)

    return study.policy(
        city,
        "longer",
        {c.id: (twice(c.level.first_reply), twice(c.level.resolution)) for c in city.categories.values()},
    ).city


# One case, checked by hand


def test_a_case_handled_in_time_climbs_nowhere_and_tells_office_and_reporter() -> None:
    # The office works 08.00-16.00. Monday 10.00 + 2 h = a reply at 12.00; + 16 h = solved on Wednesday at 10.00.
    played = play_one(a_case(), until=at(28))
    (one,) = played.cases
    clocks = one.complaint.clocks
    reply, resolution = clocks.get(ClockName.FIRST_REPLY), clocks.get(ClockName.RESOLUTION)
    assert reply is not None
    assert resolution is not None
    assert reply.stopped_at == at(23, 12)
    assert resolution.stopped_at == at(25, 10)
    assert one.complaint.status is Status.RESOLVED
    assert one.climbs == []
    # New case to the office and to the reporter, solved to the reporter: one topic for three and two persons.
    assert one.notices == 3
    assert one.sms == 3 + 2
    counted = figures.of(played.cases, played.ends_at, 500)
    assert counted["first_reply"] == 100
    assert counted["resolution"] == 100
    assert counted["per_case"] == 2500


def test_a_case_that_nobody_answers_climbs_its_ladder_at_the_promised_moments() -> None:
    # First reply within 1 working day: by the end of Tuesday, 16.00. The duty post had it; the head of division hears
    # then and has 1 working day, the head of office 2, the secretary 3.
    one = play_one(a_case(silent=True), until=at(28)).cases[0]
    first_reply = [climb for climb in one.climbs if climb.clock == ClockName.FIRST_REPLY]
    assert first_reply[0] == Climb(at(24, 16), "first_reply", "division_head")
    assert first_reply[1] == Climb(at(25, 16), "first_reply", "office_head")
    assert one.complaint.status is Status.RECEIVED


def test_a_rung_that_does_not_acknowledge_is_climbed_past_after_its_four_hours() -> None:
    one = play_one(a_case(silent=True, acknowledges=0.0), until=at(28)).cases[0]
    first_reply = [climb.at for climb in one.climbs if climb.clock == ClockName.FIRST_REPLY]
    assert first_reply[:2] == [at(24, 16), at(25, 12)]


def test_a_reply_at_the_very_moment_that_was_promised_is_in_time_and_climbs_nowhere() -> None:
    # From Monday 10.00 there are 14 working hours until Tuesday 16.00.
    played = play_one(a_case(replies=timedelta(hours=14), stalls=True), until=at(26))
    assert played.cases[0].climbs == []
    assert figures.of(played.cases, played.ends_at, 500)["first_reply"] == 100


def test_a_silent_office_replies_once_as_many_rungs_asked_as_it_heeds() -> None:
    # The second rung asks on Wednesday at 16.00, closing time; 2 working hours later is Thursday, 10.00.
    one = play_one(a_case(silent=True, stalls=True, heeds_reply=2), until=at(28)).cases[0]
    reply = one.complaint.clocks.get(ClockName.FIRST_REPLY)
    assert reply is not None
    assert reply.stopped_at == at(26, 10)


def test_silence_of_the_reporter_closes_a_solved_case_and_counts_as_silence() -> None:
    one = play_one(a_case(), until=at(25, 10) + timedelta(days=10, minutes=1)).cases[0]
    assert one.complaint.outcome is Outcome.SILENCE
    assert (at(25, 10) + timedelta(days=10), Act.CLOSE) in one.by_time


def test_a_reopened_case_is_worked_on_again_and_a_rung_hears_at_once() -> None:
    verdicts = (Verdict("reopen", 0.1), Verdict("rate", 0.1, 5), Verdict("", 0.5))
    one = play_one(a_case(verdicts=verdicts), until=at(25) + timedelta(days=20)).cases[0]
    assert one.complaint.reopened == 1
    assert one.complaint.outcome is Outcome.CONFIRMED
    assert [climb.clock for climb in one.climbs] == [ClockName.REDO]
    assert one.climbs[0].at == at(25, 10) + timedelta(days=1)


def test_an_office_that_is_reminded_is_no_rung() -> None:
    one = play_one(a_case(silent=True), until=at(26), posts={}).cases[0]
    assert one.climbs[0].role == figures.REMINDED


# A year


def test_the_same_seed_gives_the_same_year_and_another_seed_another() -> None:
    first, again, other = a_year(), a_year(), a_year(seed=2)
    assert first == again
    assert figures.of(first.cases, END, 500) != figures.of(other.cases, END, 500)


@pytest.mark.parametrize("name", SETTINGS)
def test_all_counts_add_up(name: str) -> None:
    played = a_year(name, storms=1, per_year=60)
    counted = figures.of(played.cases, END, 500)
    ended = sum(counted[f"end:{outcome}"] or 0 for outcome in Outcome)
    assert (counted["open"] or 0) + (counted["waiting"] or 0) + ended == counted["cases"] == len(played.cases)
    for one in played.cases:
        assert (one.complaint.outcome is None) == (one.complaint.status in LIVE)
        assert one.complaint.citizen_sms <= CITIZEN_SMS_PER_CASE
    assert counted["notices"] == played.notices
    for kind in ("rung:", "clock:"):
        assert sum(v or 0 for k, v in counted.items() if k.startswith(kind)) == counted["escalations"]
    climbs = [climb for one in played.cases for climb in one.climbs]
    escalated = [act for one in played.cases for _, act in one.by_time if act == Act.ESCALATE]
    assert len(climbs) == len(escalated)
    offices = {k: v for k, v in figures.by_office(played, 500).items() if k != figures.VILLAGES}
    for name_ in ("cases", "escalations", "notices", "sms", "rupiah"):
        assert sum(office[name_] or 0 for office in offices.values()) == pytest.approx(counted[name_])


def test_no_open_case_is_left_alone() -> None:
    played = a_year("pessimistic")
    for one in played.cases:
        wakes_at = one.complaint.wakes_at(played.city)
        assert (wakes_at is not None and wakes_at >= END) == (one.complaint.status in LIVE)


def test_where_offices_act_by_themselves_no_case_climbs_more_under_longer_deadlines() -> None:
    # Exact, case by case: nothing that people do here depends on who asks.
    for seed in (1, 2):
        now = a_year("pessimistic", seed=seed, silent=0, stalls=0)
        later = a_year("pessimistic", seed=seed, silent=0, stalls=0, city=longer(denpasar()))
        assert any(one.climbs for one in now.cases)
        for before, after in zip(now.cases, later.cases, strict=True):
            assert before.case == after.case
            # Of what was promised: whether an office took a case up in time has nothing to do with it.
            assert len(promised(after.climbs)) <= len(promised(before.climbs))


def test_where_offices_wait_to_be_asked_longer_deadlines_do_not_make_the_year_climb_more() -> None:
    # Not case by case: who is asked later begins later, and may then be overdue at another clock.
    for name in SETTINGS:
        now, later = a_year(name), a_year(name, city=longer(denpasar()))
        most = sum(len(promised(one.climbs)) for one in now.cases)
        assert sum(len(promised(one.climbs)) for one in later.cases) < most


def test_nothing_falls_due_and_nobody_is_asked_in_the_silence_of_nyepi() -> None:
    city = denpasar()
    silence = city.calendar_of(city.triage_office)
    nyepi = datetime(2026, 3, 19, 4, tzinfo=UTC)  # noon in Denpasar
    assert silence.silent(nyepi) is not None
    played = a_year("pessimistic", per_year=1500, month=3)
    due = every_clock(played)
    assert any(
        datetime(2026, 3, 17, tzinfo=UTC) < clock.due < datetime(2026, 3, 27, tzinfo=UTC) for _, clock in due
    )
    assert [
        office for office, clock in due if silence.silent(clock.due) or silence.silent(clock.wakes_at)
    ] == []
    ordinary = [one for one in played.cases if city.categories[one.case.category].emergency is None]
    assert [climb for one in ordinary for climb in one.climbs if silence.silent(climb.at)] == []


def test_an_sms_that_is_counted_once_is_one_part_on_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    city, sent = denpasar(), list[Notice]()

    def keep(notice: Notice, subscribers: int) -> int:
        sent.append(notice)
        return billed(notice, subscribers)

    monkeypatch.setattr(year, "billed", keep)
    a_year(per_year=60)
    texts = [notice for notice in sent if billed(notice, 1)]
    assert {notice.channel for notice in texts} == {Channel.SMS, Channel.TOPIC}
    for notice in texts:
        room = topic_room(city) if notice.channel is Channel.TOPIC else SINGLE_PART
        link = f"https://{city.host}/o/ABCDE-FGHJK"
        arguments = {**notice.args, "code": notice.code, "service": city.service_name, "link": link}
        text = render(f"{notice.template}.sms", arguments, notice.language, city, one_sms=True, room=room)
        assert parts(text) == 1


# What is asked for


def test_levels_are_read_from_a_file_and_a_category_wins_over_its_level(tmp_path: Path) -> None:
    file = tmp_path / "levels.toml"
    file.write_text(
        '[level.works]\nresolution = "20 working days"\n[category.trotoar]\nresolution = "30 working days"\n'
    )
    city = denpasar()
    other = study.policy(city, "B", study.levels_file(file, city)).city.categories
    assert str(other["jalan_rusak"].level.resolution) == "20 working days"
    assert str(other["trotoar"].level.resolution) == "30 working days"
    assert other["trotoar"].level.first_reply == city.categories["trotoar"].level.first_reply
    assert other["sampah"] == city.categories["sampah"]


@pytest.mark.parametrize(
    "wrong",
    [
        "jalan_rusak",
        "jalan_rusak=1 working day",
        "nowhere=1 day,2 days",
        "jalan_rusak=soon,2 days",
        "jalan_rusak=1 day,",
    ],
)
def test_a_wrong_level_is_refused_with_a_sentence(wrong: str) -> None:
    with pytest.raises(Trouble):
        study.levels_of([wrong], denpasar())


@pytest.mark.parametrize(
    "wrong", ["[level.none]\n", "[other]\n", "[level.works]\nladder = true\n", "no toml"]
)
def test_a_wrong_file_of_levels_is_refused_with_a_sentence(wrong: str, tmp_path: Path) -> None:
    file = tmp_path / "levels.toml"
    file.write_text(wrong)
    with pytest.raises(Trouble):
        study.levels_file(file, denpasar())


def test_a_csv_is_replayed_with_its_weekdays_and_hours_and_unknown_types_go_to_triage(tmp_path: Path) -> None:
    file = tmp_path / "requests.csv"
    file.write_text(
        "city,category,created_at\n"
        "Baltimore,TRM-Pothole Repair,2014-01-01T03:53:10\n"  # a Wednesday
        "Baltimore,SW-Dirty Alley Proactive,2014-01-02T19:00:00\n"
        "Baltimore,Never Heard Of,2015-12-31T10:00:00\n"
        "New York,Blocked Driveway,2015-12-11T08:00:00\n"
    )
    city = denpasar()
    found = arrivals.replay(file, city, year=2026, where={"city": "Baltimore"}, most=None)
    assert [arrival.category for arrival in found] == ["jalan_rusak", None]
    for arrival, (weekday, hour) in zip(found, ((2, 3), (3, 10)), strict=True):
        local = arrival.at + city.utc_offset
        assert (local.year, local.weekday(), local.hour) == (2026, weekday, hour)
    chosen = replace(arrivals.setting("middle"), unsorted=0)
    pothole, unknown = arrivals.cases(found, city, chosen, seed=1)
    assert pothole.filing.category == "jalan_rusak"
    assert unknown.filing.category is None


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "category,created_at\nTRM-,yesterday\n"])
def test_a_file_that_holds_no_requests_is_refused_with_a_sentence(text: str, tmp_path: Path) -> None:
    file = tmp_path / "requests.csv"
    file.write_text(text)
    with pytest.raises(Trouble):
        arrivals.replay(file, denpasar(), year=2026, where={}, most=None)


def test_every_type_of_311_request_leads_to_a_category_of_denpasar() -> None:
    import tomllib

    types = tomllib.loads((Path(arrivals.__file__).parent / "types-311.toml").read_text())["types"]
    assert set(types.values()) - {"skip"} <= set(denpasar().categories)
    mix = arrivals.assumptions()["mix"]
    assert {*mix["weights"], *mix["months"], *mix["storm"]} <= set(denpasar().categories)


def test_table_and_picture_compare_two_policies_and_say_what_is_assumed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    requests, target = tmp_path / "requests.csv", tmp_path / "picture.svg"
    rows = [f"TRM-Pothole,2014-{month:02d}-{day:02d}T09:00:00" for month in range(1, 12) for day in (3, 17)]
    requests.write_text("\n".join(["category,created_at", *rows]))
    level = "jalan_rusak=2 working days,20 working days"
    code = main(["--file", str(requests), "--seeds", "1", "--level", level, "--svg", str(target)])
    printed = capsys.readouterr().out
    assert code == 0
    assert "A Balasan pertama tepat waktu / First reply on time" in printed
    assert "10 working days -> 2 working days, 20 working days" in printed
    for entry in arrivals.assumptions()["input"].values():
        assert entry["id"] in printed
        assert entry["source"] in printed
    assert denpasar().sms_price["source"] in printed
    root = ET.fromstring(target.read_text(encoding="utf-8"))  # noqa: S314  our own file
    assert root.tag.endswith("svg")
    assert "prefers-color-scheme: dark" in target.read_text(encoding="utf-8")


def test_a_city_without_a_price_is_refused_with_a_sentence() -> None:
    with pytest.raises(Trouble):
        study.conduct([study.policy(a_city(), "A", {})], seeds=[1], in_year=2026, per_year=10)


def test_another_city_runs_on_the_same_rules() -> None:
    city = a_city(sms_price=PRICED)
    coming = [arrivals.Arrival(at(day, 9), "jalan") for day in range(1, 20)]
    done = study.conduct([study.policy(city, "A", {})], seeds=[1], in_year=2026, per_year=1, replayed=coming)
    assert done.offices() == [WORKS]
    found = done.span(0, "middle", "cases", WORKS)
    assert found is not None
    assert found.middle == 19
    assert any(WORKS in line for line in table.lines(done, most_offices=5))
    assert WORKS in picture.svg(done)


def test_storm_days_bring_their_hundred_cases_also_to_a_city_that_lacks_the_usual_categories() -> None:
    city = a_city()
    city = a_city(categories={"lainnya": city.categories["lainnya"]})
    chosen = replace(arrivals.setting("middle"), storms=2)
    coming = arrivals.generate(city, chosen, seed=1, year=2026, per_year=10)
    assert sum(arrival.storm for arrival in coming) == 2 * arrivals.STORM_CASES
    assert len({(arrival.at + city.utc_offset).date() for arrival in coming if arrival.storm}) == 2


def test_nobody_reports_on_nyepi_neither_in_a_storm_nor_in_a_file(tmp_path: Path) -> None:
    city = denpasar()
    calendar = city.calendar_of(city.triage_office)
    # A seed whose storm strikes on Nyepi.
    found = arrivals.generate(city, arrivals.setting("pessimistic"), seed=17, year=2026, per_year=10)
    assert any(arrival.storm for arrival in found)
    assert not any(calendar.silent(arrival.at) for arrival in found)
    file = tmp_path / "requests.csv"
    # Moved by whole weeks, the first is on Thursday 19 March 2026 at noon, which is Nyepi; the other a day later.
    file.write_text("category,created_at\nTRM-,2026-03-19T12:00:00\nTRM-,2026-03-20T12:00:00\n")
    (arrival,) = arrivals.replay(file, city, year=2026, where={}, most=None)
    assert (arrival.at + city.utc_offset).date().isoformat() == "2026-03-20"
