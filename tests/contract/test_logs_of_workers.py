"""The reader of all log lines fails a run of several processes for a line that one of them wrote."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
CONFTEST = """
from tests.logs import pytest_configure, pytest_sessionfinish, pytest_testnodedown
"""
TESTS = """
import logging
import pytest

@pytest.mark.parametrize("logger", ["pro-denpasar-plus", "some.library"])
@pytest.mark.parametrize("said", ["DPS-7K3M9-QXC4B", "+6281200004321", "made@example.id"])
def test_a_line(logger, said):
    logging.getLogger(logger).warning("sent", extra={"to": said})
"""


def test_lines_of_single_processes_fail_the_whole_run(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (tmp_path / "test_lines.py").write_text(TESTS, encoding="utf-8")
    options = ["-q", "-n", "2", "-p", "no:cacheprovider", "-c", "/dev/null", f"--rootdir={tmp_path}"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(tmp_path)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert "6 passed" in done.stdout  # the tests themselves pass: the lines alone fail the run
    assert done.returncode == 1, done.stdout + done.stderr
    told = done.stdout.partition("Personal data in log lines")[2]
    for word in ("pro-denpasar-plus", "some.library", "+6281200004321", "made@example.id"):
        assert word in told
    assert "DPS-" not in told
