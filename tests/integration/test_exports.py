"""A city taken out as files and brought into a fresh stage, on DynamoDB Local: all of it, stopped halfway or not."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest

from chalicelib import keys
from chalicelib.store.tables import TABLES
from chalicelib.usecases import handling
from infra import exports, histories, recovery
from infra.target import Halt
from local.engines import REGION
from tests import stack as stacks
from tests.integration import people as cast
from tests.integration.people import a_case, an_officer, later
from tests.stack import Stack

_stages = itertools.count(1)
BUCKET = f"pro-denpasar-leaving-photos-{stacks.ACCOUNT}"


class Cut(Exception):
    """The run ends here, as by a pulled plug."""


def original(stack: Stack) -> exports.Place:
    dynamodb: Any = boto3.client("dynamodb", endpoint_url=stack.dynamodb.endpoint)
    s3: Any = boto3.client("s3", endpoint_url=stack.aws.endpoint)
    kms: Any = boto3.client("kms", endpoint_url=stack.aws.endpoint)
    alias = stacks.ENVIRONMENT["KMS_KEY_ID"]
    return exports.Place(dynamodb, s3, kms, stacks.PREFIX, stacks.CITY, "", alias, "0123")


@pytest.fixture
def city(stack: Stack) -> exports.Place:
    """Three cases with acts, people and notices."""
    officer = an_officer("duty@dlhk").officer
    for _ in range(3):
        filed = a_case(phone=cast.a_phone())
        handling.message(filed.complaint.code, cast.holder_of(filed), "Tambah banyak.", now=later(minutes=1))
    handling.acknowledge(filed.complaint.code, officer, if_match=2, now=later(minutes=5))
    return original(stack)


@pytest.fixture
def fresh(city: exports.Place) -> Iterator[exports.Place]:
    """The tables of a stage just made, empty."""
    place = replace(city, prefix=f"pro-denpasar-copy{next(_stages)}-")
    make_tables(place)
    yield place
    for table in exports.KEYS:
        place.dynamodb.delete_table(TableName=place.prefix + table)


def make_tables(place: exports.Place) -> None:
    for table in exports.KEYS:
        found = place.dynamodb.describe_table(TableName=stacks.PREFIX + table)["Table"]
        indexes = [
            {key: index[key] for key in ("IndexName", "KeySchema", "Projection")}
            for index in found.get("GlobalSecondaryIndexes", [])
        ]
        place.dynamodb.create_table(
            TableName=place.prefix + table,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=found["KeySchema"],
            AttributeDefinitions=found["AttributeDefinitions"],
            **({"GlobalSecondaryIndexes": indexes} if indexes else {}),
        )


def everything(place: exports.Place) -> dict[str, list[str]]:
    """All rows of a place, but for the mark of the import itself."""
    return {
        table: sorted(
            repr(sorted(row.items()))
            for row in exports.scan(place, table)
            if not row.get("pk", {}).get("S", "").startswith("import#")
        )
        for table in exports.KEYS
    }


@contextmanager
def cut_after(place: exports.Place, operation: str, calls: int) -> Iterator[None]:
    """Let so many calls of an operation through, then end the run."""
    left = [calls]

    def count(**_: object) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Cut

    event = f"before-call.dynamodb.{operation}"
    place.dynamodb.meta.events.register(event, count)
    try:
        yield
    finally:
        place.dynamodb.meta.events.unregister(event, count)


def quiet(_: str) -> None:
    """Progress that nobody reads."""


def test_the_keys_are_those_of_the_tables() -> None:
    for table in TABLES:
        name = table.Meta.table_name.removeprefix(stacks.PREFIX)  # type: ignore[attr-defined]  # each model has one
        attributes = table.get_attributes().items()
        assert set(exports.KEYS[name]) == {
            key for key, each in attributes if each.is_hash_key or each.is_range_key
        }
    assert len(TABLES) == len(exports.KEYS)


def test_a_city_comes_back_as_it_was(city: exports.Place, fresh: exports.Place, tmp_path: Path) -> None:
    before = everything(city)
    exports.export(city, tmp_path, tell=quiet)
    exports.load(tmp_path, fresh, tell=quiet)
    assert everything(fresh) == before
    assert everything(city) == before
    assert exports.compare(tmp_path, fresh).same


@pytest.mark.parametrize("pages", [0, 1, 4, 9])
def test_an_export_that_was_cut_off_goes_on_where_it_was(
    city: exports.Place, fresh: exports.Place, tmp_path: Path, pages: int
) -> None:
    with cut_after(city, "Scan", pages), pytest.raises(Cut):
        exports.export(city, tmp_path, page=3, tell=quiet)
    with pytest.raises(Halt):
        exports.load(tmp_path, fresh, tell=quiet)
    # A line that was half written when the plug was pulled.
    with (tmp_path / "complaints.jsonl").open("ab") as file:
        file.write(b'{"pk":{"S":"DP')
    exports.export(city, tmp_path, page=3, tell=quiet)
    exports.load(tmp_path, fresh, tell=quiet)
    assert everything(fresh) == everything(city)


@pytest.mark.parametrize("batches", [0, 1, 3])
def test_an_import_that_was_cut_off_is_run_again(
    city: exports.Place, fresh: exports.Place, tmp_path: Path, batches: int
) -> None:
    exports.export(city, tmp_path, tell=quiet)
    with cut_after(fresh, "BatchWriteItem", batches), pytest.raises(Cut):
        exports.load(tmp_path, fresh, tell=quiet)
    exports.load(tmp_path, fresh, tell=quiet)
    assert everything(fresh) == everything(city)


def test_a_finished_import_is_never_done_again(
    city: exports.Place, fresh: exports.Place, tmp_path: Path
) -> None:
    exports.export(city, tmp_path, tell=quiet)
    exports.load(tmp_path, fresh, tell=quiet)
    row = next(exports.scan(fresh, "people"))
    fresh.dynamodb.delete_item(TableName=f"{fresh.prefix}people", Key={"pk": row["pk"]})
    after = everything(fresh)
    with pytest.raises(Halt, match="imported here before"):
        exports.load(tmp_path, fresh, tell=quiet)
    assert everything(fresh) == after


def test_an_import_writes_over_nothing(city: exports.Place, fresh: exports.Place, tmp_path: Path) -> None:
    exports.export(city, tmp_path, tell=quiet)
    fresh.dynamodb.put_item(
        TableName=f"{fresh.prefix}people", Item={"pk": {"S": "officer#x"}, "body": {"S": "{}"}}
    )
    with pytest.raises(Halt, match="not empty: people"):
        exports.load(tmp_path, fresh, tell=quiet)
    assert len(everything(fresh)["complaints"]) == 0


def test_a_changed_file_another_city_and_another_key_are_refused(
    city: exports.Place, fresh: exports.Place, tmp_path: Path
) -> None:
    exports.export(city, tmp_path, tell=quiet)
    with pytest.raises(Halt, match="not of tangerang-selatan"):
        exports.load(tmp_path, replace(fresh, city="tangerang-selatan"), tell=quiet)
    with pytest.raises(Halt, match="key is another"):
        exports.load(tmp_path, replace(fresh, key_print="4567"), tell=quiet)
    with (tmp_path / "people.jsonl").open("ab") as file:
        file.write(b"{}\n")
    with pytest.raises(Halt, match="people"):
        exports.load(tmp_path, fresh, tell=quiet)
    assert not any(everything(fresh).values())


def test_contacts_stay_sealed_and_can_be_sealed_anew(
    city: exports.Place, fresh: exports.Place, tmp_path: Path
) -> None:
    exports.export(city, tmp_path, tell=quiet)
    text = "".join(path.read_text(encoding="utf-8") for path in tmp_path.glob("*.jsonl"))
    phones = phones_in(city)
    assert phones
    assert not any(phone in text for phone in phones)
    new = city.kms.create_key(Description="another")["KeyMetadata"]["Arn"]
    exports.load(tmp_path, replace(fresh, key=new), reseal=True, tell=quiet)
    assert phones_in(fresh) == phones
    wrapped = [row for row in exports.scan(fresh, "people") if row["pk"]["S"].startswith("key#")]
    assert {sealed_under(city, row) for row in wrapped} == {new}


def test_whoever_leaves_aws_takes_the_contacts_along_in_the_clear(
    city: exports.Place, fresh: exports.Place, tmp_path: Path
) -> None:
    exports.export(city, tmp_path, open_contacts=True, tell=quiet)
    lines = (tmp_path / "contacts.jsonl").read_text(encoding="utf-8").splitlines()
    phones = phones_in(city)
    assert sorted(json.loads(line)["contact"]["phone"] for line in lines) == phones
    new = city.kms.create_key(Description="elsewhere")["KeyMetadata"]["Arn"]
    exports.load(tmp_path, replace(fresh, key=new), reseal=True, tell=quiet)
    assert phones_in(fresh) == phones


def test_waiting_notices_go_out_after_an_import_or_are_closed(
    city: exports.Place, fresh: exports.Place, tmp_path: Path
) -> None:
    waiting = [row for row in exports.scan(city, "outbox") if row["state"]["S"] == "pending"]
    assert waiting
    exports.export(city, tmp_path, tell=quiet)
    exports.load(tmp_path, fresh, send_pending=False, tell=quiet)
    kept = list(exports.scan(fresh, "outbox"))
    assert len(kept) == len(list(exports.scan(city, "outbox")))
    assert not [row for row in kept if row["state"]["S"] == "pending" or "pending_shard" in row]


def test_photos_go_along(city: exports.Place, fresh: exports.Place, tmp_path: Path) -> None:
    for name in (BUCKET, f"{BUCKET}-copy"):
        city.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    city.s3.put_object(
        Bucket=BUCKET, Key="DPS/../a b.jpg", Body=b"photo", ContentType="image/jpeg", Metadata={"x": "1"}
    )
    exports.export(replace(city, bucket=BUCKET), tmp_path, tell=quiet)
    exports.load(tmp_path, replace(fresh, bucket=f"{BUCKET}-copy"), tell=quiet)
    found = city.s3.get_object(Bucket=f"{BUCKET}-copy", Key="DPS/../a b.jpg")
    assert (found["Body"].read(), found["ContentType"], found["Metadata"]) == (
        b"photo",
        "image/jpeg",
        {"x": "1"},
    )


def test_a_case_that_is_written_to_during_the_export_is_whole_in_it(
    city: exports.Place, fresh: exports.Place, tmp_path: Path
) -> None:
    code = next(row["pk"]["S"] for row in exports.scan(city, "complaints"))
    filed = cast.stored(code)
    scans: list[int] = []

    def write(**_: object) -> None:
        scans.append(1)
        if len(scans) == 2:
            from chalicelib.usecases import signin

            who = signin.Who(signin.Kind.LINK, f"{code}.{filed.link_version}")
            handling.message(code, who, "Masih ada.", now=later(minutes=30))

    city.dynamodb.meta.events.register("before-call.dynamodb.Scan", write)
    exports.export(city, tmp_path, page=2, tell=quiet)
    city.dynamodb.meta.events.unregister("before-call.dynamodb.Scan", write)
    exports.load(tmp_path, fresh, tell=quiet)
    assert not histories.torn(histories.read(exports.scan(fresh, "complaints")))


# Point in time ------------------------------------------------------------------------------------------------


def test_restore_to_a_moment_simulated_by_export_and_import(
    city: exports.Place, fresh: exports.Place, tmp_path: Path
) -> None:
    # DynamoDB Local has no point-in-time recovery: tables filled with an export of that moment stand for restored ones.
    restored = replace(city, prefix=f"{fresh.prefix}restored-")
    make_tables(restored)
    exports.export(city, tmp_path / "then", tell=quiet)
    exports.load(tmp_path / "then", restored, tell=quiet)
    moment = later(minutes=60)
    code = next(iter(histories.read(exports.scan(city, "complaints"))))
    spoil(city, code)
    found = recovery.rehearse(city, restored, fresh, moment, tmp_path / "copy", tell=quiet)
    assert found.same, found
    assert everything(fresh) == everything(restored) | {"people": everything(fresh)["people"]}
    # Run again, it is refused: the stage may be serving by now.
    with pytest.raises(Halt):
        recovery.rehearse(city, restored, fresh, moment, tmp_path / "copy", tell=quiet)


def spoil(city: exports.Place, code: str) -> None:
    """What happened after the moment: an act on an old case, and a new case."""
    from chalicelib.usecases import signin

    who = signin.Who(signin.Kind.LINK, f"{code}.{cast.stored(code).link_version}")
    handling.message(code, who, "Setelah itu.", now=later(hours=3))
    a_case(now=later(hours=4), phone=cast.a_phone())


@pytest.mark.parametrize("fault", ["act gone", "act changed", "case gone", "act too new", "case of nowhere"])
def test_the_checker_sees_what_a_restore_got_wrong(city: exports.Place, fault: str) -> None:
    code, other = sorted(histories.read(exports.scan(city, "complaints")))[:2]
    spoil(city, code)
    now = histories.read(exports.scan(city, "complaints"))
    moment = later(minutes=60)
    then = {}
    for each, case in histories.read(exports.scan(city, "complaints")).items():
        acts = {version: act for version, act in case.acts.items() if act[0] < moment}
        if acts:
            then[each] = histories.Case(max(acts), acts)
    assert histories.compare(now, then, at=moment).same
    match fault:
        case "act gone":
            del then[other].acts[max(then[other].acts)]
            then[other].version = max(then[other].acts)
        case "act changed":
            then[other].acts[1] = (then[other].acts[1][0], "something else")
        case "case gone":
            del then[other]
        case "act too new":
            then[code] = now[code]
        case "case of nowhere":
            then["DPS-00000-00000"] = then[other]
    assert not histories.compare(now, then, at=moment).same


def test_a_case_with_a_gap_is_torn(city: exports.Place) -> None:
    rows = list(exports.scan(city, "complaints"))
    whole = histories.read(rows)
    assert histories.torn(whole) == []
    code = min(whole)
    cut = [row for row in rows if (row["pk"]["S"], row["sk"]["S"]) != (code, "event#000001")]
    assert histories.torn(histories.read(cut)) == [code]


@pytest.mark.parametrize("text", ["", "kemarin", "2026-11-21T09:30:00"])
def test_a_moment_needs_its_zone(text: str) -> None:
    with pytest.raises(Halt):
        recovery.moment(text)
    assert recovery.moment("2026-11-21T09:30:00+08:00") == datetime(2026, 11, 21, 1, 30, tzinfo=UTC)


def phones_in(place: exports.Place) -> list[str]:
    """Every phone of a place, opened under the keys that lie there."""
    rows = {row["pk"]["S"]: row["contact"]["B"] for row in exports.scan(place, "people") if "contact" in row}
    found = []
    for pk, sealed in rows.items():
        kind, _, person = pk.partition("#")
        if kind == "key":
            continue
        if keys.is_enveloped(sealed):
            key = place.kms.decrypt(
                CiphertextBlob=rows[f"key#{person}"], EncryptionContext={"person": person}
            )
            found.append(keys.unseal(person, sealed, key["Plaintext"])["phone"])
        else:
            found.append(keys.unseal_by_kms(person, sealed)["phone"])
    return sorted(found)


def sealed_under(place: exports.Place, row: dict[str, Any]) -> str:
    context = {"person": row["pk"]["S"].partition("#")[2]}
    return str(place.kms.decrypt(CiphertextBlob=row["contact"]["B"], EncryptionContext=context)["KeyId"])
