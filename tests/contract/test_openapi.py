"""docs/openapi.yaml and docs/problems.md against the code: neither may promise what the other does not do."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import OpenAPIV31SpecValidator

from chalicelib import cities
from chalicelib.domain import complaint as rules
from chalicelib.domain.city import City, Kind, PlaceNeed
from chalicelib.domain.errors import Invalid
from chalicelib.domain.notices import Channel
from chalicelib.domain.people import Act
from chalicelib.http import (
    deskwork,
    finding,
    forms,
    inbound,
    moderation,
    notices,
    privacy,
    problems,
    requests,
)
from chalicelib.http.open311 import answers
from chalicelib.settings import utc_now
from chalicelib.usecases import reading, signin
from local.server import Gateway
from tests import stack as stacks
from tests.contract.conftest import Api, Reply, a_report, citizen, officer

PROJECT = stacks.PROJECT
DOCUMENT: dict[str, Any] = yaml.safe_load((PROJECT / "docs" / "openapi.yaml").read_text(encoding="utf-8"))
PROBLEMS = (PROJECT / "docs" / "problems.md").read_text(encoding="utf-8")
SCHEMAS: Mapping[str, Any] = DOCUMENT["components"]["schemas"]
METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
CITY = cities.load(stacks.CITY)
NOW = datetime(2026, 11, 21, 1, 30, tzinfo=UTC)


def follow(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a local reference stands for; anything else as it is."""
    while "$ref" in value:
        found: Any = DOCUMENT
        for part in value["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        value = found
    return value


def operations() -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, item in DOCUMENT["paths"].items():
        for method in METHODS:
            if method in item:
                yield (
                    method.upper(),
                    path,
                    {
                        **item[method],
                        "parameters": [*item.get("parameters", ()), *item[method].get("parameters", ())],
                    },
                )


# The document itself ------------------------------------------------------------------------------------------


def test_the_document_is_valid_openapi_3_1() -> None:
    faults = [str(fault) for fault in OpenAPIV31SpecValidator(DOCUMENT).iter_errors()]
    assert faults == []


def test_every_schema_and_response_is_used() -> None:
    text = (PROJECT / "docs" / "openapi.yaml").read_text(encoding="utf-8")
    parts = [(kind, name) for kind, items in DOCUMENT["components"].items() for name in items]
    unused = [
        f"{kind}/{name}"
        for kind, name in parts
        if kind != "securitySchemes" and f'#/components/{kind}/{name}"' not in text
    ]
    assert unused == []


def test_every_operation_is_explained_in_both_languages_and_says_how_it_fails() -> None:
    for method, path, operation in operations():
        assert operation["summary"], (method, path)
        assert len(operation["description"]) > 20, (method, path)
        answers = operation["responses"]
        assert "500" in answers, (method, path)
        assert "default" not in answers, (method, path)
        assert ("401" in answers) == (bool(operation.get("security")) or path.startswith("/v1/auth/")) or (
            path == "/v1/auth/codes"
        ), (method, path)
        if "requestBody" in operation:
            assert {"400", "413", "415", "422"} <= set(answers), (method, path)
        for status, answer in answers.items():
            if status >= "400":
                assert "application/problem+json" in follow(answer)["content"], (method, path, status)


def _examples() -> Iterator[tuple[str, Mapping[str, Any], Any]]:
    for method, path, operation in operations():
        holders = [
            ("body", content) for content in operation.get("requestBody", {}).get("content", {}).values()
        ]
        for status, answer in operation["responses"].items():
            holders += [(status, content) for content in follow(answer).get("content", {}).values()]
        for where, content in holders:
            given = [content["example"]] if "example" in content else []
            given += [example["value"] for example in content.get("examples", {}).values()]
            for example in given:
                yield f"{method} {path} {where}", content["schema"], example


@pytest.mark.parametrize(("where", "schema", "example"), list(_examples()), ids=lambda value: str(value)[:60])
def test_every_example_fits_its_own_schema(where: str, schema: Mapping[str, Any], example: Any) -> None:
    assert faults_of(example, schema) == []


# Routes -------------------------------------------------------------------------------------------------------


def test_the_document_has_every_route_of_the_app_and_no_other(gateway: Gateway) -> None:
    from app import app

    routed = {
        (method, path)
        for path, methods in app.routes.items()
        if path.startswith("/v1/")
        for method in methods
    }
    assert {(method, path) for method, path, _ in operations()} == routed


def test_the_document_asks_for_a_token_exactly_where_the_app_does(gateway: Gateway) -> None:
    from app import app

    for method, path, operation in operations():
        assert bool(operation.get("security")) == bool(app.routes[path][method].authorizer), (method, path)


def test_a_browser_may_send_every_documented_header_and_read_every_documented_answer(
    gateway: Gateway,
) -> None:
    from app import app

    for method, path, operation in operations():
        cors = app.routes[path][method].cors
        assert cors is not None, (method, path)
        headers = cors.get_access_control_headers()
        sent = {p["name"] for p in map(follow, operation["parameters"]) if p["in"] == "header"}
        assert sent <= set(headers["Access-Control-Allow-Headers"].split(",")), (method, path)
        read = {
            name for answer in operation["responses"].values() for name in follow(answer).get("headers", {})
        }
        assert read - {"Cache-Control"} <= set(headers["Access-Control-Expose-Headers"].split(",")), (
            method,
            path,
        )


# Forms --------------------------------------------------------------------------------------------------------

BODIES: Mapping[str, Callable[[dict[str, Any]], object]] = {
    "Report": lambda body: forms.complaint(body, CITY, "id", channel="web", now=NOW),
    "ReportOnBehalf": lambda body: forms.complaint(body, CITY, "id", channel="web", now=NOW, on_behalf=True),
    "ReportPlace": lambda body: _within("place", body),
    "ReportContact": lambda body: _within("contact", body),
    "ReportAboutStaff": lambda body: _within("about_staff", body),
    "CodeRequest": forms.address,
    "CodeAnswer": forms.challenge,
    "LinkAnswer": lambda body: forms.link(body, CITY),
    "Words": forms.words,
    "Sentence": forms.sentence,
    "Resolution": forms.resolution,
    "NewDate": forms.new_date,
    "WholeText": forms.whole_text,
    "Rating": forms.rating,
    "Answer": forms.answer,
    "Reason": forms.reason,
    "Nothing": forms.nothing,
    "Transfer": forms.transfer,
    "Referral": forms.referral,
    "Note": forms.note,
    "Sorting": lambda body: forms.sorting(body, CITY),
    "Raising": lambda body: forms.raising(body, CITY),
    "Lowering": lambda body: forms.lowering(body, CITY),
    "Rejection": forms.rejection,
    "Join": lambda body: forms.joining(body, CITY, "id"),
    "Merge": lambda body: forms.merging(body, CITY),
    "AboutEarlier": lambda body: forms.about_earlier(body, CITY),
    "Withdrawal": forms.withdrawal,
    "AppealDecision": forms.appeal_decision,
    "PhotoForDraft": lambda body: forms.photo_link(body, draft=True),
    "PhotoForCase": lambda body: forms.photo_link(body, draft=False),
    "PhotoReason": forms.why_hidden,
    "Redaction": forms.boxes,
    "Search": lambda body: finding.searching(body, CITY),
    "FilterToKeep": lambda body: finding.keeping(body, CITY),
    "Many": lambda body: finding.many(body, CITY),
    "Disposition": deskwork.instruction,
    "DraftRelease": deskwork.released,
    "Split": deskwork.split,
    "TaskAnswer": deskwork.task_answer,
    "Absence": deskwork.away,
    "Mending": moderation.mending,
    "Banning": moderation.banning,
    "Tightening": moderation.tightening,
    "Correction": lambda body: privacy.correcting(body, CITY),
    "ErasureRequest": privacy.sure,
    "CitizenChoice": lambda body: notices.choosing(body, CITY),
    "HearingChoice": lambda body: notices.hearing(body, CITY),
    "Replay": notices.replaying,
    "PushAddress": notices.pushing,
    "InboundSms": inbound.answer,
    "Receipt": inbound.receipt,
}


def _within(name: str, body: dict[str, Any]) -> object:
    try:
        return forms.complaint(
            {"text": "Jalan berlubang di sini.", name: body}, CITY, "id", channel="web", now=NOW
        )
    except Invalid as error:
        raise Invalid([f for f in error.faults if f.field.startswith(f"{name}.")]) from None


def asked_for(read: Callable[[dict[str, Any]], object]) -> set[str]:
    """The fields that a form asks for, recorded by the object it reads from."""

    class Recording(dict[str, Any]):
        def get(self, name: str, default: Any = None) -> Any:
            names.add(name)
            return default

    names: set[str] = set()
    with suppress(Invalid):
        read(Recording())
    return names


@pytest.mark.parametrize("name", BODIES)
def test_a_form_asks_for_exactly_the_documented_fields(name: str) -> None:
    assert asked_for(BODIES[name]) == set(SCHEMAS[name]["properties"])


@pytest.mark.parametrize("name", BODIES)
def test_a_form_refuses_an_undocumented_field(name: str) -> None:
    assert SCHEMAS[name]["additionalProperties"] is False
    with pytest.raises(Invalid) as caught:
        BODIES[name]({"surprise": 1})
    assert ("surprise", "unknown_field") in {
        (f.field.rpartition(".")[2], f.reason) for f in caught.value.faults
    }


@pytest.mark.parametrize("name", BODIES)
def test_a_form_needs_exactly_the_fields_that_are_documented_as_required(name: str) -> None:
    try:
        BODIES[name]({})
        missing = set()
    except Invalid as error:
        missing = {fault.field for fault in error.faults if fault.reason == "required"}
    assert missing == set(SCHEMAS[name].get("required", ()))


@pytest.mark.parametrize("name", BODIES)
def test_a_text_takes_the_documented_length_and_no_more(name: str) -> None:
    def reasons(field: str, length: int) -> set[str]:
        try:
            BODIES[name]({field: "a" * length})
        except Invalid as error:
            return {f.reason for f in error.faults if f.field.rpartition(".")[2] == field}
        return set()

    for field, schema in SCHEMAS[name]["properties"].items():
        told = follow(schema)
        if "maxLength" in told:
            assert "too_long" not in reasons(field, told["maxLength"]), field
            assert "too_long" in reasons(field, told["maxLength"] + 1), field
        if told.get("minLength", 0) > 1:
            assert "too_short" not in reasons(field, told["minLength"]), field
            assert "too_short" in reasons(field, told["minLength"] - 1), field


def test_every_body_of_the_document_is_one_of_these_forms() -> None:
    bodies = {
        content["schema"]["$ref"].rpartition("/")[2]
        for _, _, operation in operations()
        for content in operation.get("requestBody", {}).get("content", {}).values()
    }
    assert bodies == set(BODIES) - {"ReportPlace", "ReportContact", "ReportAboutStaff"}


QUERIES: Mapping[str, Callable[[dict[str, Any]], object]] = {
    "/v1/complaints": lambda query: forms.filters(query, CITY),
    "/v1/locate": forms.point,
    "/v1/scheduled": forms.paging,
    "/v1/nearby": lambda query: forms.nearby(query, CITY),
    "/v1/me/complaints": forms.paging,
    "/v1/office/complaints": lambda query: forms.inbox(query, CITY),
    "/v1/office/looks": forms.looks,
    "/v1/office/officers": lambda query: forms.of_office(query, CITY),
    "/v1/office/work": deskwork.listing,
    "/v1/office/notices": notices.about,
    "/v1/office/spending": notices.in_month,
}


@pytest.mark.parametrize("path", QUERIES)
def test_a_list_asks_for_exactly_the_documented_parameters(path: str) -> None:
    (operation,) = (op for method, p, op in operations() if p == path and method == "GET")
    told = {p["name"] for p in map(follow, operation["parameters"]) if p["in"] == "query"}
    with pytest.raises(Invalid) as caught:
        QUERIES[path]({**dict.fromkeys(told, ""), "surprise": "1"})
    assert [f.field for f in caught.value.faults if f.reason == "unknown_field"] == ["surprise"]
    for name in told:
        with pytest.raises(Invalid) as caught:  # a value that none of them takes
            QUERIES[path]({"lat": "1", "lon": "1", name: "\x00" * 301})
        assert name in {fault.field for fault in caught.value.faults}


# Words --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ("Kind", [str(word) for word in Kind]),
        ("Status", [str(word) for word in rules.Status]),
        ("Act", [str(word) for word in Act]),
        ("Outcome", [*(str(word) for word in rules.Outcome), None]),
        ("ScreeningState", [str(word) for word in rules.Screening]),
        ("PlaceNeed", [str(word) for word in PlaceNeed]),
        ("SpokenLanguage", list(CITY.languages)),
    ],
)
def test_a_list_of_words_is_the_code_s(schema: str, words: list[str | None]) -> None:
    assert SCHEMAS[schema]["enum"] == words


