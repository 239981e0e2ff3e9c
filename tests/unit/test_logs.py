"""The listener that reads every log line of the suite hears what it must."""

from __future__ import annotations

import logging

import pytest

from tests.logs import Listener


def a_logger() -> logging.Logger:
    """One that nobody else listens to."""
    logger = logging.getLogger("apart")
    logger.handlers.clear()
    logger.propagate = False
    return logger


@pytest.mark.parametrize(
    ("message", "extra"),
    [
        ("sent to +6281200001234", {}),
        ("sent", {"to": "0812-0000-4321"}),
        ("sent", {"address": "made@example.id"}),
        ("filed by Made Contoh", {}),
        ("filed", {"text": "Sampah menumpuk di pasar"}),
    ],
)
def test_a_line_with_somebody_in_it_is_heard(message: str, extra: dict[str, str]) -> None:
    listener, logger = Listener(), a_logger()
    logger.addHandler(listener)
    logger.warning(message, extra=extra)
    assert len(listener.found) == 1


def test_codes_ids_and_versions_are_no_news() -> None:
    listener, logger = Listener(), a_logger()
    logger.addHandler(listener)
    logger.warning("a case could not be handled", extra={"code": "DPS-7K3M9-QXC4B", "version": 3})
    assert listener.found == []


def test_an_exception_is_read_too() -> None:
    listener, logger = Listener(), a_logger()
    logger.addHandler(listener)
    try:
        raise ValueError("Wayan Sudarma")
    except ValueError:
        logger.exception("a view failed")
    assert listener.found
