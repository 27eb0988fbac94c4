import hashlib
import io
import json
import os
import struct
import time
import unicodedata
import zlib
from datetime import datetime, timedelta, timezone
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from inspection.domain import letters
from inspection.errors import UnreadableImage
from inspection.imaging import decoders, gate

BAD_IMAGES = Path(__file__).resolve().parents[3] / "shared" / "bad_images"
FORMATS = ("JPEG", "PNG", "BMP", "TIFF", "WEBP", "AVIF")
# Made once by libheif: nothing that we ship can write them.
HEIC = Path(__file__).parent / "photos"


def panel(width_px=64, height_px=48):
    """A grey panel, darker towards the right, with a red mark in its upper left corner."""
    rgb = np.empty((height_px, width_px, 3), np.uint8)
    rgb[:] = np.linspace(200, 120, width_px, dtype=np.uint8)[None, :, None]
    rgb[:16, :16] = (220, 20, 20)
    return rgb


def encoded(format_name, rgb=None, **options):
    target = io.BytesIO()
    picture = (
        rgb if isinstance(rgb, Image.Image) else Image.fromarray(panel() if rgb is None else rgb)
    )
    picture.save(target, format_name, **options)
    return target.getvalue()


def png_chunk(kind, data=b"", claimed=None):
    length = len(data) if claimed is None else claimed
    return struct.pack("!I", length) + kind + data + struct.pack("!I", zlib.crc32(kind + data))


def png_header(width_px, height_px):
    return b"\x89PNG\r\n\x1a\n" + png_chunk(
        b"IHDR", struct.pack("!IIBBBBB", width_px, height_px, 8, 2, 0, 0, 0)
    )


def refusal(content, filename="door.jpg"):
    with pytest.raises(UnreadableImage) as caught:
        gate.decode(content, filename)
    return str(caught.value)


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_photo_of_every_allowed_format_is_read_as_rgb(format_name):
    content = encoded(format_name)
    photo = gate.decode(content, "door.bin")
    assert photo.format == format_name
    assert (photo.width_px, photo.height_px) == (64, 48)
    assert photo.rgb.shape == (48, 64, 3) and photo.rgb.dtype == np.uint8
    assert np.allclose(photo.rgb[8, 8], (220, 20, 20), atol=12)
    assert photo.sha256 == hashlib.sha256(content).hexdigest()
    assert photo.captured_at is None and photo.camera is None


@pytest.mark.parametrize("format_name", ["JPEG", "TIFF", "PNG", "WEBP", "AVIF"])
def test_a_photo_taken_sideways_is_turned_upright_once(format_name):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    photo = gate.decode(encoded(format_name, exif=exif), "sideways")
    assert (photo.width_px, photo.height_px) == (48, 64)
    # What was the upper left corner is now the upper right one.
    assert photo.rgb[8, 40, 0] > 180 and photo.rgb[8, 40, 1] < 70


def test_the_moment_of_capture_has_a_time_zone_only_where_the_camera_wrote_one():
    exif = Image.Exif()
    exif[271], exif[272] = "Canon", "Canon EOS 5D\x00"
    details = exif.get_ifd(0x8769)
    details[36867] = "2026:11:03 06:15:00"
    photo = gate.decode(encoded("JPEG", exif=exif), "a.jpg")
    assert photo.captured_at == datetime(2026, 11, 3, 6, 15)
    assert photo.camera == "Canon EOS 5D"
    details[36881] = "+09:00"
    photo = gate.decode(encoded("JPEG", exif=exif), "a.jpg")
    assert photo.captured_at == datetime(2026, 11, 3, 6, 15, tzinfo=timezone(timedelta(hours=9)))


def test_an_impossible_capture_time_counts_as_none():
    exif = Image.Exif()
    exif.get_ifd(0x8769)[36867] = "0000:00:00 00:00:00"
    assert gate.decode(encoded("JPEG", exif=exif), "a.jpg").captured_at is None


def test_grey_palette_cmyk_and_transparent_pictures_become_rgb():
    picture = Image.fromarray(panel())
    for content in (
        encoded("PNG", picture.convert("L")),
        encoded("PNG", picture.convert("P")),
        encoded("JPEG", picture.convert("CMYK")),
        encoded("PNG", picture.convert("RGBA")),
    ):
        assert gate.decode(content, "a").rgb.shape == (48, 64, 3)


