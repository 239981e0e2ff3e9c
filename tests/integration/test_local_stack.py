"""The whole service as `make run` starts it, seen from outside: the main job from a citizen's report to a climb."""

from __future__ import annotations

import csv
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from local import engines

PROJECT = Path(__file__).resolve().parents[2]
PATIENCE = 30.0  # seconds for what the relay sends; only a broken stack takes them

pytestmark = pytest.mark.local


class Stack:
    """``python -m local run`` on a port and a folder of its own."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.port = engines.some_free_port()
        self.words: list[str] = []

    def start(self, **settings: str) -> Stack:
        self.words.clear()
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "STAGE"))}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "local", "run"],
            cwd=PROJECT,
            env={**clean, "PORT": str(self.port), "DATA_DIR": str(self.data_dir), **settings},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.words.append(line)
            if "Ctrl-C" in line:
                # What is said from here on is read and forgotten, or the pipe would fill up.
                threading.Thread(target=self.process.stdout.read, daemon=True).start()
                return self
        raise AssertionError("".join(self.words))

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        form: dict[str, str] | None = None,
        **headers: str,
    ) -> tuple[int, http.client.HTTPMessage, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        data: str | None = None
        if form is not None:
            data = urlencode(form)
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        elif body is not None:
            data = json.dumps(body)
            sent["Content-Type"] = "application/json"
        connection.request(method, path, data, sent)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, answer.headers, text

    def done(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        """The JSON of a request that must succeed."""
        status, _, text = self.call(method, path, body, Accept="application/json", **headers)
        assert status < 300, (path, status, text)
        return json.loads(text)

    def file(self, **fields: Any) -> dict[str, Any]:
        report = {
            "text": "Lampu jalan di depan balai desa mati sejak kemarin malam.",
            "category": "lampu_jalan",
            "place": {"lat": -8.6925, "lon": 115.2257},
            "contact": {"phone": "0899 3000 0001"},
            **fields,
        }
        filed: dict[str, Any] = self.done("POST", "/v1/complaints", report)
        return filed

    def token(self, post: str) -> dict[str, str]:
        """The header that signs in whoever holds a post."""
        token = self.done("POST", "/local/token", {"post": post})["token"]
        return {"Authorization": f"Bearer {token}"}

    def case(self, code: str) -> Any:
        return self.done("GET", f"/v1/office/complaints/{code}", **self.token("triage@diskominfos"))

    def sent(self, about: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.done(
            "GET", f"/local/messages?{urlencode({'format': 'json', 'q': about})}"
        )["messages"]
        return found

    def children(self) -> list[int]:
        said = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.process.pid)], capture_output=True, text=True
        )
        return [int(pid) for pid in said.stdout.split()]

    def end(self, kind: signal.Signals) -> int:
        self.process.send_signal(kind)
        return self.process.wait(timeout=60)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Another command of the project, told of this stack by its folder only."""
        clean = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME")}
        return subprocess.run(
            [sys.executable, "-m", *command],
            cwd=PROJECT,
            env={**clean, "DATA_DIR": str(self.data_dir)},
            capture_output=True,
            text=True,
        )


def until(found: Callable[[], Any]) -> Any:
    """What ``found`` answers once it is anything."""
    end = time.monotonic() + PATIENCE
    while not (answer := found()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.1)
    return answer


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    running = Stack(tmp_path_factory.mktemp("stack")).start(SAMPLE="1")
    yield running
    if running.process.poll() is None:
        running.end(signal.SIGINT)


def test_the_sample_city_is_there_with_cases_in_every_state(stack: Stack) -> None:
    assert any("Kota contoh siap" in line for line in stack.words)
    posts = {post for officer in stack.done("GET", "/local/people")["officers"] for post in officer["posts"]}
    for post in ("staff@dlhk", "office_head@pupr", "triage@diskominfos", "secretary@city", "mayor@city"):
        assert post in posts
    assert sum(post.startswith("village_head@") for post in posts) == 43
    listed = stack.done("GET", "/v1/complaints?limit=50")["complaints"]
    states = {case["status"] for case in listed}
    assert {"received", "acknowledged", "in_progress", "referred", "reopened", "closed", "rejected"} <= states
    assert {case["screening"]["state"] for case in listed} >= {"held", "released"}
    assert any(case["area"] for case in listed)


