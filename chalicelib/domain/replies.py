"""Beginnings of answers, offered by what a case is about and where it stands; none is ever sent by itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from chalicelib.domain.city import City, ReplyTemplate
from chalicelib.domain.complaint import Complaint
from chalicelib.domain.notices import category_label, where_label
from chalicelib.domain.people import Act

ACTS = (Act.REPLY, Act.ASK, Act.RESOLVE)
"""The acts whose words the reporter reads and that a template may begin."""
FIELDS = frozenset({"code", "category", "area", "office", "due"})
"""All that a template may fill in: nothing that a reporter wrote or is."""
LONGEST = 700
"""Letters of a template before it is filled: with the longest names it still fits an answer."""


def offered(complaint: Complaint, city: City, *, now: datetime) -> tuple[ReplyTemplate, ...]:
    """The templates for a case as it stands, those of its category first; none names a moment that has passed."""
    past = complaint.clocks.next_due <= now
    found = [
        template
        for template in city.replies
        if (not template.categories or complaint.category in template.categories)
        and (not template.states or complaint.status in template.states)
        and not (past and any("{due}" in text for text in template.texts.values()))
    ]
    return tuple(sorted(found, key=lambda template: not template.categories))


def filled(template: ReplyTemplate, complaint: Complaint, city: City) -> str:
    """A template's words in the reporter's language."""
    language = complaint.language if complaint.language in template.texts else "id"
    return template.texts[language].format(**_fields(complaint, city, language))


def _fields(complaint: Complaint, city: City, language: str) -> Mapping[str, str]:
    due = complaint.clocks.next_due + city.utc_offset
    return {
        "code": complaint.code,
        "category": category_label(complaint, city, language),
        "area": where_label(complaint, city),
        "office": city.offices[complaint.office].name,
        "due": f"{due:%d-%m-%Y %H.%M} {city.zone_name}",
    }
