"""Photos over HTTP: every answer fits the document, and nobody sees what they may not."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest

from chalicelib import photos as bucket
from chalicelib.usecases import photos as evidence
from tests.contract.conftest import Api, a_report, citizen, officer
from tests.contract.test_openapi import conforms
from tests.integration.test_photos import PLACE, a_jpeg

KEY = "0f6a2c1e-5b7d-4e0a-9c3f-6d1b8a7e2f40"


def posted(asked: dict[str, Any], data: bytes) -> int:
    """Send a file as a browser does: the fields, then the file."""
    edge = "edge7f3a"
    parts = [
        f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in asked["fields"].items()
    ]
    head = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="x.exe"\r\n'
    parts.append(f"{head}Content-Type: image/jpeg\r\n\r\n".encode() + data + f"\r\n--{edge}--\r\n".encode())
    request = urllib.request.Request(  # noqa: S310  the local engine
        asked["url"],
        b"".join(parts),
        {"Content-Type": f"multipart/form-data; boundary={edge}"},
    )
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as answer:
        return int(answer.status)


def test_real_answers_about_photos_fit_the_document(api: Api) -> None:
    def call(method: str, path: str, *args: Any, expect: int, **kwargs: Any) -> Any:
        names = {name: kwargs.pop(name) for name in ("code", "photo") if name in kwargs}
        reply = api.call(method, path.format(**names), *args, **kwargs)
        assert reply.status == expect, (method, path, reply.text)
        return conforms(reply, method, path)

    def settle() -> None:
        from chalicelib.settings import utc_now

        for photo_id in ids:
            evidence.work(photo_id, now=utc_now())

    ids: list[str] = []
    bucket.delete("")
    call("POST", "/v1/photos", {"type": "image/gif", "draft": "short"}, expect=422)
    asked = call("POST", "/v1/photos", {"type": "image/jpeg", "draft": KEY}, expect=201)
    bad = call("POST", "/v1/photos", {"type": "image/png", "draft": KEY}, expect=201)
    ids += [asked["id"], bad["id"]]
    assert call("GET", "/v1/photos/{photo}", expect=200, photo=asked["id"])["state"] == "awaited"
    call("GET", "/v1/photos/{photo}", expect=404, photo="a" * 26)
    assert posted(asked, a_jpeg(gps=PLACE)) in (200, 201, 204)
    posted(bad, b"GIF89a and so on")
    settle()
    fate = call("GET", "/v1/photos/{photo}", expect=200, photo=asked["id"])
    assert (fate["state"], fate["place"]) == ("fit", {"lat": -8.67, "lon": 115.225})
    fate = call("GET", "/v1/photos/{photo}", expect=200, photo=bad["id"])
    assert (fate["state"], fate["reason"]["code"]) == ("refused", "animated")

    report = a_report(photos=[asked["id"]])
    headers = {"Idempotency-Key": KEY}
    call("POST", "/v1/complaints", a_report(photos=[bad["id"]]), expect=422, headers={"Idempotency-Key": KEY})
    call("POST", "/v1/complaints", report, expect=422)  # without the draft's key
    call("POST", "/v1/complaints", a_report(photos=["x"] * 6), expect=422)
    filed = call("POST", "/v1/complaints", report, expect=201, headers=headers)
    again = call("POST", "/v1/complaints", report, expect=201, headers=headers)
    assert again["code"] == filed["code"]
    code, me = filed["code"], citizen()
    settle()
    call("GET", "/v1/photos/{photo}", expect=404, photo=asked["id"])

    pupr = officer("staff@pupr", office="pupr")
    triage = officer("triage@diskominfos", office="diskominfos", identity="triase")
    seen = call("GET", "/v1/office/complaints/{code}/photos", expect=200, code=code, token=triage)
    (photo,) = seen["photos"]
    assert photo["original"]
    mine = call("GET", "/v1/office/complaints/{code}/photos", expect=200, code=code, token=pupr)["photos"]
    assert mine[0]["original"] is None
    (own,) = call("GET", "/v1/me/complaints/{code}/photos", expect=200, code=code, token=me)["photos"]
    assert own["screening"]["state"] == "held"
    assert own["large"]["width"] == 640

    def decide(act: str, body: object, version: int, *, token: str = triage, expect: int = 201) -> Any:
        path = f"/v1/office/complaints/{{code}}/photos/{{photo}}/{act}"
        found = {"If-Match": f'"{version}"'}
        return call(
            "POST", path, body, expect=expect, code=code, photo=photo["id"], token=token, headers=found
        )

    def public() -> list[Any]:
        found: list[Any] = call("GET", "/v1/complaints/{code}/photos", expect=200, code=code)["photos"]
        return found

    decide("release", {}, photo["version"], token=pupr, expect=403)
    released = decide("release", {}, photo["version"])
    assert public() == []  # the case itself is not public yet
    api.call("POST", f"/v1/office/complaints/{code}/release", {}, token=triage, headers={"If-Match": '"1"'})
    (shown,) = public()
    assert set(shown) == {"of", "large", "small"}
    assert photo["id"] not in json.dumps(shown)
    reply = api.call("GET", f"/v1/complaints/{code}/photos")
    assert reply.headers["cache-control"] == "no-store"
    decide("hiding", {"reason": "Wajah anak."}, photo["version"], expect=412)
    hidden = decide("hiding", {"reason": "Wajah anak."}, released["version"])
    assert public() == []
    settle()
    (own,) = call("GET", "/v1/me/complaints/{code}/photos", expect=200, code=code, token=me)["photos"]
    assert own["screening"]["reason"] == "Wajah anak."
    version = call("GET", "/v1/office/complaints/{code}/photos", expect=200, code=code, token=triage)[
        "photos"
    ][0]["version"]
    assert version > hidden["version"]
    decide("redaction", {"boxes": [{"left": 2}]}, version, expect=422)
    box = {"left": 0.1, "top": 0.1, "width": 0.5, "height": 0.5}
    decide("redaction", {"boxes": [box]}, version)
    settle()
    seen = call("GET", "/v1/office/complaints/{code}/photos", expect=200, code=code, token=triage)
    assert seen["photos"][0]["boxes"] == [box]

    call("POST", "/v1/me/complaints/{code}/photos", {"type": "image/jpeg"}, expect=409, code=code, token=me)
    state = api.call(
        "POST",
        f"/v1/office/complaints/{code}/questions",
        {"text": "Di sisi mana?"},
        token=pupr,
        headers={"If-Match": '"2"'},
    )
    assert state.status == 201
    answer = call(
        "POST", "/v1/me/complaints/{code}/photos", {"type": "image/jpeg"}, expect=201, code=code, token=me
    )
    posted(answer, a_jpeg(2))
    said = {"question": 1, "text": "Sisi timur.", "photos": [answer["id"]]}
    call("POST", "/v1/me/complaints/{code}/answers", said, expect=201, code=code, token=me)
    proof = call(
        "POST",
        "/v1/office/complaints/{code}/photos",
        {"type": "image/jpeg"},
        expect=201,
        code=code,
        token=pupr,
    )
    posted(proof, a_jpeg(1, gps=PLACE))
    ids += [answer["id"], proof["id"]]
    done = api.call(
        "POST",
        f"/v1/office/complaints/{code}/resolution",
        {"text": "Sudah ditambal.", "photos": [proof["id"]]},
        token=pupr,
        headers={"If-Match": '"4"'},
    )
    assert done.status == 201, done.text
    settle()
    seen = call("GET", "/v1/office/complaints/{code}/photos", expect=200, code=code, token=pupr)
    assert [photo["of"] for photo in seen["photos"]] == ["before", "before", "after"]
    (pair,) = seen["pairs"]
    assert (pair["metres"], pair["same_picture"]) == (0, True)
    own = call("GET", "/v1/me/complaints/{code}/photos", expect=200, code=code, token=me)["photos"]
    assert own[2] == {"of": "after", "state": "fit"}  # not released: not even the reporter sees it


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/me/complaints/{}/photos"), ("GET", "/v1/office/complaints/{}/photos")],
)
def test_a_stranger_sees_no_photo(method: str, path: str, api: Api) -> None:
    code = api.call("POST", "/v1/complaints", a_report(publication="private")).json["code"]
    stranger = citizen("+6281299998888") if "/me/" in path else officer("staff@dishub", office="dishub")
    assert api.call(method, path.format(code), token=stranger).status == 404
    assert api.call(method, path.format(code)).status == 401
