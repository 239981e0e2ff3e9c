"""``python -m local demo``: tells the story of the main job over HTTP, as a client of a running service.

Without a file it lives some dozens of complaints through: citizens file, triage sorts, offices answer, the clock is
moved, and what nobody answered climbs. With a file it replays texts and measures what became of them. It knows nothing
of the service but its addresses, its city profile and the local stack's sign-in and clock under ``/local``.
"""

from __future__ import annotations

import csv
import http.client
import json
import os
import random
import re
import secrets
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from chalicelib import cities
from chalicelib.domain.city import City
from local import measure, samples
from local.console import Trouble

PROJECT = Path(__file__).resolve().parent.parent
_PER_ADDRESS = 150
"""Filings from one address before the next is used; the service takes 200 an hour."""
_WORKERS = 4
_SHOWN_FAULTS = 10
_CLOCKS = {"verification": "pilah", "screening": "tinjau", "first_reply": "jawab", "resolution": "selesai"}


def run(file: Path | None) -> int:
    """Tell the story, or replay ``file``. Raises Trouble where nothing runs or the service answers unexpectedly."""
    service = Service.find()
    return _replay(service, file) if file else _tell(service)


# The service, seen from outside --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Any
    etag: str = ""


class Service:
    """A running service on loopback, and who is signed in where. Threads each have their own connection."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._host = urlsplit(url).hostname or "127.0.0.1"
        self._port = urlsplit(url).port or 80
        self._here = threading.local()
        self._tokens: dict[str, str] = {}

    @classmethod
    def find(cls) -> Service:
        """The service on PORT, else the one that runs on DATA_DIR. Raises Trouble if there is none."""
        port = os.environ.get("PORT", "")
        url = f"http://127.0.0.1:{port or 8000}"
        if not port:
            folder = Path(os.environ.get("DATA_DIR") or PROJECT / ".local").expanduser()
            try:
                told = json.loads((folder / "environment.json").read_text(encoding="utf-8"))
                url = str(told["BASE_URL"])
            except (OSError, ValueError, KeyError):
                pass
        service = cls(url)
        try:
            if service.call("GET", "/v1/health").status == 200:
                return service
        except (OSError, http.client.HTTPException):
            pass
        raise Trouble(
            f"Tidak ada layanan di {url}; jalankan dulu: make run",
            f"No service runs at {url}; start it first: make run",
        )

    def city(self) -> City:
        return cities.load(self.call("GET", "/v1/health").body["city"])

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str = "",
        if_match: str = "",
        key: str = "",
        source: str = "127.0.0.1",
    ) -> Answer:
        """One request; ``source`` is the loopback address that it comes from."""
        headers = {"Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if if_match:
            headers["If-Match"] = if_match
        if key:
            headers["Idempotency-Key"] = key
        data = None if body is None else json.dumps(body).encode()
        for again in (True, False):
            connection = self._connection(source)
            try:
                connection.request(method, path, data, headers)
                answer = connection.getresponse()
                text = answer.read()
                break
            except (OSError, http.client.HTTPException):
                connection.close()
                # A connection that rested too long is closed by the server; what may be asked twice is asked again.
                if not again or (method != "GET" and not key):
                    raise
        parsed = json.loads(text) if text else None
        return Answer(answer.status, parsed, answer.getheader("ETag", ""))

    def done(self, method: str, path: str, body: object = None, **how: str) -> Any:
        """The body of a request that must succeed."""
        answer = self.call(method, path, body, **how)
        if answer.status >= 300:
            said = json.dumps(answer.body, ensure_ascii=False)
            raise Trouble(
                f"{method} {path} dijawab {answer.status}: {said}",
                f"{method} {path} was answered {answer.status}",
            )
        return answer.body

    def token(self, post: str) -> str:
        """The token of whoever holds a post, one sign-in for all its acts until the clock moves."""
        if post not in self._tokens:
            answer = self.call("POST", "/local/token", {"post": post})
            if answer.status != 201:
                raise Trouble(
                    f"Belum ada orang di {post}; muat kota contoh (SAMPLE=1 make run) atau make posts.",
                    f"Nobody holds {post}; load the sample city (SAMPLE=1 make run) or use make posts.",
                )
            self._tokens[post] = answer.body["token"]
        return self._tokens[post]

    def move_clock(self, by: str, code: str = "") -> Mapping[str, Any]:
        """Move the service's clock; every token is too old after that."""
        self._tokens.clear()
        moved: Mapping[str, Any] = self.done("POST", "/local/clock", {"by": by, "code": code})
        return moved

    def _connection(self, source: str) -> http.client.HTTPConnection:
        if getattr(self._here, "source", None) != source:
            if hasattr(self._here, "connection"):
                self._here.connection.close()
            self._here.source = source
            self._here.connection = http.client.HTTPConnection(
                self._host, self._port, timeout=120, source_address=(source, 0)
            )
        found: http.client.HTTPConnection = self._here.connection
        return found