def test_a_phone_photo_with_a_second_picture_inside_counts_as_its_first():
    first, second = Image.fromarray(panel()), Image.fromarray(255 - panel())
    target = io.BytesIO()
    first.save(target, "MPO", save_all=True, append_images=[second])
    photo = gate.decode(target.getvalue(), "phone.jpg")
    assert photo.format == "JPEG"
    assert np.allclose(photo.rgb[8, 8], (220, 20, 20), atol=12)


def test_an_empty_file_is_refused():
    assert refusal(b"", "empty.jpg") == "empty.jpg: the file is empty"


def test_a_file_over_fifty_mebibytes_is_refused():
    assert refusal(b"\xff\xd8\xff" + bytes(50 * 2**20)) == "door.jpg: 50.0 MiB, at most 50 MiB"


@pytest.mark.parametrize("content", [b"\x00", bytes(range(256)), b"\x00\x00\x00\x24ft"])
def test_what_nobody_knows_is_refused_whatever_its_name(content):
    assert refusal(content) == (
        "door.jpg: not a JPEG, PNG, BMP, TIFF, WebP, HEIC or AVIF image; save the photo as JPEG or "
        "PNG"
    )


def test_what_has_a_name_is_refused_by_its_name():
    assert refusal(b"GIF89a" + bytes(50), "a.jpg") == (
        "a.jpg: GIF files are not read here; save the photo as JPEG or PNG"
    )


def test_a_file_that_nobody_has_thought_of_is_its_own_line(monkeypatch):
    monkeypatch.setattr(gate, "_looked_at", lambda content: [][0])
    assert refusal(encoded("PNG")) == (
        "door.jpg: the file cannot be read (list index out of range)"
    )


def test_a_phones_heic_is_read_and_stands_as_the_phone_turned_it():
    # 128 × 96 px with a red mark in the upper left corner, EXIF says a quarter clockwise: libheif
    # has turned the pixels already, and the tag must not turn them again.
    photo = gate.decode((HEIC / "turned_in_exif.heic").read_bytes(), "IMG_0001.HEIC")
    assert (photo.format, photo.width_px, photo.height_px) == ("HEIF", 96, 128)
    assert np.allclose(photo.rgb[8, -8], (220, 20, 20), atol=12)
    assert photo.camera == "Maker"


def test_a_heic_with_further_pictures_counts_as_its_first():
    photo = gate.decode((HEIC / "two_pictures.heic").read_bytes(), "IMG_0002.HEIC")
    assert (photo.width_px, photo.height_px) == (128, 96)
    assert np.allclose(photo.rgb[8, 8], (220, 20, 20), atol=12)


@pytest.mark.parametrize("kept", [0.1, 0.3, 0.6, 0.95])
def test_a_truncated_heic_is_refused(kept):
    content = (HEIC / "turned_in_exif.heic").read_bytes()
    assert refusal(content[: int(len(content) * kept)], "a.heic").startswith("a.heic: ")


XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-'
    b'syntax-ns#"><rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" '
    b'tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>'
)


def with_segment(jpeg, kind, data):
    return jpeg[:2] + b"\xff" + kind + struct.pack(">H", len(data) + 2) + data + jpeg[2:]


