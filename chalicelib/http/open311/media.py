"""Photos that come with a post: what they are is read from their first bytes, never from a name or a stated type."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.domain.errors import Fault
from chalicelib.http.open311.answers import Refused
from chalicelib.http.open311.multipart import File

_PHOTO = ("media", "photo", "file", "image")
"""How fields with a photo begin: ``media`` (uReport, GeoReporter, three), ``photo1`` and ``file_`` (FixMyStreet)."""


MOST = 5
"""Photos of one post, as of every report."""
_BRANDS = {b"heic": "image/heic", b"heix": "image/heic", b"mif1": "image/heif", b"avif": "image/avif"}


def kind(content: bytes) -> str:
    """The type of a photo by its signature, "" where it is none; what is within is judged before anybody sees it."""
    if content.startswith(b"\xff\xd8\xff") and len(content) > 64:
        return "image/jpeg"
    if content.startswith(b"\x89PNG\r\n\x1a\n") and content[12:16] == b"IHDR":
        return "image/png"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP" and len(content) > 20:
        return "image/webp"
    if content[4:8] == b"ftyp" and len(content) > 64:
        return _BRANDS.get(content[8:12], "")
    return ""


def photos(files: Sequence[File]) -> list[tuple[bytes, str]]:
    """The photos among the files, with their types. Raises Refused for a file in a photo's field that is none."""
    found = [file for file in files if file.field.lower().startswith(_PHOTO)]
    faults = [Fault(file.field[:40], "no_photo") for file in found if not kind(file.content)]
    if len(found) > MOST:
        faults.append(Fault("media", "too_many_photos", {"most": MOST}))
    if faults:
        raise Refused(400, *faults)
    return [(file.content, kind(file.content)) for file in found]
