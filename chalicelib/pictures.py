"""Pictures: what a file really is, whether it may be taken, and the two clean sizes that people see of it.

Whatever strangers send is opened in a process of its own (``python -m chalicelib.pictures``) that has neither our
credentials nor more memory and time than `MOST_MEMORY` and `MOST_SECONDS`: a file that breaks a decoder breaks that
process, and the Lambda lives. `examine` is the parent's side of it; all else here runs in the child.

A file is judged by its content, never by its name or by what the sender called it. Copies are drawn anew from the
pixels: no EXIF, place, maker notes or embedded thumbnail can pass, because nothing of the file is copied.
"""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_PIXELS = 64_000_000
"""As many as phones take; a picture of 100 million is none that a report needs."""
MOST_SIDE = 30_000
MOST_MEMORY = 1_200_000_000
"""Bytes of address space that the child may have."""
MOST_SECONDS = 40
"""Of computing, and by the clock."""

LARGE, SMALL = 1600, 400
"""Pixels of the longer side."""
MOST_BYTES: Mapping[str, int] = {"large": 250_000, "small": 30_000}
_BEST, _WORST = 82, 28
_KINDS = {"webp": "WEBP", "jpg": "JPEG"}
Box = tuple[float, float, float, float]
"""Left, top, width, height, as parts of the upright picture (0 to 1)."""


class Unfit(Exception):
    """The file is not taken. ``reason`` is one of `REASONS`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


REASONS = (
    "not_a_picture",  # or of a kind that no phone takes pictures in
    "too_many_pixels",
    "animated",
    "broken",  # cut off, or not what its first bytes say
    "disguised",  # it is a picture and something else as well
    "too_heavy",  # opening it took more memory or time than there is
)


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found in a picture, and its copies by name (`domain.photos.COPIES`). Sizes are those when upright."""

    kind: str
    width: int
    height: int
    large: tuple[int, int]
    small: tuple[int, int]
    mark: str
    """Perceptual hash, 16 hexadecimal digits: pictures that look the same differ in few bits."""
    place: tuple[float, float] | None = None
    taken_at: str = ""
    """As the camera says, ISO 8601, with an offset only where the camera knew one."""
    copies: Mapping[str, bytes] = field(default_factory=dict, repr=False)


def examine(data: bytes, boxes: Sequence[Box] = (), *, copies: bool = True) -> Examined:
    """Judge a file and draw its copies (if wanted), with ``boxes`` blackened, in a process of its own. Raises Unfit."""
    sniff(data)  # nothing is started for what is no picture at all
    kept = ("LD_LIBRARY_PATH", "PATH", "SYSTEMROOT")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    # The file of this module stands beside the libraries that Lambda's path names.
    environment |= {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "PYTHONNOUSERSITE": "1"}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    asked = json.dumps({"boxes": [list(box) for box in boxes], "copies": copies}).encode()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "chalicelib.pictures"],
            input=asked + b"\n" + data,
            capture_output=True,
            env=environment,
            timeout=MOST_SECONDS + 5,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Unfit("too_heavy") from None
    if done.returncode:
        # Killed, out of memory, or a decoder that fell over: the file is what did it.
        raise Unfit("too_heavy")
    head, _, blobs = done.stdout.partition(b"\n")
    said: dict[str, Any] = json.loads(head)
    if reason := said.get("unfit"):
        raise Unfit(reason)
    drawn, start = {}, 0
    for name, length in said.pop("lengths"):
        drawn[name] = blobs[start : start + length]
        start += length
    place = said.pop("place")
    large, small = tuple(said.pop("large")), tuple(said.pop("small"))
    return Examined(**said, large=large, small=small, place=tuple(place) if place else None, copies=drawn)


# What a file is ---------------------------------------------------------------------------------------------------

