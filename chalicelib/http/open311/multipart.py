"""``multipart/form-data`` (RFC 7578) read into fields and files, as small as that needs: no headers are believed."""

from __future__ import annotations

import re
from dataclasses import dataclass

_BOUNDARY = re.compile(r'boundary=(?:"([^"\r\n]{1,70})"|([^\s;"]{1,70}))', re.IGNORECASE)
_NAME = re.compile(r';\s*name="((?:[^"\\\r\n]|\\.)*)"|;\s*name=([^\s;"]+)', re.IGNORECASE)
_FILENAME = re.compile(r";\s*filename\*?=", re.IGNORECASE)
_MOST_PARTS = 500


class Broken(Exception):
    """It is no such body."""


@dataclass(frozen=True, slots=True)
class File:
    """One file that was sent; neither its name nor its type is believed."""

    field: str
    content: bytes


def read(body: bytes, content_type: str) -> tuple[list[tuple[str, str]], list[File]]:
    """Fields in order and files. Raises Broken. A file part without content is none."""
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise Broken("no boundary")
    mark = b"--" + (found[1] or found[2]).encode("latin-1", "replace")
    pieces = (b"\r\n" + body).split(b"\r\n" + mark)
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        raise Broken("no parts, or the last one is cut off")
    if len(pieces) > _MOST_PARTS:
        raise Broken("too many parts")
    fields: list[tuple[str, str]] = []
    files: list[File] = []
    for piece in pieces[1:-1]:
        head, blank, content = piece.partition(b"\r\n\r\n")
        if not blank:
            raise Broken("a part without an end of its headers")
        said = _disposition(head)
        named = _NAME.search(said)
        if named is None:
            raise Broken("a part without a name")
        name = re.sub(r"\\(.)", r"\1", named[1]) if named[1] is not None else named[2]
        if _FILENAME.search(said):
            if content:
                files.append(File(name, content))
        else:
            fields.append((name, content.decode("utf-8", "replace")))
    return fields, files


def _disposition(head: bytes) -> str:
    for line in head.decode("utf-8", "replace").split("\r\n"):
        name, _, value = line.partition(":")
        if name.strip().lower() == "content-disposition":
            return f";{value}"
    return ""
