"""SES: citizens' e-mail. Off until a sender address is configured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import aws
from chalicelib.domain.errors import Passing, Refused
from chalicelib.settings import settings

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client


def configured() -> bool:
    return bool(settings().mail_from)


def send(address: str, subject: str, text: str, *, stop: str = "") -> str:
    """Send one plain-text e-mail; returns SES's message id. Raises Passing or Refused as SNS does.

    ``stop`` is the address at which its reader stops messages; mail programs offer it as a button (RFC 8058).
    """
    headers = {"List-Unsubscribe": f"<{stop}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    try:
        answer = _client().send_email(
            FromEmailAddress=settings().mail_from,
            Destination={"ToAddresses": [address]},
            Content={
                "Simple": {
                    "Subject": {"Data": subject, "Charset": "UTF-8"},
                    "Body": {"Text": {"Data": text, "Charset": "UTF-8"}},
                    "Headers": [{"Name": name, "Value": value} for name, value in headers.items() if stop],
                }
            },
        )
    except (BotoCoreError, ClientError) as error:
        if trouble := aws.passing(error):
            raise Passing(trouble) from None
        raise Refused(aws.code_of(error)) from None
    return answer["MessageId"]


def _client() -> SESV2Client:
    client: SESV2Client = aws.client("sesv2")
    return client
