"""Every log line of the suite, held against what no log may hold: names, phones, addresses and texts of the tests.

A handler on the root logger and on the app's own hears each record as it is written; the run fails at its end, on every
process of xdist by itself, which tells the controller.
"""

from __future__ import annotations

import logging
import re
import traceback

import pytest

PERSONAL = re.compile(
    "|".join(
        (
            r"\+628\d{7,11}\b",  # a phone in E.164, as every one is kept
            r"\b08\d{2}[- ]?\d{4}[- ]?\d{3,5}\b",
            r"[\w.+-]+@example\.(?:id|com|net|org)\b",  # what the tests' people write from
            r"Made Contoh|Ni Luh Contoh|Wayan Sudarma",
            r"Sampah menumpuk|Jalan berlubang|gang rahasia|Seroja",
        )
    ),
    re.IGNORECASE,
)
_HEARD = ("", "pro-denpasar-plus", "chalicelib")
"""The root, where what libraries say arrives, and our own, which hand nothing on."""
_MOST = 20


class Listener(logging.Handler):
    """Keeps what it should never have heard: which logger, and what of it."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        extra = {name: value for name, value in record.__dict__.items() if name not in _PLAIN}
        said = f"{record.getMessage()} {extra}"
        if record.exc_info:
            said += "".join(traceback.format_exception(*record.exc_info))
        hit = PERSONAL.search(said)
        if hit and len(self.found) < _MOST:
            self.found.append(f"{record.name}: {record.msg!r} holds {hit[0]!r}")


_PLAIN = frozenset(logging.makeLogRecord({}).__dict__)


def pytest_configure(config: pytest.Config) -> None:
    listener = Listener()
    config.stash[_LISTENER] = listener
    for name in _HEARD:
        logging.getLogger(name).addHandler(listener)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail the run. A worker of xdist cannot fail it by itself: it hands what it heard to the controller."""
    found = session.config.stash[_LISTENER].found
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["personal_logs"] = found
        return
    _tell(session, [*found, *session.config.stash.get(_FROM_WORKERS, [])])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object, error: object) -> None:
    heard = getattr(node, "workeroutput", {}).get("personal_logs", [])
    config: pytest.Config = node.config  # type: ignore[attr-defined]  # xdist has no types for its nodes
    config.stash.setdefault(_FROM_WORKERS, []).extend(heard)


def _tell(session: pytest.Session, found: list[str]) -> None:
    if found:
        print("\nPersonal data in log lines:", *found, sep="\n  ")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


_LISTENER = pytest.StashKey[Listener]()
_FROM_WORKERS = pytest.StashKey[list[str]]()
