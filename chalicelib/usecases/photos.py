"""Photos from the link to upload to the last version deleted.

Two things drive a photo: acts (`claiming`, `release`, `hide`, `redact`, `erase_of`) change its row and no more, and
`work` makes the bucket what the row says, from whatever state it finds. So an event that comes twice, too early, too
late or never, and a Lambda that dies anywhere, end in the same place: whoever runs `work` next goes on.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib import keys, photos
from chalicelib.domain import photos as rules
from chalicelib.domain.complaint import Change, Complaint
from chalicelib.domain.errors import Invalid, NotFound, Passing, QuestionClosed, StaleComplaint
from chalicelib.domain.people import Act, Officer, allowed, demand
from chalicelib.domain.photos import ALIKE_BITS, NEVER_CAME, Box, For, Pair, Photo, State, apart, proving
from chalicelib.domain.proof import last_claim
from chalicelib.observability import count, logger
from chalicelib.store import complaints, guards
from chalicelib.store import photos as store
from chalicelib.store.complaints import Also
from chalicelib.usecases.record import city
from chalicelib.usecases.signin import Who

PER_ADDRESS_HOUR = 400
"""Soft: carriers and village offices put many people behind one address."""
PER_DAY = 60_000
Upload = photos.Upload
_TYPES = {"webp": "image/webp", "jpg": "image/jpeg"}


# A link to upload -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """A photo that may be sent now, and the form that sends it."""

    photo: Photo
    upload: photos.Upload
    expires_at: datetime


def ask_for_draft(draft: str, kind: str, *, client: str | None, now: datetime, back_to: str = "") -> Asked:
    """A link for a report that is being written; ``draft`` is the Idempotency-Key that it will be sent under.

    ``client`` is the sender's network address, None for whoever is held against a rate of their own. Raises TooMany.
    """
    owner = draft_owner(draft)
    return _ask(owner, For.FILING, None, kind, client, now, back_to)


def ask_for_answer(
    complaint: Complaint, who: Who, kind: str, *, client: str, now: datetime, back_to: str = ""
) -> Asked:
    """A link for the answer to the question that waits. Raises QuestionClosed where none does, TooMany."""
    if not complaint.asked.open or not complaint.open:
        raise QuestionClosed(Act.ANSWER, complaint.status)
    return _ask(owner_of(who), For.ANSWER, complaint.code, kind, client, now, back_to)


def ask_for_proof(
    complaint: Complaint, officer: Officer, kind: str, *, client: str, now: datetime, back_to: str = ""
) -> Asked:
    """A link for the proof of a fix, for whoever may call it solved. Raises what `demand` raises, TooMany."""
    demand(officer, Act.RESOLVE, complaint, city())
    return _ask(f"officer:{officer.id}", For.PROOF, complaint.code, kind, client, now, back_to)


def draft_owner(draft: str) -> str:
    return f"draft:{keys.derive('photo-draft', draft).hex()[:32]}"


def owner_of(who: Who) -> str:
    return f"{who.kind}:{who.id}"


def _ask(
    owner: str, purpose: For, code: str | None, kind: str, client: str | None, now: datetime, back_to: str
) -> Asked:
    day = timedelta(days=1)
    bound = f"{owner}#{code or ''}"
    caps = [(f"photo-act#{bound}", rules.PER_DRAFT, day), ("photo-day#all", PER_DAY, day)]
    if client is not None:
        caps.append((f"photo-address#{client}", PER_ADDRESS_HOUR, timedelta(hours=1)))
    for key, limit, window in caps:
        guards.check(key, limit, window, now=now)
    for key, limit, window in caps:
        guards.hit(key, limit, window, now=now)
    photo = Photo(store.new_id(), owner, purpose, now, case=code)
    store.create(photo, _lasts())
    return Asked(photo, photos.upload_form(photo.id, kind, back_to), now + rules.LINK_LASTS)


def take_back(ids: Sequence[str]) -> None:
    """Forget uploads of an act that was refused; what the act has claimed after all stays. A file that no row knows of
    is deleted by `work`, which is told of it at once, and by the bucket's own rule later."""
    for photo_id in ids:
        with suppress(NotFound, StaleComplaint):
            photo = store.get(photo_id)
            if photo.claimed_at is None:
                store.forget(photo)
    hurry(ids)


