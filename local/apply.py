"""Makes what a CloudFormation template describes, on the local engines, through the services' own APIs.

moto's CloudFormation silently drops half of it, so this reads ``infra/`` itself: the one source of tables.
Idempotent: what is there is brought in line. A type or function it does not know is an error, never skipped.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import yaml
from botocore.config import Config
from botocore.exceptions import ClientError

from local.console import Trouble
from local.engines import ACCESS_KEY, REGION, SECRET_KEY

Template = Mapping[str, Any]

LEFT_OUT: Mapping[str, str] = {
    "AWS::S3::BucketPolicy": "denies all but TLS, and the local engines speak plain HTTP on loopback",
    "AWS::CloudWatch::Alarm": "nothing gathers metrics here; the sweep's own log lines say when it ran",
    "AWS::SQS::QueuePolicy": "denies all but TLS, as above",
    "AWS::SNS::TopicPolicy": "lets CloudWatch publish alarms, and there are none",
    "AWS::SNS::Subscription": "hears of alarms, and there are none",
    "AWS::Logs::LogGroup": "the functions run in this process and print their logs",
    "AWS::Cognito::UserPoolDomain": "moto has no sign-in page; local/pool.py is one",
    "AWS::Cognito::UserPoolGroup": "what somebody may do is read from the people table",
    "AWS::S3::Bucket.BucketEncryption": "SeaweedFS has no KMS here: each upload would fail",
    "AWS::S3::Bucket.PublicAccessBlockConfiguration": "SeaweedFS has no such thing; it refuses the unsigned",
    "AWS::S3::Bucket.NotificationConfiguration": "the local stack brings the events itself (local/buckets.py)",
    "AWS::DynamoDB::Table.PointInTimeRecoverySpecification": "DynamoDB Local answers UnknownOperation",
}
"""All that a template may ask for and this machine does not get, with the reason."""


@dataclass(frozen=True, slots=True)
class Clients:
    """boto3 clients of the engines that hold what a template describes."""

    dynamodb: Any
    s3: Any
    sns: Any
    sqs: Any
    kms: Any
    cognito: Any


def clients(*, dynamodb: str, s3: str, aws: str) -> Clients:
    """Clients for the three endpoints' URLs."""
    session: Any = boto3.session.Session(ACCESS_KEY, SECRET_KEY, region_name=REGION)
    config = Config(s3={"addressing_style": "path"}, retries={"max_attempts": 2}, proxies={})
    ends = {"dynamodb": dynamodb, "s3": s3, "sns": aws, "sqs": aws, "kms": aws}
    made = {name: session.client(name, endpoint_url=url, config=config) for name, url in ends.items()}
    return Clients(**made, cognito=session.client("cognito-idp", endpoint_url=aws, config=config))


def read_template(path: Path) -> Template:
    """A YAML template, its short forms (``!Ref``) turned into the long ones."""
    loaded: Template = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506  # a SafeLoader
    return loaded


def apply(
    template: Template,
    parameters: Mapping[str, str],
    engines: Clients,
    *,
    account_id: str,
    exports: dict[str, str] | None = None,
) -> dict[str, str]:
    """Make or update all resources and answer the outputs by name.

    ``parameters`` override the template's defaults; ``exports`` is what Fn::ImportValue reads, and is filled with
    the exports of this template. Raises Trouble if a table's own key differs from the template's (a folder of
    another version), ValueError if the template holds what this module does not know.
    """
    stack = Stack(template, parameters, account_id, {} if exports is None else exports, engines)
    for logical_id, resource in template["Resources"].items():
        if "Condition" not in resource or stack.holds(resource["Condition"]):
            stack.made(logical_id)
    outputs = {}
    for name, output in template.get("Outputs", {}).items():
        if "Condition" in output and not stack.holds(output["Condition"]):
            continue
        outputs[name] = str(stack.resolve(output["Value"]))
        if "Export" in output:
            stack.exports[stack.resolve(output["Export"]["Name"])] = outputs[name]
    return outputs


@dataclass(slots=True)
class Made:
    """A resource that exists: what Ref and Fn::GetAtt answer."""

    ref: str
    attributes: Mapping[str, str] = field(default_factory=dict)


