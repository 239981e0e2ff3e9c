"""What a photo costs: processor time and memory of the process that opens it, and the bytes that come out of it.

Beside each stands what Pillow alone takes to decode the same file whole and to write it as a JPEG of the same size:
what a photo service without a second thought would do. A 12-megapixel picture is made here, for nobody's own photo is
kept in the repository; its detail was set so that its JPEG is as long as a phone's (some 4 MB).
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from chalicelib import pictures
from local.bench.report import Section
from local.bench.world import PROJECT

ABOUT = (
    "One 12-megapixel picture, made here, as each kind of file; in a process of its own, its start included, as in the "
    "Lambda. Beside Pillow's own decode and encode of the whole picture, likewise. Least of three runs. HEIC is not "
    "counted: what reads it here writes none."
)
TURNS = 3
SIZE = (4000, 3000)
KINDS = (
    ("JPEG", {"quality": 92}),
    ("PNG", {"compress_level": 1}),
    ("WEBP", {"quality": 88, "method": 0}),
    ("AVIF", {"quality": 75, "speed": 10}),
)
MOST_TIMES, MOST_MB = 4.0, 600
"""Four copies are written, each as good as fits into its bytes, where plain Pillow writes one as it comes."""

_PLAIN = """
import sys
from io import BytesIO
from PIL import Image
picture = Image.open(BytesIO(sys.stdin.buffer.read()))
picture.convert("RGB").save(BytesIO(), "JPEG", quality=85)
"""
_MEASURED = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], input=sys.stdin.buffer.read(), stdout=subprocess.DEVNULL, check=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss)
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of a processor, and MB at the most."""

    seconds: float
    megabytes: float


@dataclass(frozen=True, slots=True)
class Counted:
    ours: Cost
    plain: Cost
    bytes_in: int
    bytes_out: dict[str, int]


def count() -> dict[str, Counted]:
    picture = _scene()
    found = {}
    for form, options in KINDS:
        saved = BytesIO()
        picture.save(saved, form, **options)
        data = saved.getvalue()
        asked = b'{"boxes": [], "copies": true}\n' + data
        found[form] = Counted(
            _least(["-m", "chalicelib.pictures"], asked),
            _least(["-c", _PLAIN], data),
            len(data),
            {name: len(copy) for name, copy in pictures.examine(data).copies.items()},
        )
    return found


def tell(section: Section, found: dict[str, Counted]) -> None:
    for form, counted in found.items():
        note = f"{counted.bytes_in / 1e6:.1f} MB in"
        ratio = counted.ours.seconds / counted.plain.seconds
        section.add(f"{form}: processor time beside plain Pillow", ratio, "x", MOST_TIMES, note)
        note = f"plain Pillow {counted.plain.megabytes:.0f} MB; the Lambda has 1,769"
        section.add(f"{form}: memory at its peak", counted.ours.megabytes, "MB", MOST_MB, note)
    for name, most in (("large", 250_000), ("small", 30_000)):
        longest = max(
            size
            for counted in found.values()
            for copy, size in counted.bytes_out.items()
            if copy.startswith(name)
        )
        section.add(f"{name} copy, the longest of all", longest, "bytes", most, "WebP and JPEG")


def _scene() -> Any:
    """Grain at three scales, in colours: as hard to pack as a street."""
    from PIL import Image

    width, height = SIZE
    grain = Image.effect_noise((width // 16, height // 16), 120).resize(SIZE, Image.Resampling.BICUBIC)
    for divisor, strength, share in ((4, 60, 0.35), (1, 12, 0.35)):
        finer = Image.effect_noise((width // divisor, height // divisor), strength)
        grain = Image.blend(grain, finer.resize(SIZE, Image.Resampling.BICUBIC), share)
    flips = (Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.FLIP_TOP_BOTTOM)
    return Image.merge("RGB", (grain, *(grain.transpose(flip) for flip in flips)))


def _least(arguments: list[str], data: bytes) -> Cost:
    runs = []
    for _ in range(TURNS):
        command = [sys.executable, "-c", _MEASURED, sys.executable, *arguments]
        done = subprocess.run(command, input=data, capture_output=True, check=True, cwd=PROJECT)
        seconds, kilobytes = done.stdout.split()
        runs.append(Cost(float(seconds), int(kilobytes) / 1024))
    return min(runs, key=lambda run: run.seconds)
