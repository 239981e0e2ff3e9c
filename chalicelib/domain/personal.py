"""What in a text tells of a person, or should be read by somebody before the public does.

`find` names each place by kind. Numbers and addresses (`MASKED`) are shown to the reporter before filing, and the
public reads dots in their place if they stay. Names, abuse and gore (`HOLDING`) keep a text from the public until
triage has read it; nothing is ever refused for them. The rules were tuned on the open half of a labelled set and
measured on the other (docs/privacy.md has the figures); they are hints for a reader and prove nothing.

A NIK is PPKKCC DDMMYY NNNN, a woman's day plus 40 (Permendagri 2019; docs/privacy.md).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache


class Kind(StrEnum):
    """What was found."""

    NIK = "nik"
    PHONE = "phone"
    EMAIL = "email"
    PLATE = "plate"
    BANK = "bank"
    PERSON = "person"
    HOUSE = "house"
    BUSINESS = "business"
    INSULT = "insult"
    GORE = "gore"


MASKED = frozenset({Kind.NIK, Kind.PHONE, Kind.EMAIL, Kind.PLATE, Kind.BANK})
"""Shown to the reporter to take out, and dots in public where they stay."""
HOLDING = frozenset({Kind.PERSON, Kind.HOUSE, Kind.BUSINESS, Kind.INSULT, Kind.GORE})
"""Somebody reads the text before the public does."""
_HOLDING_ORDER = (Kind.HOUSE, Kind.BUSINESS, Kind.PERSON, Kind.INSULT, Kind.GORE)
MASK = "•••"


@dataclass(frozen=True, slots=True)
class Finding:
    """One place in a text, by characters: ``text[start:end]``."""

    kind: Kind
    start: int
    end: int


def find(text: str, kinds: frozenset[Kind] = MASKED | HOLDING) -> tuple[Finding, ...]:
    """All that was found, in the order of the text. Of numbers that could be two things the likelier one is named."""
    plain = _same_length(text)
    found: list[Finding] = []
    for kind, start, end in _numbers(plain) if kinds & MASKED else ():
        if kind in kinds:
            found.append(Finding(kind, start, end))
    named: list[tuple[int, int]] = []
    for kind in _HOLDING_ORDER if kinds & HOLDING else ():
        spans = [each.span("x") for pattern in _patterns()[kind] for each in pattern.finditer(plain)]
        taken = -1
        for start, end in sorted(spans, key=lambda span: (span[0], -span[1])):
            if start < taken:  # the first and longest of those that overlap
                continue
            if kind is Kind.PERSON and _is_place(plain, start, named):
                continue
            taken = end
            named.append((start, end))
            if kind in kinds:
                found.append(Finding(kind, start, end))
    return tuple(sorted(found, key=lambda each: (each.start, each.end)))


def holds(text: str) -> bool:
    """Whether somebody has to read this before the public does."""
    return bool(find(text, HOLDING))


def masked(text: str) -> str:
    """The text as the public may read it: dots for each number and address of a person."""
    if not _may_hold_a_number(text):
        return text  # and spare a function that only reads the making of the rules
    parts, at = [], 0
    for each in find(text, MASKED):
        parts += [text[at : each.start], MASK]
        at = each.end
    return "".join([*parts, text[at:]])


def _may_hold_a_number(text: str) -> bool:
    return (
        any(character.isdigit() or character in "@([" for character in text)
        or " at " in text
        or any(word in text.lower() for word in ("delapan", "eight"))
    )


def _is_place(text: str, start: int, named: list[tuple[int, int]]) -> bool:
    """Whether a name stands in that of a house, a shop, a street or a school."""
    return any(a <= start < b for a, b in named) or _ground().search(text[:start][-40:]) is not None


def _same_length(text: str) -> str:
    """Full-width and other digits as ASCII, one character for one, so that places in the text stay the same."""
    if text.isascii():
        return text
    return "".join(
        made if len(made := unicodedata.normalize("NFKC", character)) == 1 else character
        for character in text
    )


# Numbers and addresses ----------------------------------------------------------------------------------------

_GAP = r"[ .\-_]{0,2}"
_BANKS = (
    "bca|bri|bni|bsi|btn|bpd|mandiri|cimb(?: niaga)?|permata|danamon|panin|mega|ocbc|maybank|jago|seabank"
    "|bank [a-z]+"
)
_PROVINCES = frozenset(
    {
        *(str(n) for n in (*range(11, 20), 21, *range(31, 37), *range(51, 54), *range(61, 66))),
        *(str(n) for n in (*range(71, 77), 81, 82, *range(91, 98))),
    }
)
"""The first two digits of a NIK: codes of provinces (Kepmendagri 100.1.1-6117/2022)."""
_PREFIXES = (
    "A B D E F G H K L M N P R S T W Z AA AB AD AE AG BA BB BD BE BG BH BK BL BM BN BP DA DB DC DD DE DG DH DK DL"
    " DM DN DP DR DS DT DW EA EB ED KB KH KT KU PA PB"
)
"""Regions of number plates (Perpol 7/2021)."""
_NO_SUFFIX = frozenset(
    [
        "dan",
        "di",
        "ke",
        "yg",
        "rt",
        "rw",
        "no",
        "jl",
        "km",
        "m",
        "cm",
        "th",
        "jam",
        "s",
        "sd",
        "tgl",
        "dst",
        "dr",
        "ada",
        "dgn",
        "utk",
        "agar",
        "atau",
        "tdk",
        "dll",
    ]
)
"""Words of one to three letters that follow a number in a text in capitals and end no plate."""


@dataclass(frozen=True, slots=True)
class _Rules:
    email: re.Pattern[str]
    bank: re.Pattern[str]
    bank_after: re.Pattern[str]
    nik: re.Pattern[str]
    nik_said: re.Pattern[str]
    mobile: re.Pattern[str]
    land: re.Pattern[str]
    abroad: re.Pattern[str]
    bare: re.Pattern[str]
    plate: re.Pattern[str]
    plate_said: re.Pattern[str]
    no_plate: re.Pattern[str]


@lru_cache(maxsize=1)
def _rules() -> _Rules:
    """Made on first use: most functions of the city never read a text."""
    i = re.IGNORECASE
    digits = rf"\d(?:{_GAP}\d)"
    return _Rules(
        email=re.compile(
            r"(?<![\w.+\-])[\w.+\-]{1,64}(?:@| ?[(\[](?:at|@)[)\]] ?| at )"
            r"(?:[\w\-]+(?:\.| ?[(\[](?:dot|titik|\.)[)\]] ?| (?:dot|titik) ))+[a-z]{2,10}\b",
            i,
        ),
        bank=re.compile(
            rf"\b(?:no\.? ?rek|norek|rek|rekening(?:nya)?|account|a/c|kartu(?: kredit| debit| atm)?|card|va"
            rf"|virtual account|transfer|tf|{_BANKS})\b(?P<between>[^\d\n]{{0,30}}?)(?P<x>{digits}{{6,18}})(?!\d)",
            i,
        ),
        bank_after=re.compile(
            rf"(?<![\d\w])(?P<x>{digits}{{7,15}}) ?\(?(?:bca|bri|bni|bsi|btn|bpd|mandiri)\b", i
        ),
        nik=re.compile(r"(?<!\d)(?P<x>\d(?:[ ._\-]?\d){15})(?!\d)"),
        nik_said=re.compile(
            r"\b(?:nik(?:nya)?|ktp|kk|kartu keluarga|identitas|identity|id)\W{0,3}(?:no|nomor|number)?\W{0,4}$",
            i,
        ),
        mobile=re.compile(
            rf"(?<![\w+])(?:\+? ?62[ .\-]?(?:\(0\)|0)?[ .\-]?|[0O][ .\-]?)8(?:{_GAP}\d){{7,11}}(?![\w])"
        ),
        land=re.compile(
            r"(?<![\w/.,\-])\(?0(?:[2-79]1|[2-79]\d{2})\)?[ .\-]?[2-9]\d{2}[ .\-]?\d{3,5}(?![\d/])"
        ),
        abroad=re.compile(r"(?<![\w+])\+[1-9]\d{0,2}(?:[ .\-]?\(?\d{1,4}\)?){2,5}(?!\d)"),
        bare=re.compile(
            r"\b(?:hp|wa|whatsapp|telp?|tlpn?|telepon|hub(?:ungi)?|phone|call|kontak|cp)\W{1,4}(?:no(?:mor)?\W{1,2})?"
            r"(?P<x>8[1-9]\d{7,10})(?!\d)",
            i,
        ),
        plate=re.compile(
            rf"(?<![\w\-./])(?P<p>{'|'.join(sorted(_PREFIXES.split(), key=len, reverse=True))})(?P<a>[ .\-]{{0,2}})"
            r"(?P<n>[1-9]\d{0,3})(?P<b>[ .\-]{0,2})(?P<s>[A-Z]{1,3})(?![\w\-])",
            i,
        ),
        plate_said=re.compile(
            r"\b(?:plat|pelat|plate|nopol|no\.? ?pol(?:isi)?|nomor polisi|motor|montor|mobil|truk|truck"
            r"|pickup|pick up"
            r"|bus|taksi|taxi|scooter|avanza|angkot|kendaraan|mikrolet|sopir|supir)\b[^.\n]{0,25}$",
            i,
        ),
        no_plate=re.compile(
            r"\b(?:blok|rute|koridor|loket|antrean|antrian|gang|gg|kavling|kav|unit|row|gate|kelas|lantai|nomor|jalur"
            r"|pipa|gardu|tiang|sma|smp|sd|rt|rw|no)\W{0,2}$",
            i,
        ),
    )


@lru_cache(maxsize=1)
def _spelt() -> re.Pattern[str]:
    digit = "nol|kosong|satu|dua|tiga|empat|lima|enam|tujuh|delapan|sembilan|zero|one|two|three|four|five|six|seven"
    return re.compile(
        rf"\b(?:(?:{digit}|eight|nine|\d{{1,4}})[ ,.\-]{{1,2}}){{7,}}(?:{digit}|eight|nine)\b", re.IGNORECASE
    )


def _numbers(text: str) -> Iterator[tuple[Kind, int, int]]:
    """Each number or address once: what an earlier rule took, a later one leaves alone."""
    rules = _rules()
    taken: list[tuple[int, int]] = []

    def free(start: int, end: int) -> bool:
        if any(start < other_end and other_start < end for other_start, other_end in taken):
            return False
        taken.append((start, end))
        return True

    for each in rules.email.finditer(text):
        if free(*each.span()):
            yield Kind.EMAIL, *each.span()
    for each in rules.nik.finditer(text):
        said = rules.nik_said.search(text[: each.start("x")][-30:]) is not None
        if (said or _is_nik(_digits(each["x"]))) and free(*each.span("x")):
            yield Kind.NIK, *each.span("x")
    for each in rules.bank.finditer(text):
        number = each["x"]
        # A number that would be a mobile is one, unless the account is named right before it.
        far = len(each["between"]) > 3
        if re.fullmatch(r"(?:62|0)8\d{8,11}", _digits(number)) and far:
            continue
        if len(_digits(number)) >= 7 and not _is_date(number) and free(*each.span("x")):
            yield Kind.BANK, *each.span("x")
    for each in rules.bank_after.finditer(text):
        if free(*each.span("x")):
            yield Kind.BANK, *each.span("x")
    for pattern in (rules.mobile, rules.abroad, rules.land):
        for each in pattern.finditer(text):
            if 8 <= len(_digits(each[0])) <= 15 and free(*each.span()):
                yield Kind.PHONE, *each.span()
    for each in rules.bare.finditer(text):
        if free(*each.span("x")):
            yield Kind.PHONE, *each.span("x")
    for each in _spelt().finditer(text):
        if free(*each.span()):
            yield Kind.PHONE, *each.span()
    for each in rules.plate.finditer(text):
        if _is_plate(each, text) and free(*each.span()):
            yield Kind.PLATE, *each.span()


def _digits(text: str) -> str:
    return "".join(character for character in text if character.isdigit())


def _is_nik(number: str) -> bool:
    day, month = int(number[6:8]), int(number[8:10])
    return (
        number[:2] in _PROVINCES
        and number[2:6] != "0000"
        and (1 <= day <= 31 or 41 <= day <= 71)
        and 1 <= month <= 12
        and number[12:] != "0000"
    )


def _is_date(number: str) -> bool:
    return re.fullmatch(r"\d{1,2}[ .\-]\d{1,2}[ .\-](?:19|20)\d{2}|20\d{2}-\d{2}-\d{2}", number) is not None


def _is_plate(each: re.Match[str], text: str) -> bool:
    before = text[: each.start()][-40:]
    said = _rules().plate_said.search(before) is not None
    capitals = each["p"].isupper() and each["s"].isupper()
    if each["s"].lower() in _NO_SUFFIX and not (capitals and said):
        return False
    if _rules().no_plate.search(before) and not said:
        return False
    if not capitals:
        # In small letters "dk 12 ab" is a plate where one was spoken of, or where it stands as one word.
        long = len(each["n"]) >= 3
        return (said and (long or len(each["p"]) == 2)) or (
            long and not each["a"] and not each["b"] and len(each["p"]) == 2
        )
    # "K2B" is a bus line; "DK 2 B" is a plate.
    return len(each["n"]) >= 3 or bool(each["a"] and (said or len(each["p"]) == 2))


@lru_cache(maxsize=1)
def _ground() -> re.Pattern[str]:
    return re.compile(
        r"\b(?:jln?|jalan|gang|gg|simpang|perempatan|pasar|bandara|tukad|pura|patung|lapangan|stadion"
        r"|rsud|rsup|rs|sdn?|smpn?"
        r"|sman?|smkn?|universitas|gor|taman|pantai|jembatan|monumen|museum|gedung|terminal|perumahan"
        r"|banjar|br|street|road)"
        r"\b\W{0,2}(?:(?:I|Ida|Raya|Letda|Kapten|Mayor|Letjen|Jenderal|Dr|Prof|Ir|KH|H)\b\.? ){0,2}$",
        re.IGNORECASE,
    )


# Names, abuse, gore -------------------------------------------------------------------------------------------

_GIVEN = (
    "wayan|made|nyoman|ketut|komang|kadek|gede|putu|luh|iluh|nengah|koming|desak|dewa|gusti|ngurah|agung|sukri|agus"
    "|budi|joko|slamet|bambang|siti|sri|rudi|hendra|andi|tono|endang|dewi|rina|ayu|eko|dwi|tri|yanto|wati|hadi|ahmad"
    "|muhammad|abdul|nur|fitri|rahmat|iwan|dedi|yudi|arif|hasan|ali|rini|yuni|lestari|warni|dayu|rai|oka|bagus|alit"
)
"""Names that a text in small letters still gives away after Pak or Bu."""
_OFFICES = (
    "kaling|kadus|lurah|camat|wali|walikota|wakil|gubernur|bupati|presiden|menteri|kepala|kadis|perbekel|sekda"
    "|sekretaris|ketua|rt|rw|kelian|klian|bendesa|dinas|pemerintah|kapolsek|kapolres|kapolda|polisi|satpol|hakim"
    "|dokter|guru|dosen|sopir|supir|dan|yang|yth|tolong|mohon|kami|saya|kita|ini|itu|bapak|ibu|pak|bu|di|ke"
    "|admin|petugas|pejabat|warga|rumah|kota|desa|kelurahan|jokowi|prabowo|seluruh|pimpinan|direktur|kasi|kabid|dr"
    "|terimakasih|terima|makasih|hamil|hamil2|menyusui|balita|anak|muda|negara|pertiwi|kades|pkk|kandung"
    "|bidan|kantor|lurahnya|jalan|plt"
)
"""What follows Pak or Bu and is an office or a plain word, no name."""
_NAME = r"(?:[A-Z][a-z']+|[A-Z]\.)"
_TITLE = (
    r"(?:[Pp]ak|PAK|[Bb]apak|BAPAK|[Bb]pk\.?|[Bb]u|BU|[Ii]bu|IBU|[Mm]as|[Mm]bak|[Bb]li|[Mm]bok|[Oo]m"
    r"|[Tt]ante|[Jj]ro|[Gg]us"
    r"|[Ss]dr[i]?\.?|[Ss]audar[ai]|[Dd]rs?\.|H\.|Hj\.|Ir\.|Mr\.?|Mrs\.?|Ms\.?|[Pp]an|[Mm]en|[Bb]apan)"
)
_PUBLIC = (
    r"(?!(?:PLN|PDAM|Pos|Telkom|Telkomsel|KAI|Pertamina|Indonesia|Jasa|Angkasa|Pelindo|Dinas"
    r"|Desa|Kota|Kelurahan|Kecamatan|Jl|Jln|Jalan|RT|RW|No|Gang|Gg|Blok|Daerah|Merah)\b)"
)
_SHOP = (
    r"(?:[Ww]arung|[Tt]oko(?: (?:[Bb]angunan|[Bb]esi|[Oo]bat|[Ee]mas))?|[Bb]engkel|[Ll]aundry|[Aa]potek"
    r"|[Aa]potik|[Kk]linik|[Ss]alon"
    r"|[Kk]afe|[Cc]afe|[Bb]ar|[Hh]otel|[Vv]illa|[Vv]ila|[Rr]estoran|[Rr]estaurant|[Rr]esto"
    r"|[Rr]umah [Mm]akan|RM|[Kk]operasi"
    r"|[Kk]os(?:t|an)?|[Ss]pa|[Kk]araoke|[Gg]udang|[Pp]abrik|[Mm]inimarket|[Ss]upermarket|[Pp]eternakan(?: [a-z]+)?"
    r"|[Dd]epot|[Cc]atering|[Pp]ercetakan|[Dd]iskotik|[Hh]omestay|[Gg]uest ?house)"
)
_TRADE = (
    "Laundry|Beach Club|Bar|Hotel|Villas?|Restaurant|Cafe|Café|Spa|Clinic|Resort|Bakery|Salon|Motor|Karaoke|Homestay"
    "|Hostel|Warung|Kitchen|Club"
)


def _longer(words: str) -> str:
    """Words with any letter drawn out: bangsaaat."""
    return "|".join(
        "".join(f"{letter}+" if letter.isalpha() else letter for letter in word) for word in words.split("|")
    )


@lru_cache(maxsize=1)
def _patterns() -> dict[Kind, tuple[re.Pattern[str], ...]]:
    """By kind; the group ``x`` is what was found. Made on first use."""
    i = re.IGNORECASE
    beast = "anjing|anjir|anjeng|babi|monyet|asu|cicing|kirik|celeng"
    abuse = _longer(
        "goblok|goblog|gblk|bangsat|bajingan|tolol|dungu|idiot|kontol|memek|ngentot|jancok|jancuk|dancok"
        "|brengsek|kampret"
        "|keparat|bacot|lonte|pelacur|perek|tai|taik|tahi kucing|sialan|sontoloyo|naskleng|leklek|bungut|cai nani"
        "|pantek|pepek|bedebah|biadab|laknat|bastard|asshole|moron|bullshit|fucking|fuck|wanker|shithead"
        "|motherfucker|dickhead"
        "|retard|scumbag"
    )
    return {
        Kind.PERSON: (
            # Pak Wayan Sudarma; never Pak Kaling, and never Jl. Ahmad Yani.
            re.compile(
                rf"\b{_TITLE} (?P<x>(?!(?i:{_OFFICES})\b)(?:{_NAME})(?: (?!(?i:di|ke|dan"
                rf"|yang)\b){_NAME}){{0,3}})(?![a-z])"
            ),
            re.compile(
                rf"\b(?:pak|bu|bapak|ibu|mas|mbak|bli|mbok|om|si|jro|kadek|pan"
                rf"|men) (?P<x>(?:{_GIVEN})\b(?: (?:{_GIVEN})\b)?)",
                i,
            ),
            # Balinese names say themselves what they are.
            re.compile(
                rf"(?P<x>\b(?:(?:I|Ni)(?= (?:Gede|Luh|Ayu|Gusti|Dewa|Ketut|Wayan|Made|Nyoman|Komang|Kadek"
                rf"|Putu|Nengah)\b)"
                rf"|Ida Bagus|Ida Ayu|Anak Agung|Cokorda|Gusti|Dewa|Desak|AA|IB)\.? "
                rf"(?:(?:Gede|Luh|Ayu|Gusti|Ngurah|Putu|Agung|Wayan|Made|Nyoman|Ketut|Komang|Kadek|Nengah) ){{0,3}}"
                rf"{_NAME}(?: {_NAME}){{0,2}})(?![a-z])"
            ),
            re.compile(
                rf"(?P<x>\b(?:Wayan|Made|Nyoman|Ketut|Komang|Kadek|Gede|Putu|Luh|Nengah) (?!Utara|Selatan"
                rf"|Timur|Barat|Kaja|Kelod)"
                rf"{_NAME}(?: {_NAME}){{0,2}})"
            ),
            # Somebody is introduced by name.
            re.compile(
                rf"\b(?i:bernama|namanya|atas nama|a\.?n\.?|called|named|nama saya|my name is|pelakunya|si)\W{{1,2}}"
                rf"(?:{_TITLE} )?(?P<x>(?!(?i:{_OFFICES})\b){_NAME}(?: {_NAME}){{0,3}})(?![a-z])"
            ),
            re.compile(
                rf"\b(?i:staf|sopirnya|sopir|dokter|guru|petugas|kaling kami|our neighbour|the clerk"
                rf"|oknum|kepada|laporan dari"
                rf"|dari)\W{{1,2}}(?P<x>(?!(?i:{_OFFICES})\b){_PUBLIC}(?:{_GIVEN.title()})\b(?: {_NAME}){{0,3}})",
            ),
            re.compile(
                rf"\b[Ss]aya,? (?P<x>(?!(?i:{_OFFICES})\b){_NAME}(?: {_NAME}){{1,3}})(?=,| dari\b| warga\b)"
            ),
            re.compile(
                rf"\b(?i:orang tua pasien|korban|pasien|pemilik|owner)\W{{1,2}}(?P<x>{_NAME}(?: {_NAME}){{1,3}})\b"
            ),
        ),
        Kind.HOUSE: (
            re.compile(
                r"(?P<x>\b(?:rumah|umah)(?:nya|ne)?(?: (?:kontrakan|kos|dinas|tetangga(?: saya| kami)?|kami|saya))?,?"
                r" (?:(?:pak|bu|bapak|ibu|bli|mbok|pan|men|jro|mas|mbak|om|keluarga) (?!(?:camat|lurah)\b)\w+"
                r"|(?:nomor|nomer|no)\b\.? ?\d+ ?[a-z]?\b))",
                i,
            ),
            re.compile(
                r"(?P<x>\brumah (?:bercat|cat|warna|berwarna|berpagar|pagar|paling pojok|pojok|di sebelah"
                r"|sebelah)\b[^.,;\n]{0,30})",
                i,
            ),
            re.compile(rf"(?P<x>\b[Rr]umah(?:nya)? (?:milik |punya )?(?:{_GIVEN.title()})\b)"),
            re.compile(
                r"(?P<x>\b(?:kos|kamar kos|kontrakan|bangunan) )?(?P<y>milik (?:pak|bu|bapak|ibu) \w+)".replace(
                    "(?P<x>", "(?:"
                ).replace("(?P<y>", "(?P<x>"),
                i,
            ),
            re.compile(
                r"(?P<x>\b(?:the )?(?:house|home) (?:of (?:mr|mrs|pak|bu|ibu|bapak)\.? \w+|(?:number|no\.?) ?\d+)"
                r"|\bthe (?:blue|green|red|white|yellow|big|old|corner|pink|grey|brown) house\b[^.,;\n]{0,25}"
                r"|\bvilla (?:number|no\.?) ?\d+)",
                i,
            ),
        ),
        Kind.BUSINESS: (
            re.compile(
                rf"(?P<x>(?<!-)\b{_SHOP} {_PUBLIC}(?!(?i:{_OFFICES})\b)"
                rf"(?:[A-Z]{{2,3}}\.? )?[A-Z][A-Za-z']+(?: [A-Z][A-Za-z']+){{0,3}})"
            ),
            re.compile(
                rf"(?P<x>\b(?:PT|CV|UD|PD|Fa)\b\.? {_PUBLIC}[A-Z][A-Za-z']+(?: [A-Z][A-Za-z']+){{0,3}})"
            ),
            re.compile(
                rf"(?P<x>\b(?!(?:The|In|At|From)\b)[A-Z][a-z']+(?: [A-Z][a-z']+){{0,2}} (?:{_TRADE}))\b"
            ),
        ),
        Kind.INSULT: (
            re.compile(rf"\b(?P<x>(?:{abuse})(?:nya|s|lah|ne|e)?)\b", i),
            re.compile(
                r"\b(?P<x>t0l0l|g0bl0k|b4ngsat|b4bi|4njing|anj1ng|k0ntol|bgst|anjg|ajg|gblok|jnck"
                r"|piece of shit|son of a bitch)\b",
                i,
            ),
            re.compile(
                rf"\b(?:dasar|kalian(?: semua)?|kamu|kau|lu|loe|lo|si|pejabat|emang|iban) (?P<x>{beast})\b", i
            ),
            re.compile(
                rf"\b(?P<x>{beast})(?= (?:lu|lo|loe|kalian|kau|kamu|semua|banget|iban|bangsat|ci"
                rf"|itu minta|emang)\b|!)",
                i,
            ),
            re.compile(rf"^\W*(?P<x>{beast})(?=[,!.]| kalian)", i),
            re.compile(
                r"\b(?P<x>polo(?:ne)? (?:bangka|belog)|belog polo|maling bangsat|stupid \w+s|otak udang"
                r"|otak kosong|bego(?! kecil| besar)|mata duitan)\b",
                i,
            ),
        ),
        Kind.GORE: (
            re.compile(
                r"\b(?P<x>mayat(?:nya)?|jasad(?:nya)?|jenazah terbakar|mutilasi|dimutilasi|digorok"
                r"|disembelih orang|gantung diri"
                r"|dibacok|ditebas|bersimbah darah|berlumuran darah|genangan darah|darah (?:berceceran"
                r"|mengalir|muncrat|segar)"
                r"|isi perut|(?:usus|jeroan|otak)(?:nya)? (?:keluar|berceceran|terburai)"
                r"|potongan (?:tubuh|tangan|kaki|kepala)"
                r"|tubuh(?:nya)? (?:hancur|terpotong)|terpotong (?:dua|jadi)|dibakar hidup-hidup"
                r"|membusuk penuh belatung"
                r"|tulang(?:nya)? (?:kelihatan|terlihat|keluar)|getih(?:ne)? \w+|bangke jelema)\b",
                i,
            ),
            re.compile(
                r"\b(?:kepala|kaki|tangan|leher|jari|tubuh)(?:nya)?(?: korban)? (?P<x>pecah|putus|hancur"
                r"|remuk|terputus|terpenggal)\b",
                i,
            ),
            re.compile(
                r"\b(?P<x>(?:dead|dismembered|rotting) bod(?:y|ies)|corpses?|beheaded|decapitated"
                r"|blood everywhere|pool of blood"
                r"|guts (?:were |are )?\w+ ?out|severed \w+|mutilated|hanged himself|hanged herself"
                r"|burn(?:ed|t) alive)\b",
                i,
            ),
        ),
    }
