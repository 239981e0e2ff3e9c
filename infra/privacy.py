"""What an operator does for UU 27/2022: the register of erasures, who a breach touched, and the end of archived cases.

``make privacy-register``, ``make affected SINCE=… UNTIL=…``, ``make delete-cases BEFORE=… DIR=… APPROVAL=…``. A restore
replays the register before the stage serves (`infra.recovery`). Rows are read and written as DynamoDB gives them.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.domain import ledger
from chalicelib.domain.forgetting import coarse
from chalicelib.domain.geo import Point
from infra import exports, histories
from infra.deploy import target_of
from infra.exports import Place, Row
from infra.target import Aws, Halt, explained

ERASURE = "erasure#"
_CARDS = ("public_card", "staff_card")
_GONE_FROM_HEAD = (
    "citizen",
    "reach",
    "filed_by",
    "identity_shown",
    "suggested",
    "client_time",
    "last_call_at",
)
_KEPT = frozenset({"at", "language", "rating"})
Tell = Callable[[str], None]


# The register of erasures -------------------------------------------------------------------------------------


def register(place: Place) -> list[dict[str, Any]]:
    """Every entry of the register, oldest first: whose, which cases, when asked, when done."""
    found = []
    for row in exports.scan(place, "people"):
        if row["pk"]["S"].startswith(ERASURE):
            found.append(
                {"id": row["pk"]["S"].removeprefix(ERASURE), **json.loads(row["body"]["S"]), "row": row}
            )
    return sorted(found, key=lambda each: str(each["asked_at"]))


def replay(original: Place, into: Place, *, tell: Tell = print) -> int:
    """Erase in a restored place what was erased in the original, whenever that was; answers how many entries it was.

    The entries are written first, so that a run which stops is finished by the next one, or by the stage's own job.
    Done twice, it changes nothing.
    """
    entries = register(original)
    for entry in entries:
        stays = bool(entry["person"]) and _came_back(original, entry)
        into.dynamodb.put_item(
            TableName=f"{into.prefix}people", Item=_reopened(entry, person=None if stays else entry["person"])
        )
        if entry["person"]:
            for kind in () if stays else ("citizen", "key"):
                key = {"pk": {"S": f"{kind}#{entry['person']}"}}
                into.dynamodb.delete_item(TableName=f"{into.prefix}people", Key=key)
            _forget_joins(into, entry["person"])
        for code in entry["codes"]:
            erase_rows(into, code)
    codes = {code for entry in entries for code in entry["codes"]}
    for row in list(exports.scan(into, "outbox")) if codes else ():
        if row.get("code", {}).get("S") in codes:  # copies of the words stand in what was sent
            key = {"notice_id": row["notice_id"]}
            into.dynamodb.delete_item(TableName=f"{into.prefix}outbox", Key=key)
    tell(f"  register of erasures: {len(entries)}")
    return len(entries)


def _reopened(entry: Mapping[str, Any], *, person: str | None) -> Row:
    """An entry for the restored stage. Where it names cases it is open again: its own job ends them."""
    if not entry["codes"]:
        return dict(entry["row"])
    body = {**json.loads(entry["row"]["body"]["S"]), "done_at": None, "person": person}
    return {**entry["row"], "body": {"S": _json(body)}, "office_id": {"S": "register#erasures-open"}}


def _came_back(original: Place, entry: Mapping[str, Any]) -> bool:
    """Whether somebody who was erased has left a contact since: that one is theirs to keep."""
    key = {"pk": {"S": f"citizen#{entry['person']}"}}
    row = original.dynamodb.get_item(TableName=f"{original.prefix}people", Key=key).get("Item")
    return row is not None and json.loads(row["body"]["S"]).get("since", "") > entry["asked_at"]


def _forget_joins(place: Place, person: str) -> None:
    table = f"{place.prefix}complaints"
    asked = {
        "TableName": table,
        "IndexName": "by_citizen",
        "KeyConditionExpression": "citizen_id = :who",
        "ExpressionAttributeValues": {":who": {"S": f"join#{person}"}},
    }
    for answer in place.dynamodb.get_paginator("query").paginate(**asked):
        for found in answer["Items"]:
            key = {"pk": found["pk"], "sk": found["sk"]}
            row = place.dynamodb.get_item(TableName=table, Key=key)["Item"]
            body = {name: value for name, value in json.loads(row["body"]["S"]).items() if name in _KEPT}
            kept = {name: value for name, value in row.items() if name not in ("citizen_id", "listed_at")}
            place.dynamodb.put_item(TableName=table, Item={**kept, "body": {"S": _json(body)}})


def erase_rows(place: Place, code: str) -> None:
    """Take words and person out of a case's rows, as `domain.forgetting.erase` does, without an act of its own."""
    table = f"{place.prefix}complaints"
    for row in _partition(place, code):
        changed = _erased(row)
        if changed is not None and changed != row:
            place.dynamodb.put_item(TableName=table, Item=changed)