def test_a_complaint_reaches_its_office_is_answered_and_climbs_when_another_is_not(stack: Stack) -> None:
    stack.done("POST", "/local/clock", {"by": "day"})  # at night messages would wait
    filed = stack.file()
    code = filed["code"]
    to_citizen = until(lambda: [m for m in stack.sent("0899 3000 0001") if m["code"] == code])[0]
    assert (to_citizen["parts"], to_citizen["gsm7"]) == (1, True)
    assert filed["links"]["own"] in to_citizen["text"]
    to_office = until(lambda: [m for m in stack.sent(code) if (m["topic"] or "").endswith("office-dishub")])
    assert {message["channel"] for message in to_office} == {"sms", "email"}
    assert all(message["parts"] == 1 for message in to_office if message["channel"] == "sms")

    # The page shows what a phone would, and each link in it opens.
    _, _, page = stack.call("GET", f"/local/messages?q={code}")
    links = re.findall(r'href="(http://[^"]+)"', page)
    assert filed["links"]["own"] in links
    status, _, own = stack.call("GET", filed["links"]["own"].partition(str(stack.port))[2])
    assert status == 200
    assert code in own

    # One click signs in as the office: the desk's own cookie, and the case stands in the inbox.
    staff = next(o for o in stack.done("GET", "/local/people")["officers"] if "staff@dishub" in o["posts"])
    status, headers, _ = stack.call("POST", "/local/sign-in", form={"officer": staff["id"]})
    assert (status, headers["Location"]) == (303, "/o")
    cookie = headers["Set-Cookie"].partition(";")[0]
    status, _, desk = stack.call("GET", "/o", Cookie=cookie)
    assert status == 200
    assert code in desk

    office = stack.token("staff@dishub")
    words = {"text": "Regu kami ke lokasi malam ini."}
    stack.done("POST", f"/v1/office/complaints/{code}/replies", words, If_Match='"1"', **office)
    link = {"code": code, "secret": filed["secret"]}
    mine = {"Authorization": f"Bearer {stack.done('POST', '/v1/auth/links', link)['token']}"}
    timeline = stack.done("GET", f"/v1/me/complaints/{code}", **mine)["timeline"]
    assert words["text"] in [line["text"] for line in timeline]

    # Nobody answers this one: the clock goes to its deadline, and the next rung hears.
    silent = stack.file(text="Lampu jalan di tikungan berkedip terus sepanjang malam.")["code"]
    before = datetime.fromisoformat(stack.done("GET", "/v1/health")["now"])
    moved = stack.done("POST", "/local/clock", {"by": "deadline", "code": silent})
    assert datetime.fromisoformat(moved["now"]) > before
    assert moved["did"]["climbed"] >= 1
    case = stack.case(silent)
    # Triage's own clock (it reads a text before the public may) may run out on the way: on, until a rung is climbed.
    while case["level"] == 0:
        stack.done("POST", "/local/clock", {"by": "deadline", "code": silent})
        case = stack.case(silent)
    assert "division_head@dishub" in [line["data"].get("post") for line in case["timeline"]]
    told = until(lambda: [m for m in stack.sent(silent) if not m["topic"] and m["channel"] == "sms"][1:])
    assert all(message["parts"] == 1 for message in told)
    # The one that was answered in time climbed for no missing answer.
    ran_out = [line["data"]["clock"] for line in stack.case(code)["timeline"] if line["act"] == "escalate"]
    assert "first_reply" not in ran_out


def test_the_local_pages_answer_to_their_own_forms_only(stack: Stack) -> None:
    status, _, page = stack.call("GET", "/local")
    assert status == 200
    for word in ("/local/messages", "Kepala Lingkungan", "Sekretaris Daerah", "ke batas waktu berikutnya"):
        assert word in page
    elsewhere = {"by": "hour"}
    assert stack.call("POST", "/local/clock", form=elsewhere, Origin="http://evil.example")[0] == 403
    assert stack.call("POST", "/local/clock", form=elsewhere, Sec_Fetch_Site="cross-site")[0] == 403
    assert stack.call("GET", "/local/people", Host="evil.example")[0] == 403
    assert stack.call("POST", "/local/clock", form={"by": "a year"})[0] == 422
    assert stack.call("POST", "/local/sign-in", form={"officer": "nobody"})[0] == 404
    assert stack.call("GET", "/local/docs/../app.py")[0] == 404
    assert stack.call("GET", "/local/nothing")[0] == 404


