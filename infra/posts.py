"""Duty posts and the people in them, from a CSV file: ``make posts FILE=<csv>``.

One row is one person in one post. Columns, by their English or Indonesian names, in any order:

- ``title`` (``jabatan``): as the profile calls the post (Lurah, Perbekel, Camat, Kepala Dinas, Petugas Piket, Kepala
  Lingkungan ...), more words may follow ("Kepala Bidang Kebersihan"); also Staf, Triase, Sekretaris Daerah, Wali Kota,
  and of those who answer for no case Operator, Verifikator, Ruang Kendali, Auditor, Administrator;
- ``office`` (``unit``): office or area by id, code, short or full name; a hamlet as ``Panjer / Kaja``; empty or "Kota"
  for the secretary and the mayor;
- ``name`` (``nama``), ``phone`` (``telepon``, a mobile), ``email`` (``surel``);
- ``delegate`` (``pengganti``): ``ya`` for whoever stands behind the holder of this post;
- ``language`` (``bahasa``), optional: ``id`` or ``en``;
- ``from`` and ``until`` (``dari``, ``sampai``), optional: the first and last day (2026-11-23) of a turn on the piket
  list of the post; ``until`` may be empty for one day. Who has no days holds the post on all days that no turn names;
- ``post``, optional: ``role@scope``, instead of title and office.

A title may begin with Plt., Plh. or Pj.: whoever acts in a post holds it, and is called so.

A title that begins with ``Kontak`` ("Kontak: Pecalang Sumerta") is somebody who is kept informed and no more: the mails
of that village's office, no phone needed, no post, no sign-in to any case.

``--add`` puts people beside those who hold the posts (a new colleague), ``--remove`` takes one person out of all posts,
``--invite`` gives one a new account. Where officers sign in at the pool of ``infra/data.yaml``, whoever needs an
account there gets one with their post and loses it with the last.

All faults of a file are told at once, with their lines, and nothing is stored unless there are none. Settings come
from the environment; where there are none, from the local stack that runs on DATA_DIR.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib.domain.city import CITY_SCOPE, City
from chalicelib.domain.errors import Invalid
from chalicelib.domain.people import APART, Duty, Role, acting

if TYPE_CHECKING:
    from chalicelib.usecases.posts import Contact, Person, Roster, Seat

# What needs settings (use cases, forms) is imported inside functions: `main` first finds out where to read them.

PROJECT = Path(__file__).resolve().parent.parent
MOST_BYTES = 5_000_000

_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "title": ("title", "jabatan"),
    "office": ("office", "unit", "office or area", "kantor", "wilayah"),
    "name": ("name", "nama"),
    "phone": ("phone", "telepon", "hp", "no hp"),
    "email": ("email", "e mail", "surel"),
    "delegate": ("delegate", "pengganti"),
    "language": ("language", "bahasa"),
    "post": ("post",),
    "from": ("from", "dari"),
    "until": ("until", "sampai"),
}
_REQUIRED = ("name", "phone", "email")

_ANYWHERE: Mapping[str, Role] = {
    "staf": Role.STAFF, "staff": Role.STAFF,
    "operator": Role.OPERATOR, "verifikator": Role.VERIFIER, "verifier": Role.VERIFIER,
    "ruang kendali": Role.OPERATIONS, "operations room": Role.OPERATIONS, "auditor": Role.AUDITOR,
    "administrator": Role.ADMINISTRATOR, "admin": Role.ADMINISTRATOR,
    "piket": Role.DUTY, "duty officer": Role.DUTY,
    "triase": Role.TRIAGE, "petugas triase": Role.TRIAGE, "triage": Role.TRIAGE, "pemilah": Role.TRIAGE,
    "division head": Role.DIVISION_HEAD, "office head": Role.OFFICE_HEAD, "village head": Role.VILLAGE_HEAD,
    "district head": Role.DISTRICT_HEAD, "kaling": Role.HAMLET_HEAD, "kadus": Role.HAMLET_HEAD,
    "hamlet head": Role.HAMLET_HEAD, "sekda": Role.SECRETARY, "secretary": Role.SECRETARY,
    "walikota": Role.MAYOR, "mayor": Role.MAYOR,
}  # fmt: skip
"""Titles that hold in every city, beside those of its profile."""

_SEVERAL = frozenset({Role.STAFF, Role.DUTY, Role.TRIAGE, *APART})
"""Posts that more than one person may hold; of all others there is one holder, and delegates."""

_OF_THE_CITY = frozenset({Role.SECRETARY, Role.MAYOR})
_YES = frozenset({"ya", "y", "yes", "x", "1", "true"})
_NO = frozenset({"", "tidak", "t", "no", "n", "0", "false", "-"})


class BadRoster(Exception):
    """The file cannot be taken; every fault with its line, in both languages."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


def read(content: bytes, city: City) -> Roster:
    """The roster that a file holds. Raises BadRoster with all its faults."""
    from chalicelib.usecases.posts import Roster

    reading = _Reading(_Names(city))
    for line, row in _rows(content, reading):
        reading.take(line, row)
    reading.check_people()
    if reading.faults:
        raise BadRoster([fault for _, fault in sorted(reading.faults)])
    return Roster(tuple(seat for _, seat in reading.seats), tuple(contact for _, contact in reading.contacts))


def _rows(content: bytes, reading: _Reading) -> Iterator[tuple[int, dict[str, str]]]:
    if len(content) > MOST_BYTES:
        raise BadRoster([f"berkas lebih dari {MOST_BYTES} byte / the file is larger than {MOST_BYTES} bytes"])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise BadRoster([f"baris {line}: bukan UTF-8 / line {line}: not UTF-8"]) from error
    first = text.partition("\n")[0]
    # Spreadsheets write a semicolon where the comma stands in numbers, as in Indonesia.
    table = csv.reader(io.StringIO(text), delimiter=max(",;\t", key=first.count))
    header = next(table, [])
    names = [_column(cell) for cell in header]
    for cell, name in zip(header, names, strict=True):
        if name is None and cell.strip():
            reading.fault(1, f"kolom {cell!r} tidak dikenal", f"unknown column {cell!r}")
    missing = [name for name in _REQUIRED if name not in names]
    if "post" not in names:
        missing = [name for name in ("title", "office") if name not in names] + missing
    if missing:
        reading.fault(1, f"kolom tidak ada: {', '.join(missing)}", f"missing columns: {', '.join(missing)}")
    if reading.faults:
        return
    seen = False
    for cells in table:
        if any(cell.strip() for cell in cells):
            seen = True
            if len(cells) > len(names):
                reading.fault(table.line_num, "kolom terlalu banyak", "more cells than columns")
            yield (
                table.line_num,
                {name: " ".join(cell.split()) for name, cell in zip(names, cells, strict=False) if name},
            )
    if not seen:
        reading.fault(1, "tidak ada baris", "there are no rows")


def _column(cell: str) -> str | None:
    plain = _plain(cell)
    return next((name for name, words in _COLUMNS.items() if plain in words), None)


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", text.casefold()))


class _Names:
    """How people call offices, areas, hamlets and posts of one city."""

    def __init__(self, city: City) -> None:
        self.city = city
        self._scopes: dict[str, set[str]] = {}
        for office in city.offices.values():
            if office.outside:
                continue
            area = city.areas.get(office.id)
            calls = [office.id, office.name, office.short]
            if area is not None:
                calls += [area.name, f"{area.kind} {area.name}"]
                for hamlet in area.hamlets:
                    for name in (hamlet.id, hamlet.name, f"{area.name} {hamlet.name}"):
                        self._scopes.setdefault(_plain(name), set()).add(hamlet.id)
            for name in calls:
                self._scopes.setdefault(_plain(name), set()).add(office.id)
        for name in ("", "kota", "city", city.name):
            self._scopes.setdefault(_plain(name), set()).add(CITY_SCOPE)

    def scopes(self, office: str) -> set[str]:
        """All that may be meant: a village and its district can share a name, and the title decides."""
        return self._scopes.get(_plain(office), set())

    def role(self, title: str, scope: str) -> Role | None:
        """The role that a title means in this scope: the longest known title that it begins with."""
        plain = _plain(acting(title)[1])
        found = [
            (len(known), role)
            for known, role in self._titles(scope)
            if known and (plain == known or plain.startswith(f"{known} "))
        ]
        return max(found, key=lambda each: each[0])[1] if found else None

    def fits(self, duty: Duty) -> bool:
        """Whether the city has this post."""
        city, scope = self.city, duty.scope
        if duty.role in _OF_THE_CITY:
            return scope == CITY_SCOPE
        if duty.role is Role.TRIAGE:
            return scope == city.triage_office
        if duty.role is Role.HAMLET_HEAD:
            return scope in city.hamlets
        if duty.role is Role.VILLAGE_HEAD:
            return scope in city.villages
        if duty.role is Role.DISTRICT_HEAD:
            return scope in city.areas and scope not in city.villages
        return scope in city.offices and not city.offices[scope].outside

    def _titles(self, scope: str) -> Iterator[tuple[str, Role]]:
        """Titles known in a scope; where two roles share one (a lurah heads the village and its office), the post of
        the ladder comes first."""
        city = self.city
        if scope == CITY_SCOPE:
            known = {role: city.titles.get(role, "") for role in _OF_THE_CITY}
        elif scope in city.hamlets:
            kind = city.areas[scope.partition("/")[0]].kind
            known = {Role.HAMLET_HEAD: city.titles.get(f"hamlet_head.{kind}", "")}
        else:
            titles = {Role(role): title for role, title in city.offices[scope].titles.items()}
            order = (Role.VILLAGE_HEAD, Role.DISTRICT_HEAD, Role.OFFICE_HEAD, Role.DIVISION_HEAD, Role.DUTY)
            known = {role: titles[role] for role in order if role in titles}
        for role, title in known.items():
            yield _plain(title), role
        for title, role in _ANYWHERE.items():
            if self.fits(Duty(role, scope)):
                yield title, role


@dataclass(slots=True)
class _Reading:
    """What was read so far, and what was wrong."""

    names: _Names
    seats: list[tuple[int, Seat]] = field(default_factory=list)
    contacts: list[tuple[int, Contact]] = field(default_factory=list)
    faults: list[tuple[int, str]] = field(default_factory=list)

    def fault(self, line: int, indonesian: str, english: str) -> None:
        self.faults.append((line, f"baris {line}: {indonesian} / line {line}: {english}"))

    def take(self, line: int, row: Mapping[str, str]) -> None:
        from chalicelib.usecases.posts import Contact, Seat

        title, office, post = (row.get(name, "") for name in ("title", "office", "post"))
        informed = re.match(r"(?:kontak|contact)\b[\s:\-]*", title, re.IGNORECASE)
        duty = None if informed else self._duty(line, title, office, post)
        village = self._village(line, office) if informed else None
        shown = title[informed.end() :] or "Kontak" if informed else title
        person = self._person(line, row, shown, needs_phone=not informed)
        delegate = row.get("delegate", "").casefold()
        if delegate not in _YES | _NO:
            self.fault(
                line,
                f"pengganti: tulis ya atau kosong, bukan {delegate!r}",
                "delegate: write yes or leave empty",
            )
        days = self._days(line, row)
        if person is None:
            return
        if duty is not None:
            self.seats.append((line, Seat(duty, person, delegate in _YES, days)))
        if village is not None:
            self.contacts.append((line, Contact(village, person)))

    def check_people(self) -> None:
        """Faults that only show when rows are seen together: one phone is one person, one post has one holder."""
        whole: dict[str, tuple[int, Person]] = {}
        everybody = [(line, seat.person) for line, seat in self.seats]
        everybody += [(line, contact.person) for line, contact in self.contacts]
        for line, person in sorted(everybody, key=lambda each: each[0]):
            address = person.phone or person.email
            before = whole.setdefault(address, (line, person))
            if (before[1].name, before[1].email) != (person.name, person.email):
                self.fault(
                    line,
                    f"{address} di baris {before[0]} atas nama atau surel lain",
                    f"{address} has another name or e-mail in line {before[0]}",
                )
        holders: dict[Duty, int] = {}
        seen: dict[tuple[Duty, str, tuple[date, date] | None], int] = {}
        for line, seat in self.seats:
            twice = seen.setdefault((seat.duty, seat.person.phone, seat.days), line)
            if twice != line:
                self.fault(line, f"sama dengan baris {twice}", f"the same as line {twice}")
            elif not seat.delegate and not seat.days and seat.duty.role not in _SEVERAL:
                other = holders.setdefault(seat.duty, line)
                if other != line:
                    self.fault(
                        line,
                        f"jabatan ini sudah dipegang di baris {other}; yang kedua tulis sebagai pengganti",
                        f"this post has a holder in line {other}; mark the second one as delegate",
                    )
        seated = {seat.person.phone: line for line, seat in self.seats}
        for line, contact in self.contacts:
            address = contact.person.phone or contact.person.email
            if contact.person.phone in seated:
                self.fault(
                    line,
                    f"memegang jabatan di baris {seated[contact.person.phone]}, jadi bukan kontak",
                    f"holds a post in line {seated[contact.person.phone]}, so is no contact",
                )
            elif whole[address][0] != line:
                self.fault(line, "satu orang, satu baris kontak", "one person, one contact row")

    def _duty(self, line: int, title: str, office: str, post: str) -> Duty | None:
        if post:
            try:
                duty = Duty.parse(post)
            except ValueError:
                duty = None
            if duty is None or not self.names.fits(duty):
                self.fault(line, f"tidak ada jabatan {post!r}", f"there is no post {post!r}")
                return None
            return duty
        scopes = self.names.scopes(office)
        if not title or not scopes:
            if not title:
                self.fault(line, "jabatan kosong", "title is empty")
            if not scopes:
                self.fault(line, f"unit {office!r} tidak dikenal", f"unknown office or area {office!r}")
            return None
        found = {Duty(role, scope) for scope in scopes if (role := self.names.role(title, scope)) is not None}
        if len(found) == 1:
            return found.pop()
        if found:
            could = ", ".join(sorted(duty.post for duty in found))
            self.fault(line, f"{office!r} bisa berarti {could}", f"{office!r} could mean {could}")
        else:
            self.fault(
                line,
                f"{office or 'kota'}: tidak ada jabatan {title!r}",
                f"{office or 'city'} has no post {title!r}",
            )
        return None

    def _days(self, line: int, row: Mapping[str, str]) -> tuple[date, date] | None:
        """The days of a turn; one that lacks its end is of one day."""
        given = [row.get("from", ""), row.get("until", "") or row.get("from", "")]
        if not any(given):
            return None
        try:
            first, last = (date.fromisoformat(text) for text in given)
        except ValueError:
            first, last = date.max, date.min
        if first > last:
            shown = " - ".join(given)
            self.fault(
                line,
                f"{shown!r} bukan tanggal dari dan sampai seperti 2026-11-23",
                f"{shown!r} are no days from and until such as 2026-11-23",
            )
            return None
        return first, last

    def _village(self, line: int, office: str) -> str | None:
        found = self.names.scopes(office) & self.names.city.villages.keys()
        if len(found) == 1:
            return found.pop()
        self.fault(
            line, f"kontak perlu satu desa atau kelurahan, bukan {office!r}", "a contact needs one village"
        )
        return None

    def _person(self, line: int, row: Mapping[str, str], title: str, *, needs_phone: bool) -> Person | None:
        from chalicelib.usecases.posts import Person

        name, language = row.get("name", ""), row.get("language", "").casefold() or "id"
        begun = len(self.faults)
        if not name or len(name) > 100:
            self.fault(
                line, "nama kosong atau lebih dari 100 huruf", "name is empty or longer than 100 letters"
            )
        if language not in self.names.city.languages:
            self.fault(line, f"bahasa {language!r} tidak ada", f"no language {language!r}")
        given = row.get("phone", "")
        phone = _address("phone", given) if given else ""
        if phone is None or (needs_phone and not given):
            self.fault(line, f"{given!r} bukan nomor seluler", f"{given!r} is no mobile number")
        email = _address("email", row.get("email", ""))
        if email is None:
            self.fault(
                line, f"{row.get('email', '')!r} bukan surel", f"{row.get('email', '')!r} is no e-mail"
            )
        if len(self.faults) > begun or email is None:
            return None
        return Person(name, phone or "", email, title, language)


def _address(kind: str, given: str) -> str | None:
    """A phone in E.164 or a mailbox, checked as the sign-in form checks it; None for what is neither."""
    from chalicelib.http import forms

    try:
        return forms.address({kind: given})[0] if given else None
    except Invalid:
        return None


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.posts", description=__doc__.partition("\n")[0])
    parser.add_argument("file", type=Path, nargs="?")
    parser.add_argument("--add", action="store_true", help="leave whoever holds these posts in them")
    parser.add_argument("--remove", metavar="ADDRESS", default="", help="take one person out of all posts")
    parser.add_argument(
        "--invite", metavar="ADDRESS", default="", help="a new account: the second factor was lost"
    )
    options = parser.parse_args(arguments)
    if sum(map(bool, (options.file, options.remove, options.invite))) != 1:
        parser.error("one of: a file, --remove, --invite")
    if not find_settings():
        print(
            "Layanan belum berjalan: mulai dengan `make run`, atau ekspor pengaturan tahapnya.\n"
            "The service does not run: start it with `make run`, or export the settings of the stage.",
            file=sys.stderr,
        )
        return 1
    from chalicelib.usecases.record import city

    profile = city()
    if address := options.remove or options.invite:
        return _one(address, remove=bool(options.remove))
    try:
        roster = read(options.file.read_bytes(), profile)
        if options.add:
            demand_room(roster)
    except OSError as error:
        print(f"{options.file}: {error.strerror}", file=sys.stderr)
        return 1
    except BadRoster as error:
        count = len(error.faults)
        print(
            f"Tidak ada yang disimpan, kesalahan: {count} / nothing was stored, faults: {count}",
            file=sys.stderr,
        )
        for fault in error.faults:
            print(f"  {fault}", file=sys.stderr)
        return 1
    return _install(roster, beside=options.add)


def demand_room(roster: Roster) -> None:
    """Raises BadRoster where somebody is to be put beside the holder of a post that one person holds."""
    from chalicelib.usecases import posts

    faults = []
    for post, person in posts.second_holders(roster, _SEVERAL):
        faults.append(
            f"{post} sudah dipegang; {person} sebagai pengganti, atau impor tanpa ADD / {post} has a holder; make"
            f" {person} a delegate, or import without ADD"
        )
    if faults:
        raise BadRoster(faults)


def _one(address: str, *, remove: bool) -> int:
    """Take one person out, or give them a new account."""
    from botocore.exceptions import BotoCoreError, ClientError
    from pynamodb.exceptions import PynamoDBException

    from chalicelib import pool
    from chalicelib.domain.errors import NotFound
    from chalicelib.usecases import posts

    known = _address("email" if "@" in address else "phone", address)
    try:
        officer = posts.find(known or "")
        if remove:
            posts.remove(officer)
        elif pool.is_ours():
            posts.invite_again(officer)
        else:
            print(
                "Akun diurus penyedia identitas kota.\nThe city's own provider keeps accounts.",
                file=sys.stderr,
            )
            return 1
    except NotFound:
        print(
            "Tidak ada petugas (tunggal) dengan alamat itu.\nNo (single) officer has this address.",
            file=sys.stderr,
        )
        return 1
    except (BotoCoreError, ClientError, PynamoDBException) as error:
        print(_UNREACHABLE.format(why=type(error).__name__), file=sys.stderr)
        return 1
    print(
        f"{officer.title}: tidak lagi bertugas, akun dihapus. / out of all posts, the account is deleted."
        if remove
        else f"{officer.title}: akun baru, sandi lewat surel. / a new account, its password by e-mail."
    )
    return 0


_UNREACHABLE = (
    "Layanan tidak terjangkau; jalankan lagi nanti, hasilnya sama. ({why})\n"
    "The service cannot be reached; run this again later, the result is the same."
)


def _install(roster: Roster, *, beside: bool) -> int:
    from botocore.exceptions import BotoCoreError, ClientError
    from pynamodb.exceptions import PynamoDBException

    from chalicelib.usecases import posts, reading

    def progress(done: int, of: int) -> None:
        if done % 25 == 0 or done == of:
            print(f"  {done}/{of}", flush=True)

    try:
        done = posts.install(roster, beside=beside, progress=progress)
        vacant, silent = reading.unfilled_posts(), posts.silent_offices()
    except (BotoCoreError, ClientError, PynamoDBException) as error:
        print(_UNREACHABLE.format(why=type(error).__name__), file=sys.stderr)
        return 1
    print(
        f"Tersimpan: {done.officers} orang, {done.posts} jabatan, {done.contacts} kontak; {done.dismissed} tidak lagi"
        f" bertugas.\nStored: {done.officers} people, {done.posts} posts, {done.contacts} contacts;"
        f" {done.dismissed} hold nothing any more."
    )
    _list("Jabatan tanpa orang / posts without anybody", vacant)
    _list("Kantor yang tidak terjangkau / offices that nobody hears for", silent)
    return 0


def _list(title: str, rows: Sequence[tuple[str, str]]) -> None:
    print(f"{title}: {len(rows)}")
    for key, name in rows:
        print(f"  {key:46} {name}")


def find_settings() -> bool:
    """Take the running local stack's settings where the environment names no stage of its own."""
    if os.environ.get("TABLE_PREFIX"):
        return True
    file = Path(os.environ.get("DATA_DIR") or PROJECT / ".local").expanduser() / "environment.json"
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    # Nothing of the person's own AWS: a slip must not reach a real account.
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(values)
    return True


if __name__ == "__main__":
    sys.exit(main())