def _erased(row: Row) -> Row | None:
    """One row of a case without what was said and who said it; None where there is nothing to take out."""
    kind = row["sk"]["S"]
    if kind.startswith("event#"):
        entry = json.loads(row["body"]["S"])
        # As the app leaves it, to the letter: the histories are compared afterwards.
        return (
            None
            if entry.get("erased") or entry["act"] == "erase"
            else {**row, "body": {"S": _json(ledger.erased(entry))}}
        )
    if kind == "text":
        return {**row, "body": {"S": "{}"}}
    if kind != "head":
        return None
    body: dict[str, Any] = json.loads(row["body"]["S"])
    for name in _GONE_FROM_HEAD:
        body.pop(name, None)
    body["screening"] = "hidden"
    if place := body.get("place"):
        point = coarse(Point(place[0], place[1]))
        body["place"] = [point.lat, point.lon, True] if point else None
    # Whoever kept a secret link from before opens nothing with it.
    body["link_version"] = max(2, int(body.get("link_version", 1)))
    changed = {
        name: value for name, value in row.items() if name not in ("citizen_id", "mine_card", "public_cell")
    }
    for card in _CARDS:
        if card in changed:
            shown = json.loads(changed[card]["S"])
            shown.pop("excerpt", None)
            shown.pop("point", None)
            changed[card] = {"S": _json(shown)}
    return {**changed, "body": {"S": _json(body)}}


# A breach -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Affected:
    """One case that a breach may have touched; a person is the keyed hash that their contact row has."""

    code: str
    person: str
    filed_at: str
    category: str
    contact: bool
    """A contact of this person is held, sealed."""
    revealed_to: str
    """Officers who looked at the contact within the window."""


def affected(
    place: Place, since: datetime, until: datetime, *, officer: str = "", office: str = ""
) -> list[Affected]:
    """Cases that were written to within a window, oldest first; of one officer or office alone where that is known.

    This is whom article 46 of UU 27/2022 has to be kept towards, in writing and within 3x24 hours.
    """
    contacts = {
        row["pk"]["S"].partition("#")[2]
        for row in exports.scan(place, "people")
        if row["pk"]["S"].startswith("citizen#")
    }
    heads: dict[str, dict[str, Any]] = {}
    acts: dict[str, list[dict[str, Any]]] = {}
    for row in exports.scan(place, "complaints"):
        code, kind = row["pk"]["S"], row["sk"]["S"]
        if kind == "head":
            heads[code] = json.loads(row["body"]["S"])
        elif kind.startswith("event#"):
            entry = json.loads(row["body"]["S"])
            if since <= datetime.fromisoformat(entry["at"]) <= until:
                acts.setdefault(code, []).append(entry)
    found = []
    for code, entries in acts.items():
        head = heads.get(code, {})
        if officer and not any(entry["by"][1] == officer for entry in entries):
            continue
        if office and head.get("office") != office:
            continue
        person = str(head.get("citizen", ""))
        revealed = sorted({entry["by"][1] for entry in entries if entry["act"] == "reveal"})
        found.append(
            Affected(
                code,
                person,
                _moment(head.get("filed_at")),
                str(head.get("category", "")),
                person in contacts,
                " ".join(revealed),
            )
        )
    return sorted(found, key=lambda each: (each.filed_at, each.code))


def write_table(rows: Sequence[Affected], file: Any) -> None:
    """The list as CSV. No field of it can begin a formula: codes, hashes, moments and ids of the profile alone."""
    out = csv.writer(file, lineterminator="\n")
    out.writerow(Affected.__dataclass_fields__)
    for row in rows:
        out.writerow([harmless(str(getattr(row, name))) for name in Affected.__dataclass_fields__])


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula (OWASP, "CSV Injection"): an apostrophe before those."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r", "\n") else cell


# The end of an archived case ----------------------------------------------------------------------------------


def ended_before(place: Place, before: datetime) -> list[str]:
    """Codes of cases that ended before a day and are not open again."""
    found = []
    for row in exports.scan(place, "complaints"):
        if row["sk"]["S"] != "head":
            continue
        body = json.loads(row["body"]["S"])
        ended = body.get("ended_at")
        if ended and body["status"] in ("closed", "rejected", "withdrawn"):
            at = (
                datetime.fromtimestamp(ended / 1000, UTC)
                if isinstance(ended, int)
                else datetime.fromisoformat(ended)
            )
            if at < before:
                found.append(row["pk"]["S"])
    return sorted(found)


