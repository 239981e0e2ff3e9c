"""The store on DynamoDB's own engine: one transaction per act, what survives a rolling deploy, PynamoDB's traps."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from pynamodb.exceptions import PutError, TransactWriteError
from pynamodb.transactions import TransactWrite

from chalicelib.domain.complaint import Status
from chalicelib.domain.errors import NotFound, StaleComplaint
from chalicelib.domain.handling import acknowledge
from chalicelib.domain.notices import Channel, Notice
from chalicelib.domain.reporting import message
from chalicelib.store import complaints, guards, outbox
from chalicelib.store.tables import TABLES, ComplaintRow, GuardRow, NoticeRow, PersonRow, connection
from chalicelib.usecases import delivery, handling, intake
from tests.integration import people as cast
from tests.integration.people import NOW, a_case, an_officer, everything, later, stored
from tests.stack import Stack


def a_notice(notice_id: str, **changes: Any) -> Notice:
    return replace(
        Notice(notice_id, "", "office_new", Channel.TOPIC, "dlhk", "id", NOW, later(days=14)), **changes
    )


def raw_head(code: str) -> dict[str, Any]:
    answer = connection().client.get_item(
        TableName=ComplaintRow.Meta.table_name,
        Key={"pk": {"S": code}, "sk": {"S": "head"}},
        ConsistentRead=True,
    )
    item: dict[str, Any] = answer["Item"]
    return item


def write_raw(code: str, sk: str, attribute: str, value: dict[str, Any]) -> None:
    """Write as a newer version of the code would: an attribute that this one has never heard of."""
    connection().client.update_item(
        TableName=ComplaintRow.Meta.table_name,
        Key={"pk": {"S": code}, "sk": {"S": sk}},
        UpdateExpression="SET #a = :v",
        ExpressionAttributeNames={"#a": attribute},
        ExpressionAttributeValues={":v": value},
    )


# One transaction ----------------------------------------------------------------------------------------------


def test_a_notice_that_cannot_be_written_leaves_nothing_of_a_new_case(stack: Stack) -> None:
    outbox.add(a_notice("taken"))
    before = everything()
    change = cast.filed_change()
    with pytest.raises(complaints.CodeTaken):
        complaints.save(change, cast.city(), [a_notice("fresh"), a_notice("taken")])
    assert everything() == before


def test_a_row_too_large_for_the_engine_leaves_nothing(stack: Stack) -> None:
    code = a_case().complaint.code
    before = everything()
    previous = complaints.get(code, consistent=True)
    change = message(previous.complaint, "x" * 450_000, city=cast.city(), now=later(minutes=1))
    newer = replace(change, complaint=replace(change.complaint, version=2))
    with pytest.raises(TransactWriteError):
        complaints.save(newer, cast.city(), [a_notice("fresh")], previous=previous)
    assert everything() == before


def test_a_notice_id_that_exists_is_a_broken_store_and_not_a_lost_race(stack: Stack) -> None:
    """Else a sweep would pass the case over in silence, minute after minute."""
    code = a_case().complaint.code
    outbox.add(a_notice("taken"))
    before = everything()
    previous = complaints.get(code, consistent=True)
    change = message(previous.complaint, "Masih menumpuk.", city=cast.city(), now=later(minutes=1))
    newer = replace(change, complaint=replace(change.complaint, version=2))
    with pytest.raises(TransactWriteError):
        complaints.save(newer, cast.city(), [a_notice("fresh"), a_notice("taken")], previous=previous)
    assert everything() == before


def test_a_write_between_read_and_save_makes_the_save_stale(stack: Stack) -> None:
    employee = an_officer("duty@dlhk")
    code = a_case().complaint.code
    previous = complaints.get(code, consistent=True)
    handling.start(code, employee.officer, if_match=1, now=later(minutes=1))
    before = everything()
    change = acknowledge(previous.complaint, employee.officer, now=later(minutes=2))
    with pytest.raises(StaleComplaint):
        complaints.save(
            replace(change, complaint=replace(change.complaint, version=2)),
            cast.city(),
            [a_notice("fresh")],
            previous=previous,
        )
    assert everything() == before
    assert stored(code).status is Status.IN_PROGRESS


def test_every_part_of_a_filing_goes_through_one_transaction(stack: Stack) -> None:
    with cast.calls() as seen:
        a_case(phone=cast.a_phone(), retry=intake.Retry(cast.a_key(), "hash"))
    writes = [name for name, _ in seen if name in ("PutItem", "UpdateItem", "TransactWriteItems")]
    # A new person's key is made first: it opens nothing yet, and is found again by the next try.
    keys_made = [params["TableName"] for name, params in seen if name == "PutItem"]
    assert keys_made == [PersonRow.Meta.table_name]
    writes.remove("PutItem")
    assert writes[0] == "TransactWriteItems"
    # The rest are the counters of the caps.
    assert set(writes[1:]) == {"UpdateItem"}


# Conflicts ----------------------------------------------------------------------------------------------------


def refused(code: str, reasons: list[str]) -> Any:
    """What AWS answers to a transaction that was cancelled for these reasons."""
    body = {
        "Error": {"Code": code, "Message": "cancelled"},
        "CancellationReasons": [{"Code": reason} for reason in reasons],
        "ResponseMetadata": {"HTTPStatusCode": 400, "HTTPHeaders": {}},
    }
    return AWSResponse("https://dynamodb", 400, {}, None), body


@pytest.mark.parametrize("times", [1, 4])
def test_a_simulated_collision_of_transactions_is_tried_again(stack: Stack, times: int) -> None:
    left = [times]

    def collide(**_: Any) -> Any:
        if left[0]:
            left[0] -= 1
            return refused("TransactionCanceledException", ["None", "TransactionConflict", "None", "None"])
        return None

    with cast.on_dynamodb("before-call.dynamodb.TransactWriteItems", collide):
        code = a_case().complaint.code
    assert left == [0]
    assert stored(code).version == 1


def test_a_simulated_collision_that_never_ends_is_an_error_and_stores_nothing(stack: Stack) -> None:
    before = cast.rows()

    def collide(**_: Any) -> Any:
        return refused("TransactionCanceledException", ["TransactionConflict"])

    with (
        cast.on_dynamodb("before-call.dynamodb.TransactWriteItems", collide),
        pytest.raises(TransactWriteError),
    ):
        a_case()
    assert cast.rows() == before


# A rolling deploy ---------------------------------------------------------------------------------------------


def test_what_a_newer_version_wrote_survives_an_act_of_this_one(stack: Stack) -> None:
    employee = an_officer("duty@dlhk")
    code = a_case(answers={"jenis": "campur"}).complaint.code
    body = json.loads(raw_head(code)["body"]["S"]) | {"mood": {"score": 3}}
    write_raw(code, "head", "body", {"S": json.dumps(body)})
    write_raw(code, "head", "by_next_year", {"S": "2027"})
    write_raw(code, "text", "translation", {"S": "Rubbish"})
    handling.acknowledge(code, employee.officer, if_match=1, now=later(minutes=5))
    handling.resolve(code, employee.officer, "Sudah diangkut.", if_match=2, now=later(minutes=6))
    head = raw_head(code)
    assert json.loads(head["body"]["S"])["mood"] == {"score": 3}
    assert head["by_next_year"] == {"S": "2027"}
    assert json.loads(head["body"]["S"])["status"] == "resolved"


def test_what_a_newer_version_said_beside_the_words_survives_a_change_of_the_words(stack: Stack) -> None:
    employee = an_officer("duty@dlhk")
    filed = a_case()
    code = filed.complaint.code
    text = json.loads(ComplaintRow.get(code, "text").body) | {"translation": "Rubbish"}
    write_raw(code, "text", "body", {"S": json.dumps(text)})
    write_raw(code, "text", "model", {"S": "v2"})
    handling.resolve(code, employee.officer, "Sudah diangkut.", if_match=1, now=later(minutes=6))
    handling.rate(code, cast.holder_of(filed), 2, "Masih bau.", now=later(minutes=7))
    raw = connection().client.get_item(
        TableName=ComplaintRow.Meta.table_name, Key={"pk": {"S": code}, "sk": {"S": "text"}}
    )["Item"]
    assert json.loads(raw["body"]["S"])["translation"] == "Rubbish"
    assert raw["model"] == {"S": "v2"}
    assert stored(code).rating_words == "Masih bau."
    handling.reopen(code, cast.holder_of(filed), "Belum bersih.", now=later(minutes=8))
    assert stored(code).rating_words == ""


def test_a_field_that_became_empty_does_not_come_back_from_the_stored_body(stack: Stack) -> None:
    employee = an_officer("duty@dlhk")
    filed = a_case()
    code = filed.complaint.code
    handling.resolve(code, employee.officer, "Sudah diangkut.", if_match=1, now=later(minutes=6))
    assert stored(code).resolved_at is not None
    handling.reopen(code, cast.holder_of(filed), "Belum bersih.", now=later(minutes=8))
    assert stored(code).resolved_at is None


def test_a_case_of_which_only_the_state_was_read_cannot_be_saved_upon(stack: Stack) -> None:
    """Its words make the cards of the lists: they would be stored empty."""
    code = a_case().complaint.code
    head = complaints.get_head(code)
    change = message(head.complaint, "Masih ada.", city=cast.city(), now=later(minutes=1))
    with pytest.raises(ValueError, match="words"):
        complaints.save(
            replace(change, complaint=replace(change.complaint, version=2)), cast.city(), previous=head
        )


def test_a_case_comes_back_exactly_as_it_was_stored(stack: Stack) -> None:
    filed = a_case(
        phone=cast.a_phone(),
        at=(-8.683239, 115.226764),
        answers={"jenis": "campur"},
        identity_shown=True,
        private=True,
        client_time=later(minutes=-3),
    )
    assert stored(filed.complaint.code) == filed.complaint


# PynamoDB's traps ---------------------------------------------------------------------------------------------


def test_no_call_outlasts_the_gateway(stack: Stack) -> None:
    for table in TABLES:
        config = table._get_connection().connection.client.meta.config
        longest = (config.connect_timeout + config.read_timeout) * config.retries["total_max_attempts"]
        assert longest < 29


def test_no_model_is_discriminated_so_no_query_carries_a_hidden_filter(stack: Stack) -> None:
    code = a_case().complaint.code
    with cast.calls() as seen:
        complaints.get(code)
        list(complaints.due(later(days=90)))
        complaints.page("by_office", "dlhk", limit=10, newest_first=False)
    queries = [params for name, params in seen if name == "Query"]
    assert queries
    assert all("FilterExpression" not in params for params in queries)


def test_a_key_that_is_gone_is_removed_and_never_set_to_nothing(stack: Stack) -> None:
    """Setting an attribute to None raises in PynamoDB, and an empty index key is refused by DynamoDB."""
    employee = an_officer("duty@dlhk")
    code = a_case().complaint.code
    assert "office_open" in raw_head(code)
    handling.resolve(code, employee.officer, "Sudah diangkut.", if_match=1, now=later(minutes=6))
    assert "office_open" not in raw_head(code)
    with pytest.raises(PutError):
        ComplaintRow("x", "head", body="{}", office_open="").save()


def test_reasons_come_puts_first_and_updates_last_whatever_the_order_of_calls(stack: Stack) -> None:
    GuardRow("g", expires_at=1).save()
    transaction = TransactWrite(connection=connection())
    transaction.update(
        GuardRow("other"), [GuardRow.expires_at.set(1)], condition=GuardRow.pk.does_not_exist()
    )
    transaction.save(GuardRow("g", expires_at=2), condition=GuardRow.pk.does_not_exist())
    with pytest.raises(TransactWriteError) as raised:
        transaction._commit()
    codes = [reason.code if reason else None for reason in raised.value.cancellation_reasons]
    assert codes == ["ConditionalCheckFailed", None]


def test_a_save_puts_the_whole_row_which_is_why_heads_are_updated(stack: Stack) -> None:
    """The trap itself: were this to change, the updates in `save` would be needless."""
    GuardRow("g", expires_at=1).save()
    connection().client.update_item(
        TableName=GuardRow.Meta.table_name,
        Key={"pk": {"S": "g"}},
        UpdateExpression="SET newer = :v",
        ExpressionAttributeValues={":v": {"S": "kept?"}},
    )
    found = GuardRow.get("g")
    found.save()
    raw = connection().client.get_item(TableName=GuardRow.Meta.table_name, Key={"pk": {"S": "g"}})["Item"]
    assert "newer" not in raw


# Rows whose time is over but which AWS has not deleted yet ----------------------------------------------------


def test_an_expired_guard_that_still_stands_is_treated_as_gone(stack: Stack) -> None:
    guard = guards.Guard("k", "hash", "DPS-AAAAA-AAAAA", NOW)
    guards.row(guard).save()
    assert guards.earlier("k", now=NOW) == ("hash", "DPS-AAAAA-AAAAA")
    assert guards.earlier("k", now=NOW + guards.IDEMPOTENCY_KEPT) is None


def test_an_expired_idempotency_key_files_anew_while_its_row_still_stands(stack: Stack) -> None:
    retry = intake.Retry(cast.a_key(), "hash")
    first = a_case(retry=retry)
    after = NOW + guards.IDEMPOTENCY_KEPT
    second = a_case(retry=intake.Retry(retry.key, "another body"), now=after)
    assert second.complaint.code != first.complaint.code
    assert a_case(retry=intake.Retry(retry.key, "another body"), now=after).complaint.code == (
        second.complaint.code
    )


def test_an_expired_counter_that_still_stands_does_not_count(stack: Stack) -> None:
    from datetime import timedelta

    hour = timedelta(hours=1)
    guards.hit("k", 5, hour, now=NOW)
    GuardRow(f"rate#k#3600#{int(NOW.timestamp()) // 3600 * 3600}", expires_at=1, tries=5).save()
    guards.check("k", 5, hour, now=NOW)


def test_an_unsent_notice_never_expires_by_itself(stack: Stack) -> None:
    a_case(phone=cast.a_phone())
    assert [row.expires_at for row in NoticeRow.scan()] == [None, None]


def test_a_code_that_nobody_has_is_not_found(stack: Stack) -> None:
    for read in (complaints.get, complaints.get_head):
        with pytest.raises(NotFound):
            read("DPS-00000-00000")


def test_every_event_is_kept_as_it_was_written(stack: Stack) -> None:
    employee = an_officer("duty@dlhk")
    filed = a_case()
    code = filed.complaint.code
    handling.reply(code, employee.officer, "Tim berangkat.", if_match=1, now=later(minutes=1))
    first = complaints.get(code).history
    handling.resolve(code, employee.officer, "Sudah diangkut.", if_match=2, now=later(minutes=2))
    handling.rate(code, cast.holder_of(filed), 5, "Terima kasih.", now=later(minutes=3))
    history = complaints.get(code).history
    assert history[:2] == first
    assert [event.act for event in history] == ["file", "reply", "resolve", "rate"]


def test_no_log_line_of_this_run_holds_a_phone_a_name_or_a_text(stack: Stack) -> None:
    """Last of this folder: it reads what every test before it logged, failures and tracebacks among them."""
    a_case(phone=cast.a_phone())
    NoticeRow("odd", body="{}", state="pending", created_at="?", next_attempt_at="0").save()
    delivery.attempt("odd", now=NOW)
    assert cast.logged.lines
    private = re.compile(
        r"62 ?812[ -]?\d{2}|0812[ -]?\d{4}|Contoh|menumpuk|diangkut|Nyanggelan|pungli|Tim berangkat|@example\.id|/[kj]/"
    )
    assert [line for line in cast.logged.lines if private.search(line)] == []