# The story ------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Told:
    """One complaint of the story, as its reporter knows it."""

    case: Mapping[str, Any]
    code: str
    secret: str
    first: Mapping[str, Any] = field(default_factory=dict)


class _Story:
    def __init__(self, service: Service) -> None:
        self._service = service
        self._city = service.city()
        self._cases: list[Told] = []

    def tell(self) -> list[Told]:
        # At night messages wait for the morning, and the story is about what people hear.
        self._move("day", "Jam tenang lewat", "quiet hours are over")
        self._chapter("Warga melapor", "citizens report")
        self._file()
        self._chapter("Triase memilah dan menampilkan", "triage sorts and releases")
        self._triage()
        self._move("hour", "Satu jam lewat", "an hour passes")
        self._chapter("Kantor menjawab", "offices answer")
        self._offices()
        self._chapter("Pelapor menilai, membuka lagi, mencabut", "reporters rate, reopen, withdraw")
        self._reporters()
        silent = next(told for told in self._cases if told.case["then"] == "silent")
        self._move(
            "deadline", f"Ke batas waktu {silent.code}", f"to the deadline of {silent.code}", silent.code
        )
        for _ in range(3):
            self._move("working_day", "Satu hari kerja lewat", "a working day passes")
        return self._cases

    def _file(self) -> None:
        villages = sorted(self._city.villages.values(), key=lambda area: area.code)
        for number, case in enumerate(samples.story()):
            if case.get("category") and case["category"] not in self._city.categories:
                continue
            village = villages[number * 7 % len(villages)]
            body = self._report(case, number, village.code)
            key = secrets.token_urlsafe(24)
            filed = self._service.done("POST", "/v1/complaints", body, key=key)
            again = self._service.done("POST", "/v1/complaints", body, key=key)
            if again["code"] != filed["code"]:
                raise Trouble("Satu kunci memberi dua aduan.", "One key gave two complaints.")
            self._cases.append(Told(case, filed["code"], filed["secret"], filed))

    def _report(self, case: Mapping[str, Any], number: int, village: str) -> dict[str, Any]:
        middle = self._city.areas[village].centroid
        body: dict[str, Any] = {
            "kind": case.get("kind", "complaint"),
            "text": case["text"],
            "language": case.get("language", "id"),
            "place": {"lat": middle.lat, "lon": middle.lon},
            "identity": "shown" if case.get("shown") else "hidden",
            "publication": "private" if case.get("private") else "public",
        }
        if "category" in case:
            body["category"] = case["category"]
        if case.get("email"):
            body["contact"] = {"email": f"warga{number}@example.id"}
        elif not case.get("anonymous"):
            body["contact"] = {"phone": f"+62899200{number:04d}", "name": f"Warga {number}"}
        if "about" in case:
            body["about_staff"] = {"office": self._city.categories[case["about"]].office}
        return body

    def _triage(self) -> None:
        triage = f"triage@{self._city.triage_office}"
        for told in self._cases:
            then = told.case["then"]
            if then == "sort":
                self._act(told, triage, "sorting", {"category": told.case["to"]})
            elif then == "judge":
                decided = {
                    "category": "pelayanan_aparatur",
                    "accusation": True,
                    "text": told.case["said"],
                }
                self._act(told, triage, "sorting", decided)
            seen = self._case(told, triage)
            if "release" in seen["may"] and seen["publication"] == "public" and seen["accusation"] is None:
                self._act(told, triage, "release", {})

    def _offices(self) -> None:
        for told in self._cases:
            then, case = told.case["then"], told.case
            if then in ("silent", "sealed", "judge", "message", "withdraw", "sort"):
                continue
            post = self._post(told)
            if then == "pass":
                to = self._city.categories[case["to"]].office
                self._act(told, post, "transfer", {"office": to, "text": case["said"]})
            elif then == "refer":
                agency = self._city.categories[case["category"]].refers_to
                self._act(told, post, "referral", {"agency": agency, "text": case["said"]})
            elif then == "answer":
                self._act(told, post, "acknowledgement", {})
                self._act(told, post, "replies", {"text": case["said"]})
            else:
                self._act(told, post, "start", {})
                self._act(told, post, "resolution", {"text": case["said"]})

    def _reporters(self) -> None:
        for told in self._cases:
            then, back = told.case["then"], told.case.get("back", "")
            act: tuple[str, dict[str, Any]] | None = {
                "solve": ("rating", {"score": 5, "words": "Terima kasih."}),
                "reopen": ("reopening", {"text": back}),
                "withdraw": ("withdrawal", {"reason": "other", "text": back}),
                "message": ("messages", {"text": back}),
            }.get(then)
            if act is None:
                continue
            link = {"code": told.code, "secret": told.secret}
            token = self._service.done("POST", "/v1/auth/links", link)["token"]
            self._service.done("POST", f"/v1/me/complaints/{told.code}/{act[0]}", act[1], token=token)

    def _post(self, told: Told) -> str:
        """Who works on it: the staff of its office, or the head of its village."""
        office = self._case(told, f"triage@{self._city.triage_office}")["office"]["id"]
        return f"village_head@{office}" if office in self._city.villages else f"staff@{office}"

    def _case(self, told: Told, post: str) -> Any:
        return self._service.done(
            "GET", f"/v1/office/complaints/{told.code}", token=self._service.token(post)
        )

    def _act(self, told: Told, post: str, act: str, body: object) -> None:
        version = str(self._case(told, post)["version"])
        path = f"/v1/office/complaints/{told.code}/{act}"
        self._service.done("POST", path, body, token=self._service.token(post), if_match=f'"{version}"')

    def _move(self, by: str, indonesian: str, english: str, code: str = "") -> None:
        moved = self._service.move_clock(by, code)
        at = _local(moved["now"], self._city)
        did = ", ".join(f"{name} {count}" for name, count in moved["did"].items() if count) or "-"
        print(f"  {at}  {indonesian} / {english}: {did}", flush=True)

    def _chapter(self, indonesian: str, english: str) -> None:
        print(f"  {indonesian} / {english} ...", flush=True)

    def table(self) -> list[tuple[str, ...]]:
        """Code, area, office, status, deadline, rungs and messages of every case of the story."""
        rows: list[tuple[str, ...]] = []
        for told in self._cases:
            case = self._case(told, f"triage@{self._city.triage_office}")
            sent = self._sent(told.code)
            rows.append(
                (
                    told.code,
                    case["area"]["name"] if case["area"] else "-",
                    case["office"]["short"],
                    case["status"],
                    _local(_due(case), self._city),
                    self._rungs(case) or "-",
                    f"{sent['sms']} SMS, {sent['email']} surel",
                )
            )
        return rows

    def _sent(self, code: str) -> Counter[str]:
        sent: Counter[str] = Counter()
        page = 1
        while True:
            query = urlencode({"format": "json", "q": code, "page": page})
            found = self._service.done("GET", f"/local/messages?{query}")
            sent.update(message["channel"] for message in found["messages"])
            if sum(sent.values()) >= found["count"] or not found["messages"]:
                return sent
            page += 1

    def _rungs(self, case: Mapping[str, Any]) -> str:
        """Who heard, rung by rung, for each promise that ran out."""
        climbed: dict[str, list[str]] = {}
        for line in case["timeline"]:
            if line["act"] == "escalate":
                heard = self._title(line["data"].get("post") or "")
                climbed.setdefault(_CLOCKS.get(line["data"]["clock"], "?"), []).append(heard)
        return "; ".join(f"{clock}: {' > '.join(heard)}" for clock, heard in climbed.items())

    def _title(self, post: str) -> str:
        """A rung by the title of who heard; an empty one is the office, reminded."""
        role, _, scope = post.partition("@")
        office = self._city.offices.get(scope)
        if not role:
            return "diingatkan"
        return (office.titles.get(role) if office else None) or self._city.titles.get(role, role)


