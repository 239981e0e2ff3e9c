"""Photos that come with a post: what they are is read from their first bytes, never from a name or a stated type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from chalicelib.domain.errors import Fault
from chalicelib.http.open311.answers import Refused
from chalicelib.http.open311.multipart import File

if TYPE_CHECKING:
    from chalicelib.http.open311.forms import Post

_PHOTO = ("media", "photo", "file", "image")
"""How fields with a photo begin: ``media`` (uReport, GeoReporter, three), ``photo1`` and ``file_`` (FixMyStreet)."""


def kind(content: bytes) -> str:
    """The type of an image by its signature, "" where it is none that a browser shows safely."""
    if content.startswith(b"\xff\xd8\xff") and len(content) > 64:
        return "image/jpeg"
    if content.startswith(b"\x89PNG\r\n\x1a\n") and content[12:16] == b"IHDR":
        return "image/png"
    if content[:6] in (b"GIF87a", b"GIF89a") and len(content) > 13:
        return "image/gif"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP" and len(content) > 20:
        return "image/webp"
    return ""


def photos(files: Sequence[File]) -> list[File]:
    """The photos among the files. Raises Refused for a file in a photo's field that is none."""
    found = [file for file in files if file.field.lower().startswith(_PHOTO)]
    faults = [Fault(file.field[:40], "no_photo") for file in found if not kind(file.content)]
    if faults:
        raise Refused(400, *faults)
    return found


def keep(post: Post, language: str) -> tuple[Mapping[str, str], str]:
    """What is kept beside the request because of its photos, and what its sender is told of them.

    The one place that knows how photos are stored. Until the service stores any, a request is not lost for its
    photo: it is filed without, and the answer says so.
    """
    return post.aside, _NOT_KEPT[language] if post.photos else ""


_NOT_KEPT = {
    "id": "Foto belum dapat disimpan; laporan diterima tanpa foto. Sertakan alamat foto pada media_url.",
    "en": "Photos cannot be stored yet; the report was taken without. Give the photo's address as media_url.",
}