_HEIC = {b"heic", b"heix", b"heim", b"heis", b"mif1", b"miaf"}
_MOVING = {b"avis", b"msf1", b"hevc", b"hevx"}
_PARTS = {b"ftyp", b"meta", b"mdat", b"moov", b"free", b"skip", b"uuid", b"wide", b"idat", b"mpvd"}
_ELSE_AT_THE_END = re.compile(
    rb"PK\x05\x06|PK\x03\x04|%PDF-|<\?php|<script|<html|<!doctype|<svg|\A(?:#!|MZ|\x7fELF)", re.IGNORECASE
)
_ELSE_AT_THE_BEGINNING = re.compile(rb"%PDF-|<\?php|<script", re.IGNORECASE)
_NOTE = re.compile(rb"<x:xmpmeta.*?(?:</x:xmpmeta>|\Z)", re.DOTALL)
"""An XMP packet, XML itself: programs for drawing name SVG in it, and catalogues keep captions as HTML."""
_MARKUP = re.compile(rb"<html|<!doctype html|<svg", re.IGNORECASE)
_HEAD = 65_536


def sniff(data: bytes) -> str:
    """``jpeg``, ``png``, ``webp``, ``heic`` or ``avif``, by the first bytes. Raises Unfit for anything else."""
    if data[:3] == b"\xff\xd8\xff":
        return "jpeg"
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return "png"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    if data[:6] in (b"GIF87a", b"GIF89a"):
        raise Unfit("animated")
    if data[4:8] == b"ftyp":
        length = min(int.from_bytes(data[:4], "big"), 256)
        brands = {data[8:12], *(data[at : at + 4] for at in range(16, length - 3, 4))}
        # The major brand of a moving picture is its own; a still one may name the same among those it fits.
        if data[8:12] in _MOVING:
            raise Unfit("animated")
        if b"avif" in brands:
            return "avif"
        if brands & _HEIC:
            return "heic"
    raise Unfit("not_a_picture")


def _check_disguise(data: bytes, kind: str) -> None:
    """Raise Unfit for a file that is something else besides: a page, a program, an archive, a document.

    Cameras append to their pictures (a short film, a second exposure): that alone is no fault.
    """
    end = _end(data, kind)
    tail = data[end:]
    head = data[:_HEAD]
    if (
        _ELSE_AT_THE_BEGINNING.search(head)
        or _MARKUP.search(_NOTE.sub(b"", head))
        or (tail and _ELSE_AT_THE_END.search(tail))
    ):
        raise Unfit("disguised")
    if tail and zipfile.is_zipfile(BytesIO(data)):
        raise Unfit("disguised")


def _end(data: bytes, kind: str) -> int:
    """Where the picture itself ends. Raises Unfit where the file ends before it does."""
    if kind == "webp":
        end = 8 + int.from_bytes(data[4:8], "little")
    elif kind == "png":
        end = 8
        while data[end + 4 : end + 8] != b"IEND":
            end += 12 + int.from_bytes(data[end : end + 4], "big")
            if end + 8 > len(data):
                raise Unfit("broken")
        end += 12
    elif kind == "jpeg":
        end = _end_of_jpeg(data)
    else:
        end = 0
        while end + 8 <= len(data) and data[end + 4 : end + 8] in _PARTS:
            length = int.from_bytes(data[end : end + 4], "big")
            if length == 1:
                length = int.from_bytes(data[end + 8 : end + 16], "big")
            if length == 0:
                return len(data)  # the last box, to the end
            if length < 8:
                break
            end += length
    if end > len(data):
        raise Unfit("broken")
    return end


def _end_of_jpeg(data: bytes) -> int:
    at = 2
    while at + 2 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xD9:
            return at + 2
        if marker == 0xFF:
            at += 1
            continue
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == 0xDA:  # coded pixels follow, in which a 0xFF of their own has a zero behind it
            found = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]").search(data, at)
            if found is None:
                raise Unfit("broken")
            at = found.start()
    raise Unfit("broken")


# In the child -----------------------------------------------------------------------------------------------------


