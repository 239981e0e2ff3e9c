"""The study as a picture: one SVG, written by hand, readable in light and in dark."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from html import escape

from local.simulate.arrivals import SETTINGS
from local.simulate.figures import REMINDED, Range
from local.simulate.study import Study
from local.simulate.words import COLUMNS, PERCENT, RUNGS, SETTING, number, office_name, rung, span

_WIDTH = 1080
_LEFT = 24
_OFFICES = 14
_LINE = 165
"""Characters of small print that fit across."""
_MARKS = "AB"
_STYLE = """
:root { --ground: #ffffff; --ink: #1c2430; --soft: #5a6675; --line: #d6dce4;
  --a: #0b6e8a; --b: #b4531a;
  --r0: #b9d7e0; --r1: #84b9c9; --r2: #4c97ad; --r3: #0b6e8a; --r4: #06404f; --r5: #a3a9b2; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #141a21; --ink: #e8edf2; --soft: #a3b0bd; --line: #35404c;
    --a: #4fc0dd; --b: #f0975c; --r0: #1d4a58; --r1: #286d80; --r2: #3592aa; --r3: #4fc0dd; --r4: #b5ecfa;
    --r5: #6b7682; } }
.ground { fill: var(--ground); }
text { font-family: system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; font-size: 13px; fill: var(--ink); }
.title { font-size: 21px; font-weight: 600; }
.head { font-size: 15px; font-weight: 600; }
.soft { fill: var(--soft); font-size: 12px; }
.end { text-anchor: end; }
.mid { text-anchor: middle; }
.line { stroke: var(--line); stroke-width: 1; }
.a { fill: var(--a); } .b { fill: var(--b); }
.span-a, .span-b { opacity: .35; } .span-a { fill: var(--a); } .span-b { fill: var(--b); }
.r0 { fill: var(--r0); } .r1 { fill: var(--r1); } .r2 { fill: var(--r2); }
.r3 { fill: var(--r3); } .r4 { fill: var(--r4); } .r5 { fill: var(--r5); }
"""


def svg(study: Study) -> str:
    """The whole picture: the city under each setting, its rungs, and its busiest offices."""
    parts: list[str] = []
    y = 40.0
    for draw in (_title, _city, _rungs, _offices):
        block, y = draw(study, y)
        parts += block
    height = round(y + 10)
    name = escape(f"Simulasi {study.city.name} {study.year} / simulation")
    size = f'viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="t" lang="id">',
            f'<title id="t">{name}</title>',
            f"<style>{_STYLE}</style>",
            f'<rect class="ground" width="{_WIDTH}" height="{height}"/>',
            *parts,
            "</svg>",
            "",
        ]
    )


def _title(study: Study, y: float) -> tuple[list[str], float]:
    cost = study.city.sms_price
    found = [_text(_LEFT, y, f"Simulasi setahun: {study.city.name}, {study.year}", "title")]
    notes = [
        study.source,
        "Perilaku kantor dan pelapor diandaikan, bukan diukur; titik = nilai tengah, pita = terkecil sampai terbesar",
        "Behaviour of offices and reporters is assumed, not measured; dot = median, band = least to most",
        "Optimis, Tengah, Pesimis: tiga andaian / three settings, optimistic, middle, pessimistic",
        f"SMS Rp {number(float(cost['rupiah']))} per {cost.get('as_of', '?')}: {cost.get('source', '?')}",
    ]
    for line in (line for note in notes for line in textwrap.wrap(note, _LINE)):
        y += 18
        found.append(_text(_LEFT, y, line, "soft"))
    if len(study.policies) > 1:
        for mark, css, policy in zip(_MARKS, "ab", study.policies, strict=False):
            y += 20
            found.append(f'<circle class="{css}" cx="{_LEFT + 6}" cy="{y - 4:.1f}" r="5"/>')
            found.append(_text(_LEFT + 18, y, f"{mark}: {policy.name}"))
    return found, y + 36


def _city(study: Study, y: float) -> tuple[list[str], float]:
    found = [_text(_LEFT, y, "Seluruh kota / Whole city", "head")]
    panels = (
        ("first_reply", "Balasan pertama tepat waktu", "First reply on time", PERCENT),
        ("resolution", "Selesai tepat waktu", "Resolution on time", PERCENT),
        ("per_case", "Biaya SMS per aduan, Rp", "SMS cost per case, rupiah", ""),
    )
    top, bottom, width = y + 24, y, 330
    for column, (name, indonesian, english, unit) in enumerate(panels):
        x = _LEFT + column * (width + 22)
        found += [_text(x, top, indonesian), _text(x, top + 16, english, "soft")]
        spans = [study.whole_span(n, name) for n in range(len(study.policies))]
        most = 100.0 if unit else max((s.most for s in spans if s), default=1.0)
        row = top + 40
        for setting in SETTINGS:
            found.append(_text(x, row + 4, SETTING[setting][0]))
            for n in range(len(study.policies)):
                here = study.span(n, setting, name)
                found += _dot(here, x + 62, row, width - 62 - 142, most, "ab"[n])
                found.append(_text(x + width, row + 4, span(here, unit), "soft end"))
                row += 20
            row += 6
        bottom = max(bottom, row)
    return found, bottom + 24


def _rungs(study: Study, y: float) -> tuple[list[str], float]:
    found = [
        _text(_LEFT, y, "Eskalasi sampai ke mana / How far cases climb", "head"),
        _text(
            _LEFT, y + 18, "andaian tengah, pita: semua andaian / middle setting, band: all settings", "soft"
        ),
    ]
    y += 42
    roles = [
        role
        for role in (*RUNGS, REMINDED)
        if any((r := study.whole_span(n, f"rung:{role}")) and r.most for n in range(len(study.policies)))
    ]
    wholes = [study.whole_span(n, f"rung:{role}") for role in roles for n in range(len(study.policies))]
    most = max((w.most for w in wholes if w), default=1.0)
    for role in roles:
        indonesian, english = rung(role, study.city)
        found.append(_text(_LEFT, y + 4, indonesian))
        found.append(_text(_LEFT + 210, y + 4, english, "soft"))
        for n in range(len(study.policies)):
            whole, here = study.whole_span(n, f"rung:{role}"), study.span(n, "middle", f"rung:{role}")
            if whole and here:
                both = Range(whole.least, here.middle, whole.most)
                found += _dot(both, _LEFT + 380, y, 500, most, "ab"[n])
                found.append(_text(_WIDTH - _LEFT, y + 4, span(both), "soft end"))
            y += 20
        y += 4
    return found, y + 24


def _offices(study: Study, y: float) -> tuple[list[str], float]:
    found = [
        _text(_LEFT, y, "Tiap kantor / Each office", "head"),
        _text(
            _LEFT, y + 18, "andaian tengah, pita: semua andaian / middle setting, band: all settings", "soft"
        ),
    ]
    columns = ((230, "Balas tepat", "reply on time"), (410, "Selesai tepat", "resolved on time"))
    climbs_at, climbs_wide = 590, 290
    y += 44
    found += [_text(_LEFT, y, "Kantor"), _text(_LEFT, y + 15, "Office", "soft")]
    found += [_text(205, y, "Aduan", "end"), _text(205, y + 15, "cases", "soft end")]
    for left, indonesian, english in columns:
        found += [_text(left, y, indonesian), _text(left, y + 15, english, "soft")]
    found += [
        _text(climbs_at, y, "Eskalasi per jenjang"),
        _text(climbs_at, y + 15, "escalations per rung", "soft"),
    ]
    found += [
        _text(_WIDTH - _LEFT, y, "Rp per aduan", "end"),
        _text(_WIDTH - _LEFT, y + 15, "per case", "soft end"),
    ]
    y += 34
    offices = study.offices()[:_OFFICES]
    most = max((_climbs(study, n, o)[1] for o in offices for n in range(len(study.policies))), default=1) or 1
    for office in offices:
        found.append(f'<line class="line" x1="{_LEFT}" x2="{_WIDTH - _LEFT}" y1="{y - 13}" y2="{y - 13}"/>')
        found.append(_text(_LEFT, y + 4, office_name(office, study.city)[:17]))
        for n in range(len(study.policies)):
            cases = study.span(n, "middle", "cases", office)
            found.append(_text(205, y + 4, number(cases.middle if cases else None), "soft end"))
            for (left, _, _), name in zip(columns, ("first_reply", "resolution"), strict=True):
                whole, here = study.whole_span(n, name, office), study.span(n, "middle", name, office)
                if whole and here:
                    both = Range(whole.least, here.middle, whole.most)
                    found += _dot(both, left, y, 112, 100, "ab"[n])
                    found.append(_text(left + 122, y + 4, number(here.middle, PERCENT), "soft"))
            x = float(climbs_at)
            amounts, total = _climbs(study, n, office)
            for shade, amount in enumerate(amounts):
                wide = climbs_wide * amount / most
                if wide:
                    found.append(
                        f'<rect class="r{shade}" x="{x:.1f}" y="{y - 6:.1f}" width="{wide:.1f}" height="12"/>'
                    )
                x += wide
            found.append(_text(x + 6, y + 4, number(total), "soft"))
            cost = study.span(n, "middle", "per_case", office)
            found.append(_text(_WIDTH - _LEFT, y + 4, number(cost.middle if cost else None), "end"))
            y += 20
        y += 6
    x = float(_LEFT)
    for shade, (indonesian, english, _) in enumerate(COLUMNS):
        found.append(f'<rect class="r{shade}" x="{x:.1f}" y="{y - 4:.1f}" width="12" height="12"/>')
        found.append(_text(x + 18, y + 6, f"{indonesian} / {english}", "soft"))
        x += 46 + 6.4 * len(f"{indonesian} / {english}")
    return found, y + 24


def _climbs(study: Study, n: int, office: str) -> tuple[list[float], float]:
    amounts = []
    for _, _, roles in COLUMNS:
        spans = [study.span(n, "middle", f"rung:{role}", office) for role in roles]
        amounts.append(sum(s.middle for s in spans if s))
    return amounts, sum(amounts)


def _dot(found: Range | None, x: float, y: float, width: float, most: float, css: str) -> Iterator[str]:
    """A track from 0 to ``most`` with a band from least to most of the range and a dot at its middle."""
    yield f'<line class="line" x1="{x:.1f}" x2="{x + width:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'
    if found is None or not most:
        return
    left, dot, right = (x + width * value / most for value in (found.least, found.middle, found.most))
    yield (
        f'<rect class="span-{css}" x="{left:.1f}" y="{y - 4:.1f}" width="{max(right - left, 1):.1f}" height="8"'
        ' rx="4"/>'
    )
    yield f'<circle class="{css}" cx="{dot:.1f}" cy="{y:.1f}" r="5"/>'


def _text(x: float, y: float, words: str, css: str = "") -> str:
    kind = f' class="{css}"' if css else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{kind}>{escape(words)}</text>'
