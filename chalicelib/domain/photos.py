"""Photos of a case: who may send one, who sees it, and what it shows about a fix.

A photo is asked for (`ask`), arrives in the bucket, is judged (`judged`, `refused`) and claimed by the act that it
belongs to (`claimed`), in whatever order the last two happen: the end is the same. Nobody but the city's own people
sees it before it was released; hiding it or blackening a part of it makes new copies under new names, and the old are
deleted. What is shown are the copies; the original stays with the city as evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from chalicelib.domain.city import City
from chalicelib.domain.complaint import Complaint, Screening
from chalicelib.domain.errors import Fault, IllegalMove
from chalicelib.domain.geo import Point, distance_m
from chalicelib.domain.visibility import is_listed

PER_ACT = 5
PER_DRAFT = 15
"""Links for one draft or one act: each photo may fail twice on its way."""
MOST_BYTES = 15 * 1024 * 1024
LINK_LASTS = timedelta(minutes=5)
"""Of a link to upload, and of one to look."""
UNCLAIMED_LASTS = timedelta(days=1)
"""An upload that no act has claimed by then is forgotten; the bucket's own rule takes it a day later."""
LOST_AFTER = timedelta(minutes=15)
"""What has not been judged this long after its link was given: the event was lost, or nothing can come any more."""
LOOK_AGAIN = timedelta(days=30)
"""An original whose time is over and whose case is not is kept on, and looked at again."""
TRIES = 3
TYPES = ("image/jpeg", "image/png", "image/webp", "image/heic", "image/heif", "image/avif")
COPIES = ("large.webp", "large.jpg", "small.webp", "small.jpg")
"""Each size in a modern format and in one that everything can show."""
BOXES_MOST = 20
ALIKE_BITS = 4
"""Two pictures whose marks differ in no more of 64 bits are taken for the same one."""
NEVER_CAME = "never_came"
_STORED_TO = timedelta(milliseconds=1)
"""How exactly the store keeps a moment."""


class For(StrEnum):
    """The act that a photo belongs to."""

    FILING = "filing"
    ANSWER = "answer"
    PROOF = "proof"


class State(StrEnum):
    """What is known of the file."""

    AWAITED = "awaited"
    FIT = "fit"
    REFUSED = "refused"
    ERASED = "erased"


class Shown(StrEnum):
    """Whether the public may see it, by the decision of a person."""

    HELD = "held"
    RELEASED = "released"
    HIDDEN = "hidden"


Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Photo:
    """One photo and everything that happened to it. ``id`` is random, and all that its link to upload tells."""

    id: str
    owner: str
    """Who asked: ``draft:<hash>``, ``citizen:<id>``, ``link:<code.version>`` or ``officer:<id>``."""
    purpose: For
    asked_at: datetime
    version: int = 1
    case: str | None = None
    """The case that it was asked for, and the one that claimed it; a draft has none yet."""
    claimed_at: datetime | None = None
    state: State = State.AWAITED
    reason: str = ""
    """Why the file was refused."""
    tries: int = 0
    """How often somebody began to judge it: a file that ends its judge three times is refused."""
    kind: str = ""
    width: int = 0
    height: int = 0
    size: int = 0
    """Bytes of the original."""
    mark: str = ""
    place: Point | None = None
    """Where the camera says that it was taken. Nobody's place until the reporter takes it over."""
    taken_at: str = ""
    shown: Shown = Shown.HELD
    why: str = ""
    """Why it is hidden, for the reporter."""
    boxes: tuple[Box, ...] = ()
    round: int = 0
    """Raised whenever the copies have to be made anew under another name."""
    folder: str = ""
    """Where the copies of round ``drawn`` stand; random."""
    drawn: int = -1
    folders: tuple[str, ...] = ()
    """Every folder that may hold copies: those besides ``folder`` are to be deleted."""
    large: tuple[int, int] = (0, 0)
    small: tuple[int, int] = (0, 0)
    kept: bool = False
    """Whether the original has been put among the evidence."""
    keep_until: datetime | None = None
    """When the original's own retention is looked at (again); counted from the claim where it says nothing."""
    log: tuple[Mapping[str, Any], ...] = field(default=())
    """What people decided: ``{"act", "at", "by", "why"}``, oldest first."""

    @property
    def settled(self) -> bool:
        """Whether the bucket holds what the row says: nothing is left to be done."""
        if self.state is State.ERASED:
            return not self.folders and not self.kept
        if self.state is State.REFUSED or self.claimed_at is None:
            return not self.folders
        return self.kept and self.drawn == self.round and self.folders == (self.folder,)

    @property
    def ready(self) -> bool:
        """Whether its copies are there and show what was decided last."""
        return self.state is State.FIT and self.drawn == self.round and bool(self.folder)