def delete_cases(
    place: Place, before: datetime, folder: Path, approval: str, *, now: datetime, tell: Tell = print
) -> int:
    """Delete cases whose time in the archive is over (JRA), every row of them; answers how many.

    Raises Halt without an approval to cite, and unless a finished export holds each of these cases whole as it stands
    now. The approval and the codes are written down first; a run that stopped may be run again.
    """
    if len(approval.strip()) < 10:
        raise Halt(
            "Persetujuan pemusnahan belum disebut.",
            "No approval of the destruction is named.",
            (
                'Contoh: APPROVAL="Berita Acara 000.5/12/2031 tanggal 3 Maret 2031"',
                'For example: APPROVAL="Record 000.5/12/2031 of 3 March 2031"',
            ),
        )
    exports.check(folder)
    codes = ended_before(place, before)
    kept = histories.read(exports.rows(folder / "complaints.jsonl"))
    missing = [code for code in codes if code not in kept or not _same(place, code, kept[code])]
    if missing:
        raise Halt(
            f"Ekspor tidak memuat {len(missing)} aduan seperti sekarang: {', '.join(missing[:5])}.",
            f"The export does not hold {len(missing)} cases as they are now: {', '.join(missing[:5])}.",
            ("Buat ekspor baru: make export-city DIR=…", "Make a new export: make export-city DIR=…"),
        )
    if not codes:
        return 0
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    record = {
        "approval": approval.strip(),
        "before": before.isoformat(),
        "export": manifest["id"],
        "codes": codes,
        "at": now.isoformat(),
    }
    place.dynamodb.put_item(
        TableName=f"{place.prefix}people",
        Item={
            "pk": {"S": f"deletion#{now.strftime('%Y-%m-%dT%H:%M:%SZ')}"},
            "body": {"S": _json(record)},
            "office_id": {"S": "register#deletions"},
        },
    )
    for code in codes:
        rows = list(_partition(place, code))
        # The head goes last: a case without one is nowhere found, so a run that stopped would leave its rows behind.
        for row in sorted(rows, key=lambda row: row["sk"]["S"] == "head"):
            key = {"pk": row["pk"], "sk": row["sk"]}
            place.dynamodb.delete_item(TableName=f"{place.prefix}complaints", Key=key)
    tell(f"  {place.prefix}complaints: -{len(codes):,}")
    return len(codes)


def _same(place: Place, code: str, kept: histories.Case) -> bool:
    now = histories.read(_partition(place, code))[code]
    return now.whole and now.version == kept.version and now.acts == kept.acts


def _partition(place: Place, code: str) -> Iterator[Row]:
    asked = {
        "TableName": f"{place.prefix}complaints",
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": code}},
        "ConsistentRead": True,
    }
    for answer in place.dynamodb.get_paginator("query").paginate(**asked):
        yield from answer["Items"]


def _moment(value: object) -> str:
    if isinstance(value, int):
        return datetime.fromtimestamp(value / 1000, UTC).isoformat().replace("+00:00", "Z")
    return str(value or "")


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


# Commands -----------------------------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.privacy", description=__doc__)
    parser.add_argument("act", choices=("register", "affected", "delete-cases"))
    parser.add_argument("--city", default="denpasar")
    parser.add_argument("--stage", default="")
    parser.add_argument("--since", default="")
    parser.add_argument("--until", default="")
    parser.add_argument("--officer", default="")
    parser.add_argument("--office", default="")
    parser.add_argument("--before", default="")
    parser.add_argument("--dir", default="")
    parser.add_argument("--approval", default="")
    asked = parser.parse_args(arguments)
    try:
        with explained("Terhenti", "Stopped"):
            act(asked)
    except Halt as halt:
        print("\n".join(halt.lines()), file=sys.stderr)
        return 1
    except (BotoCoreError, ClientError) as error:
        print(f"Kata AWS / AWS says: {error}", file=sys.stderr)
        return 1
    return 0


def act(asked: argparse.Namespace) -> None:
    """Do what the command line asks. Raises Halt."""
    from infra.recovery import moment

    target = target_of(asked.city, asked.stage)
    place = exports.place(Aws(target.region), target)
    match asked.act:
        case "register":
            for entry in register(place):
                print(
                    entry["asked_at"], entry["by"], len(entry["codes"]), entry["done_at"] or "-", entry["id"]
                )
        case "affected":
            found = affected(
                place, moment(asked.since), moment(asked.until), officer=asked.officer, office=asked.office
            )
            write_table(found, sys.stdout)
            people = {each.person for each in found if each.person}
            print(f"{len(found)} aduan / cases, {len(people)} orang / people", file=sys.stderr)
        case "delete-cases":
            if not asked.dir:
                raise Halt("DIR belum diisi.", "DIR is missing.")
            folder = Path(asked.dir).expanduser()
            delete_cases(place, moment(asked.before), folder, asked.approval, now=datetime.now(UTC))


if __name__ == "__main__":
    sys.exit(main())
