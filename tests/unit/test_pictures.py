"""Pictures: what is taken, what is refused and why, and that copies hold nothing but pixels."""

from __future__ import annotations

import base64
import json
import resource
import struct
import zipfile
import zlib
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from PIL import Image, ImageCms, ImageDraw

from chalicelib import pictures
from chalicelib.domain.photos import COPIES, apart
from chalicelib.pictures import Unfit, draw, examine

# 96 x 64, left half red with a white disc, right half blue, held upright by orientation 6; EXIF with a place. Made for
# this test: what reads HEIC here writes none.
HEIC = base64.b85decode(
    """
0000SW^{RQXk}?*00000ZE0pPXk}?*ZE0a<0004@ZDn*}000000000XXk=`10000000000aA{+700000000000000000000G-
+&aV*mgE07O6l0ssL300001#Q*^S00000009R80ssI200PVa0RR9100000@Bjb+IB98aW&i*H00062000$fZf0cy000000RRAKc4
ILB0000LX>Mj^0ssI300IC2MR;ju000004sdC7Z2$lO00031007`=aB^?}006*gaAR)(004Msc4I>U18@KU0FVFx0000U@BsY%`1
k+-4+CHT0RR|40Sp2E{{wIU00RJ!0009300RIXx&lC90096iLID8-
Z~y=U0FVFx0{{R603M()fd!W8Nhz*w0vZem00093$N&HX00=;000968L;=Baup&SJ000wXZ)|dIV{CW;0RRmE27mwn02FC+aAg1h
000000AK(B06+i$01$9#cxeCt0009B2nYZG010VwZ*&6y000<iaBX1#00000000310R@2q0|bQt000_ka%E-
!00000000hSWOHKx0ssL30RR92|7~PpbN~PW11JHn8Gyf9V&Y#tezI&=h&6qG<zKhCNA5B-
Zlo&Dk!rs}l0DK!2+N1Os?fOggNO}a*&U;#GXhRWJvh&Qwjc#!b&5Euax-?L*mwd=H!1L)ncAvR_uy7)*FXkU1eXCeVYa|E-
|WWbzhEl-A)mRfHllxz3TFCDh?h7csn&(IW*@zksW$E$@9m?2i4$MV5CWFbXT1XWfKeBus4-
8P&{s8I{$^(d#F4@ztj}a=8@B0RwKoPyAg|>jP~QZUr3bPF2MPcj5F>f7u_yKKl^5q0ihfhsE>J3VuKd^gC6tDFUnC>(Mc&XbJfC
%QHq52NW_9!v>@XS);(T3T00006MR;ju002!*04e|g00;mC0S^EI000070000!0TKWM0000100sa6hiL!=000010000+h$R37000
010001h00000LvL<$Z)gAj00NK$00IC202BZK0A!F600IC200#g70C)fZ001&DGB!FfF*-
6ZATT*PGcY<ZFaRqsI65#e000040096300002Qvd(}00IC7000030002C00RI500002MF0Q*00aO9000030002a0000000008000
010000e000010000C000010001U000010000D000010000U00001
""".replace("\n", "")
)


