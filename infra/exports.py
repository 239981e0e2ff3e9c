"""A whole city as files, and back: ``make export-city DIR=…``, ``make import-city DIR=…``.

The folder holds ``<table>.jsonl`` (one row a line in DynamoDB's own JSON, nothing left out), ``objects.jsonl`` with
``objects/`` (photos), and ``manifest.json``, written last: counts, fingerprints, what it was taken from. Contacts stay
sealed under the city's KMS key; whoever leaves AWS asks for ``contacts.jsonl`` besides, in the clear, with a typed
sentence. What people wrote, and officers' names, stand in the rows as the tables hold them: the folder is personal.

Both ways may be stopped and run again: an export goes on at the page it was at, an import writes the same rows again.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from chalicelib import keys
from infra import histories
from infra.target import Aws, Halt, Target, code_of

FORMAT = 1
DATA_KEY = "key#"
"""What the rows of wrapped data keys begin with (docs/adr/0026)."""
KEYS: Mapping[str, tuple[str, ...]] = {
    "complaints": ("pk", "sk"),
    "people": ("pk",),
    "outbox": ("notice_id",),
    "guards": ("pk",),
    "photos": ("pk", "sk"),
    "search": ("pk", "sk"),
}
"""Tables, in the order in which they are written, and their keys (a contract test holds them against the models)."""
_BATCH = 25
_AGAIN = 3
_NEVER_ENDS = 4_102_444_800
"""1 January 2100: the mark of an import outlives all that it brought."""

Row = dict[str, Any]
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a city's data are: the tables under a prefix, and the bucket of its photos (empty: none)."""

    dynamodb: Any
    s3: Any
    kms: Any
    prefix: str
    city: str
    bucket: str = ""
    key: str = ""
    """KMS key that contacts are sealed under here."""
    key_print: str = ""
    """Fingerprint of the server's key: links, codes and people's ids hang on it."""


def place(aws: Aws, target: Target, *, tables: str = "") -> Place:
    """The place of a deployed stage; ``tables`` is another prefix than the stage's own."""
    value = aws.client("ssm").get_parameter(Name=target.key_parameter, WithDecryption=True)["Parameter"][
        "Value"
    ]
    return Place(
        aws.client("dynamodb"),
        aws.client("s3"),
        aws.client("kms"),
        tables or target.prefix,
        target.city,
        f"{target.prefix}photos-{aws.account()}",
        target.key_alias,
        hashlib.sha256(b"export" + base64.b64decode(value)).hexdigest()[:16],
    )


# Out ----------------------------------------------------------------------------------------------------------


