"""Contact data under a key per person: bound to them, unreadable once the key is shredded, and old rows still read."""

from __future__ import annotations

import json

import pytest

from chalicelib import keys
from chalicelib.domain.errors import NotFound
from chalicelib.settings import settings
from chalicelib.store import people
from chalicelib.store.tables import PersonRow
from chalicelib.usecases import reading, sealing
from tests.integration import people as cast
from tests.integration.people import NOW, a_case, an_officer
from tests.stack import Stack

CONTACT = {"phone": "+6281234567890", "name": "Made Contoh"}


def by_kms(person: str) -> bytes:
    """Contact data as rows of before there were data keys hold it."""
    answer = keys._kms().encrypt(
        KeyId=settings().kms_key_id,
        Plaintext=json.dumps(CONTACT).encode(),
        EncryptionContext={"person": person},
    )
    return answer["CiphertextBlob"]


def test_what_is_sealed_opens_for_its_person_alone(stack: Stack) -> None:
    sealed = sealing.seal("satu", CONTACT)
    assert b"8123" not in sealed
    assert sealing.unseal("satu", sealed) == CONTACT
    sealing.seal("dua", CONTACT)
    with pytest.raises(ValueError, match="not sealed for this person"):
        sealing.unseal("dua", sealed)
    spoilt = sealed[:-1] + bytes([sealed[-1] ^ 1])
    with pytest.raises(ValueError, match="not sealed for this person"):
        sealing.unseal("satu", spoilt)


def test_a_person_has_one_key_however_often_something_is_sealed(stack: Stack) -> None:
    first = sealing.seal("satu", CONTACT)
    key = people.data_key("satu")
    second = sealing.seal("satu", {"phone": "+61400000000"})
    assert people.data_key("satu") == key
    assert sealing.unseal("satu", first) == CONTACT
    assert sealing.unseal("satu", second) == {"phone": "+61400000000"}


def test_two_who_seal_for_one_person_at_once_both_open(stack: Stack) -> None:
    sealed = cast.good(cast.at_once(6, lambda place: sealing.seal("satu", {"name": str(place)})))
    assert sorted(sealing.unseal("satu", each)["name"] for each in sealed) == list("012345")


def test_a_shredded_key_closes_every_copy(stack: Stack) -> None:
    copy = sealing.seal("satu", CONTACT)
    sealing.shred("satu")
    sealing.shred("satu")
    with pytest.raises(NotFound):
        sealing.unseal("satu", copy)
    sealing.seal("satu", CONTACT)  # whoever comes back gets another key
    with pytest.raises(ValueError, match="not sealed for this person"):
        sealing.unseal("satu", copy)


def test_rows_of_before_there_were_data_keys_are_still_read(stack: Stack) -> None:
    old = by_kms("lama")
    assert sealing.unseal("lama", old) == CONTACT
    with pytest.raises(NotFound):
        people.data_key("lama")


def test_a_reporters_row_holds_no_contact_in_clear(stack: Stack) -> None:
    phone = cast.a_phone()
    filed = a_case(phone=phone, identity_shown=True)
    person = keys.person_id(phone)
    row = PersonRow.get(f"citizen#{person}")
    assert keys.is_enveloped(bytes(row.contact or b""))
    clerk = an_officer("duty@dlhk").officer
    code, version = filed.complaint.code, filed.complaint.version
    assert reading.contact_of(code, clerk, if_match=version, now=NOW)[1]["phone"] == phone
    assert phone not in cast.everything()
