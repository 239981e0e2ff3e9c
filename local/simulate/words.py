"""What the table and the picture call things: Indonesian first, English beside it."""

from __future__ import annotations

from chalicelib.domain.city import City
from local.simulate.figures import REMINDED, VILLAGES, Range

SETTING = {
    "optimistic": ("Optimis", "optimistic"),
    "middle": ("Tengah", "middle"),
    "pessimistic": ("Pesimis", "pessimistic"),
}

PERCENT = "%"

CITY_FIGURES: tuple[tuple[str, str, str, str], ...] = (
    # name, Indonesian, English, unit
    ("cases", "Aduan", "Cases", ""),
    ("first_reply", "Balasan pertama tepat waktu", "First reply on time", PERCENT),
    ("resolution", "Selesai tepat waktu", "Resolution on time", PERCENT),
    ("unextended", "- tanpa janji yang diperpanjang saat dipilah", "- had sorting put nothing off", PERCENT),
    ("extended", "- janji diperpanjang saat dipilah", "- promises put off when sorted", ""),
    ("verification", "Dipilah tepat waktu", "Sorted on time", PERCENT),
    ("escalations", "Eskalasi", "Escalations", ""),
    ("clock:first_reply", "- karena belum dibalas", "- for want of a first reply", ""),
    ("clock:resolution", "- karena belum selesai", "- for want of a resolution", ""),
    ("clock:verification", "- karena belum dipilah", "- for want of sorting", ""),
    ("clock:handover", "- karena belum ditanggapi sejak diteruskan", "- for want of a first act", ""),
    ("clock:screening", "- karena teks belum diperiksa", "- for want of screening", ""),
)

CITY_TAIL: tuple[tuple[str, str, str, str], ...] = (
    ("notices", "Pesan (semua saluran)", "Messages (all channels)", ""),
    ("sms", "SMS yang ditagih", "SMS that are billed", ""),
    ("thousands", "Biaya SMS setahun (ribu Rp)", "Cost of SMS in the year (thousand Rp)", ""),
    ("per_case", "Biaya SMS per aduan (Rp)", "Cost of SMS per case (Rp)", ""),
    ("end:confirmed", "Ditutup, pelapor puas", "Closed, reporter content", ""),
    ("end:disputed", "Ditutup, pelapor tidak puas", "Closed, reporter not content", ""),
    ("end:silence", "Ditutup tanpa jawaban pelapor", "Closed by silence", ""),
    ("end:rejected", "Ditolak dengan alasan", "Declined with a reason", ""),
    ("waiting", "Menunggu pelapor di akhir tahun", "With the reporter at year's end", ""),
    ("open", "Masih terbuka di akhir tahun", "Still open at year's end", ""),
    ("reopened", "Dibuka lagi oleh pelapor", "Reopened by the reporter", ""),
)

RUNGS = (
    "hamlet_head",
    "village_head",
    "district_head",
    "duty",
    "division_head",
    "office_head",
    "secretary",
    "mayor",
)
"""Every role on a ladder, in the order that they are shown."""

COLUMNS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    # An office stands on one line of the ladder, so posts of the same height share a column.
    ("Kaling", "Duty", ("hamlet_head", "duty")),
    ("Kabid/Lurah", "Division", ("division_head", "village_head")),
    ("Kadis/Camat", "Head", ("office_head", "district_head")),
    ("Sekda", "Secretary", ("secretary",)),
    ("W.Kota", "Mayor", ("mayor",)),
    ("Ingat", "Reminded", (REMINDED,)),
)


def office_name(office: str, city: City) -> str:
    """An office's short name, or what all villages together are called."""
    return f"Semua {len(city.villages)} desa/kel." if office == VILLAGES else city.offices[office].short


def rung(role: str, city: City) -> tuple[str, str]:
    """What a rung is called, by the profile."""
    if role == REMINDED:
        return "Kantor, diingatkan lagi", "the office, reminded"
    for ladder in city.ladders.values():
        for step in ladder:
            if step.role == role:
                return step.labels["id"], step.labels["en"]
    return role, role


def number(value: float | None, unit: str = "") -> str:
    """Thousands with a point, as Indonesia writes them; a dash for what nobody knows."""
    if value is None:
        return "-"
    return f"{value:,.0f}".replace(",", ".") + (f" {unit}" if unit else "")


def span(found: Range | None, unit: str = "") -> str:
    """``median (least-most)``."""
    if found is None:
        return "-"
    if found.least == found.most:
        return number(found.middle, unit)
    return f"{number(found.middle, unit)} ({number(found.least)}-{number(found.most)})"
