"""The one exception tree.

Every error that a person can cause or cure derives from `InspectionError`; pages, the HTTP API
and the command line catch that one class and show its sentence. The sentence names the thing,
the value and the cure. It stands under `error` in `locales/*.toml`, once a language; the error
itself carries the code of the text and the values that stand in it.
"""

import errno
import re
from collections.abc import Mapping
from datetime import datetime
from numbers import Integral, Real
from typing import Any, Self, TypedDict, TypeVar

# A path from the root of a disk, up to its last part; addresses of the web are none.
_FOLDERS = re.compile(
    r"""(?<![\w:/.~\\-])([A-Za-z]:[\\/]|\\\\|[\\/])([^\s/\\:;,'"()<>|]+[\\/])*(?=[^\s/\\])"""
)


def without_paths(sentence: str) -> str:
    """A sentence for people elsewhere: of each path of this machine only the last part is told."""
    return _FOLDERS.sub("", sentence)


class WrittenError(TypedDict):
    """An error as it goes through JSON."""

    code: str
    values: dict[str, object]


class InspectionError(Exception):
    """Base of all our errors: which text under `error` says it, and the values in that text.

    `str(error)` is one English sentence an inspector could read out, moments in UTC;
    `i18n.error_sentence` says it in any language. A value is a number, a text, a moment or
    another error, whose sentence then stands inside this one; whatever else is given becomes its
    text. A code without a text is a sentence itself: one that an older version wrote down.
    """

    def __init__(self, code: str, /, **values: object) -> None:
        super().__init__(code)
        self.code = code
        self.values = {name: _plain(value) for name, value in values.items()}

    def __str__(self) -> str:
        # The words need the errors too, and most errors are never read.
        from inspection.i18n import error_sentence, translator

        return error_sentence(translator("en"), self)

    def anew(self) -> Self:
        """The same error to be kept or raised again: without a traceback, which would keep all
        that its frames hold, photos among it."""
        return _made_again(type(self), self.__dict__)

    def __reduce__(self) -> tuple[object, ...]:
        # Exception would make it anew from its code alone.
        return _made_again, (type(self), self.__dict__)

    def as_json(self) -> WrittenError:
        """Code and values, ready for JSON; `from_json` reads them in another process."""
        return {
            "code": self.code,
            "values": {name: _written(value) for name, value in self.values.items()},
        }

    @classmethod
    def from_json(cls, written: Mapping[str, Any]) -> Self:
        """The error that `as_json` wrote, as one of this class."""
        values = {str(name): _read(value) for name, value in written["values"].items()}
        return cls(str(written["code"]), **values)


_Kind = TypeVar("_Kind", bound=InspectionError)


def _plain(value: object) -> object:
    if value is None or isinstance(value, (str, bool, datetime, InspectionError)):
        return value
    if isinstance(value, Integral):
        return int(value)
    return float(value) if isinstance(value, Real) else str(value)


def _written(value: object) -> object:
    if isinstance(value, InspectionError):
        return value.as_json()
    return {"moment": value.isoformat()} if isinstance(value, datetime) else value


def _read(value: object) -> object:
    if not isinstance(value, Mapping):
        return value
    if "moment" in value:
        return datetime.fromisoformat(value["moment"])
    return InspectionError.from_json(value)


def _made_again(kind: type[_Kind], state: dict[str, Any]) -> _Kind:
    error = kind.__new__(kind, state["code"])
    error.__dict__.update(state)
    return error


class SettingsError(InspectionError):
    """A setting is unknown or has an impossible value."""


class UnreadableImage(InspectionError):
    """A photo was refused by the decode gate; the sentence names the file and the reason."""


class TooLarge(UnreadableImage):
    """A photo has more bytes than the settings allow."""


class ModelRefused(InspectionError):
    """A model folder failed its checks at load: hash, shape, finite weights or golden photo."""


class SwitchRefused(InspectionError):
    """The model in use is not changed: the candidate sees less, or nobody may change it here."""


class WorkerFailed(InspectionError):
    """The decode and inference process died or ran out of time; it is restarted."""


class SpecError(InspectionError):
    """An acceptance spec cannot be read or contradicts itself."""


class StorageError(InspectionError):
    """The database or the photo folder cannot be used as asked."""


class DiskFull(StorageError):
    """There is no room for what should be written; nothing of it was saved."""


def writing_failed(error: OSError) -> type[StorageError]:
    """Which of the two a failed write is."""
    return DiskFull if error.errno in (errno.ENOSPC, errno.EDQUOT) else StorageError


class RequestRefused(InspectionError):
    """A request of the HTTP API contradicts itself."""


class NotFound(InspectionError):
    """A record that was asked for by number or hash does not exist."""


class FilterRefused(InspectionError):
    """A choice of inspections cannot be read; the sentence names the parameter and the value."""


class ExportRefused(InspectionError):
    """A file of the log is not made now; the sentence says when to try again."""


class ViewRefused(InspectionError):
    """A saved view lacks its name or the name of the person who keeps it."""


class ViewExists(InspectionError):
    """The name of a saved view is taken; writing over it must be asked for."""


class SubjectRefused(InspectionError):
    """A photo is said to show a vehicle model or panel that the body catalogue does not know."""


class ScaleRefused(InspectionError):
    """A scale at which the photo would show far less or far more than its panel."""


class Conflict(InspectionError):
    """Someone else changed the record first; the sentence says who and when."""


class EstimateRefused(InspectionError):
    """A cost estimate is not kept: a name or the plant is missing, or its figures contradict."""


class DecisionRefused(InspectionError):
    """A person's decision lacks its name or its reason."""


class CorrectionRefused(InspectionError):
    """What a person drew over a photo lacks a name, or its mask and its list contradict."""


class IgnoreRefused(InspectionError):
    """Ignore regions are not kept: a name is missing, they enclose nothing, or no photo could be
    held against their reference."""


class CountingRefused(InspectionError):
    """A word about what counts lacks its name or its reason, or does not fit what was said."""


class NoteRefused(InspectionError):
    """A shift lead's note or signature lacks its name or its reason, or comes too late."""


class ChartNoteRefused(InspectionError):
    """A word about a control chart lacks its name, its reason or enough points."""


class MailError(InspectionError):
    """An e-mail cannot be sent as the settings say."""


class CameraFailed(InspectionError):
    """A camera of the network gave no picture; the sentence names the camera, never its address."""


class AlreadyInspected(InspectionError):
    """The same photo has been judged before; a re-inspection must be asked for.

    inspection_id: the earlier inspection; inspected_at: its moment (UTC, with time zone).
    """

    def __init__(
        self, code: str, /, *, inspection_id: int, inspected_at: datetime, **values: object
    ) -> None:
        super().__init__(code, **values)
        self.inspection_id = inspection_id
        self.inspected_at = inspected_at


class PossibleDuplicate(InspectionError):
    """A photo looks like an earlier shot of its body, and nobody has said whether it is.

    inspection_id: the earlier inspection.
    """

    def __init__(self, code: str, /, *, inspection_id: int, **values: object) -> None:
        super().__init__(code, **values)
        self.inspection_id = inspection_id


class OutsideRoot(InspectionError):
    """A path asked for lies outside the folders that may be browsed."""


class TrainingError(InspectionError):
    """Training data or a checkpoint cannot be used."""


class PodRefused(InspectionError):
    """Hit/miss data from which no POD curve follows.

    reason: "too_few", "one_kind", "separated" or "not_rising".
    """

    def __init__(self, code: str, /, *, reason: str, **values: object) -> None:
        super().__init__(code, **values)
        self.reason = reason
