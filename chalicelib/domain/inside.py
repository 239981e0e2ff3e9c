"""Whom of the city's people an act inside an office reaches: by e-mail alone, and without a word of what was said."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chalicelib.domain.city import City
from chalicelib.domain.complaint import Change, Complaint, Event
from chalicelib.domain.deskwork import Item, task_office
from chalicelib.domain.disposition import Stage, assigned
from chalicelib.domain.notices import Channel, Notice, day_label, internal
from chalicelib.domain.people import Act, Duty, Role
from chalicelib.domain.tasks import open_tasks, task

Languages = Callable[[str], str | None]
"""The language of an officer by id; None for whoever must not be told."""


def notices(
    done: Change,
    history: Sequence[Event],
    before: Sequence[Item],
    after: Sequence[Item],
    city: City,
    language_of: Languages,
) -> tuple[Notice, ...]:
    """The notices of one change; ``history`` and ``before`` are those of before it. Nobody hears of their own act."""
    event, complaint = done.event, done.complaint
    if complaint.sealed:
        return ()
    found: list[Notice] = []

    def person(template: str, officer: str, day: str = "") -> None:
        language = language_of(officer) if officer and officer != event.by.id else None
        if language:
            told = {"day": day_label(day)} if day else {}
            found.append(internal(done, city, template, Channel.EMAIL, f"officer#{officer}", language, told))

    def office(template: str, to: str, number: int, told: dict[str, str], *, link: bool = True) -> None:
        named = {"task": str(number)} if link else {}
        lane = (Channel.TOPIC, to, city.languages[0])
        found.append(internal(done, city, template, *lane, told | named, suffix=f"#{number}"))

    if event.act is Act.INSTRUCT:
        person("officer_assigned", str(event.data["to"]), str(event.data["due"]))
        for each in event.data.get("copies", ()):
            person("officer_copied", str(each), str(event.data["due"]))
    elif event.act is Act.RETURN_DRAFT:
        person("officer_draft_returned", str(event.data["to"]))
    elif event.act is Act.REMIND:
        day, late = str(event.data["day"]), event.data["stage"] == Stage.LATE
        if number := event.data.get("task"):
            found_task = task(number, history, complaint.code)
            office("office_task_due", found_task.office, number, {"day": day_label(day)})
            if late:
                named = city.offices[found_task.office].short
                told = {"day": day_label(day), "office": named}
                office("office_task_late", complaint.office, number, told, link=False)
        elif given := assigned(history):
            person("officer_due", given.to, day)
            if late and given.by != given.to:
                person("officer_due", given.by, day)
    elif event.act is Act.SPLIT:
        for each in event.data["tasks"]:
            told = {"day": day_label(each["due"]), "from": city.offices[complaint.office].short}
            office("office_task", each["office"], each["n"], told)
    elif event.act is Act.TASK_REPLY:
        number = event.data["task"]
        named = city.offices[task(number, history, complaint.code).office].short
        left = str(len(open_tasks((*history, event))))
        told = {"office": named, "left": left}
        office("office_task_answered", complaint.office, number, told, link=False)
    still = {item.key for item in after}
    for item in before:
        if task_office(item) and item.key not in still and event.act is not Act.TASK_REPLY:
            office("office_task_over", task_office(item), item.number, {})
    return tuple(found)


def releasing_posts(complaint: Complaint, city: City) -> tuple[str, ...]:
    """The posts of the case's office that release a draft."""
    office = complaint.office
    if office in city.villages:
        roles: tuple[Role, ...] = (Role.VILLAGE_HEAD,)
    elif office in city.areas:
        roles = (Role.DISTRICT_HEAD,)
    else:
        roles = (Role.DIVISION_HEAD, Role.OFFICE_HEAD)
    return tuple(Duty(role, office).post for role in roles)
