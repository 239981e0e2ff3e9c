"""The examples of docs/open311.md, run by curl against the service as they stand there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator

import pytest

from chalicelib.http.open311 import routes
from chalicelib.settings import utc_now
from chalicelib.usecases import api_keys
from local.server import Server
from tests import stack as stacks
from tests.contract.conftest import Api

PAGE = (stacks.PROJECT / "docs" / "open311.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def shell(api: Api) -> Iterator[dict[str, str]]:
    """What the first block of the page sets, with the answers of this service behind it."""
    scopes = [api_keys.FILE, api_keys.UPDATE, f"{api_keys.ACT}*"]
    _, key = api_keys.issue("Contoh", scopes, now=utc_now())
    server = Server(0, api.gateway)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_address[1]}/open311/v2"
    yield {"OPEN311": url, "KEY": key, "PATH": os.environ["PATH"], "no_proxy": "127.0.0.1"}
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not on this machine")
def test_every_example_works_as_it_stands(shell: dict[str, str]) -> None:
    first, *examples = BLOCKS
    assert set(re.findall(r"^(\w+)=", first, re.MULTILINE)) == {"OPEN311", "KEY"}
    assert len(examples) >= 5
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", "\necho\n".join(examples)],
        env=shell,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr}"
    assert '"status":"closed"' in done.stdout.splitlines()[-1]


def test_the_page_names_every_resource_and_every_argument() -> None:
    known = {*routes._RESOURCES, *routes._ITEMS}
    assert known <= set(re.findall(r"`(\w+)(?:/\{\w+\})?`", PAGE))
    for name in (
        "start_date",
        "updated_before",
        "radius",
        "per_page",
        "extensions",
        "jurisdiction_id",
        "update_id",
    ):
        assert f"`{name}" in PAGE
