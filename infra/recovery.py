"""Back to a moment before something went wrong, into a fresh stage: ``make restore STAGE=… AT=… INTO=…``.

DynamoDB restores a table to a second within its window, as a new table without TTL, stream, alarms or protection, and
CloudFormation does not know that table. So the rows are restored beside the fresh stage's tables, copied into those by
export and import (the very road that leaves AWS, and that is rehearsed on the local engines), and held against the
original's histories. The original is never written to.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra import exports, histories, privacy
from infra.deploy import target_of
from infra.target import Aws, Halt, Target, code_of, explained

RESTORED = "restored-"
"""What the names of restored tables have between the stage's prefix and the table's name."""
_PATIENCE = 6 * 3600.0


def restore_tables(
    dynamodb: Any,
    source: str,
    into: str,
    at: datetime,
    *,
    pause: float = 15.0,
    tell: Callable[[str], None] = print,
) -> str:
    """Restore the four tables under prefix ``source`` as they were ``at``; answers the restored tables' prefix.

    Tables that an earlier run restored are taken as they are. Raises Halt where ``at`` is outside the window.
    """
    prefix = f"{into}{RESTORED}"
    for table in exports.KEYS:
        try:
            dynamodb.describe_table(TableName=prefix + table)
            continue
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":
                raise
        try:
            dynamodb.restore_table_to_point_in_time(
                SourceTableName=source + table, TargetTableName=prefix + table, RestoreDateTime=at
            )
        except ClientError as error:
            if code_of(error) not in (
                "InvalidRestoreTimeException",
                "PointInTimeRecoveryUnavailableException",
            ):
                raise
            raise Halt(
                f"{source}{table} tidak dapat dipulihkan ke {at.isoformat()}: {error}",
                f"{source}{table} cannot be restored to {at.isoformat()}: {error}",
                (
                    "Pilih saat dalam 35 hari terakhir, paling akhir lima menit lalu.",
                    "Choose a moment of the last 35 days, at least five minutes ago.",
                ),
            ) from error
    until = time.monotonic() + _PATIENCE
    for table in exports.KEYS:
        while dynamodb.describe_table(TableName=prefix + table)["Table"]["TableStatus"] != "ACTIVE":
            if time.monotonic() > until:
                raise Halt(
                    "Pemulihan belum selesai.",
                    "The restore has not finished.",
                    ("Jalankan lagi.", "Run again."),
                )
            time.sleep(pause)
        tell(f"  {prefix}{table}")
    return prefix


def rehearse(
    original: exports.Place, restored: exports.Place, into: exports.Place, at: datetime, folder: Path,
    *, send_pending: bool = True, tell: Callable[[str], None] = print,
) -> histories.Comparison:  # fmt: skip
    """Copy restored tables into a fresh stage and hold them against the original as it was ``at``."""
    if not (folder / "manifest.json").exists():
        exports.export(restored, folder, tell=tell)
    exports.load(folder, into, reseal=bool(into.key), send_pending=send_pending, tell=tell)
    # Before anything is served or compared: what people had erased since that moment stays erased.
    privacy.replay(original, into, tell=tell)
    return histories.compare(
        histories.read(exports.scan(original, "complaints")),
        histories.read(exports.scan(into, "complaints")),
        at=at,
    )


def restore(
    aws: Aws, source: Target, into: Target, at: datetime, folder: Path,
    *, send_pending: bool, tell: Callable[[str], None] = print,
) -> None:  # fmt: skip
    """The whole way on AWS; each part may be run again. Raises Halt if the copy does not tell the original's story."""
    _same_key(aws, source, into)
    prefix = restore_tables(aws.client("dynamodb"), source.prefix, into.prefix, at, tell=tell)
    found = rehearse(
        exports.place(aws, source),
        # Photos are kept by version, not by moment: the original's bucket is copied as it is.
        exports.place(aws, source, tables=prefix),
        exports.place(aws, into),
        at,
        folder,
        send_pending=send_pending,
        tell=tell,
    )
    if not found.same:
        raise Halt(f"Riwayat tidak cocok: {found}", f"The histories do not fit: {found}")
    tell(f"Riwayat cocok sampai {at.isoformat()}. / The histories fit up to {at.isoformat()}.")
    for table in exports.KEYS:
        tell(f"  aws dynamodb delete-table --table-name {prefix}{table}")


