"""The tables as PynamoDB sees them against the tables that CloudFormation makes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
from pynamodb.indexes import Index
from pynamodb.models import Model

from chalicelib.store.tables import TABLES, ComplaintRow, GuardRow, NoticeRow, PersonRow, PhotoRow
from local.apply import read_template
from tests import stack as stacks

TEMPLATE = read_template(stacks.PROJECT / "infra" / "data.yaml")
DECLARED: Mapping[str, Mapping[str, Any]] = {
    resource["Properties"]["TableName"]["Fn::Sub"]: resource["Properties"]
    for resource in TEMPLATE["Resources"].values()
    if resource["Type"] == "AWS::DynamoDB::Table"
}
PREFIX = "${App}-${City}-${Stage}-"
MODELS = pytest.mark.parametrize("model", TABLES, ids=lambda model: model.__name__)


def declared(model: type[Model]) -> Mapping[str, Any]:
    return DECLARED[PREFIX + model.Meta.table_name.removeprefix(stacks.PREFIX)]


def keys_of(hash_name: str | None, range_name: str | None) -> list[dict[str, str]]:
    keys = [{"AttributeName": str(hash_name), "KeyType": "HASH"}]
    return keys + ([{"AttributeName": range_name, "KeyType": "RANGE"}] if range_name else [])


def index_of(index: Index[Any]) -> dict[str, Any]:
    """An index of a model in CloudFormation's words."""
    told = index._get_schema()
    return {
        "IndexName": told["index_name"],
        # PynamoDB names them by the alphabet, CloudFormation wants the hash key first.
        "KeySchema": sorted(told["key_schema"], key=lambda key: key["KeyType"]),
        "Projection": told["projection"],
    }


def test_there_is_a_model_for_each_table_and_a_table_for_each_model() -> None:
    assert {PREFIX + model.Meta.table_name.removeprefix(stacks.PREFIX) for model in TABLES} == set(DECLARED)


@MODELS
def test_the_keys_of_a_table_are_the_model_s(model: type[Model]) -> None:
    assert declared(model)["KeySchema"] == keys_of(model._hash_keyname, model._range_keyname or None)


@MODELS
def test_the_indexes_of_a_table_are_the_model_s(model: type[Model]) -> None:
    told = {index["IndexName"]: index for index in declared(model).get("GlobalSecondaryIndexes", ())}
    assert told == {name: index_of(index) for name, index in model._indexes.items()}


@MODELS
def test_every_declared_attribute_has_the_model_s_type_and_is_a_key_somewhere(model: type[Model]) -> None:
    attributes = model.get_attributes()
    named = {item["AttributeName"]: item["AttributeType"] for item in declared(model)["AttributeDefinitions"]}
    assert named == {name: attributes[name].attr_type for name in named}
    used = {key["AttributeName"] for key in declared(model)["KeySchema"]}
    for index in declared(model).get("GlobalSecondaryIndexes", ()):
        used |= {key["AttributeName"] for key in index["KeySchema"]}
    assert set(named) == used


@MODELS
def test_an_index_shows_only_attributes_that_the_model_has(model: type[Model]) -> None:
    for index in declared(model).get("GlobalSecondaryIndexes", ()):
        shown = set(index["Projection"].get("NonKeyAttributes", ()))
        assert shown <= set(model.get_attributes()), index["IndexName"]
        # What the model reads from the index and what the index holds are the same, or a list shows blanks.
        read = set(model._indexes[index["IndexName"]].Meta.attributes)
        assert shown == read - {key["AttributeName"] for key in index["KeySchema"]}, index["IndexName"]


@pytest.mark.parametrize(
    ("model", "attribute"),
    [
        (ComplaintRow, None),
        (NoticeRow, "expires_at"),
        (PersonRow, None),
        (GuardRow, "expires_at"),
        (PhotoRow, "expires_at"),
    ],
)
def test_only_what_may_go_by_itself_has_a_ttl(model: type[Model], attribute: str | None) -> None:
    told = declared(model).get("TimeToLiveSpecification")
    assert told == ({"AttributeName": attribute, "Enabled": True} if attribute else None)
    if attribute:
        assert model.get_attributes()[attribute].attr_type == "N"


def test_the_outbox_has_the_only_stream_and_it_carries_keys() -> None:
    streams = {
        name: told["StreamSpecification"] for name, told in DECLARED.items() if "StreamSpecification" in told
    }
    assert streams == {f"{PREFIX}outbox": {"StreamViewType": "KEYS_ONLY"}}
    # The relay finds a notice by this key of the record.
    assert NoticeRow._hash_keyname == "notice_id"


@MODELS
def test_every_table_is_encrypted_kept_and_can_be_restored(model: type[Model]) -> None:
    told = declared(model)
    assert told["SSESpecification"]["KMSMasterKeyId"] == {"Fn::GetAtt": ["DataKey", "Arn"]}
    assert told["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
    assert told["DeletionProtectionEnabled"] == {"Fn::If": ["Protected", True, False]}
    assert told["BillingMode"] == "PAY_PER_REQUEST"


def test_no_table_has_more_indexes_than_dynamodb_takes() -> None:
    assert all(len(told.get("GlobalSecondaryIndexes", ())) <= 20 for told in DECLARED.values())


def test_every_index_is_explained_with_the_keys_it_has() -> None:
    page = (stacks.PROJECT / "docs" / "access-patterns.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| `(\w+)` \| `(\w+)`[^|]* \| `(\w+)` \|", page, re.MULTILINE)
    assert {name: (hash_name, range_name) for name, hash_name, range_name in told} == {
        index["IndexName"]: tuple(key["AttributeName"] for key in index["KeySchema"])
        for index in declared(ComplaintRow)["GlobalSecondaryIndexes"]
    }
    for model in (NoticeRow, PersonRow):
        assert all(f"`{name}`" in page for name in model._indexes)
