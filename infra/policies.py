"""The policies of the functions, narrowed to one stage.

The files in ``.chalice/`` serve every city and stage, since Chalice knows no variables: where the names of a stack or
the account's number belong there stands a star. A deploy puts the right ones in, in its staging copy, so that not even
``dev`` in the same account may touch the tables of ``prod``. A plain ``chalice deploy`` works too, with the stars.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ANY_STACK = "pro-*"
"""What the files say for ``<app>-<city>-<stage>``."""
ANY_ACCOUNT = "ap-southeast-3:*:"
"""What the files say for ``<region>:<account>:``; the region is exact already."""


TRACES = "Traces"
"""Sid of the statement that only a stage with X-Ray needs."""


def narrowed(policy: dict[str, Any], *, prefix: str, account: str, traces: bool = False) -> dict[str, Any]:
    """A policy document for one stage. ``prefix`` is TABLE_PREFIX: ``<app>-<city>-<stage>-``.

    ``traces`` where the stage turns X-Ray on. Raises ValueError for a prefix that is none, since a star in its place
    would say the same as before.
    """
    app, *rest = prefix.rstrip("-").split("-")
    if not prefix.endswith("-") or app != "pro" or len(rest) < 2 or "*" in prefix + account:
        raise ValueError(f"{prefix!r} of {account!r} names no stack")
    stack = prefix.removesuffix("-")
    city, stage = "-".join(rest[:-1]), rest[-1]
    kept = [each for each in policy["Statement"] if traces or each["Sid"] != TRACES]
    text = json.dumps({**policy, "Statement": kept})
    for star, exact in (
        (ANY_STACK, stack),
        ("parameter/pro/*/", f"parameter/pro/{city}/{stage}/"),
        (ANY_ACCOUNT, f"ap-southeast-3:{account}:"),
        ("-photos-*", f"-photos-{account}"),
    ):
        text = text.replace(star, exact)
    made: dict[str, Any] = json.loads(text)
    return made


def narrow_files(folder: Path, *, prefix: str, account: str, traces: bool = False) -> None:
    """Narrow every policy file of a ``.chalice`` folder in place: that of a staging copy, never the one in git."""
    for path in sorted(folder.glob("policy-*.json")):
        policy = json.loads(path.read_text(encoding="utf-8"))
        exact = narrowed(policy, prefix=prefix, account=account, traces=traces)
        path.write_text(json.dumps(exact, indent=2) + "\n", encoding="utf-8")
