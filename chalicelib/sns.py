"""SNS: the road to offices (topics), to phones, and to an officer's own mailbox (a topic with one subscription)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import aws
from chalicelib.domain.errors import NotFound, Passing, Refused
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
    office: str, subject: str, email: str, sms: str | None, attributes: Mapping[str, str], *, level: int = 0
) -> str:
    """Tell all subscribers of an office; without ``sms`` only mailboxes hear. Returns SNS's message id.

    Subscribers may filter by the attributes, and by the case's ``level`` as a number (`domain/wishes.filter_policy`).
    """
    message = {"default": email, "email": email, "sms": sms or ""}
    return _publish(
        TopicArn=topic_of_office(office),
        Subject=_subject(subject),
        Message=json.dumps({key: text for key, text in message.items() if text}),
        MessageStructure="json",
        MessageAttributes={
            **_attributes({**attributes, "sms": "yes" if sms else "no"}),
            **({"level": {"DataType": "Number", "StringValue": str(level)}} if level else {}),
        },
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


def publish_to_app(endpoint: str, title: str, text: str, link: str) -> str:
    """Push to one phone's app by its endpoint. Raises Refused where the app was taken off it."""
    android = {"notification": {"title": title, "body": text}, "data": {"url": link}}
    apple = {"aps": {"alert": {"title": title, "body": text}}, "url": link}
    message = {"default": text, "GCM": json.dumps(android), "APNS": json.dumps(apple)}
    return _publish(TargetArn=endpoint, MessageStructure="json", Message=json.dumps(message))


def app_endpoint(platform: str, token: str) -> str:
    """The endpoint of one phone's app; for one token always the same.

    Raises Refused, also where there is no such app.
    """
    from chalicelib import roads

    application = roads.configured(roads.APPS).get(platform)
    if not application:
        raise Refused("no such app")
    try:
        answer = _client().create_platform_endpoint(PlatformApplicationArn=str(application), Token=token)
    except ClientError as error:
        raise Refused(aws.code_of(error)) from None
    return answer["EndpointArn"]


def subscribe_office(
    office: str,
    *,
    phone: str | None = None,
    email: str | None = None,
    filters: Mapping[str, Mapping[str, object]] | None = None,
) -> None:
    """Subscribe a person to an office's topic; a phone hears only what is worth an SMS. May be run again.

    ``filters`` are filter policies by protocol (``sms``, ``email``) where somebody wants to hear less.
    """
    for protocol, endpoint in (("sms", phone), ("email", email)):
        if not endpoint or not settings().may_reach(endpoint):
            continue
        with suppress(
            _client().exceptions.InvalidParameterException
        ):  # it is on it already, with another filter
            _client().subscribe(
                TopicArn=topic_of_office(office),
                Protocol=protocol,
                Endpoint=endpoint,
                Attributes={"FilterPolicy": json.dumps({"sms": ["yes"]})} if protocol == "sms" else {},
            )
        if filters is not None:
            _filter_anew(topic_of_office(office), endpoint, json.dumps(filters[protocol]))


def _filter_anew(topic: str, endpoint: str, policy: str) -> None:
    for found, arn in _subscriptions(topic):
        if found == endpoint and arn.startswith("arn:"):
            _client().set_subscription_attributes(
                SubscriptionArn=arn, AttributeName="FilterPolicy", AttributeValue=policy
            )


def ensure_office_topic(office: str, display_name: str) -> None:
    """Make an office's topic where the profile has an office that the stack does not know yet. May be run again."""
    name = topic_of_office(office).rpartition(":")[2]
    _client().create_topic(
        Name=name, Attributes={"DisplayName": display_name, "KmsMasterKeyId": settings().kms_key_id}
    )


def listeners(office: str) -> dict[str, bool]:
    """The phones and mailboxes on an office's topic, and whether each hears it: a mailbox has to confirm first.

    Raises NotFound where there is no such topic.
    """
    try:
        return {endpoint: arn.startswith("arn:") for endpoint, arn in _subscriptions(topic_of_office(office))}
    except _client().exceptions.NotFoundException as error:
        raise NotFound(office) from error


def opted_out(phone: str) -> bool:
    """Whether the network keeps our SMS from this number at its owner's wish; False where it cannot be asked now."""
    try:
        answer = _client().check_if_phone_number_is_opted_out(phoneNumber=phone)
    except (BotoCoreError, ClientError):
        return False
    return bool(answer.get("isOptedOut"))


def all_opted_out() -> set[str]:
    """Every number that the network keeps our SMS from."""
    pages = _client().get_paginator("list_phone_numbers_opted_out").paginate()
    return {number for page in pages for number in page.get("phoneNumbers", ())}


def ensure_officer_topic(officer: str, email: str) -> None:
    """Make an officer's own topic with the one mailbox on it. May be run again."""
    name = topic_of_officer(officer).rpartition(":")[2]
    arn = _client().create_topic(Name=name)["TopicArn"]
    if settings().may_reach(email):
        _client().subscribe(TopicArn=arn, Protocol="email", Endpoint=email)


def unsubscribe_office(office: str, endpoint: str) -> None:
    """Take a phone or a mailbox off an office's topic; nothing happens where it is not on it."""
    _unsubscribe(topic_of_office(office), endpoint)


def unsubscribe_officer(officer: str, email: str) -> None:
    """Take a mailbox off an officer's own topic, which may not exist any more."""
    _unsubscribe(topic_of_officer(officer), email)


def _unsubscribe(topic: str, endpoint: str) -> None:
    try:
        found = [arn for each, arn in _subscriptions(topic) if each == endpoint]
    except _client().exceptions.NotFoundException:
        return
    for arn in found:
        # One that nobody has confirmed has no ARN yet, hears nothing, and is dropped by SNS itself after two days.
        if arn.startswith("arn:"):
            _client().unsubscribe(SubscriptionArn=arn)


def _subscriptions(topic: str) -> list[tuple[str, str]]:
    pages = _client().get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    return [(each["Endpoint"], each["SubscriptionArn"]) for page in pages for each in page["Subscriptions"]]


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