def export(
    source: Place, folder: Path, *, page: int = 500, open_contacts: bool = False, tell: Tell = print
) -> None:
    """Write a city into a folder; goes on where an earlier run into the same folder stopped.

    A row may change while others are read: cases that were are read again at the end, until each is whole. What must
    be of one moment is taken from a restore to that moment (`infra.recovery`). Raises Halt if the folder belongs to
    another city, or a case stays torn.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # Personal data: nobody else on this machine reads it.
    folder.chmod(0o700)
    if (folder / "manifest.json").exists():
        raise Halt(
            f"Folder {folder} sudah berisi ekspor yang selesai.",
            f"The folder {folder} holds a finished export.",
            ("Pilih DIR lain.", "Choose another DIR."),
        )
    progress = _Progress(folder, source)
    for table in KEYS:
        count = _export_table(source, table, folder, progress, page)
        tell(f"  {source.prefix}{table}: {count:,}")
    _mend(source, folder, progress)
    objects = _export_objects(source, folder)
    if source.bucket:
        tell(f"  {source.bucket}: {objects:,}")
    if open_contacts:
        tell(f"  contacts.jsonl: {_open_contacts(source, folder):,}")
    files = [
        *(f"{table}.jsonl" for table in KEYS),
        *(p for p in ("objects.jsonl", "contacts.jsonl") if (folder / p).exists()),
    ]
    manifest = {
        "format": FORMAT,
        "id": progress.id,
        "city": source.city,
        "prefix": source.prefix,
        "server_key": source.key_print,
        "started": progress.started,
        "finished": _now(),
        "files": {name: {"lines": _lines(folder / name), "sha256": _digest(folder / name)} for name in files},
    }
    _write(folder / "manifest.json", json.dumps(manifest, indent=2))
    (folder / "progress.json").unlink()


class _Progress:
    """How far an export came: for each table the bytes that are good and the key to go on after."""

    def __init__(self, folder: Path, source: Place) -> None:
        self._path = folder / "progress.json"
        found: dict[str, Any] = {}
        if self._path.exists():
            found = json.loads(self._path.read_text(encoding="utf-8"))
            if found["prefix"] != source.prefix:
                raise Halt(
                    f"Folder itu berisi ekspor {found['prefix']}* yang belum selesai.",
                    f"That folder holds an unfinished export of {found['prefix']}*.",
                    ("Pilih DIR lain.", "Choose another DIR."),
                )
        self.id: str = found.get("id", uuid.uuid4().hex)
        self.started: str = found.get("started", _now())
        self.tables: dict[str, dict[str, Any]] = found.get("tables", {})
        self._prefix = source.prefix

    def save(self) -> None:
        known = {"id": self.id, "started": self.started, "prefix": self._prefix, "tables": self.tables}
        _write(self._path, json.dumps(known))


def _export_table(source: Place, table: str, folder: Path, progress: _Progress, page: int) -> int:
    known = progress.tables.setdefault(table, {"bytes": 0, "rows": 0, "after": None, "done": False})
    path = folder / f"{table}.jsonl"
    path.touch()
    path.chmod(0o600)
    with path.open("r+b") as file:
        # A page that was half written when the last run stopped is read again.
        file.truncate(known["bytes"])
        file.seek(known["bytes"])
        while not known["done"]:
            asked = {"TableName": source.prefix + table, "Limit": page, "ConsistentRead": True}
            if known["after"] is not None:
                asked["ExclusiveStartKey"] = _from_line(known["after"])
            answer = source.dynamodb.scan(**asked)
            for row in answer["Items"]:
                file.write(_line(row))
            file.flush()
            os.fsync(file.fileno())
            after = answer.get("LastEvaluatedKey")
            known |= {
                "bytes": file.tell(),
                "rows": known["rows"] + len(answer["Items"]),
                "after": None if after is None else _to_line(after),
                "done": after is None,
            }
            progress.save()
    return int(known["rows"])


def _mend(source: Place, folder: Path, progress: _Progress) -> None:
    """Read cases again that somebody wrote to meanwhile: their rows are added, and of a row the last line counts."""
    path = folder / "complaints.jsonl"
    for _ in range(_AGAIN):
        torn = histories.torn(histories.read(rows(path)))
        if not torn:
            return
        with path.open("ab") as file:
            for code in torn:
                asked = {
                    "TableName": f"{source.prefix}complaints",
                    "KeyConditionExpression": "pk = :pk",
                    "ExpressionAttributeValues": {":pk": {"S": code}},
                    "ConsistentRead": True,
                }
                for answer in source.dynamodb.get_paginator("query").paginate(**asked):
                    for row in answer["Items"]:
                        file.write(_line(row))
        progress.tables["complaints"]["bytes"] = path.stat().st_size
        progress.save()
    torn = histories.torn(histories.read(rows(path)))
    if torn:
        raise Halt(
            f"Riwayat tidak utuh: {', '.join(torn[:5])} ({len(torn)}).",
            f"Histories are not whole: {', '.join(torn[:5])} ({len(torn)}).",
            (
                "Jalankan lagi; bila tetap, pulihkan dari titik waktu.",
                "Run again; if it stays so, restore a point in time.",
            ),
        )


def _export_objects(source: Place, folder: Path) -> int:
    """Photos: those already here with the right size and fingerprint are not fetched again."""
    if not source.bucket:
        return 0
    home, listed = folder / "objects", []
    for page in source.s3.get_paginator("list_objects_v2").paginate(Bucket=source.bucket):
        for each in page.get("Contents", []):
            # Keys are ours, but a file's name is no place to trust one.
            name = hashlib.sha256(each["Key"].encode()).hexdigest()
            path = home / name[:2] / name
            if not path.exists() or path.stat().st_size != each["Size"]:
                path.parent.mkdir(parents=True, exist_ok=True)
                part = path.with_suffix(".part")
                source.s3.download_file(source.bucket, each["Key"], str(part))
                part.replace(path)
            kind = source.s3.head_object(Bucket=source.bucket, Key=each["Key"])
            listed.append(
                {
                    "key": each["Key"],
                    "file": f"{name[:2]}/{name}",
                    "type": kind.get("ContentType", ""),
                    "about": kind["Metadata"],
                }
            )
    _write(folder / "objects.jsonl", "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in listed))
    return len(listed)


def _open_contacts(source: Place, folder: Path) -> int:
    """Contacts in the clear, person by person: for a city that leaves AWS, where its KMS key cannot follow."""
    count = 0
    wrapped = {
        row["pk"]["S"].removeprefix(DATA_KEY): row["contact"]["B"]
        for row in rows(folder / "people.jsonl")
        if row["pk"]["S"].startswith(DATA_KEY)
    }
    with (folder / "contacts.jsonl").open("wb") as file:
        (folder / "contacts.jsonl").chmod(0o600)
        for row in rows(folder / "people.jsonl"):
            if "contact" not in row or row["pk"]["S"].startswith(DATA_KEY):
                continue
            person, sealed = row["pk"]["S"].partition("#")[2], row["contact"]["B"]
            under_own = keys.is_enveloped(sealed)
            if under_own and person not in wrapped:
                continue  # shredded
            opened = source.kms.decrypt(
                CiphertextBlob=wrapped[person] if under_own else sealed, EncryptionContext={"person": person}
            )["Plaintext"]
            contact = keys.unseal(person, sealed, opened) if under_own else json.loads(opened)
            file.write(
                json.dumps({"pk": row["pk"]["S"], "contact": contact}, ensure_ascii=False).encode() + b"\n"
            )
            count += 1
    return count


# In -----------------------------------------------------------------------------------------------------------


def load(
    folder: Path,
    into: Place,
    *,
    reseal: bool = False,
    send_pending: bool = True,
    other_key: bool = False,
    tell: Tell = print,
) -> None:
    """Write an export into an empty city; a run that stopped may be run again, a finished import never.

    ``reseal`` seals contacts under this place's key (from ``contacts.jsonl`` where there is one, else by KMS from the
    old key, to which the caller then needs a right). ``send_pending=False`` closes notices that still waited, for a
    place whose original goes on sending. ``other_key`` accepts another server key: every old link is then void. Raises
    Halt for a broken or unfinished export, another city, another key, and tables that hold anything else.
    """
    manifest = check(folder)
    _fits(manifest, into, other_key=other_key)
    mark = _Mark(into, manifest["id"])
    if mark.state == "done":
        raise Halt(
            "Ekspor ini sudah diimpor di sini; kota itu sudah hidup.",
            "This export was imported here before; the city lives on since.",
            ("Untuk mengulang, mulai dari stage kosong.", "To do it again, begin with an empty stage."),
        )
    if mark.state == "new":
        _demand_empty(into)
        mark.save("running")
    contacts = _contacts(folder)
    for table, key_names in KEYS.items():
        written = 0
        for batch in _batches(rows(folder / f"{table}.jsonl"), key_names):
            changed = [
                _changed(table, row, into, contacts, reseal=reseal, send_pending=send_pending)
                for row in batch
                # Where contacts came in the clear, the keys they were sealed under are out of reach.
                if not (contacts and reseal and table == "people" and row["pk"]["S"].startswith(DATA_KEY))
            ]
            _put(into, table, changed)
            written += len(batch)
        tell(f"  {into.prefix}{table}: {written:,}")
    _load_objects(folder, into)
    found = compare(folder, into)
    if not found.same:
        raise Halt(
            f"Hasil impor tidak sama: {found}",
            f"What was imported is not the same: {found}",
            ("Jalankan lagi.", "Run again."),
        )
    mark.save("done")


def compare(folder: Path, place_: Place) -> histories.Comparison:
    """Hold the histories in a place against those of an export."""
    return histories.compare(
        histories.read(rows(folder / "complaints.jsonl")), histories.read(scan(place_, "complaints"))
    )


def check(folder: Path) -> dict[str, Any]:
    """The manifest of a finished export whose files are as they were written. Raises Halt."""
    path = folder / "manifest.json"
    if not path.exists():
        raise Halt(
            f"{folder} bukan ekspor yang selesai.",
            f"{folder} is no finished export.",
            ("Jalankan make export-city sampai selesai.", "Run make export-city to its end."),
        )
    manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if manifest.get("format") != FORMAT:
        raise Halt(
            f"Bentuk ekspor {manifest.get('format')} tidak dikenal.",
            f"The format {manifest.get('format')} is not known.",
        )
    broken = [
        name
        for name, known in manifest["files"].items()
        if not (folder / name).exists() or _digest(folder / name) != known["sha256"]
    ]
    if broken:
        raise Halt(f"Berkas berubah: {', '.join(broken)}", f"Files have changed: {', '.join(broken)}")
    return manifest


def _fits(manifest: Mapping[str, Any], into: Place, *, other_key: bool) -> None:
    if manifest["city"] != into.city:
        raise Halt(
            f"Ekspor itu dari {manifest['city']}, bukan {into.city}.",
            f"The export is of {manifest['city']}, not of {into.city}.",
        )
    if manifest["server_key"] != into.key_print and not other_key:
        raise Halt(
            "Kunci server di sini lain: semua tautan dan nomor pelapor lama tidak akan dikenali.",
            "The server's key is another here: no old link and no reporter's number would be known.",
            (
                "Pasang kunci lama (docs/runbook.md, kunci server), atau OTHER_KEY=yes.",
                "Put the old key here (docs/runbook.md, server key), or OTHER_KEY=yes.",
            ),
        )


class _Mark:
    """A row in ``guards`` that says which import is here and whether it ended."""

    def __init__(self, into: Place, export_id: str) -> None:
        self._into = into
        self._key = {"pk": {"S": f"import#{export_id}"}}
        found = into.dynamodb.get_item(TableName=f"{into.prefix}guards", Key=self._key, ConsistentRead=True)
        self.state: str = found["Item"]["body"]["S"] if "Item" in found else "new"

    def save(self, state: str) -> None:
        item = {**self._key, "body": {"S": state}, "expires_at": {"N": str(_NEVER_ENDS)}}
        self._into.dynamodb.put_item(TableName=f"{self._into.prefix}guards", Item=item)


def _demand_empty(into: Place) -> None:
    full = [
        table
        for table in KEYS
        if into.dynamodb.scan(TableName=into.prefix + table, Limit=1, ConsistentRead=True)["Items"]
    ]
    if full:
        raise Halt(
            f"Tabel tujuan tidak kosong: {', '.join(full)}.",
            f"The tables here are not empty: {', '.join(full)}.",
            (
                "Impor hanya ke stage baru; data yang ada tidak pernah ditimpa.",
                "Import into a fresh stage only; what is there is never written over.",
            ),
        )


def _changed(
    table: str, row: Row, into: Place, contacts: Mapping[str, Any], *, reseal: bool, send_pending: bool
) -> Row:
    if table == "people" and reseal and "contact" in row:
        if keys.is_enveloped(row["contact"]["B"]) and row["pk"]["S"] not in contacts:
            return row  # sealed under a data key, which is a row of its own and is wrapped anew
        person = row["pk"]["S"].partition("#")[2]
        return {**row, "contact": {"B": _resealed(row, person, into, contacts)}}
    if table == "outbox" and not send_pending and row["state"]["S"] == "pending":
        closed = {
            name: value for name, value in row.items() if name not in ("pending_shard", "next_attempt_at")
        }
        return {**closed, "state": {"S": "expired"}, "fate": {"S": "closed by an import"}}
    return row


def _resealed(row: Row, person: str, into: Place, contacts: Mapping[str, Any]) -> bytes:
    context = {"person": person}
    if row["pk"]["S"] in contacts:
        plain = json.dumps(contacts[row["pk"]["S"]]).encode()
        sealed = into.kms.encrypt(KeyId=into.key, Plaintext=plain, EncryptionContext=context)
    else:
        sealed = into.kms.re_encrypt(
            CiphertextBlob=row["contact"]["B"],
            SourceEncryptionContext=context,
            DestinationKeyId=into.key,
            DestinationEncryptionContext=context,
        )
    return bytes(sealed["CiphertextBlob"])


def _contacts(folder: Path) -> dict[str, Any]:
    path = folder / "contacts.jsonl"
    if not path.exists():
        return {}
    with path.open(encoding="utf-8") as file:
        return {each["pk"]: each["contact"] for each in map(json.loads, file)}


def _put(into: Place, table: str, batch: list[Row]) -> None:
    left: dict[str, Any] = {into.prefix + table: [{"PutRequest": {"Item": row}} for row in batch]}
    while left:
        # The client's own retries wait between throttled tries; what is left over is only asked for again.
        left = into.dynamodb.batch_write_item(RequestItems=left).get("UnprocessedItems", {})


def _load_objects(folder: Path, into: Place) -> None:
    path = folder / "objects.jsonl"
    if not path.exists() or not into.bucket:
        return
    with path.open(encoding="utf-8") as file:
        for each in map(json.loads, file):
            try:
                there = into.s3.head_object(Bucket=into.bucket, Key=each["key"])["ContentLength"]
            except ClientError as error:
                if code_of(error) not in ("404", "NoSuchKey", "NotFound"):
                    raise
                there = -1
            local = folder / "objects" / each["file"]
            if there != local.stat().st_size:
                extra = {"ContentType": each["type"], "Metadata": each["about"]}
                into.s3.upload_file(str(local), into.bucket, each["key"], ExtraArgs=extra)


# Lines --------------------------------------------------------------------------------------------------------


def rows(path: Path) -> Iterator[Row]:
    """Rows of a file, in its order; bytes are bytes again."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield _from_line(json.loads(line))


