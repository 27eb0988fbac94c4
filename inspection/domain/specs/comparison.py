"""Two acceptance specs beside each other, line by line: what one has and the other has not."""

from dataclasses import dataclass
from difflib import SequenceMatcher

from inspection.domain.acceptance_rules import Spec
from inspection.domain.specs.rows import head_of, rows_of, spec_text


@dataclass(frozen=True, slots=True)
class Line:
    """One line of either text. mark: "-" only before, "+" only after, " " in both, and "…" where
    equal lines are left out (text is then "")."""

    mark: str
    text: str


def compared(before: Spec, after: Spec, around: int = 2) -> tuple[Line, ...]:
    """The lines that differ, each with `around` equal ones before and after; none where the two
    ask the same. Both are written anew first: comments and spaces are no difference."""
    old, new = (spec_text(head_of(one), rows_of(one)).split("\n") for one in (before, after))
    found: list[Line] = []
    ended = 0
    for group in SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(around):
        if all(kind == "equal" for kind, *_ in group):
            continue
        if group[0][1] > ended:
            found.append(Line("…", ""))
        for kind, i, j, m, n in group:
            if kind == "equal":
                found += [Line(" ", text) for text in old[i:j]]
            else:
                found += [Line("-", text) for text in old[i:j]]
                found += [Line("+", text) for text in new[m:n]]
        ended = group[-1][2]
    return tuple(found)