class Stack:
    """A template with its parameters: resolves the functions, making resources as they are named."""

    def __init__(
        self,
        template: Template,
        parameters: Mapping[str, str],
        account_id: str,
        exports: dict[str, str],
        engines: Clients,
    ) -> None:
        self._resources: Mapping[str, Any] = template["Resources"]
        self._conditions: Mapping[str, Any] = template.get("Conditions", {})
        self._engines = engines
        self._made: dict[str, Made | None] = {}
        self.exports = exports
        self._values = {
            "AWS::Region": REGION,
            "AWS::AccountId": account_id,
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
        }
        unknown = set(parameters) - set(template.get("Parameters", {}))
        if unknown:
            raise ValueError(f"the template has no parameter {', '.join(sorted(unknown))}")
        for name, declared in template.get("Parameters", {}).items():
            value = parameters.get(name, declared.get("Default"))
            if value is None:
                raise ValueError(f"parameter {name} has no value")
            if not re.fullmatch(declared.get("AllowedPattern", ".*"), value):
                raise ValueError(f"parameter {name}: {value!r} does not match {declared['AllowedPattern']}")
            self._values[name] = value

    def made(self, logical_id: str) -> Made:
        """The resource, made now if it was not yet."""
        if logical_id in self._made:
            done = self._made[logical_id]
            if done is None:
                raise ValueError(f"{logical_id} needs itself")
            return done
        self._made[logical_id] = None
        resource = self._resources[logical_id]
        kind = resource["Type"]
        if kind in LEFT_OUT:
            done = Made(logical_id)
        elif kind in _MAKERS:
            done = _MAKERS[kind](self.resolve(resource.get("Properties", {})), self._engines)
        else:
            raise ValueError(f"{logical_id}: the local stack cannot make a {kind}")
        self._made[logical_id] = done
        return done

    def resolve(self, value: Any) -> Any:
        """``value`` with every function replaced by what it stands for; AWS::NoValue drops the key."""
        if isinstance(value, list):
            return [each for each in map(self.resolve, value) if each is not _NO_VALUE]
        if not isinstance(value, Mapping):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref":
                return self._ref(argument)
            if name.startswith("Fn::"):
                return self._function(name, argument)
        resolved = {key: self.resolve(each) for key, each in value.items()}
        return {key: each for key, each in resolved.items() if each is not _NO_VALUE}

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _NO_VALUE
        return self._values[name] if name in self._values else self.made(name).ref

    def _function(self, name: str, argument: Any) -> Any:
        match name:
            case "Fn::Sub":
                text, given = argument if isinstance(argument, list) else (argument, {})
                return re.sub(
                    r"\$\{([^!}][^}]*)\}", lambda found: str(self._substitute(found[1], given)), text
                )
            case "Fn::GetAtt":
                logical_id, attribute = argument if isinstance(argument, list) else argument.split(".", 1)
                return self.made(logical_id).attributes[attribute]
            case "Fn::If":
                condition, then, otherwise = argument
                return self.resolve(then if self.holds(condition) else otherwise)
            case "Fn::Join":
                return argument[0].join(str(part) for part in self.resolve(argument[1]))
            case "Fn::ImportValue":
                export = self.resolve(argument)
                if export not in self.exports:
                    raise ValueError(f"no stack exports {export}")
                return self.exports[export]
        raise ValueError(f"the local stack does not know {name}")

    def _substitute(self, name: str, given: Mapping[str, Any]) -> Any:
        if name in given:
            return self.resolve(given[name])
        if "." in name:
            return self._function("Fn::GetAtt", name)
        return self._ref(name)

    def holds(self, name: str) -> bool:
        """Whether a condition of the template is true."""
        return self._holds({"Condition": name})

    def _holds(self, condition: Any) -> bool:
        ((name, argument),) = condition.items()
        match name:
            case "Condition":
                return self._holds(self._conditions[argument])
            case "Fn::Equals":
                left, right = self.resolve(argument)
                return bool(left == right)
            case "Fn::Not":
                return not self._holds(argument[0])
            case "Fn::And":
                return all(map(self._holds, argument))
            case "Fn::Or":
                return any(map(self._holds, argument))
        raise ValueError(f"the local stack does not know the condition {name}")


_NO_VALUE = object()


class _Loader(yaml.SafeLoader):
    pass


