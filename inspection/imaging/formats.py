"""Which photo formats are read, and by which bytes and suffixes every format is known."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PhotoFormat:
    """A format that the gate reads. suffixes: of its files, the usual one first."""

    name: str
    suffixes: tuple[str, ...]


FORMATS = (
    PhotoFormat("JPEG", (".jpg", ".jpeg")),
    PhotoFormat("PNG", (".png",)),
    PhotoFormat("BMP", (".bmp",)),
    PhotoFormat("TIFF", (".tif", ".tiff")),
    PhotoFormat("WEBP", (".webp",)),
    PhotoFormat("HEIF", (".heic", ".heif", ".hif")),
    PhotoFormat("AVIF", (".avif",)),
)
PHOTO_SUFFIXES = frozenset(suffix for kind in FORMATS for suffix in kind.suffixes)
# The suffix under which a file of ours keeps a format.
SUFFIX_OF = {kind.name: kind.suffixes[0] for kind in FORMATS}

# What a plant's people also have on their disks. The first that fits wins.
_OTHERS = (
    (0, b"GIF8", "GIF"),
    (0, b"%PDF", "PDF"),
    (0, b"8BPS", "Photoshop"),
    (0, b"\x00\x00\x00\x0cjP  ", "JPEG 2000"),
    (0, b"\xff\x4f\xff\x51", "JPEG 2000"),
    (0, b"\x00\x00\x00\x0cJXL ", "JPEG XL"),
    (0, b"\xff\x0a", "JPEG XL"),
    (0, b"\xff\xd8", "broken JPEG"),
    (0, b"\x00\x00\x01\x00", "icon"),
    (0, b"\x76\x2f\x31\x01", "OpenEXR"),
    (0, b"#?RADIANCE", "Radiance HDR"),
    (0, b"qoif", "QOI"),
    (0, b"SIMPLE  =", "FITS"),
    (128, b"DICM", "DICOM"),
    (0, b"DDS ", "DDS"),
    (0, b"BPG\xfb", "BPG"),
    (0, b"II\xbc\x01", "JPEG XR"),
    (0, b"FLIF", "FLIF"),
    (0, b"gimp xcf", "GIMP"),
    (0, b"icns", "icon"),
    (0, b"SDPX", "DPX"),
    (0, b"XPDS", "DPX"),
    (0, b"\x8aMNG", "MNG"),
    (0, b"\x8bJNG", "JNG"),
    (0, b"\x59\xa6\x6a\x95", "Sun raster"),
    (0, b"\x01\xda\x00\x01", "SGI"),
    (0, b"\x01\xda\x01\x01", "SGI"),
    (0, b"\xd7\xcd\xc6\x9a", "WMF"),
    (0, b"farbfeld", "farbfeld"),
    (0, b"PF\n", "PFM"),
    (0, b"Pf\n", "PFM"),
    (0, b"\xabKTX ", "KTX"),
    (0, b"\x00MRM", "camera raw (MRW)"),
    (0, b"FOVb", "camera raw (X3F)"),
    (0, b"FUJIFILMCCD-RAW", "camera raw (RAF)"),
    (0, b"IIRO", "camera raw (ORF)"),
    (0, b"IIRS", "camera raw (ORF)"),
    (0, b"IIU\x00", "camera raw (RW2)"),
    (0, b"PK\x03\x04", "ZIP"),
    (0, b"Rar!", "RAR"),
    (0, b"7z\xbc\xaf", "7z"),
    (0, b"\x1f\x8b", "gzip"),
    (0, b"RIFF", "AVI or sound"),
    (0, b"\x1aE\xdf\xa3", "Matroska video"),
    (0, b"\x7fELF", "program"),
    (0, b"MZ", "program"),
)
_TGA_FOOTER = b"TRUEVISION-XFILE.\0"
# Of a TGA without a footer, its header alone: palette, colour and grey, plain and packed.
_TGA_KINDS, _TGA_BITS = {1, 2, 3, 9, 10, 11}, {8, 15, 16, 24, 32}
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"mif1"}
_AVIF_BRANDS = {b"avif", b"avis"}
_BOXES = {
    b"crx ": "camera raw (CR3)",
    b"qt  ": "QuickTime video",
    b"hevc": "HEIF sequence",
    b"hevx": "HEIF sequence",
    b"msf1": "HEIF sequence",
    b"jxl ": "JPEG XL",
}


def format_of(content: bytes) -> str | None:
    """Name of the format in FORMATS by the file's first bytes, None for every other file."""
    if content.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    # Canon's raw files begin as TIFF; the second line of each pair is BigTIFF.
    if content.startswith((b"II*\x00", b"MM\x00*")) and content[8:10] != b"CR":
        return "TIFF"
    if content.startswith((b"II+\x00", b"MM\x00+")):
        return "TIFF"
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "WEBP"
    if content.startswith(b"BM"):
        return "BMP"
    brands = _brands(content)
    if _AVIF_BRANDS & set(brands):
        return "AVIF"
    if _HEIF_BRANDS & set(brands):
        return "HEIF"
    return None


def foreign_name(content: bytes) -> str | None:
    """What people call a file of another format; None where it is not known."""
    brands = _brands(content)
    if brands:
        return next((_BOXES[brand] for brand in brands if brand in _BOXES), "MP4 video")
    if content.startswith((b"II*\x00", b"MM\x00*")):
        return "camera raw (CR2)"
    for at, sign, name in _OTHERS:
        if content.startswith(sign, at):
            return name
    if _is_tga(content):
        return "TGA"
    if content[:1] == b"\x0a" and content[1:3] in (b"\x02\x01", b"\x03\x01", b"\x05\x01"):
        return "PCX"
    start = content[:1000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(b"<svg") or (start.startswith(b"<?xml") and b"<svg" in start):
        return "SVG"
    if start.startswith((b"<!doctype html", b"<html")):
        return "web page"
    if content[:1] == b"P" and content[1:2] in b"1234567" and content[2:3] in b" \t\r\n#":
        return "Netpbm"
    if start and all(32 <= byte < 127 or byte in b"\t\r\n\f" for byte in content[:1000]):
        return "text"
    return None


def _is_tga(content: bytes) -> bool:
    """The format has no first bytes of its own: a footer, in old files only a header."""
    if content.endswith(_TGA_FOOTER):
        return True
    if len(content) <= 18 or content[2] not in _TGA_KINDS or content[16] not in _TGA_BITS:
        return False
    has_palette = content[2] in (1, 9)
    if content[1] != has_palette or any(content[3:8]) != has_palette or content[17] & 0xC0:
        return False
    width_px, height_px = (int.from_bytes(content[at : at + 2], "little") for at in (12, 14))
    least = width_px * height_px * ((content[16] + 7) // 8) if content[2] < 9 else 1
    return width_px > 0 and height_px > 0 and len(content) >= 18 + content[0] + least


def _brands(content: bytes) -> list[bytes]:
    """The main brand and the compatible ones of an ISO container; empty for every other file."""
    if content[4:8] != b"ftyp":
        return []
    end = min(int.from_bytes(content[:4], "big"), 512)
    return [content[8:12], *(content[at : at + 4] for at in range(16, end - 3, 4))]
