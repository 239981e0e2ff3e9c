"""How the web client's files are served: what may be kept, what must be asked for anew, what comes first."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from infra import webfiles
from local.server import LocalRequest
from local.web import WebClient, attach, headers_of_edge

PHOTOS = "http://127.0.0.1:9000"


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>app</title>")
    (tmp_path / "sw.js").write_text("self")
    (tmp_path / "assets" / "index-BWItsnvF.js").write_text("code")
    (tmp_path / "manifest.webmanifest").write_text("{}")
    return tmp_path


def asked(path: str, **headers: str) -> LocalRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return LocalRequest("GET", path, {}, named, b"", "127.0.0.1")


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("assets/index-BWItsnvF.js", webfiles.FOR_EVER),
        ("assets/map-p4ynw599.css", webfiles.FOR_EVER),
        ("index.html", webfiles.ANEW),
        ("sw.js", webfiles.ANEW),
        ("manifest.webmanifest", webfiles.ANEW),
        ("icon-maskable-512.png", webfiles.ANEW),  # looks like a hash and is none
        ("peta/gaya.json", webfiles.ANEW),
    ],
)
def test_only_what_bears_a_hash_is_kept_for_ever(name: str, kept: str) -> None:
    assert webfiles.cache_control(Path(name)) == kept


def test_a_module_is_sent_as_one_wherever_python_runs() -> None:
    assert webfiles.content_type(Path("assets/w-BWItsnvF.mjs")) == "text/javascript; charset=utf-8"
    assert webfiles.content_type(Path("manifest.webmanifest")) == "application/manifest+json"


def test_parts_of_an_archive_of_map_tiles_are_served_as_s3_does(built: Path) -> None:
    (built / "peta").mkdir()
    (built / "peta" / "kota.pmtiles").write_bytes(bytes(range(100)))
    client = WebClient(built, {})
    status, told, body = client(asked("/app/peta/kota.pmtiles", range="bytes=10-19"))
    assert (status, told["Content-Range"], body) == (206, "bytes 10-19/100", bytes(range(10, 20)))
    assert told["Content-Type"] == "application/vnd.pmtiles"
    status, told, body = client(asked("/app/peta/kota.pmtiles", range="bytes=90-16383"))
    assert (status, told["Content-Range"], len(body)) == (206, "bytes 90-99/100", 10)
    assert client(asked("/app/peta/kota.pmtiles", range="bytes=100-120"))[0] == 416
    assert client(asked("/app/peta/kota.pmtiles"))[0] == 200


def test_the_page_is_put_up_after_all_that_it_names(built: Path) -> None:
    (built / ".vite").mkdir()
    (built / ".vite" / "manifest.json").write_text("{}")
    names = [path.relative_to(built).as_posix() for path in webfiles.upload_order(built)]
    assert names[-1] == "index.html"
    assert names[-2] == "sw.js"
    assert not [name for name in names if name.startswith(".vite")]


def test_every_address_of_the_app_is_the_one_page(built: Path) -> None:
    client = WebClient(built, headers_of_edge(PHOTOS))
    for path in ("/app/", "/app/lapor", "/app/l/DPS-ZGRVJ-RPRMY"):
        status, headers, body = client(asked(path))
        assert (status, headers["Cache-Control"]) == (200, webfiles.ANEW)
        assert b"<title>app" in body


def test_the_first_address_leads_to_the_app_in_the_language_asked_for(built: Path) -> None:
    client = WebClient(built, {})
    assert client(asked("/"))[:2] == (302, {"Location": "/app/", "Cache-Control": "no-store"})
    english = LocalRequest("GET", "/", {"lang": ["en"]}, {}, b"", "127.0.0.1")
    assert client(english)[1]["Location"] == "/app/?lang=en"
    odd = LocalRequest("GET", "/", {"lang": ["//evil.example"]}, {}, b"", "127.0.0.1")
    assert client(odd)[1]["Location"] == "/app/"


@pytest.mark.parametrize("path", ["/app/../secret.txt", "/app/%2e%2e/secret.txt", "/app/assets/none.js"])
def test_nothing_outside_the_folder_is_served(built: Path, path: str) -> None:
    (built.parent / "secret.txt").write_text("no")
    assert WebClient(built, {})(asked(path))[0] == 404


def test_what_has_not_changed_is_not_sent_again_and_texts_are_packed(built: Path) -> None:
    client = WebClient(built, headers_of_edge(PHOTOS))
    status, headers, body = client(asked("/app/assets/index-BWItsnvF.js", accept_encoding="gzip, br"))
    assert (status, headers["Content-Encoding"], gzip.decompress(body)) == (200, "gzip", b"code")
    again = client(asked("/app/assets/index-BWItsnvF.js", if_none_match=headers["ETag"]))
    assert (again[0], again[2]) == (304, b"")


def test_the_local_stack_says_what_the_edge_says() -> None:
    headers = headers_of_edge(PHOTOS)
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert f"connect-src 'self' {PHOTOS}" in policy
    assert "${" not in policy
    assert "unsafe" not in policy
    assert headers["Permissions-Policy"].startswith("camera=(self), geolocation=(self)")


def test_without_a_build_the_plain_pages_stay_where_they_are(tmp_path: Path, built: Path) -> None:
    pages: dict[str, object] = {}
    assert not attach(pages, PHOTOS, tmp_path / "none")  # type: ignore[arg-type]  # a page is any callable here
    assert pages == {}
    assert attach(pages, PHOTOS, built)  # type: ignore[arg-type]  # as above
    assert set(pages) == {"/", "/app", "/app/"}