def state_of(photo_id: str, *, now: datetime) -> Photo:
    """How an upload fared, for whoever has its id, until an act claims it. Raises NotFound."""
    photo = store.get(photo_id)
    if photo.claimed_at is not None or now - photo.asked_at >= rules.UNCLAIMED_LASTS:
        raise NotFound(photo_id)
    return photo


# Claimed by an act ------------------------------------------------------------------------------------------------


def claiming(ids: Sequence[str], owner: str, purpose: For, code: str, *, now: datetime) -> Also | None:
    """What an act writes beside its head to claim these photos. Raises Invalid with each that cannot be."""
    if not ids:
        return None
    found, faults = [], []
    for place, photo_id in enumerate(ids):
        try:
            photo: Photo | None = store.get(photo_id)
        except NotFound:
            photo = None
        if fault := rules.fault_of(photo, f"photos.{place}", owner, purpose, code, now):
            faults.append(fault)
        elif photo is not None:
            found.append(rules.claimed(photo, code, now))
    if faults:
        raise Invalid(faults)
    return store.claiming(found, _lasts())


def told(change: Change, ids: Sequence[str]) -> Change:
    """The change with the number of its photos in its event."""
    if not ids:
        return change
    data = {**change.event.data, "photos": len(ids)}
    return replace(change, event=replace(change.event, data=data))


def hurry(ids: Sequence[str]) -> None:
    """Have these photos worked on at once. Where the word is lost, the sweep comes to it by itself."""
    if ids:
        try:
            photos.ask_for(ids)
        except Passing:
            logger.warning("photos wait for the sweep", extra={"photos": list(ids)})


# The bucket is made what the row says -----------------------------------------------------------------------------


def arrived(key: str, *, now: datetime) -> None:
    """Work on what an object's key speaks of: an upload, or a word to hurry."""
    if key.startswith(photos.ARRIVES):
        work(key.removeprefix(photos.ARRIVES), now=now)
    elif key.startswith(photos.TODO):
        for photo_id in key.removeprefix(photos.TODO).split("."):
            work(photo_id, now=now)
        photos.delete(key)


def work(photo_id: str, *, now: datetime) -> None:
    """Bring one photo to where its row says that it belongs; a second run finds nothing to do.

    Raises Passing where S3 cannot do it just now: the row stays due.
    """
    try:
        photo = store.get(photo_id)
    except NotFound:
        photos.delete(f"{photos.ARRIVES}{photo_id}")  # nobody asked for it, or nobody claimed it in time
        return
    try:
        if photo.state is State.AWAITED:
            photo = _judge(photo, now)
        _settle(photo, now)
    except StaleComplaint:
        return  # somebody else is at it, or decided something meanwhile, and has it worked on anew


def sweep(*, now: datetime, has_time: Callable[[], bool] = lambda: True) -> tuple[int, int, bool]:
    """Work on all that is due: how many were, how many failed, and whether it came to the end."""
    worked = failed = 0
    for photo_id in store.due(now):
        if not has_time():
            return worked, failed, False
        worked += 1
        try:
            work(photo_id, now=now)
        except Exception:  # noqa: BLE001  one photo must not stop the others; it stays due, and is counted
            logger.exception("a photo could not be worked on", extra={"photo": photo_id})
            failed += 1
    if failed:
        count("PhotosFailed", failed)
    return worked, failed, True


def _judge(photo: Photo, now: datetime) -> Photo:
    """Look at what was sent. What has broken its judge three times is refused unseen."""
    from chalicelib import pictures  # for the two functions that work on photos alone

    try:
        data = photos.read(f"{photos.ARRIVES}{photo.id}")
    except NotFound:
        if now - photo.asked_at < rules.LOST_AFTER:
            return photo  # still on its way
        return store.put(rules.refused(photo, NEVER_CAME), _lasts())
    if photo.tries >= rules.TRIES:
        return _refuse(photo, "too_heavy")
    photo = store.put(replace(photo, tries=photo.tries + 1), _lasts())
    try:
        found = pictures.examine(data, copies=False)
    except pictures.Unfit as unfit:
        return _refuse(photo, unfit.reason)
    return store.put(rules.judged(photo, found, len(data)), _lasts())