def test_words_within_schemas_are_the_code_s() -> None:
    messages = SCHEMAS["OfficeCase"]["properties"]["messages"]["items"]["properties"]
    assert set(messages["channel"]["enum"]) == set(Channel)
    assert set(SCHEMAS["Token"]["properties"]["as"]["enum"]) == set(signin.Kind) - {signin.Kind.ACCOUNT}
    assert set(follow(DOCUMENT["components"]["parameters"]["Lang"]["schema"])["enum"]) == set(
        problems.LANGUAGES
    )
    limit = DOCUMENT["components"]["parameters"]["Limit"]["schema"]
    assert (limit["maximum"], limit["default"]) == (reading.PAGE, reading.PAGE)


@pytest.mark.parametrize(
    ("schema", "field", "form"),
    [
        ("RejectionReason", "reason", forms.rejection),
        ("Identity", "identity", BODIES["Report"]),
        ("Publication", "publication", BODIES["Report"]),
        ("Kind", "kind", BODIES["Report"]),
    ],
)
def test_the_choices_a_form_names_are_the_documented_ones(
    schema: str, field: str, form: Callable[[dict[str, Any]], object]
) -> None:
    with pytest.raises(Invalid) as caught:
        form({field: "neither"})
    (named,) = (f.values["choices"] for f in caught.value.faults if f.field == field)
    assert str(named).split(", ") == SCHEMAS[schema]["enum"]