def scene(width: int = 1000, height: int = 750) -> Image.Image:
    """Something with edges, colours and grain, like a photo: the same on every machine."""
    grain = Image.frombytes("L", (64, 48), zlib.compress(bytes(range(256)) * 40, 9)[:64] * 48)
    picture = Image.merge("RGB", [grain.resize((width, height), Image.Resampling.BICUBIC)] * 3)
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 0, width // 3, height // 2), (200, 40, 40))
    pen.ellipse((width // 2, height // 3, width * 3 // 4, height * 2 // 3), (30, 90, 220))
    pen.rectangle((width * 2 // 3, height * 3 // 4, width, height), (20, 160, 60))
    return picture


def saved(picture: Image.Image, form: str = "JPEG", **options: Any) -> bytes:
    out = BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


def reopened(blob: bytes) -> Image.Image:
    return Image.open(BytesIO(blob))


def camera(**changes: Any) -> Image.Exif:
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "Contoh", changes.get("orientation", 1)
    exif.get_ifd(0x8825).update(
        changes.get("gps", {1: "S", 2: (8.0, 40.0, 12.0), 3: "E", 4: (115.0, 13.0, 30.0)})
    )
    exif.get_ifd(0x8769).update({0x9003: "2026:11:20 09:30:00", 0x9011: "+08:00", 0x927C: b"maker's secret"})
    return exif


@pytest.mark.parametrize(
    ("form", "kind"), [("JPEG", "jpeg"), ("PNG", "png"), ("WEBP", "webp"), ("AVIF", "avif")]
)
def test_a_phone_s_picture_becomes_two_sizes_in_two_formats(form: str, kind: str) -> None:
    found = draw(saved(scene(2000, 1500), form))
    assert (found.kind, found.width, found.height) == (kind, 2000, 1500)
    assert set(found.copies) == set(COPIES)
    for name, blob in found.copies.items():
        size, _, suffix = name.partition(".")
        copy = reopened(blob)
        assert copy.size == {"large": (1600, 1200), "small": (400, 300)}[size]
        assert copy.format == {"webp": "WEBP", "jpg": "JPEG"}[suffix]
        assert len(blob) <= pictures.MOST_BYTES[size]


def test_an_iphone_s_heic_is_read_and_turned_upright() -> None:
    found = draw(HEIC)
    assert (found.kind, found.width, found.height, found.large) == ("heic", 64, 96, (64, 96))
    assert (found.place, found.taken_at) == ((-8.67, 115.225), "2026-11-20T09:30:00+08:00")
    red, _, blue = reopened(found.copies["large.jpg"]).convert("RGB").getpixel((32, 8))
    assert red > 150 > 90 > blue  # the left half came to lie on top


@pytest.mark.parametrize("orientation", range(1, 9))
def test_it_is_turned_as_it_was_held(orientation: int) -> None:
    upright = scene(800, 600)
    back = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(back[orientation]) if orientation > 1 else upright
    found = draw(saved(stored, exif=camera(orientation=orientation)))
    assert (found.width, found.height, found.large) == (800, 600, (800, 600))
    assert apart(found.mark, draw(saved(upright)).mark) <= 2


def with_tags(*tags: tuple[int, int, int, bytes]) -> bytes:
    """A JPEG with these tags (number, type, count, bytes) in its EXIF, whatever they are."""
    start = 8 + 2 + 12 * len(tags) + 4
    listed, values = struct.pack("<H", len(tags)), b""
    for number, kind, count, value in tags:
        if len(value) > 4:
            value, values = struct.pack("<I", start + len(values)), values + value
        listed += struct.pack("<HHI", number, kind, count) + value.ljust(4, b"\0")
    exif = b"Exif\0\0II*\0" + struct.pack("<I", 8) + listed + struct.pack("<I", 0) + values
    whole = saved(scene(80, 60))
    return whole[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + whole[2:]


def test_an_odd_tag_beside_the_orientation_costs_nobody_a_good_photo() -> None:
    held = (0x112, 3, 1, struct.pack("<H", 6))
    odd = (
        (0x11A, 9, 1, struct.pack("<i", -1)),  # a resolution below zero
        (0x131, 11, 1, struct.pack("<f", 1.5)),  # a program whose name is a number
        (0x10F, 1, 3, b"\xff\0\xff"),
        (0x8769, 12, 1, struct.pack("<d", 1e300)),  # where the camera's own tags should stand
        (0x8825, 2, 5, b"here\0"),
    )
    for tag in odd:
        found = draw(with_tags(held, tag), copies=False)
        assert (found.width, found.height, found.large) == (60, 80, (60, 80)), tag
    nonsense = draw(with_tags((0x112, 2, 6, b"upside"), odd[0]), copies=False)
    assert (nonsense.width, nonsense.height) == (80, 60)


def test_what_breaks_a_decoder_by_its_content_is_broken_and_not_too_heavy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fall(*_: object) -> None:
        raise AttributeError("a decoder's own mistake")

    monkeypatch.setattr(resource, "setrlimit", lambda *_: None)  # these are the test's own process
    monkeypatch.setattr(Image.Image, "thumbnail", fall)
    answer = BytesIO()
    pictures._serve(BytesIO(b'{"boxes": [], "copies": false}\n' + saved(scene(60, 40))), answer)
    assert json.loads(answer.getvalue()) == {"unfit": "broken"}
    monkeypatch.setattr(pictures, "draw", fall)
    answer = BytesIO()
    pictures._serve(BytesIO(b'{"boxes": [], "copies": false}\n' + saved(scene(60, 40))), answer)
    assert json.loads(answer.getvalue()) == {"unfit": "broken"}


def test_copies_hold_pixels_and_nothing_else() -> None:
    blob = saved(
        scene(),
        exif=camera(),
        xmp=b"<x:xmpmeta>Banjar Kaja</x:xmpmeta>",
        comment=b"from my house",
        icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
    )
    found = draw(blob)
    assert found.place == (-8.67, 115.225)
    assert found.taken_at == "2026-11-20T09:30:00+08:00"
    for copy in found.copies.values():
        opened = reopened(copy)
        assert not dict(opened.getexif())
        assert {"exif", "xmp", "icc_profile", "comment", "photoshop"}.isdisjoint(opened.info)
        for secret in (b"Contoh", b"maker", b"Banjar", b"my house", b"Exif", b"xmpmeta"):
            assert secret not in copy


def test_colours_of_another_space_are_kept_by_turning_them_into_srgb() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    wide = ImageCms.profileToProfile(
        Image.new("RGB", (64, 64), (200, 30, 30)), ImageCms.createProfile("sRGB"), lab, outputMode="LAB"
    )
    # A gamma of one stands in for a wide camera profile: read without it, this red would look far too dark.
    assert wide.mode == "LAB"
    linear = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    swapped = linear.replace(b"rXYZ", b"tmp1").replace(b"gXYZ", b"rXYZ").replace(b"tmp1", b"gXYZ")
    found = draw(saved(Image.new("RGB", (64, 64), (220, 0, 0)), icc_profile=bytes(swapped), quality=95))
    red, green, _ = reopened(found.copies["large.jpg"]).getpixel((32, 32))  # type: ignore[misc]
    assert green > 180 > red, "its profile calls the first number green"


def test_a_see_through_picture_stands_on_white_and_grey_and_print_colours_are_read() -> None:
    clear = Image.new("RGBA", (64, 64), (255, 0, 0, 0))
    assert reopened(draw(saved(clear, "PNG")).copies["large.jpg"]).getpixel((9, 9)) == (255, 255, 255)
    for mode, form in (("L", "JPEG"), ("CMYK", "JPEG"), ("P", "PNG"), ("1", "PNG"), ("I;16", "PNG")):
        found = draw(saved(Image.new(mode, (64, 48)), form))
        assert found.large == (64, 48), mode


def test_a_small_picture_is_not_blown_up() -> None:
    assert draw(saved(scene(120, 90))).large == (120, 90)


def test_even_noise_fits_by_losing_quality_first_and_size_last() -> None:
    noise = Image.effect_noise((900, 900), 200).convert("RGB")
    found = draw(saved(noise, quality=60))
    assert {
        name: len(blob) <= pictures.MOST_BYTES[name.partition(".")[0]] for name, blob in found.copies.items()
    } == (dict.fromkeys(COPIES, True))


def test_boxes_are_burned_into_every_copy() -> None:
    found = draw(saved(Image.new("RGB", (1000, 800), "white")), [(0.25, 0.25, 0.5, 0.5)])
    for blob in found.copies.values():
        copy = reopened(blob).convert("L")
        for x in range(1, 10):
            for y in range(1, 10):
                value = copy.getpixel((copy.width * x // 10, copy.height * y // 10))
                hidden = 0.25 <= x / 10 <= 0.75 and 0.25 <= y / 10 <= 0.75
                assert (value < 40) if hidden else (value > 215), (x, y)  # type: ignore[operator]


def refused(data: bytes, judge: Callable[[bytes], object] = draw) -> str:
    with pytest.raises(Unfit) as caught:
        judge(data)
    assert caught.value.reason in pictures.REASONS
    return caught.value.reason


def test_what_is_no_picture_of_a_phone_is_refused_by_its_content() -> None:
    for data in (b"", b"\xff\xd8", b"%PDF-1.7 ...", b"<svg xmlns='x'/>", b"MZ\x90" * 50, b"BM" + bytes(60)):
        assert refused(data) == "not_a_picture"
    assert refused(saved(scene(60, 40), "TIFF")) == "not_a_picture"
    assert refused(saved(scene(60, 40), "GIF")) == "animated"


def test_moving_pictures_are_refused() -> None:
    frames = [Image.new("RGB", (64, 64), colour) for colour in ("red", "green", "blue")]
    for form in ("PNG", "WEBP", "AVIF"):
        assert refused(saved(frames[0], form, save_all=True, append_images=frames[1:])) == "animated", form


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "AVIF", "HEIF"])
def test_a_file_that_was_cut_off_is_refused(form: str) -> None:
    whole = HEIC if form == "HEIF" else saved(scene(600, 400), form)
    for part in (0.2, 0.6, 0.95):
        assert refused(whole[: int(len(whole) * part)]) == "broken", part


def test_a_picture_that_is_something_else_besides_is_refused() -> None:
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("run.sh", "echo")
    for form in ("JPEG", "PNG", "WEBP", "AVIF"):
        whole = saved(scene(60, 40), form)
        for tail in (archive.getvalue(), b"<script>alert(1)</script>", b"\n%PDF-1.4", b"<?php evil();"):
            assert refused(whole + tail) == "disguised", (form, tail[:8])
    assert refused(saved(scene(60, 40), comment=b"<?php system($_GET[0]); ?>")) == "disguised"


def test_markup_in_an_xmp_note_is_a_note_and_anywhere_else_a_page() -> None:
    note = b"<x:xmpmeta><svg:g/><svg/><dc:description>&lt;p&gt;<html></dc:description></x:xmpmeta>"
    for form in ("JPEG", "WEBP"):
        assert draw(saved(scene(60, 40), form, xmp=note), copies=False).kind == form.lower()
    assert refused(saved(scene(60, 40), xmp=note.replace(b"<html>", b"<script>"))) == "disguised"
    assert refused(saved(scene(60, 40), comment=b"<html><body>")) == "disguised"


def test_what_cameras_append_is_no_fault() -> None:
    whole = saved(scene(60, 40))
    film = struct.pack(">I4s8s", 16, b"ftyp", b"mp42\0\0\0\0") + bytes(5000)
    assert draw(whole + film).kind == "jpeg"
    assert draw(whole + whole).kind == "jpeg"  # a second exposure


def test_a_wrong_first_byte_or_a_lie_in_the_header_is_broken() -> None:
    assert refused(b"\x89PNG\r\n\x1a\n" + b"no chunks at all" * 9) == "broken"
    assert refused(b"RIFF\x10\0\0\0WEBPVP8 \x04\0\0\0xxxx") == "broken"
    assert refused(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200)) in ("broken", "not_a_picture")


def png_of(width: int, height: int, rows: bytes) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_a_bomb_is_refused_by_its_header_before_anything_is_decoded() -> None:
    packed = zlib.compress(bytes(10_000_000), 9)
    for width, height in ((10_000, 10_000), (60_000, 60_000), (2, 40_000), (2**31 - 1, 2**31 - 1)):
        assert refused(png_of(width, height, packed), examine) in ("too_many_pixels", "broken")
    assert refused(png_of(10_000, 10_000, packed)) == "too_many_pixels"


def test_what_takes_too_much_memory_ends_its_own_process_and_not_ours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The child reads its limit from its own copy of the module, so the picture has to be as heavy as one can be:
    # fifteen bits of every pixel of the largest PNG that is let through, in a process that may have a tenth of it.
    script = (
        "import sys; from chalicelib import pictures; pictures.MOST_MEMORY = 150_000_000; "
        "pictures._serve(sys.stdin.buffer, sys.stdout.buffer)"
    )
    run = pictures.subprocess.run
    monkeypatch.setattr(
        pictures.subprocess, "run", lambda command, **kept: run([command[0], "-c", script], **kept)
    )
    heavy = png_of(8000, 8000, zlib.compress(bytes((8000 * 3 + 1) * 8000), 1))
    assert refused(heavy, examine) == "too_heavy"
    assert examine(saved(scene(300, 200))).kind == "jpeg"


def test_the_child_has_none_of_our_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, str] = {}
    run = pictures.subprocess.run

    def look(command: list[str], **kept: Any) -> Any:
        seen.update(kept["env"])
        return run(command, **kept)

    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setattr(pictures.subprocess, "run", look)
    examine(saved(scene(60, 40)))
    assert not [name for name in seen if name.startswith("AWS")]


def test_pictures_that_look_the_same_have_marks_that_differ_little() -> None:
    mark = draw(saved(scene(2000, 1500), quality=95)).mark
    for other in (
        saved(scene(2000, 1500).resize((700, 525)), quality=40),
        saved(scene(2000, 1500), "WEBP", quality=50),
    ):
        assert apart(mark, draw(other).mark) <= 3
    assert apart(mark, draw(saved(scene(2000, 1500).transpose(Image.Transpose.ROTATE_180))).mark) > 12


@pytest.mark.parametrize(
    "gps",
    [
        {},
        {1: "S", 2: (8.0, 40.0, 12.0)},
        {1: "S", 2: (98.0, 0.0, 0.0), 3: "E", 4: (115.0, 0.0, 0.0)},
        {1: "N", 2: (0.0, 0.0, 0.0), 3: "E", 4: (0.0, 0.0, 0.0)},
    ],
)
def test_half_a_place_is_none(gps: dict[int, Any]) -> None:
    assert draw(saved(scene(60, 40), exif=camera(gps=gps))).place is None
