import struct

import pytest

from inspection.imaging.formats import PHOTO_SUFFIXES, foreign_name, format_of


def box(main, *others):
    brands = b"".join([main, b"\0\0\0\0", *others])
    return struct.pack("!I", 8 + len(brands)) + b"ftyp" + brands + bytes(64)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (box(b"heic", b"mif1", b"heic"), "HEIF"),
        (box(b"mif1", b"mif1", b"heic"), "HEIF"),
        (box(b"avif", b"mif1"), "AVIF"),
        (box(b"mif1", b"avif", b"miaf"), "AVIF"),
        (b"II+\0\x08\0", "TIFF"),
        (b"MM\0+\0\x08", "TIFF"),
        (b"\xff\xd8\xff\xdb", "JPEG"),
    ],
)
def test_a_photo_is_known_by_its_first_bytes(content, name):
    assert format_of(content) == name


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"GIF89a", "GIF"),
        (b"%PDF-1.7", "PDF"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"II*\0\x10\0\0\0CR\x02\0", "camera raw (CR2)"),
        (box(b"crx ", b"isom"), "camera raw (CR3)"),
        (box(b"qt  "), "QuickTime video"),
        (box(b"isom", b"mp41"), "MP4 video"),
        (box(b"hevc", b"msf1"), "HEIF sequence"),
        (b"PK\x03\x04", "ZIP"),
        (b"<svg/>", "SVG"),
        (b"<?xml version='1.0'?><svg/>", "SVG"),
        (b"\xef\xbb\xbf<!DOCTYPE html>", "web page"),
        (b"P6\n2 2\n255\n", "Netpbm"),
        (b"no photo at all", "text"),
        (bytes(200) + b"TRUEVISION-XFILE.\0", "TGA"),
        (struct.pack("<BBB5xHHHHBB", 0, 0, 2, 0, 0, 4, 3, 24, 32) + bytes(36), "TGA"),
        (struct.pack("<BBB5xHHHHBB", 0, 0, 2, 0, 0, 4, 3, 24, 32) + bytes(35), None),
        (b"DDS \x7c\0\0\0", "DDS"),
        (b"BPG\xfb\0\0", "BPG"),
        (b"II\xbc\x01", "JPEG XR"),
        (b"\x0a\x05\x01\x08", "PCX"),
        (b"PF\n2 2\n-1.0\n", "PFM"),
        (bytes(200), None),
    ],
)
def test_another_file_is_called_as_people_call_it(content, name):
    assert format_of(content) is None
    assert foreign_name(content) == name


def test_phones_photos_are_among_the_suffixes():
    assert {".heic", ".heif", ".avif", ".jpg", ".tif"} <= PHOTO_SUFFIXES