def _refuse(photo: Photo, reason: str) -> Photo:
    count("PhotosRefused")
    return store.put(rules.refused(photo, reason), _lasts())


def _settle(photo: Photo, now: datetime) -> None:
    upload = f"{photos.ARRIVES}{photo.id}"
    if photo.state is State.AWAITED:
        return
    if photo.claimed_at is None:
        if photo.state is not State.FIT:
            photos.delete(upload)
        if now - photo.asked_at >= rules.UNCLAIMED_LASTS:
            store.forget(photo)
            photos.delete(upload)
        return
    if photo.state is State.FIT and _is_over(photo, now):
        photo = store.put_seen(rules.erased(photo, now), photo, _lasts())
    if photo.state is State.FIT:
        photo = _drawn(photo)
    photos.delete(upload)
    if photo.state is State.ERASED:
        photos.delete(f"{photos.KEPT}{photo.id}")
    kept = (photo.folder,) if photo.state is State.FIT else ()
    for folder in photo.folders:
        if folder not in kept:
            photos.delete(f"{photos.COPIES}{folder}/")
    if photo.folders != kept or (photo.kept and photo.state is State.ERASED):
        store.put(replace(photo, folders=kept, kept=photo.state is State.FIT), _lasts())


def _drawn(photo: Photo) -> Photo:
    """The copies of this round, under a new name; the original among the evidence."""
    from chalicelib import pictures

    if photo.kept and photo.ready:
        return photo
    kept = f"{photos.KEPT}{photo.id}"
    try:
        data = photos.read(kept if photo.kept else f"{photos.ARRIVES}{photo.id}")
    except NotFound:
        return store.put(rules.refused(photo, NEVER_CAME), _lasts())
    try:
        found = pictures.examine(data, photo.boxes)
    except pictures.Unfit as unfit:
        if photo.kept:
            raise  # it was fit before: a fault of ours, which must not cost the evidence
        return _refuse(photo, unfit.reason)  # another file was put in its place after it was judged
    folder = secrets.token_urlsafe(24)
    # Written down before it is made: a run that dies now leaves nothing that nobody knows of.
    photo = store.put(replace(photo, folders=(*photo.folders, folder)), _lasts())
    try:
        if not photo.kept:
            photos.write(kept, data, f"image/{found.kind}")
        for name, copy in found.copies.items():
            photos.write(f"{photos.COPIES}{folder}/{name}", copy, _TYPES[name.rpartition(".")[2]])
        seen = rules.judged(replace(photo, state=State.AWAITED), found, len(data))
        done = replace(
            seen, folder=folder, drawn=photo.round, kept=True, large=found.large, small=found.small
        )
        done = store.put_seen(done, photo, _lasts())
    except StaleComplaint:
        photos.delete(f"{photos.COPIES}{folder}/")
        raise
    count("PhotosReady")
    return done


def _is_over(photo: Photo, now: datetime) -> bool:
    """Whether the original's time has passed: so many days after its case ended, as the profile says."""
    looked_at = rules.wakes_at(photo, _lasts())
    if not photo.settled or looked_at is None or now < looked_at:
        return False
    try:
        complaint = complaints.get_head(photo.case or "", consistent=True).complaint
    except NotFound:
        return True
    if complaint.ended_at is not None and complaint.ended_at + _lasts() <= now:
        return True
    again = (complaint.ended_at + _lasts()) if complaint.ended_at else now + rules.LOOK_AGAIN
    store.put(replace(photo, keep_until=again), _lasts())
    raise StaleComplaint(photo.id)


def erase_of(code: str, *, now: datetime) -> None:
    """Have the photos of an erased case deleted, originals and all. What is marked here nobody sees any more, and the
    sweep takes it out of the bucket within five minutes; its mark is forgotten at once. Raises StaleComplaint.
    """
    for photo in store.of_case(code):
        if photo.state is not State.ERASED:
            store.put_seen(rules.erased(photo, now), photo, _lasts())


# Seen by people ---------------------------------------------------------------------------------------------------


