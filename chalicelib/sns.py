"""SNS: the road to offices (topics), to phones, and to an officer's own mailbox (a topic with one subscription)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import aws
from chalicelib.domain.errors import Passing, Refused
from chalicelib.settings import settings

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef

SUBJECT_CHARACTERS = 100
"""SNS refuses longer subjects, and any that is not printable ASCII."""


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


def unsubscribe_office(office: str, endpoint: str) -> None:
    """Take a phone or a mailbox off an office's topic; nothing happens where it is not on it."""
    _unsubscribe(topic_of_office(office), endpoint)


def unsubscribe_officer(officer: str, email: str) -> None:
    """Take a mailbox off an officer's own topic, which may not exist any more."""
    _unsubscribe(topic_of_officer(officer), email)


def _unsubscribe(topic: str, endpoint: str) -> None:
    pages = _client().get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    try:
        found = [each for page in pages for each in page["Subscriptions"] if each["Endpoint"] == endpoint]
    except _client().exceptions.NotFoundException:
        return
    for subscription in found:
        # One that nobody has confirmed has no ARN yet, hears nothing, and is dropped by SNS itself after two days.
        if subscription["SubscriptionArn"].startswith("arn:"):
            _client().unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])


def _publish(**request: object) -> str:
    try:
        return _client().publish(**request)["MessageId"]  # type: ignore[arg-type]  # three kinds of request
    except (BotoCoreError, ClientError) as error:
        if trouble := aws.passing(error):
            raise Passing(trouble) from None
        # The code only: SNS repeats the phone number in its message, and botocore what it was given.
        raise Refused(aws.code_of(error)) from None


def _subject(text: str) -> str:
    plain = "".join(character if " " <= character <= "~" else "?" for character in text)
    return plain[:SUBJECT_CHARACTERS]


def _attributes(values: Mapping[str, str]) -> dict[str, MessageAttributeValueTypeDef]:
    return {key: {"DataType": "String", "StringValue": value} for key, value in values.items() if value}


def _client() -> SNSClient:
    client: SNSClient = aws.client("sns")
    return client