def sideways_elsewhere():
    """Photos whose turn stands where only one of the two decoders looks, or none."""
    text, profile, app1, xmp_profile = PngInfo(), PngInfo(), PngInfo(), PngInfo()
    text.add_itxt("XML:com.adobe.xmp", XMP.decode())
    exif = Image.Exif()
    exif[0x0112] = 6
    digits = exif.tobytes().hex()
    profile.add_text(
        "Raw profile type exif", f"\nexif\n{len(digits) // 2:8d}\n{digits}\n", zip=True
    )
    app1.add_text("Raw profile type APP1", f"\nAPP1\n{len(digits) // 2:8d}\n{digits}\n")
    digits = XMP.hex()
    xmp_profile.add_text("Raw profile type xmp", f"\nxmp\n{len(digits) // 2:8d}\n{digits}\n")
    # Orientation as LONG of a Motorola: its first two bytes are none.
    long_big = b"Exif\0\0MM\0*\0\0\0\x08" + struct.pack(">HHHIII", 1, 0x0112, 4, 1, 6, 0)
    return {
        "xmp.jpg": with_segment(encoded("JPEG"), b"\xe1", b"http://ns.adobe.com/xap/1.0/\0" + XMP),
        "xmp in single quotes.webp": encoded("WEBP", xmp=XMP.replace(b'"', b"'")),
        "xmp as an element.webp": encoded(
            "WEBP", xmp=XMP.replace(b'tiff:Orientation="6"/>', b"><tiff:Orientation> 6\n</tiff:")
        ),
        "xmp.png": encoded("PNG", pnginfo=text),
        "xmp as text.png": encoded("PNG", pnginfo=xmp_profile),
        "exif of another kind as text.png": encoded("PNG", pnginfo=app1),
        "xmp.webp": encoded("WEBP", xmp=XMP),
        "exif as text.png": encoded("PNG", pnginfo=profile),
        "big-endian long.jpg": with_segment(encoded("JPEG"), b"\xe1", long_big),
        "bigtiff.tif": encoded("TIFF", big_tiff=True, exif=exif),
        "packed.tif": encoded("TIFF", compression="tiff_lzw", exif=exif),
    }


@pytest.mark.parametrize("name", list(sideways_elsewhere()))
def test_wherever_the_turn_is_written_the_photo_is_turned_once(name):
    photo = gate.decode(sideways_elsewhere()[name], name)
    assert (photo.width_px, photo.height_px, photo.orientation) == (48, 64, 6)
    assert np.allclose(photo.rgb[8, -8], (220, 20, 20), atol=12)


def test_a_bigtiff_is_a_tiff():
    for order in ("<", ">"):
        content = grey_tiff(np.full((48, 64), 90, np.uint8), order=order, big=True)
        photo = gate.decode(content, "scan.tif")
        assert (photo.format, photo.width_px) == ("TIFF", 64)
        assert photo.rgb[0, 0].tolist() == [90, 90, 90]


def grey_tiff(pixels, *, order="<", big=False, **tags):
    """A TIFF of one strip, written by hand. tags: further ones, t262 = photometric and so on."""
    height_px, width_px = pixels.shape
    data = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()
    start = 16 if big else 8
    bits = pixels.dtype.itemsize * 8
    entries = {
        256: (4, width_px),
        257: (4, height_px),
        258: (3, bits),
        259: (3, 1),
        262: (3, 1),
        273: (4, start),
        277: (3, 1),
        278: (4, height_px),
        279: (4, len(data)),
        **{int(tag[1:]): value for tag, value in tags.items()},
    }
    offset, room = ("Q", 8) if big else ("I", 4)
    directory = struct.pack(order + ("Q" if big else "H"), len(entries))
    for tag, (kind, value) in sorted(entries.items()):
        if isinstance(value, bytes):
            packed, count = value, len(value)
        else:
            packed, count = struct.pack(order + {3: "H", 4: "I"}[kind], value), 1
        directory += struct.pack(order + "HH" + offset, tag, kind, count) + packed.ljust(
            room, b"\0"
        )
    directory += struct.pack(order + offset, 0)
    mark = (b"II" if order == "<" else b"MM") + struct.pack(order + "H", 43 if big else 42)
    where = start + len(data) + len(data) % 2
    header = mark + (
        struct.pack(order + "HHQ", 8, 0, where) if big else struct.pack(order + "I", where)
    )
    return header + data.ljust(where - start, b"\0") + directory


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_line_camera_of_twelve_bits_keeps_its_upper_eight(order):
    deep = np.full((48, 64), 1600, np.uint16)
    deep[:16, :16] = 4095
    photo = gate.decode(grey_tiff(deep, order=order), "line.tif")
    # 4095 is the largest number of 12 bits: 1600 of them is 100 of 255, 4095 is 255.
    assert photo.rgb[40, 40].tolist() == [100, 100, 100]
    assert photo.rgb[8, 8].tolist() == [255, 255, 255]


def test_a_dark_photo_stays_dark_where_the_file_states_its_bits():
    dark = np.full((48, 64), 800, np.uint16)
    assert gate.decode(grey_tiff(dark), "a.tif").rgb[0, 0, 0] == 200
    assert gate.decode(grey_tiff(dark, t281=(3, 4095)), "a.tif").rgb[0, 0, 0] == 50
    assert gate.decode(grey_tiff(dark, t281=(3, 65535)), "a.tif").rgb[0, 0, 0] == 3