def scan(source: Place, table: str) -> Iterator[Row]:
    """Every row of a table, consistently; for an operator's command, never for a request."""
    pages = source.dynamodb.get_paginator("scan").paginate(
        TableName=source.prefix + table, ConsistentRead=True
    )
    for page in pages:
        yield from page["Items"]


def _batches(found: Iterator[Row], keys: tuple[str, ...]) -> Iterator[list[Row]]:
    """Batches as DynamoDB takes them: no row twice in one, and of a row that comes twice the later last."""
    batch: dict[tuple[str, ...], Row] = {}
    for row in found:
        batch[tuple(row[name]["S"] for name in keys)] = row
        if len(batch) == _BATCH:
            yield list(batch.values())
            batch = {}
    if batch:
        yield list(batch.values())


def _line(row: Row) -> bytes:
    return json.dumps(_to_line(row), ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _to_line(value: Any) -> Any:
    """DynamoDB's JSON with bytes as base64; only ``B`` and ``BS`` hold any."""
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(bytes(value)).decode()
    if isinstance(value, Mapping):
        return {name: _to_line(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_to_line(each) for each in value]
    return value


def _from_line(row: Mapping[str, Any]) -> Row:
    return {name: _value(each) for name, each in row.items()}


def _value(typed: Mapping[str, Any]) -> dict[str, Any]:
    ((kind, value),) = typed.items()
    match kind:
        case "B":
            return {"B": base64.b64decode(value)}
        case "BS":
            return {"BS": [base64.b64decode(each) for each in value]}
        case "L":
            return {"L": [_value(each) for each in value]}
        case "M":
            return {"M": {name: _value(each) for name, each in value.items()}}
    return {kind: value}


def _write(path: Path, text: str) -> None:
    """Whole or not at all."""
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.chmod(0o600)
    part.replace(path)


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _ in file)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
