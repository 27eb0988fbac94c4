"""File names as label tools write them, and the photo that each means.

A tool may encode a name as in an address (Label Studio), hand it over in a query (`?d=`), put a
mark of its own before it (`cb0618f6-NAME`), write it with a drive and backslashes, or save it in
the letters of Korean Windows. The photo beside the label file comes first, then the one whose
folders agree best, then the one of this name anywhere.
"""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import parse_qs, unquote, urlsplit

from inspection.imaging.photo_folders import PHOTO_SUFFIXES
from models.importers.files import SourceFile, SourceRefused, base_name, folded, only_one

# How a photo was found, in the order in which it is tried.
BY_NAME = "by its name"
BY_DECODED = "by its name, decoded from an address"
BY_PREFIX = "by its name without the mark that Label Studio puts before it"
ANYWHERE = "by its name alone, in another folder"
BY_STEM = "by the stem of its label file"

# Eight hexadecimal digits; not a date, which a person puts before a name.
_UPLOAD_MARK = re.compile(r"^(?!(19|20)\d\d(0[1-9]|1[0-2])([0-2]\d|3[01]))[0-9a-f]{8}-(?=.)", re.I)
# Augmentor: FOLDER_original_NAME.jpg_UUID. Keras: NAME_0_1234, the first of a batch of one photo.
_AUGMENTOR = re.compile(
    r"^.*?_original_(?P<source>.+)\.(jpe?g|png|bmp|tiff?|webp|gif)"
    r"_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
    re.I,
)
_KERAS = re.compile(r"^(?P<source>.*[^\d_ .-].*)_0_(0|[1-9]\d{0,6})$")
_VERSION = re.compile(
    r"^(?P<source>.+?)([_-](jpe?g|png|bmp|tiff?|webp|heic|avif))?(\.rf\.[\w-]{8,})+$", re.I
)
# What augmenting tools add to a name, one or several of them at its end or before it.
_WORD = (
    r"(aug(mented)?|[hv]?flip(ped)?|flip[_-]?(lr|ud|[hvxy])|mirror(ed)?|rot(ate|ated)?"
    r"|turn(ed)?|bright(er|ness)?|dark(er)?|blur(red)?|noise|noisy|shear(ed)?|crop(ped)?|copy|사본)"
)
_AUGMENTED = re.compile(rf"([ _.-]+{_WORD}[ _.-]*\(?-?\d*\)?)+$", re.I)
_BEFORE = re.compile(rf"^({_WORD}([ _.-]*\d+)?[ _.-]+)+(?=.*\D)", re.I)


@dataclass(frozen=True, slots=True)
class FoundPhoto:
    """The photo that a label means. named: base name under which it is called there. agrees:
    whether it lies where the label says, not just anywhere."""

    photo: SourceFile
    how: str
    named: str
    agrees: bool = True


class PhotosByName:
    """Finds the photo that a label file calls by a name or by a path."""

    def __init__(self, files: list[SourceFile]) -> None:
        self.every = [file for file in files if file.suffix in PHOTO_SUFFIXES]
        self._by_name: dict[str, list[SourceFile]] = {}
        self._without_mark: dict[str, list[SourceFile]] = {}
        for file in self.every:
            name = plain(file.name)
            self._by_name.setdefault(name, []).append(file)
            for other in {_sanitised(name), _sanitised(_UPLOAD_MARK.sub("", name))} - {name}:
                self._without_mark.setdefault(other, []).append(file)

    def find(self, name: str, label_file: SourceFile) -> FoundPhoto:
        """Raises SourceRefused when there is no photo of this name, or several that differ."""
        decoded = _decoded(name)
        for how, written in ((BY_NAME, name), (BY_DECODED, decoded)):
            wanted = _path(written)
            if same_name := self._by_name.get(plain(wanted.name)):
                return self._best(same_name, wanted, label_file, how)
        # From here on two names may mean one photo: the whole name stays its name.
        wanted = _path(decoded)
        without = _sanitised(_UPLOAD_MARK.sub("", plain(wanted.name)))
        for named in (self._by_name.get(without), self._without_mark.get(without)):
            if named:
                return self._best(named, wanted, label_file, BY_PREFIX)
        raise SourceRefused("no photo of this name")

    def beside(self, label_file: SourceFile) -> SourceFile | None:
        """The one photo with the stem of a label file in its folder, None where there is none."""
        same_stem = [
            photo
            for photo in self.every
            if photo.key == label_file.key and photo.place == label_file.place
        ]
        return only_one(same_stem) if same_stem else None

    @staticmethod
    def _best(
        same_name: list[SourceFile], wanted: PurePosixPath, label_file: SourceFile, how: str
    ) -> FoundPhoto:
        folders = [part for part in wanted.parent.parts if part not in ("/", "..", ".")]
        beside = "/".join([*filter(None, [label_file.place]), *folders])
        exact = [file for file in same_name if file.place == beside]
        if exact:
            return FoundPhoto(only_one(exact), how, plain(wanted.name))
        alike = [_common_end(folders, file.place.split("/")) for file in same_name]
        best = [file for file, n in zip(same_name, alike, strict=True) if n == max(alike)]
        agrees = max(alike) > 0
        if how == BY_NAME and not agrees:
            how = ANYWHERE
        return FoundPhoto(only_one(best), how, plain(wanted.name), agrees)


def plain(name: str) -> str:
    """A file name however its letters were composed and whatever their case."""
    return base_name(name) + PurePosixPath(name).suffix.lower()


def source_name(stem: str) -> str:
    """The name of the photo that this one is a version of; "" where its name says no such thing.

    `NAME_jpg.rf.HASH` is a version of NAME, and so are `NAME_flip`, `NAME_rot90`, `NAME_aug_3` and
    `flip_NAME`, unless NAME is nothing but a number; also `NAME_0_1234` (Keras) and
    `FOLDER_original_NAME.jpg_UUID` (Augmentor).
    """
    name = folded(stem)
    if version := _VERSION.match(name) or _AUGMENTOR.match(name) or _KERAS.match(name):
        name = version["source"]
        return _without_words(name) or name
    source = _without_words(name)
    return source if source and source != name else ""


def _without_words(name: str) -> str:
    return _BEFORE.sub("", _AUGMENTED.sub("", name))


def _path(name: str) -> PurePosixPath:
    return PurePosixPath(name.replace("\\", "/"))


def _decoded(name: str) -> str:
    """The path in a web address or a query, its letters decoded."""
    try:
        parts = urlsplit(name)
        asked = parse_qs(parts.query)
    except ValueError:
        return unquote(name)
    for key in ("d", "file", "filename", "path"):
        if key in asked:
            return asked[key][0]
    # A drive is no scheme: C:\photos.
    path = parts.path if len(parts.scheme) != 1 else name.split("?")[0]
    return unquote(path)


def _sanitised(name: str) -> str:
    """A name as Label Studio keeps it: blanks are _, and only letters, digits, -, _ and . stay."""
    return re.sub(r"[^-\w.]", "", name.strip().replace(" ", "_"))


def _common_end(first: list[str], second: list[str]) -> int:
    count = 0
    for one, other in zip(reversed(first), reversed(second), strict=False):
        if folded(one) != folded(other):
            break
        count += 1
    return count
