"""The PIN that an officer adds to a one-time code: a stolen phone, or a stolen number, alone opens nothing.

Only a hash is stored: scrypt over an HMAC of the PIN under the server's key, so that a copy of the table alone, which a
million guesses would open, gives no PIN away.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from datetime import datetime, timedelta
from itertools import pairwise

from chalicelib import keys
from chalicelib.domain.errors import Fault, Invalid, NotSignedIn
from chalicelib.observability import logger
from chalicelib.store import guards, people

DIGITS = 6
PER_HOUR = 5
PER_DAY = 10
_SALT = 16
_COST = {"n": 2**14, "r": 8, "p": 1, "dklen": 32}  # 16 MB and some 50 ms for each guess


def check(officer_id: str, pin: str, *, now: datetime) -> None:
    """Let pass whoever knows the PIN; the first one given is the PIN from then on.

    Raises Invalid where none was given or a first one is too easy, NotSignedIn for a wrong one, TooMany after too many.
    """
    stored = people.pin(officer_id)
    if stored is None:
        if not pin:
            raise Invalid([Fault("pin", "pin_choose")])
        if not is_fit(pin):
            raise Invalid([Fault("pin", "pin_weak")])
        if people.set_pin(officer_id, _hashed(officer_id, pin, os.urandom(_SALT))):
            logger.info("a PIN was chosen", extra={"officer": officer_id})
            return
        stored = people.pin(officer_id) or b""
    if not pin:
        raise Invalid([Fault("pin", "pin_needed")])
    # Counted before it is compared: no two guesses at once pass as one.
    guards.hit(f"pin#{officer_id}", PER_HOUR, timedelta(hours=1), now=now)
    guards.hit(f"pin#{officer_id}", PER_DAY, timedelta(days=1), now=now)
    if not hmac.compare_digest(stored, _hashed(officer_id, pin, stored[:_SALT])):
        raise NotSignedIn("wrong PIN")


def is_fit(pin: str) -> bool:
    """Six digits, not all the same and not a run up or down."""
    if len(pin) != DIGITS or not (pin.isascii() and pin.isdigit()):
        return False
    steps = {int(after) - int(before) for before, after in pairwise(pin)}
    return steps not in ({0}, {1}, {-1})


def _hashed(officer_id: str, pin: str, salt: bytes) -> bytes:
    return salt + hashlib.scrypt(keys.derive("pin", officer_id, pin), salt=salt, **_COST)