def test_the_patterns_of_headers_are_the_code_s() -> None:
    parameters = DOCUMENT["components"]["parameters"]
    key, version = (parameters[name]["schema"]["pattern"] for name in ("IdempotencyKey", "IfMatch"))
    for sample in ("a" * 22, "a" * 21, "a" * 128, "a" * 129, "Z9_-:." * 5, "ab cd" * 6, "ü" * 30):
        assert bool(re.search(key, sample)) == bool(requests._KEY.fullmatch(sample)), sample
    for sample in ('"3"', "3", 'W/"12"', "*", "", '"x"', "1234567890"):
        assert bool(re.search(version, sample)) == bool(requests._VERSION.fullmatch(sample)), sample


# Problems -----------------------------------------------------------------------------------------------------


def test_every_problem_type_of_the_code_is_documented_and_no_other() -> None:
    slugs = {slug for _, slug, _ in problems.TABLE.values()} | {slug for slug, _ in problems.PLAIN.values()}
    assert {f"/problems/{slug}" for slug in slugs} == set(SCHEMAS["Problem"]["properties"]["type"]["enum"])
    assert set(re.findall(r"^## ([a-z-]+)$", PROBLEMS, re.MULTILINE)) == slugs


def test_every_reason_and_detail_is_documented_and_no_other() -> None:
    told = set(re.findall(r"^\| `([a-z_]+)` \|", PROBLEMS, re.MULTILINE))
    assert told == set(problems.REASONS) | set(problems.DETAILS)