def draw(data: bytes, boxes: Sequence[Box] = (), *, copies: bool = True) -> Examined:
    """What `examine` answers, in this very process. Raises Unfit, or whatever a decoder raises."""
    from PIL import ImageDraw

    kind = sniff(data)
    _check_disguise(data, kind)
    picture = _opened(data, kind)
    exif = _exif(picture)
    held = _held(exif)
    width, height = picture.size
    if held in (5, 6, 7, 8):
        width, height = height, width
    large = _upright(picture, LARGE, held)
    mark = _mark(large)
    if boxes:
        pen = ImageDraw.Draw(large)
        for left, top, wide, high in boxes:
            x, y = left * large.width, top * large.height
            # Rounded outward: no row of what was to be hidden is left over at an edge.
            pen.rectangle(
                (int(x), int(y), int(x + wide * large.width + 1), int(y + high * large.height + 1)), "black"
            )
    small = large.copy()
    small.thumbnail((SMALL, SMALL))
    made: dict[str, bytes] = {}
    for size, drawn in (("large", large), ("small", small)):
        for suffix, form in _KINDS.items() if copies else ():
            made[f"{size}.{suffix}"] = _encoded(drawn, form, MOST_BYTES[size])
    return Examined(kind, width, height, large.size, small.size, mark, _place(exif), _taken_at(exif), made)


def _opened(data: bytes, kind: str) -> Image:
    """The picture, looked at but not decoded. Raises Unfit."""
    from PIL import Image, UnidentifiedImageError

    if kind == "heic":
        try:
            import pi_heif
        except ImportError:  # its wheel is younger than the Linux that this runs on (infra/package.py)
            raise Unfit("broken") from None
        # Its thumbnails and depth maps are nothing to us.
        pi_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
    plugin = {"jpeg": "JPEG", "png": "PNG", "webp": "WEBP", "heic": "HEIF", "avif": "AVIF"}[kind]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(BytesIO(data), formats=(plugin,))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Unfit("too_many_pixels") from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, RuntimeError, KeyError):
        raise Unfit("broken") from None
    width, height = picture.size
    if width * height > MOST_PIXELS or max(width, height) > MOST_SIDE:
        raise Unfit("too_many_pixels")
    # A JPEG's further pictures are other exposures, and a HEIC's other images: the first is the one taken.
    if kind in ("png", "webp", "avif") and getattr(picture, "n_frames", 1) > 1:
        raise Unfit("animated")
    return picture


def _held(exif: Any) -> int:
    """How the camera was held: EXIF's orientation from 1 to 8, 1 where it says nothing that makes sense."""
    try:
        said = exif.get(0x0112)
    except Exception:  # noqa: BLE001  whatever a file makes of its tags, its pixels can be shown
        return 1
    return said if isinstance(said, int) and 1 <= said <= 8 else 1


def _upright(picture: Image, longest: int, held: int) -> Image:
    """Decoded, at most this long, turned as it was ``held``, in sRGB, and with nothing but pixels. Raises Unfit."""
    from PIL import Image

    profile = picture.info.get("icc_profile")
    try:
        if picture.mode.startswith("I;16"):
            picture.load()
            picture = _eight_bits(picture)
        # A JPEG is decoded at the next of its own halves, quarters, eighths above: a quarter of time and memory.
        picture.thumbnail((longest, longest), Image.Resampling.LANCZOS, reducing_gap=1.2)
        # By a table of our own: Pillow's turning writes the EXIF anew, and falls over tags that no one will ever read.
        turn = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}.get(held)
        turned = picture if turn is None else picture.transpose(Image.Transpose(turn))
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  decoders raise what they like: the file is what did it
        raise Unfit("broken") from None
    if turned.mode in ("RGBA", "LA", "PA") or "transparency" in turned.info:
        turned = turned.convert("RGBA")
        paper = Image.new("RGBA", turned.size, "white")
        turned = Image.alpha_composite(paper, turned)
    coloured = _in_srgb(turned, profile)
    clean = Image.new("RGB", coloured.size)
    clean.paste(coloured)
    return clean


def _eight_bits(picture: Image) -> Image:
    from PIL import Image

    # Deep greys: the upper byte of each.
    raw = picture.tobytes()
    upper = raw[1::2] if not picture.mode.endswith("B") else raw[::2]
    made = Image.frombytes("L", picture.size, upper)
    made.info = dict(picture.info)
    return made


