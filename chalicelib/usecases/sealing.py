"""Contact data sealed under one data key per person, which is wrapped by the stage's KMS key and kept as a row.

Deleting that row makes all that was sealed under it unreadable, wherever a copy lies. No plain key is kept in memory
beyond its use, or a warm function would still open what was shredded.
"""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib import keys
from chalicelib.domain.errors import NotFound
from chalicelib.store import people


def seal(person: str, contact: Mapping[str, str]) -> bytes:
    """Encrypt somebody's contact data under their own key, which is made with the first of it. Raises Passing."""
    try:
        key = keys.open_data_key(person, people.data_key(person))
    except NotFound:
        key, wrapped = keys.new_data_key(person)
        standing = people.add_data_key(person, wrapped)
        if standing != wrapped:  # somebody else was first
            key = keys.open_data_key(person, standing)
    return keys.seal(person, contact, key)


def unseal(person: str, sealed: bytes) -> dict[str, str]:
    """Decrypt somebody's contact data. Raises Passing, and NotFound once their key was shredded."""
    if not keys.is_enveloped(sealed):
        return keys.unseal_by_kms(person, sealed)  # of before there were data keys
    return keys.unseal(person, sealed, keys.open_data_key(person, people.data_key(person)))


def shred(person: str) -> None:
    """Make all contact data of this person unreadable, here and in every backup. Done twice, it changes nothing."""
    people.shred_data_key(person)