def test_posts_from_a_file_reach_the_running_stack(stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "posts.csv"
    file.write_text(
        "jabatan,unit,nama,telepon,surel,pengganti\n"
        "Lurah,Panjer,Ni Lurah Baru,0899 0000 9001,lurah.baru@example.id,\n",
        encoding="utf-8",
    )
    done = stack.run("infra.posts", str(file))
    assert done.returncode == 0, done.stderr
    officers = stack.done("GET", "/local/people")["officers"]
    assert [o["name"] for o in officers if "village_head@51.71.01.1004" in o["posts"]] == ["Ni Lurah Baru"]


def test_the_demo_tells_its_story_and_replays_a_file_without_losing_a_row(
    stack: Stack, tmp_path: Path
) -> None:
    told = stack.run("local", "demo")
    assert told.returncode == 0, told.stderr
    rows = [line.split() for line in told.stdout.splitlines() if re.match(r"  DPS-\w{5}-\w{5} ", line)]
    assert len(rows) == 30
    assert "jawab: Kepala Bidang" in told.stdout

    file = tmp_path / "texts.csv"
    with file.open("w", encoding="utf-8", newline="") as opened:
        table = csv.writer(opened)
        table.writerow(["id", "text", "agency_role", "topic"])
        table.writerow(["1", "Lampu jalan mati di gang kami sejak Senin.", "dishub", "lampu_jalan"])
        table.writerow(["2", "Apa kabar semuanya di sini hari ini?", "", ""])
        table.writerow(["3", "pendek", "", ""])
    replayed = stack.run("local", "demo", "--file", str(file))
    assert replayed.returncode == 0, replayed.stderr
    assert "2 x 2xx, 1 x 4xx, 0 x 5xx; kode / codes 2, hilang / lost 0" in replayed.stdout
    assert "by keywords 1; ke triase / to triage 1" in replayed.stdout


def test_a_photo_goes_through_the_real_store_and_refuses_what_its_form_does_not_allow(stack: Stack) -> None:
    from tests.integration.test_photos import PLACE, a_jpeg

    key = f"foto-dari-luar-{time.time_ns()}"
    asked = stack.done("POST", "/v1/photos", {"type": "image/jpeg", "draft": key})
    assert posted(asked, a_jpeg(gps=PLACE), key="in/" + "a" * 26) == 403  # another key than was signed
    assert posted(asked, a_jpeg(), **{"Content-Type": "text/html"}) == 403
    assert posted(asked, a_jpeg(gps=PLACE) + bytes(16_000_000)) == 400
    assert posted(asked, a_jpeg(gps=PLACE)) in (200, 201, 204)
    path = f"/v1/photos/{asked['id']}"
    until(lambda: stack.done("GET", path)["state"] == "fit")
    assert stack.done("GET", path)["place"] == {"lat": -8.67, "lon": 115.225}
    report = {
        "text": "Lampu jalan mati sejak kemarin malam.",
        "category": "lampu_jalan",
        "photos": [asked["id"]],
    }
    report["place"] = {"lat": -8.6925, "lon": 115.2257}
    code = stack.done("POST", "/v1/complaints", report, Idempotency_Key=key)["code"]
    triage = stack.token("triage@diskominfos")

    def seen() -> Any:
        (photo,) = stack.done("GET", f"/v1/office/complaints/{code}/photos", **triage)["photos"]
        return photo if "large" in photo else None

    photo = until(seen)
    with urllib.request.urlopen(photo["large"]["webp"], timeout=30) as answer:  # noqa: S310  the local store
        assert answer.read(12)[8:] == b"WEBP"
    bare = photo["large"]["webp"].partition("?")[0]
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(bare, timeout=30)  # noqa: S310
    hiding = f"/v1/office/complaints/{code}/photos/{photo['id']}/hiding"
    stack.done("POST", hiding, {"reason": "Wajah anak."}, **triage, If_Match=f'"{photo["version"]}"')

    def elsewhere() -> Any:
        found = seen()
        return found if found and found["large"]["webp"].partition("?")[0] != bare else None

    moved = until(elsewhere)
    assert moved["screening"]["reason"] == "Wajah anak."

    def gone() -> bool:
        try:
            urllib.request.urlopen(photo["large"]["webp"], timeout=30).close()  # noqa: S310
        except urllib.error.HTTPError as error:
            return error.code == 404
        return False

    until(gone)  # the very link that was good: no version of the old copy is left


def test_a_killed_stack_comes_back_with_its_cases_its_clock_and_its_subscribers(stack: Stack) -> None:
    code = stack.file()["code"]
    until(lambda: stack.sent(code))
    before = datetime.fromisoformat(stack.done("GET", "/v1/health")["now"])
    count = stack.done("GET", "/local/messages?format=json")["count"]
    pids = stack.children()
    assert len(pids) == 3
    stack.end(signal.SIGKILL)

    stack.start(SAMPLE="1")
    assert not any("Kota contoh" in line for line in stack.words), "a restart must not load it again"
    assert datetime.fromisoformat(stack.done("GET", "/v1/health")["now"]) > before
    assert stack.case(code)["text"]
    assert stack.done("GET", "/local/messages?format=json")["count"] >= count
    # moto forgot every topic of an officer and every subscription; messages find their people all the same.
    fresh = stack.file(text="Lampu taman di lapangan padam semua sejak tadi malam.")["code"]
    until(lambda: [m for m in stack.sent(fresh) if (m["topic"] or "").endswith("office-dishub")])

    pids = stack.children()
    assert stack.end(signal.SIGINT) == 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
    assert not list((stack.data_dir / "run").iterdir())
    assert not (stack.data_dir / "environment.json").exists()


def test_without_a_running_service_the_demo_says_so_in_one_sentence(tmp_path: Path) -> None:
    nothing = Stack(tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "local", "demo"],
        cwd=PROJECT,
        env={"PATH": os.environ["PATH"], "PORT": str(nothing.port)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert (
        done.stderr.splitlines()[0]
        == f"Tidak ada layanan di http://127.0.0.1:{nothing.port}; jalankan dulu: make run"
    )
    assert done.stdout == ""


def posted(asked: dict[str, Any], data: bytes, **changes: str) -> int:
    """Post a file as a browser does; the status that the store answers."""
    edge = "edge7f3a"
    body = b"".join(
        f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in {**asked["fields"], **changes}.items()
    )
    body += (
        f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="x.exe"\r\n\r\n'.encode() + data
    )
    body += f"\r\n--{edge}--\r\n".encode()
    request = urllib.request.Request(  # noqa: S310  the local store
        asked["url"], body, {"Content-Type": f"multipart/form-data; boundary={edge}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
