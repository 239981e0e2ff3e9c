"""A case's dossier (berkas): the whole history with its chain, for an ombudsman or a court, as JSON or a page to print.

Whoever may not read some words gets their entries without them: the chain can be checked all the same.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from chalicelib.domain import ledger
from chalicelib.domain.city import City
from chalicelib.domain.complaint import FOR_TRIAGE, HIDDEN, Event
from chalicelib.domain.moderation import FOR_MODERATORS
from chalicelib.domain.people import Act, Officer, allowed, reads_words
from chalicelib.http import views
from chalicelib.usecases import duplicates, reading
from chalicelib.usecases.reading import Stored

FORMAT = "pro-dossier-1"


def for_office(
    stored: Stored, officer: Officer, *, city: City, language: str, now: datetime
) -> dict[str, Any]:
    """What an officer reads, to hand out: words that accuse, and why somebody withdrew, only from triage's hand.

    Who only watches a private case gets what happened to it, as on its page, and no word that anybody wrote.
    """
    links = duplicates.links(stored, officer)
    triage = allowed(officer, Act.SORT, stored.complaint, city)
    whole = reads_words(officer, stored.complaint, city)
    body = _body(
        stored,
        city,
        language,
        now,
        lambda event: (
            whole
            and views.reads_note(event, officer)
            and (triage or not (_for_triage(event) or event.act in FOR_MODERATORS | {Act.WITHDRAW}))
            and _knows(event, links)
        ),
    )
    return body if whole else body | {"text": "", "place_words": "", "answers": {}}


def for_reporter(stored: Stored, *, city: City, language: str, now: datetime) -> dict[str, Any]:
    """What the reporter may hand to anybody: all that was told to them, and of the rest that it happened.

    Why they withdrew is left out: whoever pressed them may be the one who asks for this copy.
    """
    links = duplicates.links(stored)

    def told(event: Event) -> bool:
        hidden = event.act in views.BETWEEN_COLLEAGUES | FOR_MODERATORS | {Act.WITHDRAW}
        inside = views.is_internal(event) or views.is_yet_to_be_told(event, now)
        return not (hidden or inside) and _knows(event, links)

    return _body(stored, city, language, now, told)


def _for_triage(event: Event) -> bool:
    return bool(event.data.get(FOR_TRIAGE)) or HIDDEN in event.data


def _knows(event: Event, links: duplicates.Links) -> bool:
    """Whether the reader may know all other cases that an entry names."""
    return all(event.data[name] in links.known for name in duplicates.LINKED if name in event.data)


def _body(
    stored: Stored, city: City, language: str, now: datetime, reads: Callable[[Event], bool]
) -> dict[str, Any]:
    complaint = stored.complaint
    flaws = reading.flaws(stored)
    lines = []
    for (version, entry), event in zip(stored.entries, stored.history, strict=True):
        shown = entry if reads(event) else ledger.erased(entry)
        what = views.what(event, city, language)
        lines.append({"version": version, "at": event.at, "what": what, "entry": shown})
    return {
        "format": FORMAT,
        "made_at": now,
        **views.common(complaint, city, language),
        "text": complaint.text,
        "place_words": complaint.place.words,
        "answers": dict(complaint.answers),
        "office": None if complaint.sealed else complaint.office,
        "promised": views.promises(complaint, stored.history),
        "entries": lines,
        "chain": {
            "whole": not flaws,
            "flaws": [{"version": found.version, "flaw": found.flaw} for found in flaws],
            "last": str(stored.entries[-1][1].get("chain", "")) if stored.entries else "",
        },
        "version": complaint.version,
    }