# What happens to it -----------------------------------------------------------------------------------------------


def fault_of(
    photo: Photo | None, where: str, owner: str, purpose: For, case: str, now: datetime
) -> Fault | None:
    """Why this person cannot use this photo for this act, for the field ``where``; None where they can."""
    if photo is None or photo.owner != owner or photo.purpose is not purpose or photo.state is State.ERASED:
        return Fault(where, "photo_unknown")
    if photo.case not in (None, case):
        return Fault(where, "photo_unknown")
    if photo.claimed_at is not None:
        return Fault(where, "photo_used")
    if now - photo.asked_at >= UNCLAIMED_LASTS:
        return Fault(where, "photo_unknown")
    return Fault(where, "photo_refused") if photo.state is State.REFUSED else None


def claimed(photo: Photo, case: str, now: datetime) -> Photo:
    return replace(photo, case=case, claimed_at=now)


def judged(photo: Photo, found: Any, size: int) -> Photo:
    """Take over what was found in the file; a photo that has been judged stays as it is."""
    if photo.state is not State.AWAITED:
        return photo
    place = Point(*found.place) if found.place else None
    return replace(
        photo,
        state=State.FIT,
        kind=found.kind,
        width=found.width,
        height=found.height,
        size=size,
        mark=found.mark,
        place=place,
        taken_at=found.taken_at,
    )


def refused(photo: Photo, reason: str) -> Photo:
    return replace(photo, state=State.REFUSED, reason=reason)


def erased(photo: Photo, now: datetime) -> Photo:
    """Nothing is left of it but that there was one."""
    return replace(
        photo,
        state=State.ERASED,
        place=None,
        taken_at="",
        mark="",
        boxes=(),
        folder="",
        drawn=-1,
        why="",
        log=(*photo.log, _entry("erase", "", "", now)),
    )


def released(photo: Photo, by: str, now: datetime) -> Photo:
    _decidable(photo, "release")
    if photo.shown is Shown.RELEASED:
        raise IllegalMove("release", "released")
    # Copies that lay hidden may have been seen by their names: the public's are new ones.
    fresh = photo.round + 1 if photo.shown is Shown.HIDDEN else photo.round
    return replace(
        photo, shown=Shown.RELEASED, why="", round=fresh, log=(*photo.log, _entry("release", by, "", now))
    )


def hidden(photo: Photo, by: str, why: str, now: datetime) -> Photo:
    _decidable(photo, "hide")
    return replace(
        photo,
        shown=Shown.HIDDEN,
        why=why,
        round=photo.round + 1,
        log=(*photo.log, _entry("hide", by, why, now)),
    )


def redacted(photo: Photo, by: str, boxes: Sequence[Box], now: datetime) -> Photo:
    """Blacken these boxes and no others: drawn upon the original, so that a box may go again, too."""
    _decidable(photo, "redact")
    return replace(
        photo,
        boxes=tuple(boxes),
        round=photo.round + 1,
        log=(*photo.log, _entry("redact", by, str(len(boxes)), now)),
    )


def _decidable(photo: Photo, act: str) -> None:
    if photo.state is not State.FIT:
        raise IllegalMove(act, photo.state)


def _entry(act: str, by: str, why: str, now: datetime) -> Mapping[str, Any]:
    return {"act": act, "by": by, "why": why, "at": now.isoformat(timespec="milliseconds")}


def wakes_at(photo: Photo, original_lasts: timedelta) -> datetime | None:
    """When the sweep has to look at it next; None where nothing is left to be done, ever."""
    if photo.state is State.ERASED:
        return None if photo.settled else photo.asked_at
    if photo.state is State.AWAITED:
        return photo.asked_at + LOST_AFTER
    if photo.claimed_at is None:
        return photo.asked_at + UNCLAIMED_LASTS
    if not photo.settled:
        return photo.claimed_at + LOST_AFTER
    if photo.state is State.REFUSED:
        return None
    return photo.keep_until or photo.claimed_at + original_lasts