def _sources() -> Iterator[tuple[Path, ast.AST]]:
    """All of the service but the reader of profiles, whose faults are told to developers in sentences of their own."""
    for path in sorted((PROJECT / "chalicelib").rglob("*.py")):
        if "cities" not in path.parts:
            yield path, ast.parse(path.read_text(encoding="utf-8"))


def reasons_in_code() -> dict[str, set[frozenset[str]]]:
    """Every reason that the source names, with the values that go with it."""
    found: dict[str, set[frozenset[str]]] = {}
    for _, tree in _sources():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            function = node.func
            given: ast.expr | None = None
            values: set[str] = set()
            if isinstance(function, ast.Name) and function.id == "Fault" and len(node.args) >= 2:
                given = node.args[1]
                if len(node.args) > 2 and isinstance(node.args[2], ast.Dict):
                    values = {str(k.value) for k in node.args[2].keys if isinstance(k, ast.Constant)}
            elif isinstance(function, ast.Attribute) and function.attr == "fault" and len(node.args) >= 2:
                given = node.args[1]
                values = {keyword.arg for keyword in node.keywords if keyword.arg}
            elif isinstance(function, ast.Attribute) and function.attr in ("choice", "close"):
                for keyword in node.keywords:
                    if keyword.arg == "unknown":
                        given = keyword.value
                if function.attr == "close" and node.args:
                    given = node.args[0]
            for constant in ast.walk(given) if given is not None else ():
                # "a if name in B else c" names two reasons; the names compared there are none.
                if isinstance(constant, ast.Constant) and isinstance(constant.value, str) and constant.value:
                    found.setdefault(constant.value, set()).add(frozenset(values))
    # The default of Form.close, which no call names.
    found.setdefault("unknown_field", set()).add(frozenset())
    return found


def test_every_reason_that_the_code_gives_has_words_and_every_word_is_given() -> None:
    assert set(reasons_in_code()) == set(problems.REASONS) | set(answers.REASONS)


def test_every_reason_says_the_same_in_both_languages_with_the_values_it_is_given() -> None:
    given = reasons_in_code()
    for reason, texts in (*problems.REASONS.items(), *answers.REASONS.items()):
        assert set(texts) == set(problems.LANGUAGES), reason
        wanted = {
            language: {name for _, name, _, _ in Formatter().parse(text) if name}
            for language, text in texts.items()
        }
        assert wanted["id"] == wanted["en"], reason
        for values in given[reason]:
            assert wanted["id"] <= values, reason


def test_every_title_and_detail_has_both_languages() -> None:
    told = [titles for _, _, titles in problems.TABLE.values()]
    told += [titles for _, titles in problems.PLAIN.values()]
    told += list(problems.DETAILS.values())
    for texts in told:
        assert set(texts) == set(problems.LANGUAGES)
        assert all(texts.values())
        assert texts["id"] != texts["en"]


def test_every_detail_that_the_code_names_has_words() -> None:
    named = set()
    for _, tree in _sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Plain":
                named |= {str(a.value) for a in node.args[1:] if isinstance(a, ast.Constant)}
    assert named == set(problems.DETAILS)


# Real answers -------------------------------------------------------------------------------------------------


def faults_of(value: Any, schema: Mapping[str, Any]) -> list[str]:
    """What is wrong with a value by a schema of the document."""
    whole = {**schema, "components": DOCUMENT["components"]}
    validator = Draft202012Validator(whole, format_checker=FormatChecker())
    return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(value)]


def conforms(reply: Reply, method: str, path: str) -> Any:
    """Hold an answer against the document: its status, its content type, its headers and its body."""
    operation = DOCUMENT["paths"][path][method.lower()]
    assert str(reply.status) in operation["responses"], (method, path, reply.status, reply.text)
    told = follow(operation["responses"][str(reply.status)])
    assert reply.kind in told["content"], (method, path, reply.status, reply.kind)
    assert faults_of(reply.json, told["content"][reply.kind]["schema"]) == [], (method, path)
    for name, header in told.get("headers", {}).items():
        assert re.search(follow(header)["schema"].get("pattern", ""), reply.headers[name.lower()]), name
    return reply.json


