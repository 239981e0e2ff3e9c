"""SNS: the road to offices (topics), to phones, and to an officer's own mailbox (a topic with one subscription)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError, HTTPClientError

from chalicelib import aws
from chalicelib.domain.errors import Passing, Refused
from chalicelib.settings import settings

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef

SUBJECT_CHARACTERS = 100
"""SNS refuses longer subjects, and any that is not printable ASCII."""


_PASSING_CODES = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "InternalError",
        "ServiceUnavailable",
        "KMSThrottling",
    }
)
_REFUSED_CODES = frozenset(
    {"InvalidParameter", "InvalidParameterValue", "NotFound", "EndpointDisabled", "AuthorizationError"}
)


def topic_of_office(office: str) -> str:
    """The ARN of an office's topic; made from the profile by infra/topics.py under the same rule."""
    return f"{settings().topic_arn_prefix}office-{office.replace('.', '-')}"


def topic_of_officer(officer: str) -> str:
    return f"{settings().topic_arn_prefix}officer-{officer}"


def publish_to_office(
    office: str, subject: str, email: str, sms: str | None, attributes: Mapping[str, str]
) -> str:
    """Tell all subscribers of an office; without ``sms`` only mailboxes hear. Returns SNS's message id."""
    message = {"default": email, "email": email, "sms": sms or ""}
    return _publish(
        TopicArn=topic_of_office(office),
        Subject=_subject(subject),
        Message=json.dumps({key: text for key, text in message.items() if text}),
        MessageStructure="json",
        MessageAttributes=_attributes({**attributes, "sms": "yes" if sms else "no"}),
    )


def publish_to_officer(officer: str, subject: str, email: str) -> str:
    return _publish(TopicArn=topic_of_officer(officer), Subject=_subject(subject), Message=email)


def publish_sms(phone: str, text: str, sender: str) -> str:
    """Send one SMS to a number in E.164; transactional, under the city's registered sender id."""
    return _publish(
        PhoneNumber=phone,
        Message=text,
        MessageAttributes=_attributes(
            {"AWS.SNS.SMS.SMSType": "Transactional", "AWS.SNS.SMS.SenderID": sender}
        ),
    )


def subscribe_office(office: str, *, phone: str | None = None, email: str | None = None) -> None:
    """Subscribe a person to an office's topic; a phone hears only what is worth an SMS. May be run again."""
    if phone:
        _client().subscribe(
            TopicArn=topic_of_office(office),
            Protocol="sms",
            Endpoint=phone,
            Attributes={"FilterPolicy": json.dumps({"sms": ["yes"]})},
        )
    if email:
        _client().subscribe(TopicArn=topic_of_office(office), Protocol="email", Endpoint=email)


def ensure_officer_topic(officer: str, email: str) -> None:
    """Make an officer's own topic with the one mailbox on it. May be run again."""
    name = topic_of_officer(officer).rpartition(":")[2]
    arn = _client().create_topic(Name=name)["TopicArn"]
    _client().subscribe(TopicArn=arn, Protocol="email", Endpoint=email)


def _publish(**request: object) -> str:
    try:
        return _client().publish(**request)["MessageId"]  # type: ignore[arg-type]  # three kinds of request
    except HTTPClientError as error:
        raise Passing(type(error).__name__) from error
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
        if code in _PASSING_CODES or (status >= 500 and code not in _REFUSED_CODES):
            raise Passing(code) from error
        # The code only: SNS repeats the phone number in its message.
        raise Refused(code) from None


def _subject(text: str) -> str:
    plain = "".join(character if " " <= character <= "~" else "?" for character in text)
    return plain[:SUBJECT_CHARACTERS]


def _attributes(values: Mapping[str, str]) -> dict[str, MessageAttributeValueTypeDef]:
    return {key: {"DataType": "String", "StringValue": value} for key, value in values.items() if value}


def _client() -> SNSClient:
    client: SNSClient = aws.client("sns")
    return client
