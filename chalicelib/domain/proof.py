"""What proves a fix to the second person: words that they can check, a photo, or either, as the profile says.

The words stand in the history, in the claim's own event; of photos it holds the number. Whether a photo shows anything
is known only once it has come and was opened (`domain.photos`), so it is looked at again when the fix is approved.
"""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib.domain.city import City, Proof
from chalicelib.domain.complaint import Complaint, Event
from chalicelib.domain.errors import Fault
from chalicelib.domain.people import Act


def demanded(complaint: Complaint, city: City) -> Proof | None:
    """Which proof a fix of this case has to bring; None where no second person approves it."""
    category = city.categories.get(complaint.category) if complaint.category else None
    return category.proof if category is not None and category.four_eyes else None


def fault(kind: Proof, words: str, photos: int) -> Fault | None:
    """What a claim lacks that comes with these words and so many photos; None where nothing."""
    if kind is Proof.PHOTO:
        return None if photos else Fault("photos", "proof_photo")
    if words:
        return None
    if kind is Proof.WRITTEN:
        return Fault("proof", "proof_required")
    return None if photos else Fault("proof", "proof_either")


def proven(complaint: Complaint, claim: Event | None, seen: int, city: City) -> bool:
    """Whether a second person has something to approve upon; ``seen`` photos of the claim show a picture."""
    if claim is None:
        return False
    # Who left no contact has a second person in every category (docs/deadlines.md): there any proof will do.
    kind = demanded(complaint, city) or Proof.EITHER
    return fault(kind, str(claim.data.get("proof", "")), seen) is None


def last_claim(history: Iterable[Event]) -> Event | None:
    """The last time that somebody called it solved."""
    return next((e for e in reversed(list(history)) if e.act in (Act.RESOLVE, Act.CLAIM)), None)
