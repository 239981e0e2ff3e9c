"""What a reporter is shown of the personal data in their own words, before anything is filed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.domain.personal import MASKED, Kind, find

LABELS: Mapping[Kind, Mapping[str, str]] = {
    Kind.NIK: {"id": "NIK atau nomor KK", "en": "identity or family card number"},
    Kind.PHONE: {"id": "nomor telepon", "en": "phone number"},
    Kind.EMAIL: {"id": "alamat e-mail", "en": "e-mail address"},
    Kind.PLATE: {"id": "nomor kendaraan", "en": "number plate"},
    Kind.BANK: {"id": "nomor rekening atau kartu", "en": "account or card number"},
    Kind.PERSON: {"id": "nama orang", "en": "name of a person"},
    Kind.HOUSE: {"id": "rumah seseorang", "en": "somebody's home"},
    Kind.BUSINESS: {"id": "nama usaha", "en": "name of a business"},
    Kind.INSULT: {"id": "kata kasar", "en": "abusive words"},
    Kind.GORE: {"id": "kata yang mengerikan", "en": "gruesome words"},
}


def found_in(text: str, language: str) -> list[dict[str, Any]]:
    """Each place in a text, by characters, with what becomes of it if it stays.

    ``masked``: the public reads dots in its place; ``held``: somebody of the city reads the text first.
    """
    return [
        {
            "kind": each.kind,
            "label": LABELS[each.kind][language],
            "start": each.start,
            "end": each.end,
            "words": text[each.start : each.end],
            "effect": "masked" if each.kind in MASKED else "held",
        }
        for each in find(text)
    ]


def to_remove(text: str, language: str) -> list[dict[str, Any]]:
    """The numbers and addresses alone, which a reporter is asked to take out."""
    return [each for each in found_in(text, language) if each["effect"] == "masked"]
