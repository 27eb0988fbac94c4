"""What is said about whether a logged inspection counts in the figures.

An inspection is never removed. It is left out of the figures by a word with a name and a reason,
and a later word lets it count again; all of them stay.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from inspection.errors import CountingRefused

# By a person: it shall not count; that is taken back.
VOIDED, RESTORED = "voided", "restored"
# It looks like an earlier shot of its body; a person says that it is that shot, or another one.
WAITING, SAME_SHOT, OTHER_SHOT = "waiting", "same_shot", "other_shot"
# Its millimetres were wrong: `other_id` is the judgement that took its place.
SCALE_CORRECTED = "scale_corrected"
WORDS = (VOIDED, RESTORED, WAITING, SAME_SHOT, OTHER_SHOT, SCALE_CORRECTED)
# Why an inspection is left out; "" where it is not.
LEFT_OUT = (VOIDED, WAITING, SAME_SHOT)

_NEED_A_REASON = (VOIDED, SCALE_CORRECTED)
_NEED_A_NAME = (VOIDED, RESTORED, SCALE_CORRECTED)
_OF_ANOTHER = (WAITING, SAME_SHOT, OTHER_SHOT, SCALE_CORRECTED)
MOST_LETTERS = {"reason": 300, "who": 80}


@dataclass(frozen=True, slots=True)
class CountingWord:
    """One word about one inspection; appended, never overwritten.

    other_id: the shot that it looks like, or the judgement with the right scale; None for a void.
    at: UTC, with time zone. Raises CountingRefused without the name or the reason that the word
    needs, or for a text longer than `MOST_LETTERS`.
    """

    inspection_id: int
    word: str
    reason: str
    who: str
    at: datetime
    other_id: int | None = None

    def __post_init__(self) -> None:
        if self.word not in WORDS:
            raise ValueError(f"word must be one of {WORDS}, got {self.word!r}")
        if self.at.tzinfo is None:
            raise ValueError("at must carry a time zone")
        if (self.other_id is not None) != (self.word in _OF_ANOTHER):
            raise ValueError(f"{self.word} names another inspection, or none: {self.other_id}")
        for name, most in MOST_LETTERS.items():
            text = " ".join(getattr(self, name).split())
            if len(text) > most:
                raise CountingRefused(
                    "counting_letters",
                    number=self.inspection_id,
                    field=name,
                    n=len(text),
                    most=most,
                )
            object.__setattr__(self, name, text)
        if self.word in _NEED_A_NAME and not self.who:
            raise CountingRefused("name_needed")
        if self.word in _NEED_A_REASON and not self.reason:
            raise CountingRefused("counting_reason", number=self.inspection_id)


def left_out(words: Iterable[str]) -> str:
    """Why an inspection about which these words were said, in their order, is left out.

    A void hides the other question, and its end lets that stand again as it was.
    """
    void, shot = "", ""
    for word in words:
        if word in (VOIDED, RESTORED):
            void = word
        elif word in (WAITING, SAME_SHOT, OTHER_SHOT):
            shot = word
    if void == VOIDED:
        return VOIDED
    return shot if shot in LEFT_OUT else ""


@dataclass(frozen=True, slots=True)
class LikeAnother:
    """A photo that looks like an earlier shot of its body.

    inspection_id: that shot. word: what is said about it, one of WAITING, SAME_SHOT, OTHER_SHOT.
    who: "" while nobody has answered.
    """

    inspection_id: int
    word: str
    who: str = ""