def test_sixteen_bits_of_colour_are_cut_to_eight_in_png_and_tiff():
    deep = panel().astype(np.uint16) * 257
    for suffix in (".png", ".tiff"):
        content = cv2.imencode(suffix, deep[:, :, ::-1])[1].tobytes()
        assert np.array_equal(gate.decode(content, "a").rgb, panel())


@pytest.mark.parametrize("bits", [np.uint8, np.uint16])
@pytest.mark.parametrize(
    "pattern, red_at",
    [
        ((0, 1, 1, 2), (0, 0)),
        ((1, 0, 2, 1), (0, 1)),
        ((1, 2, 0, 1), (1, 0)),
        ((2, 1, 1, 0), (1, 1)),
    ],
)
def test_a_bayer_picture_gets_its_colours_by_the_stated_pattern(pattern, red_at, bits):
    mosaic = np.zeros((48, 64), bits)
    mosaic[red_at[0] :: 2, red_at[1] :: 2] = np.iinfo(bits).max
    content = grey_tiff(mosaic, t262=(3, 32803), t33422=(1, bytes(pattern)))
    # Only the red pixels of the sensor saw light: the panel is red and nothing else.
    assert gate.decode(content, "bayer.tif").rgb[20:28, 20:28].reshape(-1, 3).mean(0).tolist() == [
        *(255, 0, 0)
    ]


def test_a_raw_file_is_not_mistaken_for_its_small_preview():
    preview = np.full((48, 64), 90, np.uint8)
    dng = grey_tiff(preview, t50706=(1, b"\x01\x04\x00\x00"))
    assert "camera raw (DNG) files are not read here" in refusal(dng)
    assert "camera raw (NEF) files are not read here" in refusal(grey_tiff(preview, t254=(4, 1)))


def test_a_second_png_header_at_the_end_is_a_damaged_header():
    content = encoded("PNG")[:-12] + png_chunk(b"IHDR")
    assert refusal(content) == "door.jpg: the header is damaged (PNG with a second header)"


@pytest.mark.parametrize("format_name", FORMATS)
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.95])
def test_a_truncated_photo_is_refused(format_name, kept):
    content = encoded(format_name, panel(320, 240))
    assert refusal(content[: int(len(content) * kept)]).startswith("door.jpg: ")


