"""Typed settings, read once; the only module that reads the environment, and the only clock."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import UTC, datetime, timedelta
from functools import lru_cache

LOCAL = "local"
STAGING = "staging"


class MissingSettings(Exception):
    """Names every setting that is missing, not just the first."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What differs between stages. Secrets are names to fetch, not values."""

    stage: str
    """``local``, ``dev``, ``staging`` or ``prod``."""
    city: str
    """Folder name of the city profile."""
    table_prefix: str
    """``<app>-<city>-<stage>-``; tables are named by it."""
    topic_arn_prefix: str
    """``arn:aws:sns:<region>:<account>:<app>-<city>-<stage>-``."""
    outbox_stream_arn: str
    photo_bucket: str
    kms_key_id: str
    server_key_parameter: str
    """Name of the SecureString parameter that holds the server's key."""
    base_url: str
    """Where links in messages lead, without a slash at the end."""
    mail_from: str = ""
    """Sender of citizens' e-mail; empty switches that road off."""
    client_header: str = ""
    """The header in which the edge tells the caller's address; empty where no edge stands in front to write it."""
    oidc_issuer: str = ""
    """Who signs officers' tokens (OpenID Connect); empty where officers sign in by one-time code and PIN alone."""
    oidc_client_id: str = ""
    """The audience that such a token must name."""
    oidc_configuration: str = ""
    """Where the issuer tells its addresses; ``<issuer>/.well-known/openid-configuration`` where it is empty."""
    user_pool_id: str = ""
    """The pool of ``infra/data.yaml``; `make posts` keeps accounts there while it is the issuer, and nowhere else."""
    reaches: str = ""
    """On staging: the phones and mailboxes, by commas, that may hear anything; nobody else ever does."""
    roads_parameter: str = ""
    """Name of the SecureString parameter that configures the other roads of messages (docs/notices.md); empty: none."""
    webhooks: str = ""
    """Partner systems that hear of changes of public cases, by commas; ``roads_parameter`` says where they are."""
    xray: str = ""
    """Anything but nothing turns traces on; Lambda's own tracing is ``xray`` in .chalice/config.json."""

    def may_reach(self, address: str) -> bool:
        """Whether a message may go to this phone or mailbox: on staging to those alone that ``reaches`` names."""
        return self.stage != STAGING or address in {each.strip() for each in self.reaches.split(",")}

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> Settings:
        """Read all settings. Raises MissingSettings with every missing name."""
        values = {f.name: environment.get(f.name.upper()) for f in fields(cls)}
        needed = {f.name for f in fields(cls) if f.default is MISSING}
        missing = [name.upper() for name, value in values.items() if value is None and name in needed]
        if missing:
            raise MissingSettings(", ".join(missing))
        return cls(**{name: value for name, value in values.items() if value is not None})


@lru_cache(maxsize=1)
def settings() -> Settings:
    return Settings.from_env(os.environ)


def runs(module: str) -> bool:
    """Whether this process is a Lambda whose handler stands in this module, and not one that merely imports it.

    While such a process starts it has a whole core, and by its first event only a share of one: what that event will
    need is best loaded at the module's end.
    """
    return os.environ.get("_HANDLER", "").rpartition(".")[0] == module


_moved = timedelta(0)


def utc_now() -> datetime:
    """The moment, in UTC; on a local stage, as far ahead as its clock was moved."""
    at = datetime.now(UTC) + _moved
    # Whole milliseconds, as every row holds them: what is stored and read again is the very same moment.
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def move_clock(by: timedelta) -> None:
    """Set the clock of a local stage ahead of the machine's by this much. Raises RuntimeError elsewhere."""
    global _moved
    if settings().stage != LOCAL:
        raise RuntimeError("the clock can be moved on a local stage only")
    _moved = by