def of_public(complaint: Complaint) -> list[Photo]:
    """What anybody may see of a case, the oldest first."""
    profile = city()
    return [photo for photo in store.of_case(complaint.code) if rules.is_public(photo, complaint, profile)]


def of_case(complaint: Complaint) -> list[Photo]:
    """All photos of a case, for whoever may read it: its reporter, or officers whose scope it is in."""
    return store.of_case(complaint.code)


def proofs(stored: complaints.Stored) -> list[Photo]:
    """The photos by which the fix that was claimed last is proven; costs nothing where it came without any."""
    claim = last_claim(stored.history)
    if claim is None or not claim.data.get("photos"):
        return []
    return proving(store.of_case(stored.complaint.code), claim.at)


@dataclass(frozen=True, slots=True)
class Reuse:
    """A proof that looks like a photo of another case."""

    photo: str
    code: str


def compared(
    found: Sequence[Photo], complaint: Complaint, officer: Officer
) -> tuple[list[Pair], list[Reuse]]:
    """Proofs beside what the reporter sent, and those that were seen before on a case that this officer may read."""
    reused = []
    for photo in found:
        if photo.purpose is For.PROOF and photo.mark:
            for code, _, mark in store.alike(photo.mark):
                if (
                    code != complaint.code
                    and apart(photo.mark, mark) <= ALIKE_BITS
                    and _may_read(code, officer)
                ):
                    reused.append(Reuse(photo.id, code))
    return rules.pairs(found, complaint, city()), list(dict.fromkeys(reused))


def _may_read(code: str, officer: Officer) -> bool:
    try:
        return allowed(officer, Act.READ, complaints.get_head(code).complaint, city())
    except NotFound:
        return False


def copies(photo: Photo) -> dict[str, str]:
    """Links to the copies by name (``large.webp``), good for five minutes; none while they are being made."""
    if not photo.ready:
        return {}
    return {name: photos.link(f"{photos.COPIES}{photo.folder}/{name}") for name in rules.COPIES}


def original(photo: Photo, complaint: Complaint, officer: Officer) -> str:
    """A link that saves the original, for whoever may decide what of it is shown; empty for anybody else."""
    if not photo.kept or not allowed(officer, Act.HIDE, complaint, city()):
        return ""
    suffix = "jpg" if photo.kind == "jpeg" else photo.kind
    return photos.link(f"{photos.KEPT}{photo.id}", f"{complaint.code}-{photo.id[:6]}.{suffix}")


# Decided by people ------------------------------------------------------------------------------------------------


def release(code: str, photo_id: str, officer: Officer, *, if_match: int, now: datetime) -> Photo:
    """Let the public see a photo, once the case itself is public."""
    return _decide(
        code, photo_id, officer, Act.RELEASE, if_match, lambda p: rules.released(p, officer.id, now)
    )


def hide(code: str, photo_id: str, officer: Officer, why: str, *, if_match: int, now: datetime) -> Photo:
    """Take a photo out of sight, with a reason that the reporter reads; its copies get new names."""
    return _decide(
        code, photo_id, officer, Act.HIDE, if_match, lambda p: rules.hidden(p, officer.id, why, now)
    )


def redact(
    code: str, photo_id: str, officer: Officer, boxes: Sequence[Box], *, if_match: int, now: datetime
) -> Photo:
    """Blacken parts of all copies, drawn anew upon the original; no boxes show it whole again."""
    return _decide(
        code, photo_id, officer, Act.HIDE, if_match, lambda p: rules.redacted(p, officer.id, boxes, now)
    )


def _decide(
    code: str, photo_id: str, officer: Officer, act: Act, if_match: int, decide: Callable[[Photo], Photo]
) -> Photo:
    demand(officer, act, complaints.get_head(code, consistent=True).complaint, city())
    photo = store.get(photo_id)
    if photo.case != code or photo.claimed_at is None:
        raise NotFound(photo_id)
    if photo.version != if_match:
        raise StaleComplaint(photo_id)
    after = store.put(decide(photo), _lasts())
    if not after.settled:
        hurry([photo_id])
    return after


def _lasts() -> timedelta:
    return timedelta(days=city().retention_days["photo"])
