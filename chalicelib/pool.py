"""The city's own pool of accounts (Cognito): who has one there.

Operators' commands alone call this. The API has no right to the pool, so nobody who breaks into it can make accounts.
"""

from __future__ import annotations

from typing import Any

from chalicelib import aws
from chalicelib.settings import settings


def is_ours() -> bool:
    """Whether officers sign in at a pool that we keep; a provider of the city's own keeps its people itself."""
    pool = settings().user_pool_id
    return bool(pool) and settings().oidc_issuer.endswith(f"/{pool}")


def invite(email: str, officer: str) -> str:
    """See that somebody has an account. Where it is new, a first password goes there by e-mail, and the answer is the
    pool's own name for it (``sub``); empty where there was one. May be run again."""
    client, pool = _client(), settings().user_pool_id
    attributes = [
        {"Name": "email", "Value": email},
        {"Name": "email_verified", "Value": "true"},
        {"Name": "custom:officer", "Value": officer},
    ]
    try:
        made = client.admin_create_user(
            UserPoolId=pool, Username=email, UserAttributes=attributes, DesiredDeliveryMediums=["EMAIL"]
        )
    except client.exceptions.UsernameExistsException:
        client.admin_update_user_attributes(UserPoolId=pool, Username=email, UserAttributes=attributes[1:])
        return ""
    return next(str(each["Value"]) for each in made["User"]["Attributes"] if each["Name"] == "sub")


def remove(email: str) -> None:
    """Delete an account; what it holds ends with the tokens that are out, in five minutes. May be run again."""
    client = _client()
    try:
        client.admin_delete_user(UserPoolId=settings().user_pool_id, Username=email)
    except client.exceptions.UserNotFoundException:
        return


def _client() -> Any:
    return aws.client("cognito-idp")