# Who sees it ------------------------------------------------------------------------------------------------------


def is_public(photo: Photo, complaint: Complaint, city: City) -> bool:
    """Whether anybody may see it: the case is public and read by triage, and the photo was released."""
    return photo.ready and goes_public(photo, complaint, city)


def goes_public(photo: Photo, complaint: Complaint, city: City) -> bool:
    """Whether anybody may see it once its copies are drawn, which takes some seconds."""
    if photo.state not in (State.AWAITED, State.FIT):
        return False
    if not is_listed(complaint) or complaint.screening is not Screening.RELEASED:
        return False
    if complaint.sheltered(city):
        return False
    category = city.categories.get(complaint.category or "")
    follows = city.photo_release == "with_text" or (category is not None and category.unscreened)
    with_text = photo.shown is Shown.HELD and follows
    return photo.shown is Shown.RELEASED or with_text


# Before and after -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pair:
    """A proof beside what the reporter sent: how far apart, and how long after, where it can be told."""

    proof: str
    before: str | None
    metres: int | None = None
    """Between the two cameras, or from the proof's camera to the place of the case."""
    minutes: int | None = None
    same_picture: bool = False
    """The proof looks like the very picture of the reporter."""


def pairs(photos: Iterable[Photo], complaint: Complaint, city: City) -> list[Pair]:
    """Each proof with the reporter's first photo that was taken nearest to it, else with the case's own place."""
    fit = [photo for photo in photos if photo.state is State.FIT]
    before = [photo for photo in fit if photo.purpose is not For.PROOF]
    made = []
    for proof in (photo for photo in fit if photo.purpose is For.PROOF):
        nearest = min(
            before, key=lambda one: (_metres(proof, one) is None, _metres(proof, one) or 0), default=None
        )
        metres = _metres(proof, nearest) if nearest else None
        if metres is None and proof.place and complaint.place.point:
            metres = round(distance_m(proof.place, complaint.place.point))
        began = _moment(nearest, city) if nearest else complaint.filed_at
        ended = _moment(proof, city)
        minutes = int((ended - began).total_seconds() // 60) if began and ended else None
        same = any(proof.mark and apart(proof.mark, one.mark) <= ALIKE_BITS for one in before if one.mark)
        made.append(Pair(proof.id, nearest.id if nearest else None, metres, minutes, same))
    return made


def proving(photos: Iterable[Photo], claimed_at: datetime) -> list[Photo]:
    """The proofs of the fix that was claimed then which show a picture; those of one that was sent back are none."""
    return [
        photo
        for photo in photos
        if photo.purpose is For.PROOF
        and photo.state is State.FIT
        and photo.claimed_at is not None
        and photo.claimed_at + _STORED_TO > claimed_at
    ]


def apart(mark: str, other: str) -> int:
    """In how many of 64 bits two marks differ."""
    return (int(mark, 16) ^ int(other, 16)).bit_count()


def bands(mark: str) -> tuple[str, ...]:
    """Five parts of a mark, of which two marks that differ in at most four bits share one. None for a blank picture."""
    bits = int(mark, 16)
    if not 6 <= bits.bit_count() <= 58:
        return ()  # sky, night, a wall: such pictures all look the same
    return tuple(f"{part}.{bits >> part * 13 & (0xFFF if part == 4 else 0x1FFF):04x}" for part in range(5))


def _metres(one: Photo, other: Photo) -> int | None:
    return round(distance_m(one.place, other.place)) if one.place and other.place else None


def _moment(photo: Photo, city: City) -> datetime | None:
    """When it was taken: by the camera, on the city's time where it names none, else when it was sent."""
    if not photo.taken_at:
        return photo.asked_at
    try:
        read = datetime.fromisoformat(photo.taken_at)
    except ValueError:
        return photo.asked_at
    if read.tzinfo is None:
        try:
            return (read - city.utc_offset).replace(tzinfo=photo.asked_at.tzinfo)
        except OverflowError:  # a clock that was never set stands at the year 1
            return photo.asked_at
    return read