def test_real_answers_fit_the_document(api: Api) -> None:
    def call(method: str, path: str, *args: Any, expect: int, query: str = "", **kwargs: Any) -> Any:
        target = path.replace("{code}", kwargs.pop("code", "")) + query
        target = target.replace("{officer}", kwargs.pop("officer", ""))
        target = target.replace("{office}", kwargs.pop("office", ""))
        reply = api.call(method, target, *args, **kwargs)
        assert reply.status == expect, (method, path, reply.text)
        return conforms(reply, method, path)

    for path in ("/v1/health", "/v1/city"):
        for language in ("id", "en"):
            call("GET", path, expect=200, query=f"?lang={language}")
    for point in ("lat=-8.69&lon=115.22", "lat=-8.58&lon=115.17", "lat=40&lon=5"):
        call("GET", "/v1/locate", expect=200, query=f"?{point}")
    call("POST", "/v1/suggestions", {"text": "Lampu jalan mati, sampah menumpuk"}, expect=200)

    filed = call("POST", "/v1/complaints", a_report(identity="shown"), expect=201)
    code, me = filed["code"], citizen()
    call("POST", "/v1/complaints", {"text": "Tiada kategori dan tiada tempat."}, expect=201)
    private = call("POST", "/v1/complaints", a_report(publication="private", contact={}), expect=201)
    accusing = call(
        "POST",
        "/v1/complaints",
        a_report(text="Petugas loket minta uang untuk surat pindah.", about_staff={"office": "disdukcapil"}),
        expect=201,
    )
    call(
        "POST",
        "/v1/complaints",
        a_report(category="kebakaran", text="Ada api besar di gudang kayu."),
        expect=201,
    )
    call("POST", "/v1/complaints", {"text": "Saya minta salinan perda.", "kind": "information"}, expect=201)
    mine = call("POST", "/v1/me/complaints", a_report(contact=None), expect=201, token=me)
    call("POST", "/v1/complaints", {"text": "pendek", "status": "closed"}, expect=422)

    pupr = officer("duty@pupr", office="pupr")
    triage = officer("triage@diskominfos", office="diskominfos", identity="triase")
    call("POST", "/v1/office/complaints", {**a_report(), "consent": True}, expect=201, token=pupr)

    def act(act_path: str, body: object, *, token: str, code: str = code, expect: int = 201) -> Any:
        path = f"/v1/office/complaints/{{code}}/{act_path}"
        version = api.call("GET", f"/v1/office/complaints/{code}", token=triage).json["version"]
        return call(
            "POST", path, body, expect=expect, code=code, token=token, headers={"If-Match": f'"{version}"'}
        )

    def look() -> None:
        for which in (code, private["code"], accusing["code"], mine["code"]):
            call("GET", "/v1/complaints/{code}", expect=200, code=which)
            call("GET", "/v1/complaints/{code}/status", expect=200, code=which, query="?lang=en")
            call("GET", "/v1/office/complaints/{code}", expect=200, code=which, token=triage)
        call("GET", "/v1/me/complaints/{code}", expect=200, code=code, token=me)
        call("GET", "/v1/me/complaints", expect=200, token=me)
        call("GET", "/v1/office/complaints/{code}", expect=200, code=code, token=pupr)
        for which in ("office", "screening"):
            call("GET", "/v1/office/complaints", expect=200, query=f"?which={which}", token=triage)
        for query in (
            "",
            "?format=geojson",
            "?lat=-8.69&lon=115.22",
            "?box=115.21,-8.70,115.23,-8.68&format=geojson",
        ):
            call("GET", "/v1/complaints", expect=200, query=query)

    look()
    act("release", {}, token=triage)
    act("acknowledgement", {}, token=pupr)
    act("replies", {"text": "Tim ke lokasi besok."}, token=pupr)
    act("start", {}, token=pupr)
    act("notes", {"text": "Alatnya baru ada hari Kamis."}, token=pupr)
    call("GET", "/v1/office/colleagues", expect=200, token=pupr)
    offered = call("GET", "/v1/office/complaints/{code}/reply-templates", expect=200, code=code, token=pupr)
    assert offered["templates"]
    act("referral", {"agency": "pln", "text": "Ada tiang PLN di tengah."}, token=pupr)
    call(
        "POST", "/v1/me/complaints/{code}/messages", {"text": "Makin lebar."}, expect=201, code=code, token=me
    )
    act("questions", {"text": "Sisi utara atau selatan jalan?"}, token=pupr)
    look()
    answers = "/v1/me/complaints/{code}/answers"
    reply = {"question": 2, "text": "Sisi utara."}
    refused = call("POST", answers, reply, expect=409, code=code, token=me)
    assert refused["type"] == "/problems/question-closed"
    call("POST", answers, {**reply, "question": 1}, expect=201, code=code, token=me)
    shown = act("contact", {}, token=pupr)
    assert shown["contact"]["name"] == "Ibu Uji"
    look()
    act("resolution", {"text": "Sudah ditambal."}, token=pupr)
    call("POST", "/v1/me/complaints/{code}/reopening", {"text": "Belum."}, expect=201, code=code, token=me)
    act("resolution", {"text": "Sudah diaspal."}, token=pupr)
    call(
        "POST",
        "/v1/me/complaints/{code}/rating",
        {"score": 5, "words": "Baik."},
        expect=201,
        code=code,
        token=me,
    )
    solved = call("POST", "/v1/complaints", a_report(category="lubang_terbuka"), expect=201)["code"]
    head = officer("division_head@pupr", office="pupr", identity="kabid")
    claim = {"text": "Sudah ditutup.", "proof": "Berita acara nomor 12."}
    act("resolution", {"text": "Sudah ditutup."}, token=pupr, code=solved, expect=422)
    act("resolution", claim, token=pupr, code=solved)
    act("approval", {}, token=pupr, code=solved, expect=403)
    act("return", {"text": "Belum rata."}, token=head, code=solved)
    act("resolution", claim, token=pupr, code=solved)
    call("GET", "/v1/me/complaints/{code}", expect=200, code=solved, token=me)
    act("approval", {}, token=head, code=solved)
    call("GET", "/v1/me/complaints/{code}", expect=200, code=solved, token=me)
    call("POST", "/v1/me/complaints/{code}/confirmation", {}, expect=201, code=solved, token=me)
    near, far = ((utc_now() + timedelta(days=days)).date().isoformat() for days in (60, 400))
    wish = {"reason": "material", "text": "Menunggu tutup baja.", "interim": "Dipasang pagar."}
    dates = [call("POST", "/v1/complaints", a_report(), expect=201)["code"] for _ in range(3)]
    for date in dates:
        act("release", {}, token=triage, code=date)
    chief = officer("office_head@pupr", office="pupr", identity="kadis")
    sekda = officer("secretary@city", office="setda", identity="sekda")
    act("schedule", {**wish, "until": near}, token=chief, code=dates[0])
    act("schedule", {**wish, "until": far}, token=chief, code=dates[0], expect=409)
    act("schedule", {**wish, "until": "2020-01-01"}, token=chief, code=dates[1], expect=422)
    for date, answer, said in (
        (dates[1], "schedule-grant", {}),
        (dates[2], "schedule-refusal", {"text": "Terlalu lama."}),
    ):
        act("schedule", {**wish, "until": far}, token=chief, code=date)
        call("GET", "/v1/office/complaints/{code}", expect=200, code=date, token=sekda)
        act(answer, said, token=sekda, code=date)
        call("GET", "/v1/complaints/{code}", expect=200, code=date)
        call("GET", "/v1/me/complaints/{code}", expect=200, code=date, token=me)
    listed = call("GET", "/v1/scheduled", expect=200)["complaints"]
    assert [row["code"] for row in listed] == dates[:2]
    assert all(row["until"] > row["due"] for row in listed)
    look()
    auditor = officer("auditor@inspektorat", office="inspektorat", identity="auditor")
    call("GET", "/v1/office/looks", expect=200, token=auditor)
    call("GET", "/v1/office/looks", expect=403, token=triage)
    administrator = officer("administrator@diskominfos", office="diskominfos", identity="admin")
    call("GET", "/v1/office/officers", expect=200, query="?office=pupr", token=administrator)
    for done in ("sign-in-reset", "disabling"):
        call(
            "POST",
            f"/v1/office/officers/{{officer}}/{done}",
            {},
            expect=201,
            officer="admin",
            token=administrator,
        )
    call("GET", "/v1/office/officers", expect=401, query="?office=pupr", token=administrator)
    administrator = officer("administrator@diskominfos", office="diskominfos", identity="admin")
    mine_of = call("PUT", "/v1/me/notices", {"language": "en", "stopped": True}, expect=200, token=me)
    assert mine_of["page"].startswith("https://")
    call("PUT", "/v1/me/notices", {"channel": "email"}, expect=422, token=me)
    call("PUT", "/v1/me/notices", {}, expect=200, token=me)
    call("GET", "/v1/me/notices", expect=200, token=me)
    call("GET", "/v1/me/notices", expect=404, token=administrator)
    hears = {"channel": "email", "quiet_from": "21:00", "quiet_until": "06:00", "areas": ["51.71.01"]}
    call("PUT", "/v1/office/me/notices", hears, expect=200, token=pupr)
    call("PUT", "/v1/me/push", {}, expect=200, token=me)
    call("PUT", "/v1/office/me/push", {"app": "android", "token": "x"}, expect=422, token=pupr)
    call("POST", "/v1/inbound/sms", {"from": "0812-1", "text": "x", "id": "1"}, expect=404)
    call("POST", "/v1/inbound/receipts", {"reference": "x", "state": "failed"}, expect=404)
    call("PUT", "/v1/office/me/notices", {"quiet_from": "21:00"}, expect=422, token=pupr)
    call("GET", "/v1/office/me/notices", expect=200, token=pupr)
    call("GET", "/v1/office/listeners", expect=200, token=administrator)
    of_office = "/v1/office/listeners/{office}"
    call("GET", of_office, expect=200, office="dlhk", token=administrator)
    call("POST", of_office, {}, expect=201, office="dlhk", token=administrator)
    call("GET", of_office, expect=404, office="pln", token=administrator)
    call("GET", "/v1/office/notices", expect=200, token=administrator)
    call("GET", "/v1/office/notices", expect=200, query=f"?code={mine['code']}", token=administrator)
    call("POST", "/v1/office/notices/replay", {"notice": "x"}, expect=404, token=administrator)
    call("GET", "/v1/office/spending", expect=200, query="?month=2026-11", token=administrator)
    call("GET", "/v1/office/spending", expect=403, token=triage)
    act("hiding", {"reason": "Nama orang."}, token=triage)
    act("replies", {"text": "Terlambat."}, token=pupr, expect=409)
    act(
        "sorting", {"category": "pelayanan_aparatur", "accusation": True}, token=triage, code=accusing["code"]
    )
    act("rejection", {"reason": "other", "text": "Tidak cukup jelas."}, token=triage, code=private["code"])
    call(
        "PUT",
        "/v1/me/complaints/{code}/text",
        {"text": "Jalan berlubang di depan pura."},
        expect=200,
        code=mine["code"],
        token=me,
    )
    fire = a_report(
        category="kebakaran", text="Ada api besar di gudang.", contact={"phone": "0812-7777-0001"}
    )
    burning = call("POST", "/v1/complaints", fire, expect=201)
    assert next(iter(burning)) == "emergency"  # before anything else
    duty = officer("duty@bpbd", office="bpbd", identity="piket")
    call("GET", "/v1/office/complaints", expect=200, query="?which=emergency", token=triage)
    act("contact", {}, token=duty, code=burning["code"])
    call("GET", "/v1/office/complaints/{code}", expect=200, code=burning["code"], token=duty)
    act("confirmation", {}, token=duty, code=burning["code"])
    act("confirmation", {}, token=duty, code=burning["code"], expect=409)
    act("lowering", {"text": "Hanya asap."}, token=duty, code=burning["code"], expect=422)
    act("lowering", {"text": "Hanya asap.", "category": "sampah"}, token=duty, code=burning["code"])
    act("raising", {"danger": "fire", "text": "Api muncul lagi."}, token=triage, code=burning["code"])
    call("POST", "/v1/suggestions", {"text": "Tolong, rumah terbakar!"}, expect=200)
    act("transfer", {"office": "dishub", "text": "Ini marka jalan."}, token=pupr, code=mine["code"])
    call(
        "POST",
        "/v1/me/complaints/{code}/withdrawal",
        {"reason": "asked_to"},
        expect=201,
        code=mine["code"],
        token=me,
    )
    look()
    act("continuation", {}, token=triage, code=mine["code"])
    act("continuation", {}, token=triage, code=mine["code"], expect=409)
    look()
    head = officer("office_head@diskominfos", office="diskominfos", identity="head")
    no = {"reason": "not_city", "text": "Jalan ini milik provinsi."}
    declined = call("POST", "/v1/me/complaints", a_report(contact=None), expect=201, token=me)
    act("rejection", no, token=triage, code=declined["code"])
    appeal = "/v1/me/complaints/{code}/appeal"
    call("POST", appeal, {"text": "Ini jalan kota."}, expect=201, code=declined["code"], token=me)
    call("POST", appeal, {"text": "Ini jalan kota."}, expect=409, code=declined["code"], token=me)
    call("GET", "/v1/me/complaints/{code}", expect=200, code=declined["code"], token=me)
    grant = {"decision": "grant", "text": "Benar, ini jalan kota."}
    act("appeal-decision", {"decision": "grant"}, token=head, code=declined["code"], expect=422)
    act("appeal-decision", grant, token=triage, code=declined["code"], expect=403)
    act("appeal-decision", grant, token=head, code=declined["code"])
    act("appeal-decision", grant, token=head, code=declined["code"], expect=409)
    call("GET", "/v1/office/me", expect=200, token=pupr)
    call("GET", "/v1/office/posts/vacant", expect=200, token=pupr)

    sent = call("POST", "/v1/auth/codes", {"phone": "0812-3456-7890"}, expect=202)
    from chalicelib import keys

    digits = keys.one_time_digits(sent["challenge"])
    call("POST", "/v1/auth/tokens", {"challenge": sent["challenge"], "digits": digits}, expect=201)
    call("POST", "/v1/auth/tokens", {"challenge": sent["challenge"], "digits": digits}, expect=401)
    call("POST", "/v1/auth/links", {"code": code, "secret": filed["secret"]}, expect=201)
    call("POST", "/v1/auth/links", {"code": code, "secret": "x"}, expect=401)
    call("GET", "/v1/me/complaints", expect=401)
    call("GET", "/v1/me/complaints", expect=401, token="x")


