"""``make deploy STAGE=…`` and what belongs to it: edge, rollback, destroy, diff, smoke, settings, unlock.

infra/steps.py holds the steps; this is the command line. Faults that an operator can mend end with 1 and two lines.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import cities
from infra import staging, state, topics
from infra.stacks import compact
from infra.steps import Deployment, Options
from infra.target import HOME, PROJECT, Aws, Halt, Target, chalice_config, choices, stages_of
from local.apply import read_template


def diff(deployment: Deployment) -> None:
    """Tell what a deploy would change; nothing is changed."""
    stacks, target = deployment.stacks, deployment.target
    for part in ("data", "topics", "edge"):
        file = PROJECT / "infra" / f"{part}.yaml"
        if part == "topics":
            rendered: Mapping[str, Any] = topics.template(cities.load(target.city))
            text, declared = compact(rendered), rendered["Parameters"]
        elif file.exists():
            text, declared = file.read_text(encoding="utf-8"), read_template(file)["Parameters"]
        else:
            continue
        if part == "edge" and not state.api_of(deployment.record())[0]:
            deployment.tell(f"{target.stack(part)}: baru setelah aplikasi / after the app")
            continue
        found = stacks.diff(part, text, declared, deployment.given(edge=part == "edge"))
        deployment.tell(f"{target.stack(part)}: {len(found)} perubahan / changes")
        for each in found:
            warned = " DIBUAT ULANG / MADE ANEW" if each.replaces and each.action == "Modify" else ""
            deployment.tell(f"    {each.action:<7} {each.kind} {each.logical_id}{warned}")
    try:
        there = deployment.deployed_settings()
    except ClientError:
        there = {}
    now = deployment.environment()
    for name in sorted(now.keys() | there.keys()):
        if now.get(name) != there.get(name):
            deployment.tell(f"    {name}: {there.get(name, '-')} -> {now.get(name, '-')}")
    kept = deployment.vault.releases() if deployment.vault.exists() else []
    current = next((about for name, about in kept if name == deployment.vault.current()[0]), {})
    since = current.get("commit", "")
    deployment.tell(f"kode / code: {since or '-'} -> {staging.commit()}")
    if since:
        log = subprocess.run(
            ["git", "log", "--oneline", f"{since}..HEAD", "--", "app.py", "chalicelib", ".chalice", "requirements.txt"],
            cwd=PROJECT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        for line in log.stdout.splitlines():
            deployment.tell(f"    {line}")


def settle_here(deployment: Deployment, path: Path = PROJECT / ".chalice") -> None:
    """``make settings``: settings and record into this folder's .chalice, so that plain ``chalice deploy`` works."""
    staging.write_config_of_stage(path / "config.json", deployment.target, deployment.environment())
    record, _ = deployment.vault.fetch()
    memory = state.recall(
        deployment.aws, deployment.target, record, deployment.handlers, api_stage=deployment.api_stage
    )
    if memory.record is not None:
        (path / "deployed").mkdir(exist_ok=True)
        (path / "deployed" / f"{deployment.target.stage}.json").write_text(
            json.dumps(memory.record, indent=2), encoding="utf-8"
        )
    stage = deployment.target.stage
    deployment.tell(f"Siap / ready: .venv/bin/chalice deploy --stage {stage}")
    deployment.tell(f"Sesudahnya / afterwards: make edge STAGE={stage}")


def target_of(city: str, stage: str) -> Target:
    """A stage of .chalice/config.json, or one that infra/stages.toml names for this city. Raises Halt for any other:
    a slip of the pen must not make a city."""
    if city not in cities.available():
        raise Halt(f"Tidak ada kota {city}.", f"There is no city {city}.")
    known = sorted({*chalice_config()["stages"], *stages_of(city)})
    if stage not in known:
        raise Halt(
            f"STAGE={stage or '-'} tidak dikenal untuk {city}.",
            f"STAGE={stage or '-'} is not known for {city}.",
            (
                f"Pilih {', '.join(known)}, atau tulis [{city}.{stage or 'nama'}] di infra/stages.toml.",
                f"Choose {', '.join(known)}, or write [{city}.{stage or 'name'}] into infra/stages.toml.",
            ),
        )
    return Target(city, stage, HOME)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.deploy", description=__doc__)
    parser.add_argument(
        "act", choices=("deploy", "edge", "rollback", "destroy", "diff", "smoke", "unlock", "settings")
    )
    parser.add_argument("--city", default="denpasar")
    parser.add_argument("--stage", default="")
    parser.add_argument(
        "--api", default="", help="id of the API that is this stage's, where AWS holds several"
    )
    parser.add_argument("--new-address", default="", help="yes: the recorded API is gone, make another")
    parser.add_argument(
        "--phone", default="", help="a phone of your own: the smoke test files a case with it"
    )
    parser.add_argument("--release", default="", help="the release to go back to")
    parser.add_argument("--rotate", default="", help="yes: a new secret between edge and API")
    parser.add_argument("--data", default="", help="yes: destroy the data, too")
    parser.add_argument("--confirm", default="", help="the words that a destroy asks for")
    asked = parser.parse_args(arguments)
    try:
        target = target_of(asked.city, asked.stage)
        options = Options(
            asked.api,
            asked.new_address in ("yes", "1"),
            asked.phone,
            asked.release,
            asked.rotate in ("yes", "1"),
        )
        deployment = Deployment(target, choices(target), Aws(target.region), options)
        act(deployment, asked)
    except Halt as halt:
        if not halt.told:
            print("\n".join(halt.lines()), file=sys.stderr)
        return 1
    except (BotoCoreError, ClientError) as error:
        print(f"Kata AWS / AWS says: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "\nDihentikan; jalankan lagi untuk melanjutkan. / Stopped; run again to go on.", file=sys.stderr
        )
        return 130
    return 0


def act(deployment: Deployment, asked: argparse.Namespace) -> None:
    """Do what the command line asks."""
    match asked.act:
        case "deploy":
            deployment.deploy()
        case "edge":
            deployment.restore_edge()
        case "rollback":
            deployment.rollback()
        case "smoke":
            deployment.smoke_test()
        case "diff":
            diff(deployment)
        case "settings":
            settle_here(deployment)
        case "unlock":
            held = deployment.vault.holder()
            deployment.vault.unlock()
            deployment.tell(f"Kunci dilepas / released: {held or '-'}")
        case "destroy":
            from infra.destroy import destroy

            destroy(deployment, data=asked.data in ("yes", "1"), confirm=asked.confirm)


if __name__ == "__main__":
    sys.exit(main())
