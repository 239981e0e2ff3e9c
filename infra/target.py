"""Where a deployment goes: one city, one stage, one account, Jakarta; its names, and what the operator chose for it.

Choices stand in ``infra/stages.toml`` (it says what each means); names are made of app, city and stage as
``infra/data.yaml`` makes them. The clients here are those of an operator's machine, not the Lambdas'.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

PROJECT = Path(__file__).resolve().parent.parent
APP = "pro"
HOME = "ap-southeast-3"
"""Jakarta: personal data stays in the country (PP 71/2019)."""
GLOBAL = "us-east-1"
"""Certificates and web ACLs of CloudFront live there alone; nothing personal does."""


class Halt(Exception):
    """An expected reason to stop: what is wrong and what to do, in both languages; never shown as a stack trace."""

    def __init__(self, indonesian: str, english: str, do: tuple[str, str] = ("", "")) -> None:
        super().__init__(english)
        self.indonesian, self.english = indonesian, english
        self.do = do
        self.told = False
        """Whether a step has shown it already."""

    def lines(self) -> list[str]:
        told = [self.indonesian, self.english]
        if any(self.do):
            told += [f"-> {self.do[0]}", f"-> {self.do[1]}"]
        return told


@dataclass(frozen=True, slots=True)
class Target:
    """Names of one city and stage. ``prefix`` is what every name of it begins with: ``pro-denpasar-prod-``."""

    city: str
    stage: str
    region: str = HOME

    @property
    def prefix(self) -> str:
        return f"{APP}-{self.city}-{self.stage}-"

    @property
    def chalice_name(self) -> str:
        """``app_name`` in Chalice's settings; the API bears it too, in every stage."""
        return f"{APP}-{self.city}"

    def function(self, handler: str = "api_handler") -> str:
        """Name of the Lambda that Chalice makes for a handler."""
        whole = f"{self.chalice_name}-{self.stage}"
        return whole if handler == "api_handler" else f"{whole}-{handler}"

    @property
    def layer(self) -> str:
        """The layer that opens pictures."""
        return f"{self.prefix}pictures"

    def stack(self, part: str) -> str:
        return self.prefix + part

    def table(self, name: str) -> str:
        return self.prefix + name

    @property
    def key_parameter(self) -> str:
        return f"/{APP}/{self.city}/{self.stage}/server-key"

    @property
    def key_alias(self) -> str:
        return f"alias/{self.prefix}data"

    def state_bucket(self, account: str) -> str:
        # Bucket names are shared by all accounts of AWS, hence the account's number.
        return f"{self.prefix}state-{account}"

    @property
    def tags(self) -> dict[str, str]:
        return {"app": APP, "city": self.city, "stage": self.stage}


@dataclass(frozen=True, slots=True)
class Choices:
    """What an operator chose for a city and stage; every field may be left out of the file."""

    account: str = ""
    """The account it belongs into; another one is refused."""
    sms_dollars: float = 0.0
    """What a month of SMS may cost; the account's limit must not be lower."""
    accept: tuple[str, ...] = ()
    """Ids of preflight findings that were read and accepted."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """CloudFormation parameters, for whichever stack declares them."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Settings of the app beside those that the deploy finds out, such as BASE_URL or MAIL_FROM."""


def choices(target: Target, path: Path | None = None) -> Choices:
    """Read ``infra/stages.toml``. Raises Halt with the name of whatever it does not know."""
    name = f"{target.city}.{target.stage}"
    found = dict(_stages(path).get(target.city, {}).get(target.stage, {}))
    unknown = ", ".join(sorted(set(found) - {field.name for field in fields(Choices)}))
    if unknown:
        raise Halt(
            f"stages.toml: {name} tidak mengenal {unknown}", f"stages.toml: {name} does not know {unknown}"
        )
    if "accept" in found:
        found["accept"] = tuple(found["accept"])
    return Choices(**found)


def stages_of(city: str, path: Path | None = None) -> tuple[str, ...]:
    """The stages that ``infra/stages.toml`` names for a city."""
    return tuple(_stages(path).get(city, {}))


def _stages(path: Path | None) -> dict[str, Any]:
    path = path or PROJECT / "infra" / "stages.toml"
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise Halt(f"{path.name} tidak terbaca: {error}", f"{path.name} cannot be read: {error}") from error


class Aws:
    """Clients of an operator's machine: more patient than the Lambdas', for stacks take minutes."""

    def __init__(self, region: str = HOME) -> None:
        self.region = region
        self._session: Any = boto3.session.Session(region_name=region)
        self._made: dict[tuple[str, str], Any] = {}

    def client(self, service: str, region: str = "") -> Any:
        key = (service, region or self.region)
        if key not in self._made:
            config = Config(retries={"max_attempts": 5, "mode": "standard"}, s3={"addressing_style": "path"})
            self._made[key] = self._session.client(service, region_name=key[1], config=config)
        return self._made[key]

    @lru_cache(maxsize=1)  # noqa: B019  one instance per run of the tool
    def account(self) -> str:
        """The number of the account that the credentials belong to."""
        return str(self.client("sts").get_caller_identity()["Account"])


def code_of(error: BaseException) -> str:
    """The name that AWS gives an error; empty where it is none of AWS's."""
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


@contextmanager
def explained(indonesian: str, english: str) -> Iterator[None]:
    """Turn an error of AWS's into a Halt that says what was being done and what AWS said."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        said = " ".join(str(error).split())
        raise Halt(
            f"{indonesian}; kata AWS: {said}",
            f"{english}; AWS says: {said}",
            (
                "Periksa hak dan sambungan, lalu jalankan perintah yang sama lagi.",
                "Check rights and connection, then run the same command again.",
            ),
        ) from error


def chalice_config(folder: Path | None = None) -> dict[str, Any]:
    """``.chalice/config.json`` of a project folder."""
    path = (folder or PROJECT) / ".chalice" / "config.json"
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded
