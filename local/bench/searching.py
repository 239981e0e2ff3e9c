"""What a search of staff reads, and what keeping the index writes: ``python -m local.bench.searching``.

A year of an invented city at several sizes. Its words are drawn as words of a language are (the most frequent one in
four of ten texts, half of them seldom), so that a frequent word is as dear as a real one. Rows are written as the index
job writes them, and the searches run through the use case. An empty read counts half a unit, as AWS counts it and the
emulator does not.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import Any

from local.bench.world import CITY, Item, World, _rows, invented, open_world, prefix, write

MONTHS = 12
WORDS = 20
"""Words of one text that are kept, without the stop words."""
VOCABULARY = 6000


@dataclass(slots=True)
class Spent:
    """Units and requests of one act."""

    reads: float = 0
    writes: float = 0
    requests: int = 0


@contextmanager
def spending() -> Iterator[Spent]:
    from chalicelib.store.tables import connection

    spent = Spent()

    def before(params: dict[str, Any], **_: object) -> None:
        params["ReturnConsumedCapacity"] = "TOTAL"

    def after(parsed: Mapping[str, Any], model: Any, **_: object) -> None:
        told = parsed["ConsumedCapacity"]
        spent.requests += 1
        for part in told if isinstance(told, list) else [told]:
            if model.name in ("Query", "BatchGetItem"):
                spent.reads += max(part["CapacityUnits"], 0.5)
            else:
                spent.writes += part["CapacityUnits"]

    events = connection().client.meta.events
    events.register("provide-client-params.dynamodb", before)
    events.register("after-call.dynamodb", after)
    try:
        yield spent
    finally:
        events.unregister("provide-client-params.dynamodb", before)
        events.unregister("after-call.dynamodb", after)


@dataclass(frozen=True, slots=True)
class Asked:
    name: str
    text: str = ""
    narrow: bool = False
    """By an officer of one office, not by triage."""
    months: int = 12
    office: str | None = None


def word(rank: int) -> str:
    """An invented word of the language, by how frequent it is: 0 is the most frequent."""
    syllables = (
        "ba",
        "ci",
        "du",
        "ge",
        "ho",
        "ka",
        "li",
        "mu",
        "ne",
        "po",
        "ra",
        "su",
        "ti",
        "wo",
        "ya",
        "zi",
    )
    found = ""
    number = rank + 4096
    while number:
        number, place = divmod(number, 16)
        found += syllables[place]
    return found


ASKED = (
    Asked("a word that stands in one of a thousand texts", word(400)),
    Asked("the same, the last three months", word(400), months=3),
    Asked("one that stands in four of a hundred", word(10)),
    Asked("the most frequent, in four of ten", word(0)),
    Asked("the most frequent and a seldom one", f"{word(0)} {word(400)}"),
    Asked("three frequent words", f"{word(0)} {word(1)} {word(2)}"),
    Asked("a beginning of four letters", word(10)[:4]),
    Asked("a word that stands nowhere", "kelelawar"),
    Asked("the most frequent, by an officer of one office", word(0), narrow=True),
    Asked("all of one office, without a word", office="pupr"),
    Asked("all of the city, without a word"),
)


def cases(world: World, per_month: int) -> Iterator[tuple[Item, list[Item]]]:
    """Heads, each with its rows of the index."""
    from chalicelib import cities
    from chalicelib.domain import search as words
    from chalicelib.store import search
    from chalicelib.store.tables import SearchRow

    city, apart = cities.load(CITY), timedelta(days=30) / per_month
    weights = [min(0.4, 4 / (rank + 10)) for rank in range(VOCABULARY)]
    vocabulary = [word(rank) for rank in range(VOCABULARY)]
    chance = Random(11)
    for number in range(MONTHS * per_month):
        change = invented(number, world.now)
        complaint = replace(change.complaint, filed_at=world.now - timedelta(minutes=1) - number * apart)
        head = _rows(replace(change, complaint=complaint))[0]
        text = " ".join(dict.fromkeys(chance.choices(vocabulary, weights, k=WORDS)))
        wanted = search.wanted(complaint, words.kept(replace(complaint, text=text), ()), city)
        office, village = wanted.place
        rows = []
        for key in wanted.keys:
            pk, sk = search._key(complaint.code, wanted, key)
            rows.append(SearchRow(pk, sk, o=office, a=village).serialize())
        yield head, rows


def load(world: World, per_month: int) -> tuple[int, int]:
    """Fill both tables; how many cases, and rows of the index."""
    number = rows = 0

    def heads() -> Iterator[Item]:
        for head, _ in cases(world, per_month):
            yield head

    def index() -> Iterator[Item]:
        nonlocal number, rows
        for _, found in cases(world, per_month):
            number, rows = number + 1, rows + len(found)
            yield from found

    write(world.dynamodb.port, f"{prefix()}complaints", heads(), threads=4)
    write(world.dynamodb.port, f"{prefix()}search", index(), threads=4)
    return number, rows


def ask(world: World, asked: Asked) -> tuple[Spent, Any]:
    from chalicelib.usecases.search import Query, find

    since = (world.now - timedelta(days=30 * asked.months)).date()
    query = Query(asked.text, office=asked.office, since=since)
    with spending() as spent:
        found = find(world.officer if asked.narrow else world.sorter, query, now=world.now)
    return spent, found


def keep(world: World) -> list[tuple[str, Spent]]:
    """What taking up a case reads and writes: filed, answered, and made anew."""
    from chalicelib.store import search
    from chalicelib.usecases import indexing
    from local.bench.capacity import filed

    found = []
    case = filed(world)

    def take(name: str) -> None:
        with spending() as spent:
            indexing.sweep()
        found.append((name, spent))

    take("a case of 250 letters that was filed")
    case.office("release", {})
    case.office("replies", {"text": "Petugas akan datang besok pagi untuk memeriksa."})
    take("an answer of seven words")
    search.mark_anew([case.code])
    take("the same case, made anew")
    take("a minute in which nothing happened")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.bench.searching", description=__doc__)
    parser.add_argument("--per-month", type=int, default=1000, help="cases of a month")
    per_month = parser.parse_args().per_month
    world = open_world()
    try:
        for name, spent in keep(world):
            print(f"| {name} | {spent.writes:g} | {spent.reads:g} | {spent.requests} |")
        number, rows = load(world, per_month)
        print(f"{per_month} a month: {number:,} cases, {rows:,} rows, {rows / number:.1f} each")
        for asked in ASKED:
            spent, found = ask(world, asked)
            more = "+" if found.cursor else ""
            print(
                f"| {asked.name} | {spent.reads:g} | {spent.requests} | {len(found.cards)}{more} |",
                flush=True,
            )
    finally:
        world.close()


if __name__ == "__main__":
    main()
