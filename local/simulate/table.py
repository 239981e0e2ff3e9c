"""The study as text for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from local.simulate.arrivals import SETTINGS, assumptions
from local.simulate.figures import REMINDED, Range
from local.simulate.study import Study
from local.simulate.words import (
    CITY_FIGURES,
    CITY_TAIL,
    COLUMNS,
    RUNGS,
    SETTING,
    number,
    office_name,
    rung,
    span,
)

_MARKS = "AB"


def lines(study: Study, *, most_offices: int) -> Iterator[str]:
    """All of it: what was asked, what is assumed, the city's figures with their span, and each office's."""
    yield from _asked(study)
    yield ""
    yield from _assumed()
    yield ""
    yield from _city(study)
    yield ""
    yield from _offices(study, most_offices)


def _asked(study: Study) -> Iterator[str]:
    city = study.city
    yield f"{city.name}, {study.year}: {study.source}"
    yield (
        f"Setiap angka: nilai tengah (terkecil-terbesar) dari seed {', '.join(map(str, study.seeds))}"
        " / each figure: median (least-most) of these seeds"
    )
    cost = city.sms_price
    yield (
        f"Harga SMS / price of an SMS: Rp {number(float(cost['rupiah']))} per {cost.get('as_of', '?')}"
        f" ({cost.get('source', '?')})"
    )
    for mark, policy in zip(_MARKS, study.policies, strict=False):
        if len(study.policies) > 1:
            yield f"{mark} = {policy.name}"
        groups: dict[str, list[str]] = {}
        for category in policy.changed:
            old, new = city.categories[category].level, policy.city.categories[category].level
            change = f"{old.first_reply}, {old.resolution} -> {new.first_reply}, {new.resolution}"
            groups.setdefault(change, []).append(category)
        for change, categories in groups.items():
            yield f"    {change}:"
            yield from textwrap.wrap(
                ", ".join(categories), 110, initial_indent="      ", subsequent_indent="      "
            )


def _assumed() -> Iterator[str]:
    yield "YANG DIANDAIKAN, bukan diukur di kota ini / ASSUMED, not measured in this city"
    yield f"  {'':86} {'optimis':>8} {'tengah':>8} {'pesimis':>8}"
    for entry in assumptions()["input"].values():
        values = " ".join(f"{value:>8g}" for value in entry["values"])
        yield f"  {entry['id']:86} {values}"
        yield f"    {entry['en']}; {entry['source']}"
    yield "  Tetap / fixed: 30 % pelapor menyebut banjar; pengerjaan ulang separuh waktu; tak ada laporan saat Nyepi"
    yield "    30 % of reporters name a hamlet; doing it again takes half the time; nobody reports on Nyepi"
    yield "  Campuran kategori, musim, hari dan jam / mix of categories, seasons, days, hours: assumptions.toml"


def _city(study: Study) -> Iterator[str]:
    yield (
        f"SELURUH KOTA / WHOLE CITY{'':47}"
        + "".join(f"{SETTING[s][0]:>25}" for s in SETTINGS)
        + f"{'Semua / all':>25}"
    )
    rungs = [
        (f"rung:{role}", f"- sampai / to {rung(role, study.city)[0]}", rung(role, study.city)[1], "")
        for role in (*RUNGS, REMINDED)
    ]
    for name, indonesian, english, unit in (*CITY_FIGURES, *rungs, *CITY_TAIL):
        label = f"{indonesian} / {english}"
        for n in range(len(study.policies)):
            found = [study.span(n, s, name) for s in SETTINGS]
            whole = study.whole_span(n, name)
            if not any(r and r.most for r in found):
                continue
            mark = f"{_MARKS[n]} " if len(study.policies) > 1 else ""
            cells = "".join(f"{span(r, unit):>25}" for r in (*found, whole))
            yield f"  {mark}{(label if n == 0 else ''):{70 - len(mark)}}{cells}"


def _offices(study: Study, most: int) -> Iterator[str]:
    yield (
        "PER KANTOR, andaian tengah; dalam kurung: dari semua andaian dan seed"
        " / PER OFFICE, middle setting; in brackets: over all settings and seeds"
    )
    heads = "".join(f"{column[0]:>12}" for column in COLUMNS)
    yield (
        f"  {'Kantor':30}{'Aduan':>7}{'Balas tepat %':>16}{'Selesai tepat %':>17}{heads}"
        f"{'Pesan':>9}{'SMS':>8}{'Rp/tahun':>13}{'Rp/aduan':>24}"
    )
    heads = "".join(f"{column[1]:>12}" for column in COLUMNS)
    yield (
        f"  {'Office':30}{'Cases':>7}{'reply on time':>16}{'resolved on time':>17}{heads}"
        f"{'Messages':>9}{'SMS':>8}{'Rp/year':>13}{'Rp/case':>24}"
    )
    offices = study.offices()
    for office in offices[:most]:
        for n in range(len(study.policies)):
            yield _office(study, office, n)
    if (rest := len(offices) - most) > 0:
        yield f"  ... {rest} kantor lain, lihat --offices / {rest} more offices, see --offices"


def _office(study: Study, office: str, n: int) -> str:
    def middle(name: str) -> float | None:
        found = study.span(n, "middle", name, office)
        return found.middle if found else None

    def both(name: str) -> str:
        whole = study.whole_span(n, name, office)
        here = study.span(n, "middle", name, office)
        if here is None or whole is None:
            return "-"
        return span(Range(whole.least, here.middle, whole.most))

    mark = f"{_MARKS[n]} " if len(study.policies) > 1 else ""
    name = f"{mark}{office_name(office, study.city)}"[:29]
    climbs = "".join(
        f"{number(sum(middle(f'rung:{role}') or 0 for role in roles)):>12}" for _, _, roles in COLUMNS
    )
    return (
        f"  {name:30}{number(middle('cases')):>7}{both('first_reply'):>16}{both('resolution'):>17}{climbs}"
        f"{number(middle('notices')):>9}{number(middle('sms')):>8}{number(middle('rupiah')):>13}"
        f"{both('per_case'):>24}"
    )