def _in_srgb(picture: Image, profile: bytes | None) -> Image:
    from PIL import ImageCms

    if profile:
        source = picture if picture.mode in ("RGB", "CMYK", "L") else picture.convert("RGB")
        try:
            read = ImageCms.ImageCmsProfile(BytesIO(profile))
            turned = ImageCms.profileToProfile(source, read, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            turned = None  # a profile that does not fit its picture: its numbers are taken as they are
        if turned is not None:
            return turned
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def _encoded(picture: Image, form: str, most: int) -> bytes:
    """As good as fits into so many bytes; a picture that fits at no quality is made smaller."""
    quality, drawn = _BEST, picture
    # WebP is sought by its fast method, a third of the work, whose files are a little longer than the thorough one's.
    fast: dict[str, Any] = {"optimize": True, "progressive": True} if form == "JPEG" else {"method": 1}
    while True:
        made = _saved(drawn, form, quality=quality, **fast)
        size = len(made)
        if size <= most:
            better = _saved(drawn, form, quality=quality, method=4) if form == "WEBP" else made
            return better if len(better) <= most else made
        if quality <= _WORST:
            drawn = drawn.resize((max(1, drawn.width * 4 // 5), max(1, drawn.height * 4 // 5)))
            continue
        # Bytes grow a little faster than quality here; the next try aims just below the limit.
        quality = max(_WORST, min(quality - 3, int(quality * (most / size) ** 0.9)))


def _saved(picture: Image, form: str, **options: Any) -> bytes:
    made = BytesIO()
    picture.save(made, form, **options)
    return made.getvalue()


def _mark(picture: Image) -> str:
    """Whether each of 8 x 8 fields is brighter than its right neighbour: what survives scaling and recompression."""
    from PIL import Image

    grey = picture.convert("L").resize((9, 8), Image.Resampling.BOX).tobytes()
    bits = 0
    for row in range(8):
        for column in range(8):
            at = row * 9 + column
            bits = bits << 1 | (grey[at] > grey[at + 1])
    return f"{bits:016x}"


def _exif(picture: Image) -> Any:
    try:
        return picture.getexif()
    except Exception:  # noqa: BLE001  as in `_held`
        from PIL import Image

        return Image.Exif()


def _place(exif: Any) -> tuple[float, float] | None:
    """Latitude and longitude of the EXIF's GPS part, where it holds both whole."""
    try:
        gps = exif.get_ifd(0x8825)
        found = []
        for name, reference, most in ((2, 1, 90), (4, 3, 180)):
            degrees, minutes, seconds = (float(part) for part in gps[name])
            value = degrees + minutes / 60 + seconds / 3600
            value = -value if str(gps[reference]).strip("\0 ").upper() in ("S", "W") else value
            if not abs(value) <= most:
                return None
            found.append(round(value, 6))
    except Exception:  # noqa: BLE001  as in `_held`
        return None
    latitude, longitude = found
    return (latitude, longitude) if latitude or longitude else None  # 0, 0 is a phone that did not know


def _taken_at(exif: Any) -> str:
    try:
        camera = exif.get_ifd(0x8769)
        said, offset = str(camera.get(0x9003, "")).strip("\0 "), str(camera.get(0x9011, "")).strip("\0 ")
    except Exception:  # noqa: BLE001  as in `_held`
        return ""
    found = re.fullmatch(r"(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)", said)
    if found is None:
        return ""
    zone = offset if re.fullmatch(r"[+-]\d\d:\d\d", offset) else ""
    return f"{found[1]}-{found[2]}-{found[3]}T{found[4]}{zone}"


def _serve(source: BinaryIO, answer: BinaryIO) -> None:
    """Read boxes and a file, draw, and write what was found, then the copies."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    asked = json.loads(source.readline())
    blobs: list[bytes] = []
    try:
        found = draw(source.read(), [tuple(box) for box in asked["boxes"]], copies=asked["copies"])
    except Unfit as unfit:
        said: dict[str, Any] = {"unfit": unfit.reason}
    except MemoryError:
        said = {"unfit": "too_heavy"}
    except Exception:  # noqa: BLE001  a crash over the file's content must not read as if it were too large
        said = {"unfit": "broken"}
    else:
        blobs = list(found.copies.values())
        said = {
            "kind": found.kind,
            "width": found.width,
            "height": found.height,
            "large": found.large,
            "small": found.small,
            "mark": found.mark,
            "place": found.place,
            "taken_at": found.taken_at,
            "lengths": [[name, len(blob)] for name, blob in found.copies.items()],
        }
    answer.write(json.dumps(said).encode() + b"\n" + b"".join(blobs))


if __name__ == "__main__":
    _serve(sys.stdin.buffer, sys.stdout.buffer)