def _short_form(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Any:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        return {name: value.split(".", 1) if suffix == "GetAtt" else value}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    raise ValueError(f"!{suffix} takes a text or a list")


_Loader.add_multi_constructor("!", _short_form)


# What each type of resource is, in its service's own words.


def _only(kind: str, properties: Mapping[str, Any], *known: str) -> None:
    unknown = {name for name in properties if name not in known and f"{kind}.{name}" not in LEFT_OUT}
    if unknown:
        raise ValueError(f"the local stack does not know {', '.join(sorted(unknown))} of {kind}")


def _table(properties: Mapping[str, Any], engines: Clients) -> Made:
    """A DynamoDB table with its indexes, stream and TTL; missing or changed indexes are added to a living one."""
    _only(
        "AWS::DynamoDB::Table",
        properties,
        *(
            "TableName",
            "BillingMode",
            "DeletionProtectionEnabled",
            "SSESpecification",
            "TimeToLiveSpecification",
        ),
        *("StreamSpecification", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes"),
    )
    client, name = engines.dynamodb, properties["TableName"]
    wanted = {
        key: properties[key]
        for key in (
            "TableName",
            "BillingMode",
            "DeletionProtectionEnabled",
            "AttributeDefinitions",
            "KeySchema",
        )
    }
    if "GlobalSecondaryIndexes" in properties:
        wanted["GlobalSecondaryIndexes"] = properties["GlobalSecondaryIndexes"]
    if "SSESpecification" in properties:
        encryption = properties["SSESpecification"]
        wanted["SSESpecification"] = {
            "Enabled": encryption["SSEEnabled"],
            "SSEType": encryption["SSEType"],
            "KMSMasterKeyId": encryption["KMSMasterKeyId"],
        }
    if "StreamSpecification" in properties:
        wanted["StreamSpecification"] = {"StreamEnabled": True, **properties["StreamSpecification"]}
    try:
        found = client.describe_table(TableName=name)["Table"]
    except client.exceptions.ResourceNotFoundException:
        client.create_table(**wanted)
        found = _settled(client, name)
    else:
        found = _brought_in_line(client, found, wanted)
    lifetime = properties.get("TimeToLiveSpecification")
    described = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    if lifetime is not None and described.get("TimeToLiveStatus") not in ("ENABLED", "ENABLING"):
        client.update_time_to_live(TableName=name, TimeToLiveSpecification=lifetime)
    attributes = {"Arn": found["TableArn"]}
    if "LatestStreamArn" in found:
        attributes["StreamArn"] = found["LatestStreamArn"]
    return Made(name, attributes)


def _brought_in_line(client: Any, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> Mapping[str, Any]:
    name = wanted["TableName"]
    if found["KeySchema"] != wanted["KeySchema"]:
        raise Trouble(
            f"Tabel {name} di folder data dibuat versi lain; pilih DATA_DIR lain.",
            f"Table {name} in the data folder was made by another version; choose another DATA_DIR.",
        )
    if found["DeletionProtectionEnabled"] != wanted["DeletionProtectionEnabled"]:
        client.update_table(TableName=name, DeletionProtectionEnabled=wanted["DeletionProtectionEnabled"])
    stream = wanted.get("StreamSpecification")
    if stream is not None and found.get("StreamSpecification") != stream:
        client.update_table(TableName=name, StreamSpecification=stream)
    old = {index["IndexName"]: _index_shape(index) for index in found.get("GlobalSecondaryIndexes", [])}
    new = {index["IndexName"]: _index_shape(index) for index in wanted.get("GlobalSecondaryIndexes", [])}
    # One index at a time is all that DynamoDB takes; a changed one is made anew and filled from the table.
    for index_name, shape in old.items():
        if new.get(index_name) != shape:
            client.update_table(
                TableName=name, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": index_name}}]
            )
            _settled(client, name)
    for index_name, shape in new.items():
        if old.get(index_name) != shape:
            client.update_table(
                TableName=name,
                AttributeDefinitions=wanted["AttributeDefinitions"],
                GlobalSecondaryIndexUpdates=[{"Create": {"IndexName": index_name, **shape}}],
            )
            _settled(client, name)
    return _settled(client, name)


def _index_shape(index: Mapping[str, Any]) -> dict[str, Any]:
    projection = dict(index["Projection"])
    if "NonKeyAttributes" in projection:
        projection["NonKeyAttributes"] = sorted(projection["NonKeyAttributes"])
    return {"KeySchema": index["KeySchema"], "Projection": projection}


def _settled(client: Any, name: str, patience: float = 300.0) -> Mapping[str, Any]:
    """The table's description once it and all its indexes are active."""
    until = time.monotonic() + patience
    while True:
        table: Mapping[str, Any] = client.describe_table(TableName=name)["Table"]
        states = [
            table["TableStatus"],
            *(index["IndexStatus"] for index in table.get("GlobalSecondaryIndexes", [])),
        ]
        if set(states) == {"ACTIVE"}:
            return table
        if time.monotonic() > until:
            raise Trouble(f"Tabel {name} tidak kunjung siap.", f"Table {name} does not become ready.")
        time.sleep(0.05)


def _bucket(properties: Mapping[str, Any], engines: Clients) -> Made:
    kind = "AWS::S3::Bucket"
    _only(
        kind,
        properties,
        "BucketName",
        "OwnershipControls",
        "VersioningConfiguration",
        "LifecycleConfiguration",
        "CorsConfiguration",
    )
    client, name = engines.s3, properties["BucketName"]
    try:
        client.head_bucket(Bucket=name)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
            raise
        client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    if "OwnershipControls" in properties:
        client.put_bucket_ownership_controls(Bucket=name, OwnershipControls=properties["OwnershipControls"])
    if "VersioningConfiguration" in properties:
        client.put_bucket_versioning(
            Bucket=name, VersioningConfiguration=properties["VersioningConfiguration"]
        )
    if "LifecycleConfiguration" in properties:
        rules = [_lifecycle_rule(rule) for rule in properties["LifecycleConfiguration"]["Rules"]]
        client.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": rules})
    if "CorsConfiguration" in properties:
        rules = [_cors_rule(rule) for rule in properties["CorsConfiguration"]["CorsRules"]]
        client.put_bucket_cors(Bucket=name, CORSConfiguration={"CORSRules": rules})
    return Made(name, {"Arn": f"arn:aws:s3:::{name}"})


def _cors_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    """CloudFormation's spelling of a rule in the API's."""
    _only(
        "AWS::S3::Bucket.CorsConfiguration",
        rule,
        "AllowedMethods",
        "AllowedOrigins",
        "AllowedHeaders",
        "MaxAge",
    )
    said = {name: value for name, value in rule.items() if name != "MaxAge"}
    return {**said, "MaxAgeSeconds": rule["MaxAge"]}


def _lifecycle_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    """CloudFormation's spelling of a rule in the API's."""
    known = (
        "Id",
        "Status",
        "Prefix",
        "NoncurrentVersionExpiration",
        "ExpiredObjectDeleteMarker",
        "ExpirationInDays",
    )
    _only("AWS::S3::Bucket.LifecycleConfiguration", rule, *known, "AbortIncompleteMultipartUpload")
    said: dict[str, Any] = {
        "ID": rule["Id"],
        "Status": rule["Status"],
        "Filter": {"Prefix": rule.get("Prefix", "")},
    }
    if "NoncurrentVersionExpiration" in rule:
        said["NoncurrentVersionExpiration"] = rule["NoncurrentVersionExpiration"]
    if "ExpiredObjectDeleteMarker" in rule:
        said["Expiration"] = {"ExpiredObjectDeleteMarker": rule["ExpiredObjectDeleteMarker"]}
    if "ExpirationInDays" in rule:
        said["Expiration"] = {"Days": rule["ExpirationInDays"]}
    if "AbortIncompleteMultipartUpload" in rule:
        said["AbortIncompleteMultipartUpload"] = rule["AbortIncompleteMultipartUpload"]
    return said


def _key(properties: Mapping[str, Any], engines: Clients) -> Made:
    """A key is known again by its description: its id is the service's own, and its alias comes after it."""
    _only("AWS::KMS::Key", properties, "Description", "EnableKeyRotation", "PendingWindowInDays", "KeyPolicy")
    client = engines.kms
    listed = [key for page in client.get_paginator("list_keys").paginate() for key in page["Keys"]]
    described = (client.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in listed)
    key = next((key for key in described if key["Description"] == properties["Description"]), None)
    if key is None:
        policy = json.dumps(properties["KeyPolicy"])
        key = client.create_key(Description=properties["Description"], Policy=policy)["KeyMetadata"]
    if properties.get("EnableKeyRotation"):
        client.enable_key_rotation(KeyId=key["KeyId"])
    return Made(key["KeyId"], {"Arn": key["Arn"], "KeyId": key["KeyId"]})


def _alias(properties: Mapping[str, Any], engines: Clients) -> Made:
    _only("AWS::KMS::Alias", properties, "AliasName", "TargetKeyId")
    client, name = engines.kms, properties["AliasName"]
    pages = client.get_paginator("list_aliases").paginate()
    if name not in {alias["AliasName"] for page in pages for alias in page["Aliases"]}:
        client.create_alias(**properties)
    return Made(name)


def _queue(properties: Mapping[str, Any], engines: Clients) -> Made:
    attributes = (
        "MessageRetentionPeriod",
        "KmsMasterKeyId",
        "KmsDataKeyReusePeriodSeconds",
        "VisibilityTimeout",
    )
    _only("AWS::SQS::Queue", properties, "QueueName", *attributes)
    client = engines.sqs
    given = {name: str(properties[name]) for name in attributes if name in properties}
    url = client.create_queue(QueueName=properties["QueueName"], Attributes=given)["QueueUrl"]
    arn = client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return Made(url, {"Arn": arn, "QueueName": properties["QueueName"], "QueueUrl": url})


def _topic(properties: Mapping[str, Any], engines: Clients) -> Made:
    _only("AWS::SNS::Topic", properties, "TopicName", "KmsMasterKeyId", "DisplayName")
    attributes = {name: properties[name] for name in ("KmsMasterKeyId", "DisplayName") if name in properties}
    arn = engines.sns.create_topic(Name=properties["TopicName"], Attributes=attributes)["TopicArn"]
    return Made(arn, {"TopicArn": arn, "TopicName": properties["TopicName"]})


def _user_pool(properties: Mapping[str, Any], engines: Clients) -> Made:
    """A pool of accounts; moto forgets them when it ends, and `posts.reconnect` makes them again."""
    client, name = engines.cognito, properties["UserPoolName"]
    found = client.list_user_pools(MaxResults=60)["UserPools"]
    pool = next((each["Id"] for each in found if each["Name"] == name), None)
    if pool is None:
        wanted = {key: value for key, value in properties.items() if key in _POOL}
        schema = [
            {
                **each,
                "StringAttributeConstraints": {
                    k: str(v) for k, v in each["StringAttributeConstraints"].items()
                },
            }
            for each in properties.get("Schema", [])
        ]
        pool = client.create_user_pool(PoolName=name, Schema=schema, **wanted)["UserPool"]["Id"]
    arn = f"arn:aws:cognito-idp:{REGION}::userpool/{pool}"
    return Made(pool, {"Arn": arn, "ProviderName": f"cognito-idp.{REGION}.amazonaws.com/{pool}"})


_POOL = (
    "Policies",
    "UsernameAttributes",
    "UsernameConfiguration",
    "AutoVerifiedAttributes",
    "AdminCreateUserConfig",
)
"""What of a pool its accounts depend on here; moto asks for no second factor."""


def _user_pool_client(properties: Mapping[str, Any], engines: Clients) -> Made:
    client, pool, name = engines.cognito, properties["UserPoolId"], properties["ClientName"]
    found = client.list_user_pool_clients(UserPoolId=pool, MaxResults=60)["UserPoolClients"]
    made = next((each["ClientId"] for each in found if each["ClientName"] == name), None)
    if made is None:
        reads = properties["ReadAttributes"]
        answer = client.create_user_pool_client(UserPoolId=pool, ClientName=name, ReadAttributes=reads)
        made = answer["UserPoolClient"]["ClientId"]
    return Made(made)


_MAKERS: Mapping[str, Callable[[Mapping[str, Any], Clients], Made]] = {
    "AWS::DynamoDB::Table": _table,
    "AWS::S3::Bucket": _bucket,
    "AWS::KMS::Key": _key,
    "AWS::KMS::Alias": _alias,
    "AWS::SQS::Queue": _queue,
    "AWS::SNS::Topic": _topic,
    "AWS::Cognito::UserPool": _user_pool,
    "AWS::Cognito::UserPoolClient": _user_pool_client,
}