def test_a_jpeg_with_damaged_pixels_is_refused_though_both_decoders_fill_them_in(capfd):
    noise = np.random.default_rng(7).integers(0, 255, (128, 128, 3), dtype=np.uint8)
    content = bytearray(encoded("JPEG", noise, quality=95))
    # A marker in the middle of the scan: decoders stop there and paint the rest grey.
    content[len(content) // 2 : len(content) // 2 + 2] = b"\xff\xd9"
    assert "damaged" in refusal(bytes(content))
    assert capfd.readouterr().err == ""


def test_a_png_chunk_that_claims_a_gigabyte_is_refused_at_once():
    content = png_header(64, 48) + png_chunk(b"IDAT", b"x" * 20, claimed=0x3FFFFFFF)
    started = time.perf_counter()
    assert "claims 1073741823 bytes, 20 are left" in refusal(content)
    assert time.perf_counter() - started < 0.2


def test_a_png_with_a_wrong_checksum_is_refused():
    content = bytearray(encoded("PNG"))
    content[-20] ^= 1
    assert "checksum of PNG chunk IDAT" in refusal(bytes(content))


@pytest.mark.parametrize(
    "size, sentence",
    [
        ((20_000, 10_000), "more than 67,108,864 pixels"),
        ((8193, 8192), "more than 67,108,864 pixels"),
        ((7, 4000), "7 x 4000 px, at least 8 px on each side"),
        ((70_000, 8), "70000 x 8 px, at most 65500 px on each side"),
    ],
)
def test_a_picture_of_impossible_size_is_refused_before_it_is_decoded(size, sentence):
    content = png_header(*size) + png_chunk(b"IDAT", zlib.compress(b"")) + png_chunk(b"IEND")
    started = time.perf_counter()
    assert sentence in refusal(content)
    assert time.perf_counter() - started < 0.5


def test_thirty_two_bits_a_channel_are_refused_with_the_cure():
    for deep in (np.full((48, 64), 0.5, np.float32), np.full((48, 64), 70_000, np.int32)):
        content = encoded("TIFF", Image.fromarray(deep))
        assert "32 bits a channel; save it with 8 or 16 bits a channel" in refusal(content)


def test_a_picture_of_many_pixels_in_few_bytes_is_refused_before_it_is_decoded():
    rows = zlib.compress(bytes((3 * 8000 + 1) * 8000), 9)
    content = png_header(8000, 8000) + png_chunk(b"IDAT", rows) + png_chunk(b"IEND")
    assert refusal(content) == (
        f"door.jpg: 8000 x 8000 px in {-(-len(content) // 1024)} kB are no photo; "
        "send the camera's own file"
    )
    # A panel of one colour up to the size that phones send is still a picture.
    assert gate.decode(encoded("PNG", np.full((3000, 4000, 3), 90, np.uint8)), "a").width_px == 4000


@pytest.mark.parametrize("format_name", ["PNG", "TIFF", "WEBP"])
def test_several_pages_or_frames_are_refused(format_name):
    others = [Image.fromarray(255 - panel())]
    content = encoded(format_name, save_all=True, append_images=others)
    assert refusal(content) == "door.jpg: 2 pages or frames, one photo a file is read"


@pytest.mark.parametrize("format_name", ["PNG", "JPEG"])
@pytest.mark.parametrize("size", [(64, 48), (1200, 900)])
def test_a_picture_that_two_decoders_read_differently_is_refused(size, format_name, monkeypatch):
    content, filled_in = encoded(format_name, panel(*size)), panel(*size)
    filled_in[size[1] * 5 // 6 :] = 20
    monkeypatch.setattr(decoders, "_decode_with_opencv", lambda content, *mode: filled_in)
    assert "two decoders disagree on its pixels" in refusal(content)
    monkeypatch.setattr(decoders, "_decode_with_opencv", lambda content, *mode: filled_in[:40])
    assert "two decoders disagree on its size" in refusal(content)


@pytest.mark.parametrize("format_name", ["PNG", "JPEG"])
@pytest.mark.parametrize("size", [(129, 8), (131, 257), (300, 700)])
def test_a_picture_full_of_detail_of_any_size_is_no_disagreement(size, format_name):
    detail = np.random.default_rng(1).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    assert gate.decode(encoded(format_name, detail), "door.bin").rgb.shape == detail.shape


def test_stderr_works_again_after_a_photo(capfd):
    gate.decode(encoded("PNG"), "a.png")
    os.write(2, b"still here\n")
    assert capfd.readouterr().err == "still here\n"


@pytest.mark.parametrize(
    "given, shown",
    [
        ("door.jpg", "door.jpg"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Windows\\win.ini", "win.ini"),
        ("a\nb\x00\u202egpj.exe", "a\ufffdb\ufffd\ufffdgpj.exe"),
        ("", "unnamed file"),
        ("..", "unnamed file"),
        ("도어.jpg", "도어.jpg"),
        (unicodedata.normalize("NFD", "도어.jpg"), "도어.jpg"),
        ("x" * 200 + "0042.jpg", "x" * 59 + "…" + "x" * 12 + "0042.jpg"),
    ],
)
def test_a_file_name_is_shown_without_path_and_control_characters(given, shown):
    assert letters.inert_name(given) == shown


@pytest.mark.skipif(not BAD_IMAGES.is_dir(), reason="../shared/bad_images is not here")
def test_every_hostile_name_gives_a_refusal_of_one_harmless_line():
    names = json.loads((BAD_IMAGES / "hostile_names.json").read_text(encoding="utf-8"))
    assert len(names) > 400
    for name in names:
        sentence = refusal(b"", name["text"])
        assert sentence.endswith(": the file is empty")
        assert len(sentence) < 120
        assert len(sentence.splitlines()) == 1
        assert "/" not in sentence and "\\" not in sentence
        assert not {unicodedata.category(letter) for letter in sentence} & {"Cc", "Cf", "Cs"}
        sentence.encode("utf-8")