def test_real_answers_about_joining_and_merging_fit_the_document(api: Api) -> None:
    def call(method: str, path: str, *args: Any, expect: int, query: str = "", **kwargs: Any) -> Any:
        reply = api.call(method, path.replace("{code}", kwargs.pop("code", "")) + query, *args, **kwargs)
        assert reply.status == expect, (method, path, reply.text)
        return conforms(reply, method, path)

    pupr = officer("staff@pupr", office="pupr")
    triage = officer("triage@diskominfos", office="diskominfos", identity="triase")

    def act(name: str, body: object, code: str, token: str = pupr, expect: int = 201) -> Any:
        path = f"/v1/office/complaints/{{code}}/{name}"
        version = api.call("GET", f"/v1/office/complaints/{code}", token=triage).json["version"]
        return call(
            "POST", path, body, expect=expect, code=code, token=token, headers={"If-Match": f'"{version}"'}
        )

    spot = {"lat": -8.69, "lon": 115.22}
    report = a_report(category="jalan_rusak", place=spot, contact=None)
    codes = [call("POST", "/v1/complaints", report, expect=201)["code"] for _ in range(2)]
    for code in codes:
        act("release", {}, code, triage)
    where = "?category=jalan_rusak&lat=-8.69&lon=115.22"
    assert len(call("GET", "/v1/nearby", expect=200, query=where)["complaints"]) == 2
    assert call("GET", "/v1/nearby", expect=200, query="?category=jalan_rusak")["complaints"] == []
    call("GET", "/v1/nearby", expect=422, query="?category=x&lat=1")
    master, other = codes
    path = "/v1/complaints/{code}/joins"
    key = {"Idempotency-Key": "k" * 22}
    secret = call("POST", path, {}, expect=201, code=master, headers=key)["secret"]
    call("POST", path, {"contact": {"phone": "0812-3456-7890"}}, expect=201, code=master)
    call("POST", path, {}, expect=422, code=master)
    call("POST", path, {}, expect=404, code="DPS-22222-22222", headers=key)
    me = citizen()
    call("POST", "/v1/me/complaints/{code}/joins", {}, expect=201, code=master, token=me)
    token = call("POST", "/v1/auth/links", {"code": master, "secret": secret}, expect=201)["token"]
    assert call("GET", "/v1/me/joins/{code}", expect=200, code=master, token=token)["joined"] == 2
    call("GET", "/v1/me/joins/{code}", expect=404, code=other, token=token)
    call("GET", "/v1/me/complaints/{code}", expect=404, code=master, token=token)
    assert "merge" in api.call("GET", f"/v1/office/complaints/{other}", token=pupr).json["may"]
    act("merge", {"master": "x"}, other, expect=422)
    act("merge", {"master": master}, other)
    seen = call("GET", "/v1/office/complaints/{code}", expect=200, code=other, token=pupr)
    assert seen["merged_with"] == master
    assert {"unmerge", "resolve", "merge"} & set(seen["may"]) == {"unmerge"}
    seen = call("GET", "/v1/office/complaints/{code}", expect=200, code=master, token=pupr)
    assert (seen["merged"], seen["joined"]) == ([other], 2)
    assert call("GET", "/v1/complaints/{code}", expect=200, code=other)["merged_with"] == master
    act("unmerge", {}, other)
    act("unmerge", {}, other, expect=409)
    call("POST", "/v1/me/joins/{code}/rating", {"score": 1}, expect=409, code=master, token=token)
    act("resolution", {"text": "Sudah ditambal."}, master)
    call("POST", path, {}, expect=409, code=master, headers={"Idempotency-Key": "m" * 22})
    rated = call("POST", "/v1/me/joins/{code}/rating", {"score": 1}, expect=201, code=master, token=token)
    assert (rated["own_rating"], rated["may"]) == (1, ["no"])
    own = call(
        "POST",
        "/v1/me/joins/{code}/reopening",
        {"text": "Masih berlubang di depan rumah."},
        expect=201,
        code=master,
        token=token,
    )
    assert own["code"] != master
    text = {"text": "Sudah lapor minggu lalu, jalan berlubang.", "category": "jalan_rusak"}
    assert call("POST", "/v1/me/suggestions", text, expect=200, token=me)["earlier"] is None
    call("POST", "/v1/me/complaints", report, expect=201, token=me)
    assert call("POST", "/v1/me/suggestions", text, expect=200, token=me)["earlier"]