def _tell(service: Service) -> int:
    story = _Story(service)
    cases = story.tell()
    rows = story.table()
    titles = (
        "kode / code",
        "wilayah / area",
        "kantor / office",
        "status",
        "batas / deadline",
        "anak tangga / rungs",
    )
    _print_table([(*titles, "pesan / messages"), *rows])
    climbed = sum(row[5] != "-" for row in rows)
    print(
        f"\n  {len(cases)} aduan, {climbed} naik; pesannya di {service.url}/local/messages"
        f" / {len(cases)} complaints, {climbed} climbed"
    )
    return 0


def _due(case: Mapping[str, Any]) -> str:
    """The promise that counts: the first one not kept, else the last."""
    promised = [each for each in case["promised"].values() if each]
    open_ones = [each["due"] for each in promised if not each["done_at"]]
    return str(min(open_ones) if open_ones else max(each["due"] for each in promised))


def _local(moment: str, city: City) -> str:
    return f"{datetime.fromisoformat(moment) + city.utc_offset:%d-%m %H.%M}"


def _print_table(rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    print()
    for row in rows:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


# The replay -----------------------------------------------------------------------------------------------------


class _Senders:
    """Loopback addresses to file from, each for fewer reports than one sender may file in an hour.

    The service's caps hold for the replay as for anybody: many people have many addresses. Where the machine has
    one loopback address only, the service's clock is moved by an hour instead.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._lock = threading.Lock()
        # Another run within the hour comes from other addresses, as other people would.
        self._net = random.randint(1, 250)
        self._number = 1 if self._exists(1) else 0
        self._used = 0
        self._moves = 0

    def next(self) -> str:
        with self._lock:
            if self._used == _PER_ADDRESS:
                self._used = 0
                if self._number and self._exists(self._number + 1):
                    self._number += 1
                else:
                    self._service.move_clock("hour")
                    self._moves += 1
            self._used += 1
            return f"127.{self._net}.1.{self._number}" if self._number else "127.0.0.1"

    def __str__(self) -> str:
        return f"{max(self._number, 1)} alamat / addresses, {self._moves} x 1 jam / hour"

    def _exists(self, number: int) -> bool:
        with socket.socket() as probe:
            try:
                probe.bind((f"127.{self._net}.1.{number}", 0))
            except OSError:
                return False
        return True


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one row: the answer to its filing, what the words pointed to, and whether it was found again."""

    status: int
    code: str = ""
    category: str | None = None
    sealed: bool = False
    found: bool = False
    trouble: str = ""


class _Replay:
    def __init__(self, service: Service, seed: str) -> None:
        self._service = service
        self._city = service.city()
        self._seed = seed
        self._villages = sorted(self._city.villages)
        self._senders = _Senders(service)

    def all(self, rows: Sequence[Mapping[str, str]], progress: Callable[[int], None]) -> list[Outcome]:
        done = 0
        outcomes: list[Outcome] = []
        with ThreadPoolExecutor(_WORKERS) as workers:
            for outcome in workers.map(self.one, rows):
                outcomes.append(outcome)
                done += 1
                progress(done)
        print(f"  {self._senders}")
        return outcomes

    def one(self, row: Mapping[str, str]) -> Outcome:
        """File one text with the category that its words are sure of, or none, somewhere in the city."""
        text = row["text"]
        source = self._senders.next()
        suggested = self._service.call("POST", "/v1/suggestions", {"text": text}, source=source)
        if suggested.status != 200:
            return Outcome(suggested.status, trouble=f"{row['id']}: {_reason(suggested)}")
        sure = [each["category"] for each in suggested.body["suggestions"] if each["sure"]]
        category = self._city.categories[sure[0]] if sure else None
        kinds = [str(kind) for kind in category.kinds] if category else ["complaint"]
        # The file's places are of other cities: a village of this one, the same for a row each time.
        village = random.Random(f"{self._seed} {row['id']}").choice(self._villages)
        body: dict[str, Any] = {
            "kind": "complaint" if "complaint" in kinds else min(kinds),
            "text": text,
            "place": {"area": village},
        }
        if category:
            body["category"] = category.id
        key = secrets.token_urlsafe(24)
        filed = self._service.call("POST", "/v1/complaints", body, key=key, source=source)
        if filed.status != 201:
            return Outcome(filed.status, trouble=f"{row['id']}: {_reason(filed)}")
        code = filed.body["code"]
        again = self._service.call("GET", f"/v1/complaints/{code}/status", source=source)
        found = again.status == 200 and again.body["code"] == code
        return Outcome(201, code, category.id if category else None, filed.body["office"] is None, found)


def _reason(answer: Answer) -> str:
    return f"{answer.status} {json.dumps(answer.body, ensure_ascii=False)[:300]}"


def _replay(service: Service, file: Path) -> int:
    rows = _rows(file)
    replay = _Replay(service, seed="demo")
    began = time.monotonic()

    def progress(done: int) -> None:
        if done % 250 == 0 or done == len(rows):
            print(f"  {done:,}/{len(rows):,}  {time.monotonic() - began:.0f} s", flush=True)

    outcomes = replay.all(rows, progress)
    took = time.monotonic() - began
    kinds = Counter(f"{outcome.status // 100}xx" for outcome in outcomes)
    lost = [outcome.code for outcome in outcomes if outcome.status == 201 and not outcome.found]
    codes = {outcome.code for outcome in outcomes if outcome.code}
    sealed = sum(outcome.sealed for outcome in outcomes)
    routed = sum(bool(outcome.category) and not outcome.sealed for outcome in outcomes)
    print(
        f"\n  {len(rows):,} teks / texts, {took:.0f} detik / s: {kinds['2xx']:,} x 2xx, {kinds['4xx']:,} x 4xx,"
        f" {kinds['5xx']:,} x 5xx; kode / codes {len(codes):,}, hilang / lost {len(lost)}\n"
        f"  menurut kata kunci / by keywords {routed:,}; ke triase / to triage"
        f" {kinds['2xx'] - routed - sealed:,}; aduan tentang petugas / accusations held {sealed:,}"
    )
    for outcome in [o for o in outcomes if o.trouble][:_SHOWN_FAULTS]:
        print(f"  ! {outcome.trouble}")
    if {"agency_role", "topic"} <= rows[0].keys():
        _measured(rows, service.city())
    good = not lost and not kinds["5xx"] and len(codes) == kinds["2xx"]
    return 0 if good else 1


def _measured(rows: Sequence[Mapping[str, str]], city: City) -> None:
    """Precision and recall against the file's own labels: the third held out, then all."""
    held_out = [row for row in rows if measure.third(row["id"]) == "C"]
    if held_out:
        print(
            f"\n  Sepertiga yang disisihkan / the third held out\n{measure.report(measure.measure(held_out, city))}"
        )
    print(f"\n  Semua / all\n{measure.report(measure.measure(rows, city), classes=False)}")


def _rows(file: Path) -> list[dict[str, str]]:
    csv.field_size_limit(1_000_000)
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            rows = [_row(row) for row in csv.DictReader(opened)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        why = re.sub(r"\s+", " ", str(error))
        raise Trouble(f"{file} tidak dapat dibaca: {why}", f"{file} cannot be read: {why}") from error
    if not rows or not {"id", "text"} <= rows[0].keys():
        raise Trouble(f"{file} tidak punya kolom id dan text.", f"{file} has no columns id and text.")
    return rows


def _row(row: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value or "" for name, value in row.items()}


def chosen_file(arguments: Iterable[str]) -> Path | None:
    """``--file F`` of the command line, or None. Raises Trouble for anything else."""
    match list(arguments):
        case []:
            return None
        case ["--file", name]:
            return Path(name)
        case other:
            said = " ".join(other)
            raise Trouble(
                f"Tidak mengerti {said!r}; pakai: python -m local demo [--file F]",
                f"Cannot make sense of {said!r}; usage: python -m local demo [--file F]",
            )
