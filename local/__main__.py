"""``python -m local run``: the whole service on this machine. PORT, DATA_DIR and CITY are settings."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import TYPE_CHECKING

from local.console import Trouble

if TYPE_CHECKING:
    from local.instance import Instance


class _Asked(BaseException):
    """Somebody asked to stop: Ctrl-C, SIGTERM, or the terminal was closed."""


def _ask(number: int, frame: FrameType | None) -> None:
    raise _Asked


def run() -> int:
    """Run until asked to stop: 0. What a person can mend ends it with one sentence and 1."""
    for kind in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(kind, _ask)
    instance: Instance | None = None
    try:
        # Here and not above: it reads half a second of libraries, and a Ctrl-C may come meanwhile.
        from local.instance import Choice, Instance, announce

        instance = Instance(Choice.from_env(os.environ))
        instance.start()
        announce(instance)
        instance.watch()
    except _Asked:
        print("\n  Berhenti / stopping ...", flush=True)
        return 0
    except Trouble as trouble:
        print(f"\n{trouble.indonesian}\n{trouble.english}", file=sys.stderr, flush=True)
        return 1
    finally:
        # A second Ctrl-C would leave half of it running.
        for kind in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(kind, signal.SIG_IGN)
        if instance is not None:
            instance.stop()
    return 0


def demo(arguments: list[str]) -> int:
    """Tell the story over HTTP, or replay a file: 0. Without a running service, one sentence and 1."""
    from local.demo import chosen_file
    from local.demo import run as tell

    try:
        return tell(chosen_file(arguments))
    except Trouble as trouble:
        print(f"{trouble.indonesian}\n{trouble.english}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def main(arguments: list[str]) -> int:
    match arguments:
        case ["run"]:
            return run()
        case ["demo", *rest]:
            return demo(rest)
    print("pakai / usage: python -m local run | demo [--file F]", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
