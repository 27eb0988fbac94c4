"""Which mask belongs to which photo, as the trade's tools lay their folders out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from inspection.imaging.label_masks import MASK_SUFFIXES
from inspection.imaging.photo_folders import PHOTO_SUFFIXES
from models.importers.classes import class_of, is_known
from models.importers.files import SourceFile, SourceRefused, folded, only_one

BY_FOLDER = "mask by stem and folder"
BY_CLASS_FOLDER = "mask by stem, a folder of masks for each class"
BY_OWN_FOLDER = "masks in a folder of the photo's name"
BY_STEM = "mask by stem alone"
GOOD_PART = "no mask, in a folder of good parts"

_MASK_WORD = (
    r"(masks?|labels?|annot(ation)?s?|seg(mentation)?s?|gts?|ground[ _-]?truths?|targets?|"
    r"segmentation(class|object)(aug)?)"
)
_PHOTO_WORD = r"(jpeg)?(images?|imgs?|photos?|pictures?|pics?|rgb|inputs?|사진)"
_MORE = (
    r"([ ._-]?(png|jpe?g|bmp|tiff?|raw|v?\d+|bin(ary)?|gr[ae]y|new|old|final|all|train(ing)?|"
    r"val(id|idation)?|test(ing)?|images?|imgs?|files?|semantic|instances?|pixels?))*"
)
# The innermost folder that says something decides: label_export/images holds photos.
_MASK_FOLDER = re.compile(rf"(.*[ ._-])?{_MASK_WORD}{_MORE}", re.I)
_PHOTO_FOLDER = re.compile(rf"(.*[ ._-])?{_PHOTO_WORD}{_MORE}", re.I)
_OBJECTS = re.compile(r"segmentationobject(aug)?", re.I)
_MASK_END = re.compile(
    r"[ ._-]+(masks?|labels?|gts?|seg(mentation)?|annot(ation)?)(?P<number>[ _-]?\d{1,2})?$", re.I
)
_MASK_START = re.compile(r"^(masks?|labels?|gt|seg(mentation)?)[ ._-]+", re.I)
_PHOTO_MARK = re.compile(r"^(images?|img|photo)[ ._-]+|[ ._-]+(image|img|photo|rgb)$", re.I)
_SPLITS = {"train", "training", "val", "valid", "validation", "test", "testing"}
_GOOD = {"good", "ok", "normal", "clean", "defect_free", "no_defect", "양품", "정상"}
_BAD = {
    *("bad", "ng", "ko", "anomaly", "anomalies", "abnormal", "defect", "defects", "defective"),
    *("불량", "불량품"),
}


@dataclass(slots=True)
class MaskedPhoto:
    """A photo, the masks that were found for it and how; unsure: a mask that may be its own."""

    photo: SourceFile
    masks: list[SourceFile] = field(default_factory=list)
    how: str = ""
    unsure: SourceFile | None = None

    @property
    def is_good(self) -> bool:
        """Whether it lies in a folder of good parts."""
        folders = self.photo.place.split("/")
        return any(re.sub(r"[ -]", "_", folded(folder)) in _GOOD for folder in folders)


def paired(files: list[SourceFile]) -> tuple[list[MaskedPhoto], list[tuple[SourceFile, str]]]:
    """Every photo with its masks, and the masks without a photo, each with its reason.

    First a mask goes to the photo in whose folder, apart from the words of the layout, it lies;
    what is left goes by its stem, where one photo without a mask and one mask have it.
    """
    photos = [file for file in files if file.suffix in PHOTO_SUFFIXES and not is_mask(file)]
    masks = [file for file in files if file.suffix in MASK_SUFFIXES and is_mask(file)]
    pairs = {photo: MaskedPhoto(photo) for photo in photos}
    by_stem: dict[str, list[SourceFile]] = {}
    for photo in photos:
        for stem in {folded(photo.stem), folded(_PHOTO_MARK.sub("", photo.stem))}:
            by_stem.setdefault(stem, []).append(photo)

    def same_stem(mask: SourceFile) -> list[SourceFile]:
        stem = _mask_stem(mask)
        return by_stem.get(folded(stem)) or by_stem.get(folded(_PHOTO_MARK.sub("", stem)), [])

    left: list[SourceFile] = []
    alone: list[tuple[SourceFile, str]] = []
    for mask in masks:
        chosen, how = _by_folder(mask, same_stem(mask))
        if not chosen:
            chosen, how = _by_own_folder(mask, by_stem), BY_OWN_FOLDER
        if not chosen:
            left.append(mask)
        elif len(chosen) == 1:
            pairs[chosen[0]].masks.append(mask)
            pairs[chosen[0]].how = how
        else:
            alone.append((mask, _several(mask, chosen, pairs)))
    waiting: dict[tuple[SourceFile, ...], list[SourceFile]] = {}
    for mask in left:
        free = [photo for photo in same_stem(mask) if not pairs[photo].masks]
        free = [photo for photo in free if _may_be(mask, photo)]
        free = [photo for photo in free if not pairs[photo].is_good] or free
        waiting.setdefault(tuple(free), []).append(mask)
    for possible, of_them in waiting.items():
        if len(possible) == len(of_them) == 1:
            pairs[possible[0]].masks.append(of_them[0])
            pairs[possible[0]].how = BY_STEM
        elif possible:
            alone.extend((mask, _several(mask, list(possible), pairs)) for mask in of_them)
        else:
            alone.extend((mask, "no photo of this stem") for mask in of_them)
    return list(pairs.values()), alone


def is_mask(file: SourceFile) -> bool:
    """Whether a picture is a mask, by its name, or by the innermost folder that says so."""
    if _MASK_END.search(file.stem) or _MASK_START.search(file.stem):
        return True
    for folder in reversed(file.place.split("/")):
        if _MASK_FOLDER.fullmatch(folder):
            return True
        if _PHOTO_FOLDER.fullmatch(folder):
            return False
    return False


def class_folder(mask: SourceFile) -> str:
    """The folder that names the class of a mask; "" where none does."""
    for folder in reversed(mask.place.split("/")):
        if _MASK_FOLDER.fullmatch(folder):
            return ""
        if is_known(class_of(folder)) and folded(folder) not in (*_BAD, *_GOOD):
            return folder
    return ""


def masks_of_one_photo(masks: list[SourceFile], how: str = "") -> list[SourceFile]:
    """The masks that say together what is marked on a photo; how: found so (`MaskedPhoto.how`).

    Several count where each has a class or a number of its own, or lies in the photo's own folder;
    of VOC's two kinds the one with classes. Raises SourceRefused for two that differ and say
    nothing of each other.
    """
    named = [mask for mask in masks if not any(map(_OBJECTS.fullmatch, mask.place.split("/")))]
    masks = named or masks
    if how == BY_OWN_FOLDER and len({mask.place for mask in masks}) == 1:
        return masks
    if len({(class_folder(mask), _number(mask)) for mask in masks}) == len(masks):
        return masks
    try:
        return [only_one(masks)]
    except SourceRefused:
        raise SourceRefused(
            f"two different masks, {masks[0].shown} and {masks[1].shown}; remove one"
        ) from None


def _by_folder(mask: SourceFile, photos: list[SourceFile]) -> tuple[list[SourceFile], str]:
    """The photos of its stem in whose folder a mask lies, apart from the words of the layout."""
    for with_splits in (True, False):
        where = _where(mask, with_splits=with_splits)
        same = [photo for photo in photos if _where(photo, with_splits=with_splits) == where]
        if same:
            return _once(same), BY_FOLDER
    if kind := folded(class_folder(mask)):
        # masks/scratch/a.png beside images/a.jpg: the folder is a class and nothing else.
        where = tuple(part for part in _where(mask, with_splits=False) if part != kind)
        same = [photo for photo in photos if _where(photo, with_splits=False) == where]
        return _once(same), BY_CLASS_FOLDER
    return [], ""


def _by_own_folder(mask: SourceFile, by_stem: Mapping[str, list[SourceFile]]) -> list[SourceFile]:
    """The photo after which the folder of a mask is called, as MVTec LOCO keeps the several masks
    of one photo: `ground_truth/logical_anomalies/000/001.png`."""
    place, _, own = mask.place.rpartition("/")
    if not place or _MASK_FOLDER.fullmatch(own) or class_folder(mask) == own:
        return []
    above = replace(mask, place=place)
    for with_splits in (True, False):
        where = _where(above, with_splits=with_splits)
        photos = by_stem.get(folded(own), [])
        same = [photo for photo in photos if _where(photo, with_splits=with_splits) == where]
        if same:
            return _once(same)
    return []


def _once(photos: list[SourceFile]) -> list[SourceFile]:
    """The same bytes in two places are one photo."""
    try:
        return [only_one(photos)] if photos else []
    except SourceRefused:
        return photos


def _may_be(mask: SourceFile, photo: SourceFile) -> bool:
    """Whether nothing speaks against a pair of one stem in different folders."""
    kind, photos_kind = class_folder(mask), class_folder(photo)
    return not (kind and photos_kind) or class_of(kind) == class_of(photos_kind)


def _several(
    mask: SourceFile, photos: list[SourceFile], pairs: Mapping[SourceFile, MaskedPhoto]
) -> str:
    for photo in photos:
        pairs[photo].unsure = mask
    names = ", ".join(photo.shown for photo in photos[:3])
    return f"it may belong to {names}; give each photo one mask of its stem"


def _where(file: SourceFile, *, with_splits: bool) -> tuple[str, ...]:
    """The folders that tell two photos of one stem apart, without the words of the layout."""
    parts = []
    for folder in file.place.split("/"):
        plain = folded(folder)
        if _MASK_FOLDER.fullmatch(plain) or _PHOTO_FOLDER.fullmatch(plain):
            # train_masks, images_train: the split is in the same word.
            plain = next((part for part in re.split(r"[ ._-]", plain) if part in _SPLITS), "")
        if plain and plain not in _BAD and (with_splits or plain not in _SPLITS):
            parts.append(plain)
    return tuple(parts)


def _mask_stem(file: SourceFile) -> str:
    stem = _MASK_START.sub("", _MASK_END.sub("", file.stem))
    # Some tools keep the photo's suffix: a.jpg.png.
    before, point, suffix = stem.rpartition(".")
    return before if point and f".{suffix.lower()}" in PHOTO_SUFFIXES else stem


def _number(mask: SourceFile) -> str:
    found = _MASK_END.search(mask.stem)
    return found["number"] or "" if found else ""
