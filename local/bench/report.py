"""What was counted, beside its goal; on the terminal and as docs/performance.md."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Line:
    """One figure. ``goal`` is the most it may be; None where there is none to hold it to."""

    name: str
    value: float
    unit: str
    goal: float | None = None
    note: str = ""
    must: bool = True
    """False for a goal that a later issue sets: shown, but no reason to fail."""

    @property
    def met(self) -> bool:
        return self.goal is None or self.value <= self.goal + 1e-9

    @property
    def verdict(self) -> str:
        if self.goal is None:
            return ""
        return "PASS" if self.met else "MISS" if self.must else "later"


@dataclass(slots=True)
class Section:
    title: str
    about: str
    lines: list[Line] = field(default_factory=list)

    def add(
        self,
        name: str,
        value: float,
        unit: str,
        goal: float | None = None,
        note: str = "",
        *,
        must: bool = True,
    ) -> None:
        self.lines.append(Line(name, value, unit, goal, note, must))


@dataclass(slots=True)
class Report:
    """All sections of one run, and the conditions it was made under."""

    conditions: list[str]
    sections: list[Section] = field(default_factory=list)

    def section(self, title: str, about: str) -> Section:
        self.sections.append(Section(title, about))
        return self.sections[-1]

    @property
    def missed(self) -> list[Line]:
        return [line for section in self.sections for line in section.lines if line.must and not line.met]


def show(section: Section) -> str:
    """A section for the terminal."""
    width = max((len(line.name) for line in section.lines), default=0)
    rows = [f"\n{section.title}", f"  {section.about}"]
    for line in section.lines:
        goal = "" if line.goal is None else f"at most {number(line.goal)}"
        rows.append(
            f"  {line.name:<{width}}  {number(line.value):>9} {line.unit:<8} {goal:<15} {line.verdict:<5}"
            f" {line.note}".rstrip()
        )
    return "\n".join(rows)


def markdown(report: Report) -> str:
    """The whole report as docs/performance.md: only what this run counted."""
    parts = [
        "# What it costs",
        "",
        "Written by `python -m local.bench --write`; do not edit. Counts and ratios of one run, seconds in Messages:",
        "`local/bench/` says how each is taken.",
        "",
        *(f"- {condition}" for condition in report.conditions),
    ]
    for section in report.sections:
        parts += ["", f"## {section.title}", "", section.about, ""]
        parts += [
            "| what | counted | unit | at most | | explained |",
            "| --- | ---: | --- | ---: | --- | --- |",
        ]
        for line in section.lines:
            goal = "" if line.goal is None else number(line.goal)
            cells = (line.name, number(line.value), line.unit, goal, line.verdict, line.note)
            parts.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(parts) + "\n"


def number(value: float) -> str:
    """Four figures, and no zeros that say nothing."""
    if value == int(value):
        return f"{int(value):,}"
    text = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.2f}" if abs(value) >= 10 else f"{value:.4f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
