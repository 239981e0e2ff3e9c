"""Who may read and do what: the table of rights, the scope of each post, and people the case is about."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from chalicelib.domain.city import CITY_SCOPE
from chalicelib.domain.complaint import Status
from chalicelib.domain.errors import NotAllowed, NotFound, NotResponsible
from chalicelib.domain.people import (
    APART,
    RIGHTS,
    Act,
    Duty,
    Role,
    allowed,
    demand,
    demand_right,
    holds,
    in_conflict,
    reads_words,
    taker,
    triage_for,
)
from chalicelib.domain.service_level import ClockName
from chalicelib.domain.visibility import Card
from tests.builders import (
    FIELD,
    HILL,
    INSPECTORATE,
    NORTH,
    NOW,
    OUTSIDE,
    SECRETARIAT,
    SHORE,
    SHORE_EAST,
    SHORE_WEST,
    SOUTH,
    TRIAGE,
    WASTE,
    WORKS,
    a_city,
    a_complaint,
    an_officer,
)

CITY = a_city()
HANDLING = {
    Act.READ,
    Act.ACKNOWLEDGE,
    Act.REPLY,
    Act.START,
    Act.RESOLVE,
    Act.PASS_ON,
    Act.REFER,
    Act.REVEAL,
    Act.ASK,
    Act.MERGE,
    Act.UNMERGE,
    Act.NOTE,
    Act.TAKE,
    Act.DRAFT,
    Act.SPLIT,
    Act.CANCEL_TASK,
    Act.TIGHTEN,
}
WEIGHING = {Act.RAISE, Act.LOWER}
ON_DUTY = WEIGHING | {Act.CONFIRM}
"""What duty posts and heads of an office do beside: say what is an emergency, and that one is real."""
APPROVING = {Act.APPROVE, Act.SEND_BACK}
LEADING = {Act.INSTRUCT, Act.RELEASE_DRAFT, Act.RETURN_DRAFT}
"""Of whoever heads people: to give them cases, and to release what they draft."""
DATES = {Act.GRANT_DATE, Act.DECLINE_DATE}
DECIDING = {
    Act.SORT,
    Act.LONGER,
    Act.RELEASE,
    Act.HIDE,
    Act.MODERATE,
    Act.REVERT,
    Act.TIGHTEN,
    Act.REJECT,
    Act.MERGE,
    Act.UNMERGE,
    Act.CONTINUE,
    Act.UNDO,
}
APPEALS = {Act.UPHOLD, Act.GRANT}
REPORTERS = {
    Act.ERASE,
    Act.FILE,
    Act.EDIT,
    Act.MESSAGE,
    Act.RATE,
    Act.AGREE,
    Act.REOPEN,
    Act.WITHDRAW,
    Act.ANSWER,
    Act.APPEAL,
}
ACTS_OF_TIME = {Act.ESCALATE, Act.CLOSE, Act.WARN, Act.LAST_CALL, Act.AWAIT, Act.RESUME}

ONE_OF_EACH = {
    Role.HAMLET_HEAD: f"hamlet_head@{SHORE_EAST}",
    Role.VILLAGE_HEAD: f"village_head@{SHORE}",
    Role.DISTRICT_HEAD: f"district_head@{SOUTH}",
    Role.STAFF: f"staff@{WORKS}",
    Role.DUTY: f"duty@{WORKS}",
    Role.DIVISION_HEAD: f"division_head@{WORKS}",
    Role.OFFICE_HEAD: f"office_head@{WORKS}",
    Role.TRIAGE: f"triage@{TRIAGE}",
    Role.SECRETARY: "secretary@city",
    Role.MAYOR: "mayor@city",
    **{role: f"{role}@{WORKS}" for role in sorted(APART)},
}


def may(post: str, complaint, **officer) -> set[Act]:
    """Everything that somebody in this post may do on the case."""
    who = an_officer(post, **officer)
    return {act for act in Act if allowed(who, act, complaint, CITY)}


class TestTheTableOfRights:
    def test_every_role_has_its_row(self):
        assert set(RIGHTS) == set(Role)

    @pytest.mark.parametrize("role", Role)
    def test_nobody_of_the_city_acts_for_the_reporter_or_for_time(self, role):
        assert not RIGHTS[role] & (REPORTERS | ACTS_OF_TIME)

    @pytest.mark.parametrize("role", sorted(set(Role) - {Role.TRIAGE}))
    def test_only_triage_decides_what_the_public_sees_and_what_is_declined(self, role):
        seconds = {Act.RELEASE, Act.HIDE} if role is Role.VERIFIER else set()
        assert RIGHTS[role] & (DECIDING - HANDLING) == seconds

    def test_only_triage_sees_who_a_hidden_reporter_is_and_only_the_auditor_who_looked(self):
        assert {role for role in Role if Act.UNMASK in RIGHTS[role]} == {Role.TRIAGE}
        assert {role for role in Role if Act.AUDIT in RIGHTS[role]} == {Role.AUDITOR}
        assert {role for role in Role if Act.ADMINISTER in RIGHTS[role]} == {Role.ADMINISTRATOR}

    @pytest.mark.parametrize("role", sorted(APART | {Role.SECRETARY, Role.MAYOR}))
    def test_who_answers_for_no_case_sees_no_identity(self, role):
        assert not RIGHTS[role] & {Act.REVEAL, Act.UNMASK}

    def test_the_top_of_the_ladder_reads_and_leaves_the_doing_to_the_office(self):
        assert RIGHTS[Role.MAYOR] == {Act.READ, Act.ACK_RUNG}
        assert RIGHTS[Role.SECRETARY] == {Act.READ, Act.ACK_RUNG} | DATES


class TestScopes:
    @pytest.mark.parametrize("role", [Role.STAFF, Role.DUTY])
    def test_people_of_the_responsible_office_handle_the_case(self, role):
        more = set() if role is Role.STAFF else ON_DUTY
        assert may(ONE_OF_EACH[role], a_complaint()) == HANDLING | more

    def test_who_stands_above_them_also_approves_and_the_office_s_head_sets_dates(self):
        assert may(ONE_OF_EACH[Role.DIVISION_HEAD], a_complaint()) == HANDLING | ON_DUTY | APPROVING | LEADING
        of_a_head = ON_DUTY | APPROVING | LEADING | {Act.SCHEDULE}
        assert may(ONE_OF_EACH[Role.OFFICE_HEAD], a_complaint()) == HANDLING | of_a_head

    @pytest.mark.parametrize("role", [Role.STAFF, Role.DUTY, Role.DIVISION_HEAD, Role.OFFICE_HEAD])
    def test_people_of_another_office_learn_nothing(self, role):
        assert may(f"{role}@{WASTE}", a_complaint()) == set()

    def test_triage_reads_sorts_screens_and_declines_everywhere_but_handles_its_own(self):
        beside = WEIGHING | APPROVING
        assert may(ONE_OF_EACH[Role.TRIAGE], a_complaint()) == DECIDING | beside | {Act.READ, Act.REFER}
        assert may(ONE_OF_EACH[Role.TRIAGE], a_complaint(category=None)) == HANDLING | DECIDING | beside | {
            Act.UNMASK
        }

    def test_secretary_and_mayor_read_everything_that_is_decided(self):
        assert may(ONE_OF_EACH[Role.SECRETARY], a_complaint()) == {Act.READ} | DATES | APPEALS
        assert may(ONE_OF_EACH[Role.MAYOR], a_complaint()) == {Act.READ} | APPEALS

    def test_area_heads_read_what_happens_on_their_ground(self):
        case = a_complaint(area=SHORE, hamlet=SHORE_EAST)
        assert may(f"village_head@{SHORE}", case) == {Act.READ}
        assert may(f"district_head@{SOUTH}", case) == {Act.READ}
        for elsewhere in (f"village_head@{HILL}", f"district_head@{NORTH}", f"hamlet_head@{SHORE_EAST}"):
            assert may(elsewhere, case) == set()

    def test_staff_of_a_village_read_only_what_the_village_answers(self):
        assert may(f"staff@{SHORE}", a_complaint(area=SHORE)) == set()
        assert may(f"staff@{SHORE}", a_complaint(area=SHORE, category="gang")) == HANDLING

    def test_a_village_matter_is_handled_by_its_village_and_by_the_head_of_its_hamlet(self):
        case = a_complaint(category="gang", hamlet=SHORE_EAST)
        assert may(f"village_head@{SHORE}", case) == HANDLING | APPROVING | LEADING | {Act.SCHEDULE}
        assert may(f"hamlet_head@{SHORE_EAST}", case) == HANDLING
        assert may(f"hamlet_head@{SHORE_WEST}", case) == set()
        assert may(f"district_head@{SOUTH}", case) == {Act.READ}

    def test_a_case_from_nowhere_is_on_nobodys_ground(self):
        case = a_complaint(area=None)
        assert may(f"village_head@{SHORE}", case) == may(f"district_head@{SOUTH}", case) == set()

    def test_private_cases_are_not_for_area_heads(self):
        case = a_complaint(area=SHORE, private=True)
        assert may(f"village_head@{SHORE}", case) == may(f"district_head@{SOUTH}", case) == set()
        assert may(f"staff@{WORKS}", case) == HANDLING

    def test_a_rung_acknowledges_while_the_case_is_with_it_and_nobody_else_does(self):
        case = a_complaint()
        assert Act.ACK_RUNG not in may(f"division_head@{WORKS}", case)
        clocks = case.clocks.climb(ClockName.RESOLUTION, 1, NOW, rung=f"division_head@{WORKS}")
        case = replace(case, clocks=clocks)
        assert may(f"division_head@{WORKS}", case) == HANDLING | ON_DUTY | APPROVING | LEADING | {
            Act.ACK_RUNG
        }
        assert may(f"office_head@{WORKS}", case) == HANDLING | ON_DUTY | APPROVING | LEADING | {Act.SCHEDULE}
        assert may("secretary@city", case) == {Act.READ} | DATES | APPEALS

    @pytest.mark.parametrize(
        ("post", "decides"),
        [
            (f"triage@{TRIAGE}", False),
            (f"division_head@{TRIAGE}", False),
            (f"office_head@{TRIAGE}", True),
            ("secretary@city", True),
            (f"office_head@{WORKS}", False),
        ],
    )
    def test_an_appeal_is_for_the_posts_above_triage_from_the_profiles_own_on(self, post, decides):
        case = a_complaint(Status.APPEALED)
        assert (may(post, case) & APPEALS == APPEALS) is decides

    def test_nobody_decides_on_an_appeal_about_themselves_and_of_a_sealed_one_few(self):
        assert not may(f"office_head@{TRIAGE}", a_complaint(Status.APPEALED, accused=TRIAGE)) & APPEALS
        assert not may("secretary@city", a_complaint(Status.APPEALED, accused="city")) & APPEALS
        sealed = replace(a_complaint(Status.APPEALED), sealed=True)
        assert not may("secretary@city", sealed)
        assert may(f"office_head@{TRIAGE}", sealed) & APPEALS == APPEALS

    def test_after_a_second_reopening_the_post_above_may_call_it_solved_too(self):
        case = a_complaint(Status.REOPENED, category="gang")
        clocks = case.clocks.climb(ClockName.REDO, 1, NOW, rung=f"district_head@{SOUTH}")
        for times, may_solve in ((1, False), (2, True)):
            reached = replace(case, clocks=clocks, reopened=times)
            assert (Act.RESOLVE in may(f"district_head@{SOUTH}", reached)) is may_solve
        assert Act.RESOLVE not in may(f"district_head@{NORTH}", replace(case, clocks=clocks, reopened=2))

    def test_a_rung_opens_the_private_case_that_it_was_told_of(self):
        case = a_complaint(category="gang", private=True)
        assert may(f"district_head@{SOUTH}", case) == set()
        clocks = case.clocks.climb(ClockName.RESOLUTION, 1, NOW, rung=f"district_head@{SOUTH}")
        assert may(f"district_head@{SOUTH}", replace(case, clocks=clocks)) == {Act.READ, Act.ACK_RUNG}

    def test_a_rung_that_the_case_turns_out_to_be_about_learns_nothing_more(self):
        case = a_complaint(category="gang")
        clocks = case.clocks.climb(ClockName.RESOLUTION, 1, NOW, rung=f"district_head@{SOUTH}")
        assert may(f"district_head@{SOUTH}", replace(case, clocks=clocks, accused=SOUTH)) == set()

    def test_whoever_is_no_rung_is_told_that_it_is_not_theirs(self):
        with pytest.raises(NotAllowed) as refused:
            demand(an_officer(f"office_head@{WORKS}"), Act.ACK_RUNG, a_complaint(), CITY)
        assert not isinstance(refused.value, NotResponsible)

    def test_somebody_with_two_posts_has_the_rights_of_both(self):
        who = an_officer(f"staff@{WORKS}", f"village_head@{SHORE}")
        assert allowed(who, Act.READ, a_complaint(category="sampah"), CITY)
        assert allowed(who, Act.REPLY, a_complaint(), CITY)
        assert not allowed(who, Act.REPLY, a_complaint(category="sampah"), CITY)

    @pytest.mark.parametrize("role", Role)
    def test_a_disabled_officer_may_nothing(self, role):
        for case in (
            a_complaint(),
            a_complaint(category="gang", hamlet=SHORE_EAST),
            a_complaint(category=None),
        ):
            assert may(ONE_OF_EACH[role], case, disabled=True) == set()

    def test_somebody_without_a_post_may_nothing(self):
        assert not allowed(replace(an_officer(), duties=()), Act.READ, a_complaint(), CITY)


class TestSealedCases:
    SEALED = a_complaint(category="gang", hamlet=SHORE_EAST, sealed=True)

    def test_they_are_triages_alone(self):
        assert may(f"triage@{TRIAGE}", self.SEALED) == HANDLING | DECIDING | WEIGHING | APPROVING | {
            Act.UNMASK
        }
        blind = [
            *(post for role, post in ONE_OF_EACH.items() if role is not Role.TRIAGE),
            *(
                f"{role}@{office}"
                for role in ("staff", "duty", "office_head")
                for office in (WASTE, INSPECTORATE, SHORE)
            ),
        ]
        for post in blind:
            # The auditor learns that somebody looked at its reporter, and may not open it.
            assert may(post, self.SEALED) <= {Act.AUDIT}, post

    def test_posts_that_hear_when_triage_is_late_may_look_but_not_the_staff_beside_it(self):
        for role in ("duty", "division_head", "office_head"):
            assert Act.READ in may(f"{role}@{TRIAGE}", self.SEALED)
        assert may(f"staff@{TRIAGE}", self.SEALED) == set()

    @pytest.mark.parametrize("role", ["staff", "duty", "office_head"])
    def test_where_triage_is_accused_its_stand_in_decides_in_its_place(self, role):
        case = a_complaint(sealed=True, accused=TRIAGE)
        assert case.office == INSPECTORATE
        more = set() if role == "staff" else {Act.CONFIRM}
        more |= APPEALS if role == "office_head" else set()
        more |= {Act.SCHEDULE} | LEADING if role == "office_head" else set()
        assert may(f"{role}@{INSPECTORATE}", case) == HANDLING | DECIDING | WEIGHING | APPROVING | more | {
            Act.UNMASK
        }
        for post in (f"triage@{TRIAGE}", f"office_head@{TRIAGE}", f"duty@{TRIAGE}"):
            assert may(post, case) == set()

    def test_the_stand_in_also_releases_what_another_office_handles(self):
        case = a_complaint(accused=TRIAGE)
        assert case.office == WORKS
        deciding = DECIDING | WEIGHING | APPROVING
        assert may(f"duty@{INSPECTORATE}", case) == deciding | {Act.READ, Act.REFER}
        assert may(f"triage@{TRIAGE}", case) == set()

    def test_standing_in_ends_with_the_case_it_is_for(self):
        assert may(f"duty@{INSPECTORATE}", a_complaint(accused=WASTE)) == set()
        assert Act.RELEASE not in may(f"duty@{INSPECTORATE}", a_complaint(office=INSPECTORATE, accused=WASTE))


class TestConflicts:
    @pytest.mark.parametrize(
        ("accused", "post", "office"),
        [
            (WORKS, f"staff@{WORKS}", ""),
            (WORKS, f"staff@{WASTE}", WORKS),  # lent to another office, still one of them
            (SHORE, f"village_head@{SHORE}", ""),
            (SHORE, f"hamlet_head@{SHORE_EAST}", ""),
            (SOUTH, f"district_head@{SOUTH}", ""),
            (SOUTH, f"village_head@{SHORE}", ""),
            (SOUTH, f"hamlet_head@{SHORE_EAST}", ""),
            (SHORE_EAST, f"hamlet_head@{SHORE_EAST}", ""),
            (TRIAGE, f"triage@{TRIAGE}", ""),
            (INSPECTORATE, f"office_head@{INSPECTORATE}", ""),
            (CITY_SCOPE, "secretary@city", ""),
            (CITY_SCOPE, "mayor@city", ""),
            (SECRETARIAT, "secretary@city", ""),
            (SECRETARIAT, f"staff@{SECRETARIAT}", ""),
        ],
    )
    def test_nobody_learns_of_a_case_about_their_office_or_post_or_one_above_it(self, accused, post, office):
        who = an_officer(post, office=office)
        for case in (
            a_complaint(accused=accused),
            a_complaint(accused=accused, office=post.partition("@")[2].partition("/")[0], hamlet=SHORE_EAST),
            a_complaint(sealed=True, accused=accused),
        ):
            assert in_conflict(who, case, CITY)
            assert not any(allowed(who, act, case, CITY) for act in Act)
            with pytest.raises(NotFound):
                demand(who, Act.READ, case, CITY)

    @pytest.mark.parametrize(
        ("accused", "post"),
        [
            (SHORE, f"village_head@{HILL}"),
            (SHORE, f"district_head@{SOUTH}"),
            (SHORE_EAST, f"village_head@{SHORE}"),
            (SHORE_EAST, f"hamlet_head@{SHORE_WEST}"),
            (SOUTH, f"village_head@{FIELD}"),
            (WORKS, "secretary@city"),
            (WORKS, f"staff@{WASTE}"),
        ],
    )
    def test_others_are_in_no_conflict(self, accused, post):
        assert not in_conflict(an_officer(post), a_complaint(accused=accused), CITY)

    def test_a_scope_that_merely_begins_alike_is_another_one(self):
        longer = a_complaint(accused="90.01.01.100")
        assert not in_conflict(an_officer(f"village_head@{SHORE}"), longer, CITY)

    def test_a_case_about_somebody_is_not_for_the_heads_of_its_ground(self):
        case = a_complaint(area=SHORE, office=INSPECTORATE, accused=WORKS)
        assert may(f"village_head@{SHORE}", case) == may(f"district_head@{SOUTH}", case) == set()

    def test_a_row_of_a_list_obeys_the_same_rule_as_the_case(self):
        for case in (
            a_complaint(area=SHORE, hamlet=SHORE_EAST, category="gang"),
            a_complaint(area=SHORE, private=True),
            a_complaint(sealed=True, accused=TRIAGE),
            a_complaint(accused=SHORE),
        ):
            same = ("code", "category", "area", "hamlet", "office", "private", "sealed", "accused")
            card = Card(
                position="", kind="", status="", filed_at="", **{name: getattr(case, name) for name in same}
            )
            for post in [*ONE_OF_EACH.values(), f"duty@{INSPECTORATE}"]:
                who = an_officer(post)
                assert allowed(who, Act.READ, card, CITY) == allowed(who, Act.READ, case, CITY)


class TestRefusals:
    def test_whoever_may_not_read_it_is_told_that_there_is_no_such_case(self):
        for act in (Act.READ, Act.REPLY, Act.SORT):
            with pytest.raises(NotFound):
                demand(an_officer(f"staff@{WASTE}"), act, a_complaint(), CITY)

    def test_a_reader_who_handles_other_cases_is_told_whose_this_is(self):
        with pytest.raises(NotResponsible, match=WORKS):
            demand(an_officer(f"village_head@{SHORE}"), Act.REPLY, a_complaint(), CITY)

    def test_a_reader_who_never_may_is_told_so(self):
        with pytest.raises(NotAllowed) as refusal:
            demand(an_officer("secretary@city"), Act.REPLY, a_complaint(), CITY)
        assert not isinstance(refusal.value, NotResponsible)

    def test_whoever_may_passes(self):
        demand(an_officer(), Act.REPLY, a_complaint(), CITY)


class TestWhoTakesACase:
    @pytest.mark.parametrize(
        ("accused", "office"),
        [
            (SHORE, SOUTH),  # lurah: the camat
            (FIELD, INSPECTORATE),  # perbekel
            (SHORE_EAST, INSPECTORATE),  # head of a hamlet
            (SOUTH, INSPECTORATE),  # camat
            (WORKS, INSPECTORATE),
            (INSPECTORATE, SECRETARIAT),
            (SECRETARIAT, OUTSIDE),
            (CITY_SCOPE, OUTSIDE),
            (OUTSIDE, SECRETARIAT),
        ],
    )
    def test_the_profile_names_who(self, accused, office):
        assert taker(accused, CITY) == office

    def test_a_village_named_by_itself_may_go_to_its_district(self):
        city = a_city(conflict={**CITY.conflict, FIELD: "parent"})
        assert taker(FIELD, city) == NORTH

    def test_triage_decides_unless_it_is_accused(self):
        assert triage_for(None, CITY) == triage_for(WORKS, CITY) == TRIAGE
        assert triage_for(TRIAGE, CITY) == INSPECTORATE


class TestPosts:
    @pytest.mark.parametrize("post", [*ONE_OF_EACH.values()])
    def test_a_post_is_written_and_read_alike(self, post):
        assert Duty.parse(post).post == post

    @pytest.mark.parametrize("post", ["", "staff", "staff@", "raja@pu", "@pu"])
    def test_what_is_no_post_is_refused(self, post):
        with pytest.raises(ValueError):
            Duty.parse(post)


class TestWhoAnswersForNoCase:
    """Verifier, operator, operations room, auditor, administrator: the office in their post gives them none of its."""

    def test_each_may_do_what_the_table_says_and_nothing_of_their_office_s(self):
        case = a_complaint()
        assert may(f"verifier@{TRIAGE}", case) == {
            Act.READ,
            Act.RELEASE,
            Act.HIDE,
            Act.TIGHTEN,
            Act.APPROVE,
            Act.SEND_BACK,
        }
        assert may(f"operator@{WORKS}", case) == {Act.READ}
        assert may(f"operations@{WORKS}", case) == {Act.READ}
        assert may(f"auditor@{INSPECTORATE}", case) == {Act.READ, Act.AUDIT}
        assert may(f"administrator@{WORKS}", case) == set()

    @pytest.mark.parametrize("role", sorted(APART - {Role.AUDITOR}))
    def test_an_accusation_that_waits_for_triage_is_nobody_s_of_them(self, role):
        assert may(f"{role}@{TRIAGE}", a_complaint(sealed=True, accused=WASTE, office=TRIAGE)) == set()

    def test_nobody_of_them_learns_of_a_case_about_the_office_they_work_for(self):
        case = a_complaint(accused=WORKS, office=INSPECTORATE)
        assert all(may(f"{role}@{WORKS}", case) == set() for role in APART)

    def test_none_of_them_stands_in_for_triage_where_triage_is_accused(self):
        case = a_complaint(accused=TRIAGE, office=INSPECTORATE)
        assert may(f"auditor@{INSPECTORATE}", case) == {Act.READ, Act.AUDIT}
        assert may(f"administrator@{INSPECTORATE}", case) == set()

    def test_a_caller_is_told_nothing_of_what_is_private_or_about_somebody(self):
        assert may(f"operator@{TRIAGE}", a_complaint(private=True)) == set()
        assert may(f"operator@{TRIAGE}", a_complaint(accused=WASTE)) == set()

    def test_who_files_for_others(self):
        files = {role for role, post in ONE_OF_EACH.items() if holds(an_officer(post), Act.FILE_FOR)}
        watch = {Role.SECRETARY, Role.MAYOR, Role.VERIFIER, Role.OPERATIONS, Role.AUDITOR, Role.ADMINISTRATOR}
        assert files == set(Role) - watch
        with pytest.raises(NotAllowed):
            demand_right(an_officer(ONE_OF_EACH[Role.AUDITOR]), Act.FILE_FOR)
        assert not holds(an_officer(f"staff@{WORKS}", disabled=True), Act.FILE_FOR)


class TestWordsOfPrivateCases:
    @pytest.mark.parametrize(
        "post", ["secretary@city", "mayor@city", f"operations@{WASTE}", f"auditor@{WASTE}"]
    )
    def test_who_watches_reads_where_a_private_case_stands_and_not_its_words(self, post):
        who = an_officer(post)
        assert allowed(who, Act.READ, a_complaint(private=True), CITY)
        assert not reads_words(who, a_complaint(private=True), CITY)
        assert reads_words(who, a_complaint(), CITY)

    def test_whose_post_it_has_climbed_to_reads_them(self):
        card = Card("DPS-1", "", "complaint", "received", "", office=WORKS, private=True)
        assert not reads_words(an_officer("secretary@city"), card, CITY)
        assert reads_words(an_officer("secretary@city"), replace(card, rungs=("secretary@city",)), CITY)

    @pytest.mark.parametrize("post", [f"staff@{WORKS}", f"triage@{TRIAGE}", f"verifier@{TRIAGE}"])
    def test_who_handles_or_screens_it_reads_them(self, post):
        assert reads_words(an_officer(post), a_complaint(private=True), CITY)

    def test_a_watcher_who_also_handles_it_reads_them(self):
        assert reads_words(
            an_officer("secretary@city", f"office_head@{WORKS}"), a_complaint(private=True), CITY
        )


def test_the_page_of_roles_shows_the_table_as_it_is():
    page = (Path(__file__).parents[2] / "docs" / "roles.md").read_text(encoding="utf-8")
    rows = [line.strip("|").split("|") for line in page.splitlines() if line.startswith("| `")]
    told = {row[0].strip(" `"): {act.strip(" `") for act in row[3].split(",")} for row in rows}
    assert told == {str(role): {str(act) for act in RIGHTS[role]} for role in Role}
