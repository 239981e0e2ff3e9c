"""Words by which the city's own people find a case: what of a text is kept, and what a question looks for.

The index holds single words, folded and without their affixes, never a sentence. What looks like a phone number, an
identity number or an address for mail is left out before anything is kept: nobody's number stands in an index in clear.
docs/adr/0019 tells why words and not a search engine.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from chalicelib.domain.city import CITY_SCOPE
from chalicelib.domain.complaint import FOR_TRIAGE, Complaint, Event
from chalicelib.domain.deskwork import OF_ONE_OFFICE
from chalicelib.domain.keywords import SPELLINGS
from chalicelib.domain.people import APART, Act, Officer, Role, allowed, reads_words, taker, works_at
from chalicelib.domain.words import words

if TYPE_CHECKING:
    from chalicelib.domain.city import City

MOST_TERMS = 150
"""Words kept of one case; of a longer one the first are kept."""
MOST_WORDS = 5
"""Words of one question that are looked for; a sixth narrows hardly anything and costs as much as the first."""
_LEAST_PREFIX = 3
"""A shorter word is looked for as it stands: the beginnings of two letters fit half of all words."""
_LONGEST = 24
_ROOT = 4
"""Letters that a root must keep: a shorter one is found in too many words."""

MENTION = "=m."
"""Before an officer's id: a term that is no word, of the cases in whose notes somebody is mentioned."""

OPEN_WORDS = ""
"""Whoever may read the case may read these words."""
TRIAGE_WORDS = "!"
"""Words that accuse somebody, said after filing: for whoever sorts the case (`views._staff_line`)."""

_HIDDEN = re.compile(r"\S+@\S+|https?://\S+|\+?\d[\d\s().-]{5,}\d")
"""Addresses of mail, links, and any run of seven digits and more however it is spaced: phones, NIK, customers' own."""
_NUMBER = 5
"""Digits of the longest number that is kept: house numbers, kilometres, bus lines."""

_STOP = frozenset(
    """
    ada adalah agar akan aku anda apa apakah atas atau bagi bahwa banyak bapak baru bisa buat bukan dalam dan dapat
    dari demi dengan di dia dua hanya hari harus hingga ia ibu ini itu jadi jika juga kak kakak kalau kami kamu karena
    kata ke kemudian kepada kita lagi lain lalu lebih maka masih mau melalui mereka min mohon namun nya oleh pada pak
    para paling pun saat saja salam sama sampai sangat satu saya se sebab sebagai sebelum secara sedang segera sejak
    sekali seperti serta setelah setiap siang sore pagi malam selamat sudah supaya tapi telah tentang terima terimakasih
    kasih terhadap tersebut tetapi tiap tidak tolong tsb untuk yaitu yang yg ya utk dgn krn dr pd sdh tlg jg aja sih
    dong deh kok nih the and are for from has have in is it of on or please that there this to was with
    """.split()  # noqa: SIM905  two hundred quoted words would say less
)
"""Words that stand in nearly every text and find nothing."""

_PARTICLES = ("lah", "kah", "nya", "ku", "mu", "2")
_SUFFIXES = ("kan", "an", "i")
_PREFIXES: tuple[tuple[str, str], ...] = (
    # What a prefix may have swallowed of the root's first letter: menyapu < sapu.
    *(("meny", "s"), ("peny", "s"), ("meng", ""), ("peng", "")),
    *(("mem", ""), ("pem", ""), ("men", ""), ("pen", "")),
    *(("ber", ""), ("ter", ""), ("per", ""), ("me", ""), ("pe", ""), ("di", ""), ("ke", ""), ("se", "")),
)
_SWALLOWED = {"mem": "p", "pem": "p", "men": "t", "pen": "t", "meng": "k", "peng": "k"}
_VOWELS = frozenset("aiueo")


def terms(texts: Iterable[str]) -> list[str]:
    """The words of texts as an index keeps them, each once, in the order in which they first stand.

    A word stands there as it was written and by its root, so that both its beginning and its kin find it.
    """
    found: dict[str, None] = {}
    for text in texts:
        for word in _said(text):
            for form in dict.fromkeys((word, *roots(word))):
                found[form] = None
    return [*found][:MOST_TERMS]


def wanted(question: str) -> list[tuple[str, ...]]:
    """What a typed question looks for: each word by its beginnings, any of which will do; all words must be found.

    Where it has none but stop words, those are looked for: somebody who types "ada" has a reason.
    """
    found = []
    for word in dict.fromkeys(_said(question) or _plain(question)):
        forms = dict.fromkeys((word, *roots(word)))
        # What begins with a longer form begins with its own beginning, too.
        found.append(
            tuple(f for f in forms if not any(f != other and f.startswith(other) for other in forms))
        )
    # The longest first: long words are seldom, and a month that lacks the first is read no further.
    return sorted(found[:MOST_WORDS], key=lambda forms: -len(forms[0]))


def is_prefix(form: str) -> bool:
    """Whether a form finds what begins with it, and not itself alone."""
    return len(form) >= _LEAST_PREFIX and not form.startswith(MENTION)


def _said(text: str) -> list[str]:
    return [word for word in _plain(text) if word not in _STOP]


def _plain(text: str) -> list[str]:
    found = (SPELLINGS.get(word, word) for word in words(_HIDDEN.sub(" ", text)))
    return [
        word[:_LONGEST] for word in found if (len(word) > 1 if not word.isdigit() else len(word) <= _NUMBER)
    ]


