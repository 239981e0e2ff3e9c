"""Fixtures of all tests. Importing tests.stack first sets the environment that the app reads when it is imported."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import stack as stacks
from tests.logs import pytest_configure, pytest_sessionfinish, pytest_testnodedown

__all__ = ["pytest_configure", "pytest_sessionfinish", "pytest_testnodedown"]


@pytest.fixture(scope="session")
def engines_up() -> Iterator[stacks.Stack]:
    running = stacks.start()
    yield running
    stacks.stop(running)


@pytest.fixture
def stack(engines_up: stacks.Stack) -> stacks.Stack:
    """The engines with empty tables."""
    engines_up.clear()
    return engines_up