def _same_key(aws: Aws, source: Target, into: Target) -> None:
    """Give the fresh stage the original's server key, on which links, codes and people's ids hang."""
    ssm = aws.client("ssm")
    value = ssm.get_parameter(Name=source.key_parameter, WithDecryption=True)["Parameter"]["Value"]
    ssm.put_parameter(
        Name=into.key_parameter, Value=value, Type="SecureString", KeyId=into.key_alias, Overwrite=True
    )


# Commands -----------------------------------------------------------------------------------------------------


def moment(text: str) -> datetime:
    """A moment with its zone, such as ``2026-11-21T09:30:00+08:00``. Raises Halt."""
    at = None
    with suppress(ValueError):
        at = datetime.fromisoformat(text)
    if at is None or at.tzinfo is None:
        raise Halt(
            f"AT={text or '-'} bukan saat dengan zona waktu.",
            f"AT={text or '-'} is no moment with a time zone.",
            ("Contoh: AT=2026-11-21T09:30:00+08:00", "For example: AT=2026-11-21T09:30:00+08:00"),
        )
    return at.astimezone(UTC)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.recovery", description=__doc__)
    parser.add_argument("act", choices=("export", "import", "restore", "compare"))
    parser.add_argument("--city", default="denpasar")
    parser.add_argument("--stage", default="")
    parser.add_argument("--dir", default="")
    parser.add_argument("--at", default="")
    parser.add_argument("--into", default="")
    parser.add_argument("--contacts", default="", help="open: contacts in the clear, too")
    parser.add_argument("--confirm", default="")
    parser.add_argument("--reseal", default="", help="yes: seal contacts under this stage's key")
    parser.add_argument(
        "--pending", default="send", choices=("send", "close"), help="notices that still wait"
    )
    parser.add_argument("--other-key", default="")
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
    except KeyboardInterrupt:
        print(
            "\nDihentikan; jalankan lagi untuk melanjutkan. / Stopped; run again to go on.", file=sys.stderr
        )
        return 130
    return 0


def act(asked: argparse.Namespace) -> None:
    """Do what the command line asks. Raises Halt."""
    target = target_of(asked.city, asked.stage)
    if not asked.dir:
        raise Halt("DIR belum diisi.", "DIR is missing.", ("Contoh: DIR=ekspor", "For example: DIR=export"))
    aws, folder = Aws(target.region), Path(asked.dir).expanduser()
    match asked.act:
        case "export":
            sentence = f"buka kontak {target.city} {target.stage}"
            if asked.contacts == "open" and asked.confirm != sentence:
                raise Halt(
                    "Kontak warga akan ditulis terbuka.",
                    "Citizens' contacts would be written in the clear.",
                    (f'Bila memang dimaksud: CONFIRM="{sentence}"', f'If it is meant: CONFIRM="{sentence}"'),
                )
            exports.export(exports.place(aws, target), folder, open_contacts=asked.contacts == "open")
        case "import":
            exports.load(
                folder,
                exports.place(aws, target),
                reseal=asked.reseal == "yes",
                send_pending=asked.pending == "send",
                other_key=asked.other_key == "yes",
            )
        case "compare":
            found = exports.compare(folder, exports.place(aws, target))
            print(found)
            if not found.same:
                raise Halt("Tidak sama.", "Not the same.")
        case "restore":
            into = target_of(asked.city, asked.into)
            if into.stage == target.stage:
                raise Halt("INTO harus stage lain yang kosong.", "INTO must be another stage, an empty one.")
            restore(aws, target, into, moment(asked.at), folder, send_pending=asked.pending == "send")
    print("Selesai / done")


if __name__ == "__main__":
    sys.exit(main())
