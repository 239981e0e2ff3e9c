"""Bad input of every kind: a clear 4xx in both languages that names the fault, and nothing stored.

Each case goes through the gateway to the real engines; every table is compared before and after.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import jwt
import pytest

from chalicelib import keys
from chalicelib.settings import move_clock, utc_now
from chalicelib.store.tables import connection
from tests.contract.conftest import PHONE, Api, Reply, a_report, citizen, officer, tables, token_of

TEXT = "Jalan berlubang dalam di depan balai banjar."
LANGUAGES = ("id", "en")


@contextmanager
def nothing_stored() -> Iterator[None]:
    before = tables()
    yield
    assert tables() == before


def refused(reply: Reply, status: int, slug: str) -> dict[str, Any]:
    """Hold an answer against what a refusal must be, and answer its body."""
    assert reply.status == status, reply.text
    assert reply.kind == "application/problem+json"
    body: dict[str, Any] = reply.json
    assert (body["type"], body["status"]) == (f"/problems/{slug}", status)
    assert body["title"]
    for trace in ("Traceback", 'File "', "Error(", "chalicelib", "pynamodb", "botocore"):
        assert trace not in reply.text
    return body


def refused_everywhere(
    api: Api, method: str, path: str, body: object, status: int, slug: str, **kwargs: Any
) -> dict[str, Any]:
    """The same refusal in both languages, said differently, with nothing stored; answers the English one."""
    bodies = {}
    with nothing_stored():
        for language in LANGUAGES:
            target = f"{path}{'&' if '?' in path else '?'}lang={language}"
            bodies[language] = refused(api.call(method, target, body, **kwargs), status, slug)
    indonesian, english = bodies["id"], bodies["en"]
    assert indonesian["title"] != english["title"]
    if "errors" in english:
        assert [(e["field"], e["code"]) for e in indonesian["errors"]] == [
            (e["field"], e["code"]) for e in english["errors"]
        ]
        assert all(
            i["reason"] != e["reason"] for i, e in zip(indonesian["errors"], english["errors"], strict=True)
        )
    if "detail" in english:
        assert indonesian["detail"] != english["detail"]
    return english


def faults(body: Mapping[str, Any]) -> set[tuple[str, str]]:
    return {(error["field"], error["code"]) for error in body["errors"]}


# What cannot be read ------------------------------------------------------------------------------------------

DEEP = b"[" * 20_000 + b"]" * 20_000
UNREADABLE: Mapping[str, tuple[bytes, int, str, str]] = {
    # what: (body, status, type, the word its detail must say in English)
    "broken": (b'{"text": "Jalan rusak', 400, "bad-request", "JSON"),
    "no JSON": (b"text=Jalan+rusak", 400, "bad-request", "JSON"),
    "a list": (b"[]", 400, "bad-request", "object"),
    "a text": (b'"Jalan rusak"', 400, "bad-request", "object"),
    "null": (b"null", 400, "bad-request", "object"),
    "not UTF-8": (b'{"text": "\xff\xfe jalan rusak"', 400, "bad-request", "JSON"),
    "deep": (DEEP, 400, "bad-request", "JSON"),
    "deep within a field": (b'{"text": ' + DEEP + b"}", 400, "bad-request", "JSON"),
    "a field twice": (
        json.dumps({"text": TEXT, "publication": "private"})[:-1].encode() + b', "publication": "public"}',
        400,
        "bad-request",
        "twice",
    ),
    "a field twice within": (
        b'{"text": "Jalan berlubang di sini", "place": {"lat": -8.69, "lat": 0, "lon": 115.22}}',
        400,
        "bad-request",
        "twice",
    ),
    "NaN": (
        b'{"text": "Jalan berlubang di sini", "place": {"lat": NaN, "lon": 115.22}}',
        400,
        "bad-request",
        "NaN",
    ),
    "Infinity": (
        b'{"text": "Jalan berlubang di sini", "place": {"lat": -8.6, "lon": -Infinity}}',
        400,
        "bad-request",
        "Infinity",
    ),
    "a number of 5,000 digits": (
        b'{"text": "Jalan berlubang di sini", "place": {"lat": ' + b"9" * 5000 + b', "lon": 1}}',
        400,
        "bad-request",
        "JSON",
    ),
    "1 MB of text": (json.dumps({"text": "a" * 1_000_000}).encode(), 413, "too-large", "64 KB"),
    "1 MB of spaces": (b" " * 1_000_000, 413, "too-large", "64 KB"),
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_what_cannot_be_read_is_refused_as_a_whole(api: Api, what: str) -> None:
    body, status, slug, word = UNREADABLE[what]
    english = refused_everywhere(api, "POST", "/v1/complaints", body, status, slug)
    assert word in english["detail"]


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/html", "?"],
)
def test_another_content_type_is_refused(api: Api, kind: str) -> None:
    refused_everywhere(
        api,
        "POST",
        "/v1/complaints",
        json.dumps(a_report()).encode(),
        415,
        "unsupported-media-type",
        headers={"Content-Type": kind},
    )


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/v1/complaints"),
        ("PATCH", "/v1/complaints"),
        ("POST", "/v1/city"),
        ("PUT", "/v1/complaints/DPS-ZGRVJ-RPRMY"),
        ("DELETE", "/v1/me/complaints/DPS-ZGRVJ-RPRMY"),
        ("GET", "/v1/office/complaints/DPS-ZGRVJ-RPRMY/replies"),
        ("GET", "/v1/auth/codes"),
    ],
)
def test_a_method_that_a_path_does_not_have_names_those_it_has(api: Api, method: str, path: str) -> None:
    refused_everywhere(api, method, path, None, 405, "method-not-allowed")
    allowed = api.call(method, path).headers["allow"].split(", ")
    assert allowed
    assert method not in allowed


# Fields of a report -------------------------------------------------------------------------------------------

BIG = 10**400
FIELDS: Mapping[str, tuple[object, set[tuple[str, str]]]] = {
    "an empty object": ({}, {("text", "required")}),
    "an empty text": ({"text": ""}, {("text", "required")}),
    "nothing but spaces": ({"text": " \n\t  "}, {("text", "required")}),
    "null": ({"text": None}, {("text", "required")}),
    "a short text": ({"text": "rusak"}, {("text", "too_short")}),
    "a long text": ({"text": "a" * 5001}, {("text", "too_long")}),
    "a number for a text": ({"text": 12345678901}, {("text", "no_text")}),
    "a list for a text": ({"text": ["Jalan rusak"]}, {("text", "no_text")}),
    "true for a text": ({"text": True}, {("text", "no_text")}),
    "wrong types everywhere": (
        {
            "text": TEXT,
            "kind": 1,
            "category": ["jalan_rusak"],
            "place": "di sini",
            "contact": [],
            "identity": True,
            "publication": {},
            "language": 5,
            "client_time": 1732156200,
            "about_staff": False,
            "answers": "padam",
        },
        {
            ("kind", "not_a_choice"),
            ("category", "unknown_category"),
            ("place", "no_object"),
            ("contact", "no_object"),
            ("identity", "not_a_choice"),
            ("publication", "not_a_choice"),
            ("language", "not_a_choice"),
            ("client_time", "no_moment"),
            ("about_staff", "no_object"),
            ("answers", "no_object"),
        },
    ),
    "texts for coordinates": (
        {"text": TEXT, "place": {"lat": "-8.69", "lon": "115.22"}},
        {("place.lat", "no_number"), ("place.lon", "no_number")},
    ),
    "true for a coordinate": (
        {"text": TEXT, "place": {"lat": True, "lon": 115.22}},
        {("place.lat", "no_number")},
    ),
    "half a point": ({"text": TEXT, "place": {"lat": -8.69}}, {("place.lon", "required")}),
    "a point beyond the pole": (
        {"text": TEXT, "place": {"lat": 91, "lon": 181}},
        {("place.lat", "out_of_range"), ("place.lon", "out_of_range")},
    ),
    "coordinates of 400 digits": (
        {"text": TEXT, "place": {"lat": BIG, "lon": -BIG}},
        {("place.lat", "out_of_range"), ("place.lon", "out_of_range")},
    ),
    "a point outside the city": (
        {"text": TEXT, "place": {"lat": 52.5, "lon": 13.4}},
        {("place", "outside_city")},
    ),
    "a village that is not the point's": (
        {"text": TEXT, "place": {"area": "51.71.01.1004", "hamlet": "51.71.01.1001/ponjok"}},
        {("place.hamlet", "hamlet_elsewhere")},
    ),
    "a NUL": ({"text": "Jalan rusak\x00 di depan pasar"}, {("text", "bad_characters")}),
    "an escape character": ({"text": "Jalan \x1b[31mrusak\x1b[0m di sini"}, {("text", "bad_characters")}),
    "a C1 control": ({"text": "Jalan rusak\x9b di depan pasar"}, {("text", "bad_characters")}),
    "a line break where there is one line": (
        {"text": TEXT, "place": {"words": "depan\r\nbalai"}, "contact": {"email": "a@b.id\nBcc: c@d.id"}},
        {("place.words", "bad_characters"), ("contact.email", "bad_characters")},
    ),
    "a moment in the year 9999": (
        {"text": TEXT, "client_time": "9999-12-31T23:59:59-23:59"},
        {("client_time", "no_moment")},
    ),
    "a moment far off": (
        {"text": TEXT, "client_time": "9999-01-01T00:00:00Z"},
        {("client_time", "moment_far")},
    ),
    "a moment in the year 1": (
        {"text": TEXT, "client_time": "0001-01-01T00:00:00+23:59"},
        {("client_time", "no_moment")},
    ),
    "a moment without a zone": (
        {"text": TEXT, "client_time": "2026-11-21T09:30:00"},
        {("client_time", "no_moment")},
    ),
    "a day that is none": (
        {"text": TEXT, "client_time": "2026-02-30T09:30:00Z"},
        {("client_time", "no_moment")},
    ),
    "an unknown category": ({"text": TEXT, "category": "ufo"}, {("category", "unknown_category")}),
    "a category of another kind": (
        {"text": TEXT, "category": "informasi_publik", "kind": "complaint"},
        {("category", "category_kind")},
    ),
    "an unknown area and hamlet": (
        {"text": TEXT, "place": {"area": "99.99", "hamlet": "x/y"}},
        {("place.area", "unknown_area"), ("place.hamlet", "unknown_hamlet")},
    ),
    "a district for a village": (
        {"text": TEXT, "place": {"area": "51.71.01"}},
        {("place.area", "unknown_area")},
    ),
    "an unknown accused": (
        {"text": TEXT, "about_staff": {"office": "mars"}},
        {("about_staff.office", "unknown_accused")},
    ),
    "an office that is a list": (
        {"text": TEXT, "about_staff": {"office": [{}]}},
        {("about_staff.office", "unknown_accused")},
    ),
    "no phone": ({"text": TEXT, "contact": {"phone": "112"}}, {("contact.phone", "no_phone")}),
    "a landline": ({"text": TEXT, "contact": {"phone": "0361 431229"}}, {("contact.phone", "no_phone")}),
    "no e-mail": ({"text": TEXT, "contact": {"email": "a@b"}}, {("contact.email", "no_email")}),
    "a name alone": ({"text": TEXT, "contact": {"name": "Ibu"}}, {("contact.phone", "no_address")}),
    "an answer to no question": (
        {
            "text": TEXT,
            "category": "lampu_jalan",
            "place": {"area": "51.71.01.1004"},
            "answers": {"warna": "merah"},
        },
        {("answers.warna", "unknown_question")},
    ),
    "an answer that is no choice": (
        {
            "text": TEXT,
            "category": "lampu_jalan",
            "place": {"area": "51.71.01.1004"},
            "answers": {"keadaan": "x"},
        },
        {("answers.keadaan", "not_a_choice")},
    ),
    "no place where one is needed": (
        {"text": TEXT, "category": "jalan_rusak"},
        {("place", "place_required")},
    ),
    "unknown fields": (
        {"text": TEXT, "colour": "red", "place": {"alt": 3}},
        {("colour", "unknown_field"), ("place.alt", "unknown_field")},
    ),
    "a field with a strange name": ({"text": TEXT, "\x00\ud800": 1}, {("?", "unknown_field")}),
    "fields a citizen may not set": (
        {
            "text": TEXT,
            "status": "closed",
            "office": "pupr",
            "deadline": "2030-01-01",
            "code": "DPS-1",
            "level": 5,
        },
        {(name, "not_yours") for name in ("status", "office", "deadline", "code", "level")},
    ),
    "many faults at once": (
        {"kind": "x", "text": "a", "place": {"lat": 100, "lon": 0}, "contact": {"phone": "1"}, "extra": 1},
        {
            ("kind", "not_a_choice"),
            ("text", "too_short"),
            ("place.lat", "out_of_range"),
            ("contact.phone", "no_phone"),
            ("extra", "unknown_field"),
        },
    ),
}


@pytest.mark.parametrize("what", FIELDS)
def test_every_fault_of_a_report_is_named_at_once(api: Api, what: str) -> None:
    body, expected = FIELDS[what]
    english = refused_everywhere(api, "POST", "/v1/complaints", body, 422, "invalid")
    assert faults(english) == expected


@pytest.mark.parametrize(
    "escape",
    [r"\ud800", r"\udfff", r"\udc00\ud800", r"\ud83d"],
    ids=["high", "low", "swapped", "half an emoji"],
)
def test_a_lone_surrogate_is_refused_wherever_a_text_may_stand(api: Api, escape: str) -> None:
    def body(**texts: str) -> bytes:
        report = {
            "text": texts.get("text", TEXT),
            "place": {"area": "51.71.01.1004", "words": texts.get("words", "")},
            "contact": {"phone": "0812-3456-7890", "name": texts.get("name", "")},
            "about_staff": {"words": texts.get("accused", "")},
        }
        return json.dumps(report).replace("@@", escape).encode()

    for name, field in {
        "text": "text",
        "words": "place.words",
        "name": "contact.name",
        "accused": "about_staff.words",
    }.items():
        english = refused_everywhere(
            api, "POST", "/v1/complaints", body(**{name: "Jalan rusak @@ di sini"}), 422, "invalid"
        )
        assert faults(english) == {(field, "bad_characters")}


@pytest.mark.parametrize(
    "said",
    [
        "Jalan rusak 🕳️🚧 di depan 👨‍👩‍👧‍👦 sekolah 🇮🇩",
        "ᬫᬃᬕᬶ ᬲᬫ᭄ᬧᬸᬦ᭄ ᬉᬲᬓ᭄ (aksara Bali)",
        "x'; DROP TABLE complaints; -- jalan rusak",
        "<script>alert('jalan')</script><img src=x onerror=alert(1)>",
        "{{7*7}} ${jndi:ldap://x} %s %n ../../etc/passwd jalan",
        'baris satu\nbaris dua\tdan "kutip" \\ garis miring',
        "\u202eterbalik\u202c jalan rusak",
    ],
)
def test_what_is_merely_strange_is_kept_word_for_word(api: Api, said: str) -> None:
    filed = api.call("POST", "/v1/complaints", a_report(text=said))
    assert filed.status == 201, filed.text
    own = api.call("GET", f"/v1/me/complaints/{filed.json['code']}", token=citizen())
    assert own.json["text"] == said
    assert own.headers["x-content-type-options"] == "nosniff"
    (row,) = api.call("GET", "/v1/me/complaints", token=citizen()).json["complaints"]
    assert row["code"] == filed.json["code"]
    triage = officer("triage@diskominfos", office="diskominfos")
    path = f"/v1/office/complaints/{filed.json['code']}/release"
    assert api.call("POST", path, {}, token=triage, headers={"If-Match": '"1"'}).status == 201
    assert api.call("GET", f"/v1/complaints/{filed.json['code']}").json["text"] == said


# Keys, versions and codes -------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["", "short", "a" * 129, "spaces are not allowed in it", "ä" * 30])
def test_a_key_that_is_none_is_named(api: Api, key: str) -> None:
    english = refused_everywhere(
        api, "POST", "/v1/complaints", a_report(), 422, "invalid", headers={"Idempotency-Key": key}
    )
    assert faults(english) == {("Idempotency-Key", "bad_key")}


def test_a_key_with_another_body_is_refused(api: Api) -> None:
    key = {"Idempotency-Key": "k" * 22}
    assert api.call("POST", "/v1/complaints", a_report(), headers=key).status == 201
    refused_everywhere(
        api, "POST", "/v1/complaints", a_report(text=TEXT), 422, "idempotency-key-reused", headers=key
    )


@pytest.mark.parametrize(
    "code",
    [
        "DPS-ZGRVJ-RPRMZ",  # a wrong check character
        "TGS-ZGRVJ-RPRMY",
        "1",
        "%00",
        "%F0%9F%98%80",
        "..%2F..%2Fhealth",
        "a" * 500,
        "%ED%A0%80",
        "DPS-00000-00000",  # well formed, filed by nobody
        "'%20OR%201=1--",
    ],
)
def test_a_code_that_is_none_and_one_that_nobody_has_are_both_not_found(api: Api, code: str) -> None:
    me, duty = citizen(), officer("duty@pupr", office="pupr")
    for path, token in (
        (f"/v1/complaints/{code}", ""),
        (f"/v1/complaints/{code}/status", ""),
        (f"/v1/me/complaints/{code}", me),
        (f"/v1/office/complaints/{code}", duty),
    ):
        refused_everywhere(api, "GET", path, None, 404, "not-found", token=token)


@pytest.mark.parametrize("header", ["*", '"x"', "-1", "1, 2", "9" * 40, "\x00"])
def test_a_version_that_is_none_is_named(api: Api, header: str) -> None:
    code = api.call("POST", "/v1/complaints", a_report()).json["code"]
    duty = officer("duty@pupr", office="pupr")
    path = f"/v1/office/complaints/{code}/replies"
    english = refused_everywhere(
        api,
        "POST",
        path,
        {"text": "Kami datang."},
        400,
        "bad-request",
        token=duty,
        headers={"If-Match": header},
    )
    assert "If-Match" in english["detail"]


def test_an_act_without_a_version_or_with_an_old_one_changes_nothing(api: Api) -> None:
    code = api.call("POST", "/v1/complaints", a_report()).json["code"]
    duty = officer("duty@pupr", office="pupr")
    path, said = f"/v1/office/complaints/{code}/replies", {"text": "Kami datang."}
    refused_everywhere(api, "POST", path, said, 428, "version-required", token=duty)
    refused_everywhere(api, "POST", path, said, 412, "stale", token=duty, headers={"If-Match": '"7"'})


# Whose case, and who is there ---------------------------------------------------------------------------------

ACTS: Mapping[str, tuple[str, object]] = {
    "text": ("PUT", {"text": TEXT}),
    "messages": ("POST", {"text": "Pesan dari orang lain."}),
    "rating": ("POST", {"score": 1}),
    "reopening": ("POST", {"text": "Belum beres."}),
    "withdrawal": ("POST", {"reason": "solved"}),
    "appeal": ("POST", {"text": "Ini jalan kota."}),
}


def test_another_citizen_s_case_does_not_exist(api: Api) -> None:
    code = api.call("POST", "/v1/complaints", a_report(contact={"phone": "0813-1111-2222"})).json["code"]
    mine = api.call("POST", "/v1/complaints", a_report()).json
    link = api.call("POST", "/v1/auth/links", {"code": mine["code"], "secret": mine["secret"]}).json["token"]
    for token in (citizen(), link, token_of("officer", keys.person_id("+6281311112222"))):
        refused_everywhere(api, "GET", f"/v1/me/complaints/{code}", None, 404, "not-found", token=token)
        for act, (method, body) in ACTS.items():
            refused_everywhere(
                api, method, f"/v1/me/complaints/{code}/{act}", body, 404, "not-found", token=token
            )


def test_another_office_s_case_does_not_exist_and_its_acts_are_refused(api: Api) -> None:
    code = api.call("POST", "/v1/complaints", a_report()).json["code"]
    other = officer("duty@dlhk", office="dlhk")
    seen = {"If-Match": '"1"'}
    refused_everywhere(api, "GET", f"/v1/office/complaints/{code}", None, 404, "not-found", token=other)
    for act in ("acknowledgement", "rung-acknowledgement", "start", "release", "contact"):
        path = f"/v1/office/complaints/{code}/{act}"
        refused_everywhere(api, "POST", path, {}, 404, "not-found", token=other, headers=seen)
    own = officer("duty@pupr", office="pupr", identity="pupr")
    path = f"/v1/office/complaints/{code}/release"
    refused_everywhere(api, "POST", path, {}, 403, "not-allowed", token=own, headers=seen)
    path = f"/v1/office/complaints/{code}/rung-acknowledgement"
    refused_everywhere(api, "POST", path, {}, 403, "not-allowed", token=own, headers=seen)


def forged() -> Iterator[tuple[str, Callable[[], str]]]:
    def claims(**changed: Any) -> dict[str, Any]:
        now = int(utc_now().timestamp())
        told = {
            "iss": "pro-denpasar-plus",
            "aud": "denpasar",
            "sub": f"citizen:{keys.person_id(PHONE)}",
            "iat": now,
            "exp": now + 3600,
        }
        return {name: value for name, value in {**told, **changed}.items() if value is not None}

    def signed(**changed: Any) -> str:
        return jwt.encode(claims(**changed), keys.derive("token"), algorithm="HS256")

    def unsigned(algorithm: str) -> str:
        parts = ({"alg": algorithm, "typ": "JWT"}, claims())
        head, body = (base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts)
        return f"{head}.{body}."

    yield "not a token", lambda: "x"
    yield "three dots", lambda: "a.b.c"
    yield "10 kB of letters", lambda: "a" * 10_000
    yield "not ASCII", lambda: "é.ü.ñ"
    yield "expired", lambda: signed(exp=int(utc_now().timestamp()) - 1)
    yield "without an end", lambda: signed(exp=None)
    yield "an end that is a text", lambda: signed(exp="never")
    yield "another city's", lambda: signed(aud="tangerang-selatan")
    yield "another issuer's", lambda: signed(iss="somebody")
    yield "of a kind we do not have", lambda: signed(sub="mayor:1")
    yield "of nobody", lambda: signed(sub="citizen:")
    yield "no subject", lambda: signed(sub=None)
    yield "another key", lambda: jwt.encode(claims(), "k" * 32, algorithm="HS256")
    yield "another algorithm", lambda: jwt.encode(claims(), keys.derive("token"), algorithm="HS512")
    yield "alg none", lambda: unsigned("none")
    yield "alg None", lambda: unsigned("None")
    yield (
        "a changed subject",
        lambda: ".".join(
            [signed().split(".")[0], signed(sub="officer:petugas").split(".")[1], signed().split(".")[2]]
        ),
    )


FORGED = dict(forged())


@pytest.mark.parametrize("what", FORGED)
def test_a_token_that_is_none_signs_nobody_in(api: Api, what: str) -> None:
    code = api.call("POST", "/v1/complaints", a_report()).json["code"]
    officer("duty@pupr", office="pupr")
    token = FORGED[what]()
    for method, path, body in (
        ("GET", "/v1/me/complaints", None),
        ("GET", f"/v1/me/complaints/{code}", None),
        ("POST", f"/v1/me/complaints/{code}/messages", {"text": "Pesan."}),
        ("GET", "/v1/office/me", None),
    ):
        refused_everywhere(api, method, path, body, 401, "not-signed-in", token=token)


@pytest.mark.parametrize(
    "header", ["Basic dXNlcjpwYXNz", "Bearer", "Bearer ", "bearer  ", "Token abc", "\x00"]
)
def test_a_header_without_a_token_signs_nobody_in(api: Api, header: str) -> None:
    refused_everywhere(
        api, "GET", "/v1/me/complaints", None, 401, "not-signed-in", headers={"Authorization": header}
    )


def test_every_route_behind_the_authorizer_refuses_a_stranger_itself(api: Api) -> None:
    # The authorizer only identifies: a view that forgot to ask who is there would let a stranger in.
    from app import app

    code = api.call("POST", "/v1/complaints", a_report()).json["code"]
    seen = {"If-Match": '"1"'}
    guarded = [
        (method, path)
        for path, methods in app.routes.items()
        for method, entry in methods.items()
        if entry.authorizer is not None
    ]
    assert len(guarded) > 20
    bodies: tuple[object, ...] = (
        None,
        {},
        a_report(),
        {"text": TEXT},
        {"question": 1, "text": TEXT},
        {"score": 3},
        {"category": "sampah"},
        {"reason": "solved"},
        {"decision": "grant", "text": TEXT},
        {"sure": True},
    )
    with nothing_stored():
        for method, path in guarded:
            target = path.replace("{code}", code)
            sent = bodies if method != "GET" else (None,)
            statuses = {api.call(method, target, body, token="forged", headers=seen).status for body in sent}
            # A form may be read first, but whatever is right about it, a stranger gets no further.
            assert 401 in statuses, (method, path)
            assert statuses <= {401, 422}, (method, path)


def test_a_browser_can_read_why_it_was_refused(api: Api) -> None:
    # What the gateway refuses itself carries no CORS headers, so a script sees a dead network.
    reply = api.call("GET", "/v1/me/complaints", token="x")
    assert reply.headers["access-control-allow-origin"] == "*"


def test_an_officer_who_was_disabled_or_removed_is_out_at_once(api: Api) -> None:
    from dataclasses import replace

    from chalicelib.store import people

    token = officer("duty@pupr", office="pupr")
    assert api.call("GET", "/v1/office/me", token=token).status == 200
    people.save_officer(replace(people.officer("petugas"), disabled=True), b"")
    for identity in (token, token_of("officer", "nobody"), citizen()):
        refused_everywhere(api, "GET", "/v1/office/me", None, 401, "not-signed-in", token=identity)


# Sign-in ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, {("phone", "no_address")}),
        ({"phone": "abc"}, {("phone", "no_phone")}),
        ({"phone": 81234567890}, {("phone", "no_text")}),
        ({"phone": "0812\u0000"}, {("phone", "bad_characters")}),
        ({"phone": "9" * 41}, {("phone", "too_long")}),
        ({"email": "x@y"}, {("email", "no_email")}),
        ({"phone": "0812-3456-7890", "as": "mayor"}, {("as", "not_a_choice")}),
        ({"phone": "0812-3456-7890", "citizen": "x"}, {("citizen", "not_yours")}),
        ({"phone": {"$ne": 1}}, {("phone", "no_text")}),
    ],
)
def test_a_request_for_a_code_names_its_faults_and_costs_nothing(
    api: Api, body: object, expected: set[tuple[str, str]]
) -> None:
    assert faults(refused_everywhere(api, "POST", "/v1/auth/codes", body, 422, "invalid")) == expected


@pytest.mark.parametrize(
    "body",
    [
        {"challenge": "unknown", "digits": "123456"},
        {"challenge": "0" * 32, "digits": "000000"},
        {"challenge": "challenge#x", "digits": "१२३४५६"},
        {"challenge": "rate#code-day#all", "digits": "1"},
    ],
)
def test_digits_for_no_challenge_are_refused(api: Api, body: object) -> None:
    refused_everywhere(api, "POST", "/v1/auth/tokens", body, 401, "not-signed-in")


@pytest.mark.parametrize("secret", ["x", "é" * 20, "a" * 40])
def test_a_wrong_secret_opens_nothing(api: Api, secret: str) -> None:
    code = api.call("POST", "/v1/complaints", a_report()).json["code"]
    for typed in (code, "DPS-00000-00000"):
        body = {"code": typed, "secret": secret}
        refused_everywhere(api, "POST", "/v1/auth/links", body, 401, "not-signed-in")


def test_a_link_with_a_code_that_cannot_be_one_is_named(api: Api) -> None:
    english = refused_everywhere(
        api, "POST", "/v1/auth/links", {"code": "abc", "secret": "x"}, 422, "invalid"
    )
    assert faults(english) == {("code", "no_code")}


# Queries ------------------------------------------------------------------------------------------------------

CURSOR = base64.urlsafe_b64encode(b'{"k":"own","p":"2026"}').decode().rstrip("=")
QUERIES: Mapping[str, set[tuple[str, str]]] = {
    "lat=nan&lon=inf": {("lat", "no_number"), ("lon", "no_number")},
    "lat=1e2&lon=115": {("lat", "no_number")},
    "lat=95&lon=115": {("lat", "out_of_range")},
    "lat=-8.69": {("lon", "required")},
    "lat=-8.69&lon=115.22&radius=99999": {("radius", "out_of_range")},
    "lat=-8.69&lon=115.22&radius=10.5": {("radius", "no_whole_number")},
    "box=1,2,3": {("box", "no_box")},
    "box=nan,nan,nan,nan": {("box", "no_box")},
    "box=115.3,-8.6,115.2,-8.7": {("box", "no_box")},
    "box=-180,-90,180,90": {("box", "box_too_large")},
    "month=2026-13": {("month", "no_month")},
    "month=9999-12": {("month", "no_month")},
    "month=20%E0%A5%A8%E0%A5%A6-01": {("month", "no_month")},
    "limit=0": {("limit", "out_of_range")},
    "limit=51": {("limit", "out_of_range")},
    "limit=many": {("limit", "no_whole_number")},
    "limit=999999999999999999999": {("limit", "no_whole_number")},
    "kind=rant&status=gone&format=xml": {
        ("kind", "not_a_choice"),
        ("status", "not_a_choice"),
        ("format", "not_a_choice"),
    },
    "area=1&category=1&office=1": {
        ("area", "unknown_area"),
        ("category", "unknown_category"),
        ("office", "unknown_office"),
    },
    "cursor=%00": {("cursor", "bad_characters")},
    "cursor=x": {("cursor", "cursor_wrong")},
    "cursor=%C3%A9": {("cursor", "cursor_wrong")},
    f"cursor={CURSOR}": {("cursor", "cursor_wrong")},
    "cursor=" + "A" * 301: {("cursor", "too_long")},
    "sort=oldest": {("sort", "unknown_field")},
    "%3Cscript%3E=1": {("<script>", "unknown_field")},
}


@pytest.mark.parametrize("query", QUERIES)
def test_every_fault_of_a_query_is_named(api: Api, query: str) -> None:
    english = refused_everywhere(api, "GET", f"/v1/complaints?{query}", None, 422, "invalid")
    assert faults(english) == QUERIES[query]


def cursor(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "value",
    [
        [],
        1,
        "x",
        None,
        {},
        {"k": "list", "m": "2026"},
        {"k": "list", "m": ["2026-01"]},
        {"k": "list", "m": "२०२६-०१"},
        {"k": "list", "p": ""},
        {"k": "list", "p": 5},
        {"k": "list", "p": "x" * 61},
        {"k": "list", "p": "é"},
        {"k": "list", "x": "1"},
        {"k": {"k": "list"}},
    ],
)
def test_a_forged_cursor_is_refused(api: Api, value: object) -> None:
    english = refused_everywhere(api, "GET", f"/v1/complaints?cursor={cursor(value)}", None, 422, "invalid")
    assert faults(english) == {("cursor", "cursor_wrong")}


@pytest.mark.parametrize("value", [{"k": "list", "m": "9999-99"}, {"k": "list", "m": "0000-00", "p": "\x01"}])
def test_a_forged_cursor_that_reads_like_one_costs_no_more_than_a_page(api: Api, value: object) -> None:
    reads: list[str] = []

    def read(params: Mapping[str, Any], **_: Any) -> None:
        reads.append(params["IndexName"])

    events = connection().client.meta.events
    events.register("provide-client-params.dynamodb.Query", read)
    try:
        reply = api.call("GET", f"/v1/complaints?cursor={cursor(value)}")
    finally:
        events.unregister("provide-client-params.dynamodb.Query", read)
    assert reply.status == 200
    assert reply.json["complaints"] == []
    assert len(reads) <= 12  # and not one for each of 96,000 months


# Acts ---------------------------------------------------------------------------------------------------------

OFFICE: Mapping[str, tuple[object, set[tuple[str, str]]]] = {
    "replies": ({"text": "x"}, {("text", "too_short")}),
    "resolution": ({"text": "x" * 1001, "status": "closed"}, {("text", "too_long"), ("status", "not_yours")}),
    "acknowledgement": ({"text": "sudah"}, {("text", "unknown_field")}),
    "transfer": ({"office": "mars", "text": "Bukan kami."}, {("office", "unknown_office")}),
    "referral": ({"agency": "pupr", "text": "Bukan kami."}, {("agency", "agency_unknown")}),
}


@pytest.mark.parametrize("act", OFFICE)
def test_every_fault_of_an_act_is_named_and_nothing_changes(api: Api, act: str) -> None:
    code = api.call("POST", "/v1/complaints", a_report()).json["code"]
    duty = officer("duty@pupr", office="pupr")
    body, expected = OFFICE[act]
    path = f"/v1/office/complaints/{code}/{act}"
    english = refused_everywhere(
        api, "POST", path, body, 422, "invalid", token=duty, headers={"If-Match": '"1"'}
    )
    assert faults(english) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"score": 6}, {("score", "out_of_range")}),
        ({"score": 4.5}, {("score", "no_whole_number")}),
        ({"score": True}, {("score", "no_whole_number")}),
        ({"score": BIG}, {("score", "out_of_range")}),
        ({"words": "Baik"}, {("score", "required")}),
    ],
)
def test_a_rating_names_its_faults(api: Api, body: object, expected: set[tuple[str, str]]) -> None:
    code = api.call("POST", "/v1/complaints", a_report()).json["code"]
    path = f"/v1/me/complaints/{code}/rating"
    assert faults(refused_everywhere(api, "POST", path, body, 422, "invalid", token=citizen())) == expected


def test_consent_must_be_given(api: Api) -> None:
    duty = officer("duty@pupr", office="pupr")
    for consent, reason in (
        (None, "required"),
        (False, "consent_required"),
        ("yes", "no_boolean"),
        (1, "no_boolean"),
    ):
        body = {**a_report(), "consent": consent}
        english = refused_everywhere(api, "POST", "/v1/office/complaints", body, 422, "invalid", token=duty)
        assert faults(english) == {("consent", reason)}


def test_a_step_out_of_turn_changes_nothing(api: Api) -> None:
    code = api.call("POST", "/v1/complaints", a_report()).json["code"]
    me = citizen()
    refused_everywhere(
        api, "POST", f"/v1/me/complaints/{code}/rating", {"score": 5}, 409, "illegal-move", token=me
    )
    move_clock(timedelta(hours=1))
    try:
        late = citizen()
        refused_everywhere(
            api, "PUT", f"/v1/me/complaints/{code}/text", {"text": TEXT}, 409, "window-closed", token=late
        )
    finally:
        move_clock(timedelta(0))


def test_a_name_longer_than_any_of_ours_is_unknown_on_every_route(api: Api) -> None:
    """A key over 2,048 bytes is an error of DynamoDB's, so no path may carry one there."""
    from app import app

    tokens = {"me": citizen(), "office": officer("triage@diskominfos", office="diskominfos")}
    with nothing_stored():
        for route, methods in app.routes.items():
            if "{" not in route or "/open311/" in route:
                continue
            for name in ("a" * 3000, "%F0%9F%9A%B2" * 16):
                path = re.sub(r"\{[^}]*\}", name, route)
                for method in methods:
                    token = tokens.get(route.split("/")[2], "") if route.startswith("/v1/") else ""
                    headers = {"If-Match": '"1"'} if token else {}
                    reply = api.call(
                        method, path, {} if method != "GET" else None, token=token, headers=headers
                    )
                    assert reply.status < 500, (method, path[:80], reply.text)
                    assert reply.status == 404 or len(name) < 3000, (method, path[:80], reply.status)