@lru_cache(maxsize=4096)
def roots(word: str) -> tuple[str, ...]:
    """What a word is without its affixes, where that is sure enough; light stemming without a dictionary.

    Of the prefixes that swallow a letter both readings are kept: "memangkas" is "pangkas", "menilai" is "nilai".
    """
    if word.isdigit() or len(word) <= _ROOT:
        return ()
    bare = word
    for ending in _PARTICLES:
        if bare.endswith(ending) and len(bare) - len(ending) >= _ROOT:
            bare = bare.removesuffix(ending)
            break
    stems = dict.fromkeys(stem for cut in _without_suffix(bare) for stem in _without_prefix(cut))
    stems.pop(word, None)
    return tuple(stems)


def _without_suffix(word: str) -> Iterator[str]:
    """Of "-kan" behind a vowel both readings are kept: "lakukan" is "laku", "perbaikan" is "baik"."""
    for ending in _SUFFIXES:
        # "jalan", "taman" and "pantai" end like this by themselves; only a long word is cut.
        if word.endswith(ending) and len(word) - len(ending) >= _ROOT + (ending != "kan"):
            rest = word.removesuffix(ending)
            yield rest
            if ending == "kan" and rest[-1] in _VOWELS:
                yield f"{rest}k"
            return
    yield word


def _without_prefix(word: str) -> Iterator[str]:
    for prefix, lost in _PREFIXES:
        rest = word.removeprefix(prefix)
        if rest == word or len(rest) + len(lost) < _ROOT:
            continue
        if not (_VOWELS & {*rest[:2]}):
            continue  # no root begins so: "perbai" is not "pe" and "rbai"
        if not lost and rest[0] in _VOWELS and prefix in _SWALLOWED:
            yield _SWALLOWED[prefix] + rest
            if prefix in ("meng", "peng"):
                yield rest
            elif len(rest) > _ROOT:
                yield prefix[-1] + rest
            return
        inner = rest
        if prefix in ("di", "ke", "se", "me", "pe") and inner.startswith(("per", "ber", "ter")):
            inner = inner[3:] if len(inner) - 3 >= _ROOT else inner  # diperbaiki < baik
        yield lost + inner
        return
    yield word


# What of a case is kept, and who may find it by that ---------------------------------------------------------------


def kept(complaint: Complaint, history: Iterable[Event]) -> dict[tuple[str, str], None]:
    """The terms of a case, each with who may find the case by it: `OPEN_WORDS`, `TRIAGE_WORDS`, or the office whose
    note, instruction or draft it stands in.

    What an office reads of a case is kept: the text as it stands now, the place, the answers, and what was said since.
    """
    said = [complaint.text, complaint.place.words, complaint.accused_words]
    said += [value for value in complaint.answers.values() if isinstance(value, str)]
    accusing: list[str] = []
    notes: dict[str, list[str]] = {}
    mentioned: dict[tuple[str, str], None] = {}
    for event in history:
        if event.act in OF_ONE_OFFICE:
            notes.setdefault(event.by.office, []).append(event.text)
            mentioned |= {
                (f"{MENTION}{who}", event.by.office): None for who in event.data.get("mentions", ())
            }
        elif event.data.get(FOR_TRIAGE):
            accusing.append(event.text)
        elif event.act not in _FORMER:
            said.append(event.text)
    found = {(term, OPEN_WORDS): None for term in terms(said)}
    for kind, texts in ((TRIAGE_WORDS, accusing), *notes.items()):
        found |= {(term, kind): None for term in terms(texts) if (term, OPEN_WORDS) not in found}
    return found | mentioned


_FORMER = frozenset({Act.FILE, Act.EDIT, Act.RATE})
"""Acts whose words are the text itself, which may have been mended since, or are judged apart."""


def readable(kind: str, officer: Officer, complaint: Complaint, city: City) -> bool:
    """Whether this officer, who may read the case, may find it by words of this kind."""
    if kind == OPEN_WORDS:
        return reads_words(officer, complaint, city)
    if kind == TRIAGE_WORDS:
        return allowed(officer, Act.SORT, complaint, city)
    return works_at(officer, kind)


@dataclass(frozen=True, slots=True)
class Reach:
    """Where all the cases lie that an officer may read: these offices', and these villages'.

    It only spares reading what is out of the question: `people.allowed` decides on each case itself.
    """

    offices: frozenset[str]
    villages: frozenset[str]

    def may_hold(self, office: str, village: str) -> bool:
        return office in self.offices or village in self.villages


def reach(officer: Officer, city: City) -> Reach | None:
    """The ground of an officer; None for whoever may have cases anywhere in the city."""
    offices: set[str] = set()
    villages: set[str] = set()
    named = {rung.office for ladder in city.ladders.values() for rung in ladder if rung.office}
    for duty in officer.duties:
        scope = duty.scope.partition("/")[0]
        if duty.role is Role.TRIAGE or duty.role in APART or scope in (CITY_SCOPE, city.village_affairs):
            return None
        if scope in named or scope in (city.triage_office, taker(city.triage_office, city)):
            return None  # a rung of every office's emergencies, or whoever stands in where triage itself is accused
        offices.add(scope)
        if duty.role is Role.VILLAGE_HEAD:
            villages.add(scope)
        elif duty.role is Role.DISTRICT_HEAD:
            below = {area.code for area in city.areas.values() if area.parent == scope}
            villages |= below
            offices |= below
    return Reach(frozenset(offices), frozenset(villages))