def test_the_public_learns_no_office_of_a_private_case(api: Api) -> None:
    filed = api.call(
        "POST", "/v1/complaints", a_report(category="sosial", text="Kakek kami tidak punya BPJS.")
    ).json
    for path in (f"/v1/complaints/{filed['code']}", f"/v1/complaints/{filed['code']}/status"):
        for language in ("id", "en"):
            text = api.call("GET", f"{path}?lang={language}").text
            assert CITY.offices["dinsos"].name not in text
            assert "Panjer" not in text


def test_a_repeat_answers_with_the_version_that_stands_now(api: Api) -> None:
    key = {"Idempotency-Key": "k" * 22}
    first = api.call("POST", "/v1/complaints", a_report(), headers=key)
    api.call("POST", f"/v1/me/complaints/{first.json['code']}/messages", {"text": "Lagi."}, token=citizen())
    again = api.call("POST", "/v1/complaints", a_report(), headers=key)
    assert (first.headers["etag"], again.headers["etag"]) == ('"1"', '"2"')
    assert (first.json["code"], first.json["secret"]) == (again.json["code"], again.json["secret"])


def test_a_cache_keeps_the_two_languages_apart(api: Api) -> None:
    assert api.call("GET", "/v1/complaints").headers["vary"] == "Accept-Language"


def test_the_profile_can_be_documented_for_every_city() -> None:
    from chalicelib.http import views

    for name in ("denpasar", "tangerang-selatan"):
        city: City = cities.load(name)
        body = json.loads(views.answer(views.profile(city, "id")).body)
        assert faults_of(body, SCHEMAS["City"]) == [], name
        assert set(city.languages) == set(SCHEMAS["SpokenLanguage"]["enum"]), name
