"""Accounts in the city's own pool: who gets one with a post, loses it with the last, and signs in with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from chalicelib import aws, oidc, pool
from chalicelib import settings as current
from chalicelib.domain.errors import NotFound, NotSignedIn
from chalicelib.domain.people import Duty, Role
from chalicelib.settings import utc_now
from chalicelib.store import people
from chalicelib.usecases import posts, signin
from infra import posts as command
from tests.integration.people import PANJER
from tests.stack import Stack

PASSWORD = "kata-sandi-uji-coba"
CLERK = posts.Person("Ni Luh Sari", "+6289900000002", "sari@example.id", "Staf DLHK")
COLLEAGUE = posts.Person("I Wayan Rekan", "+6289900000003", "rekan@example.id", "Staf DLHK")
LURAH = posts.Person("I Made Suarta", "+6289900000001", "lurah@example.id", "Lurah Panjer")
DESK, VILLAGE = Duty(Role.STAFF, "dlhk"), Duty(Role.VILLAGE_HEAD, PANJER)


@pytest.fixture
def cognito(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The pool that infra/data.yaml describes, empty, as the issuer of officers' tokens."""
    client = aws.client("cognito-idp")
    (found,) = client.list_user_pools(MaxResults=60)["UserPools"]
    (app,) = client.list_user_pool_clients(UserPoolId=found["Id"], MaxResults=60)["UserPoolClients"]
    issuer = f"https://cognito-idp.{client.meta.region_name}.amazonaws.com/{found['Id']}"
    with_it = replace(
        current.settings(), oidc_issuer=issuer, oidc_client_id=app["ClientId"], user_pool_id=found["Id"]
    )
    for module in (oidc, signin, pool):
        monkeypatch.setattr(module, "settings", lambda: with_it)
    keys = f"{client.meta.endpoint_url}/{found['Id']}/.well-known/jwks.json"
    monkeypatch.setattr(oidc, "_known", oidc._Known({"jwks_uri": keys}, {}))
    for email in accounts(client, found["Id"]):
        client.admin_delete_user(UserPoolId=found["Id"], Username=email)
    yield client
    oidc.forget()


def accounts(client: Any, pool_id: str = "") -> list[str]:
    users = client.list_users(UserPoolId=pool_id or pool.settings().user_pool_id)["Users"]
    return sorted(each["Value"] for user in users for each in user["Attributes"] if each["Name"] == "email")


def sign_in(client: Any, email: str) -> str:
    """The ID token that the pool gives for a password, as moto signs it."""
    said = {"UserPoolId": pool.settings().user_pool_id, "Username": email}
    client.admin_set_user_password(**said, Password=PASSWORD, Permanent=True)
    answer = client.admin_initiate_auth(
        UserPoolId=said["UserPoolId"],
        ClientId=pool.settings().oidc_client_id,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": email, "PASSWORD": PASSWORD},
    )
    return str(answer["AuthenticationResult"]["IdToken"])


def roster(*seats: tuple[Duty, posts.Person]) -> posts.Roster:
    return posts.Roster(tuple(posts.Seat(duty, person) for duty, person in seats))


def test_a_roster_makes_the_accounts_that_its_posts_need_and_a_token_of_the_pool_opens_the_desk(
    cognito: Any,
) -> None:
    for _ in range(2):
        posts.install(roster((DESK, CLERK), (VILLAGE, LURAH)))
    assert accounts(cognito) == ["sari@example.id"]  # a lurah signs in by a code and a PIN
    token = sign_in(cognito, CLERK.email)
    who = signin.identify(token, now=utc_now())
    assert signin.officer(who).name == CLERK.name
    assert oidc._known.keys  # the very keys that the pool publishes

    posts.install(roster((DESK, COLLEAGUE)))
    assert accounts(cognito) == ["rekan@example.id"]
    with pytest.raises(NotSignedIn):  # at the next request, whatever the token still says
        signin.officer(who)


def test_one_person_comes_beside_those_who_are_there_and_one_goes(cognito: Any) -> None:
    posts.install(roster((DESK, CLERK), (VILLAGE, LURAH)))
    for _ in range(2):
        posts.install(roster((DESK, COLLEAGUE)), beside=True)
    assert people.seats(DESK.post)[0] == [CLERK.id, COLLEAGUE.id]
    assert accounts(cognito) == ["rekan@example.id", "sari@example.id"]
    assert people.officer(CLERK.id).duties == (DESK,)
    with pytest.raises(command.BadRoster, match="dipegang"):
        command.demand_room(roster((VILLAGE, COLLEAGUE)))
    command.demand_room(roster((DESK, COLLEAGUE), (VILLAGE, LURAH)))

    who = signin.identify(sign_in(cognito, COLLEAGUE.email), now=utc_now())
    assert signin.officer(who)
    assert posts.find(COLLEAGUE.email) == posts.find(COLLEAGUE.phone)
    for _ in range(2):
        posts.remove(posts.find(COLLEAGUE.phone))
    assert people.seats(DESK.post)[0] == [CLERK.id]
    assert accounts(cognito) == ["sari@example.id"]
    with pytest.raises(NotSignedIn):
        signin.officer(who)
    with pytest.raises(NotFound):
        posts.find("asing@example.id")


def test_a_new_account_takes_the_place_of_the_old_one_at_once(cognito: Any) -> None:
    posts.install(roster((DESK, CLERK)))
    old = signin.identify(sign_in(cognito, CLERK.email), now=utc_now())
    assert signin.officer(old)
    posts.invite_again(posts.find(CLERK.email))
    with pytest.raises(NotSignedIn):
        signin.officer(old)
    assert signin.officer(signin.identify(sign_in(cognito, CLERK.email), now=utc_now())).id == CLERK.id


def test_where_the_city_s_own_provider_keeps_accounts_nobody_touches_a_pool(
    cognito: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = replace(pool.settings(), oidc_issuer="https://masuk.denpasar.example")
    monkeypatch.setattr(pool, "settings", lambda: elsewhere)
    posts.install(roster((DESK, CLERK)))
    assert accounts(cognito) == []
