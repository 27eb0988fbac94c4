"""Errors are codes with values: every code has its text, and every text the values of its sites."""

import ast
import copy
import functools
import inspect
import json
import pickle
import string
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from inspection import errors
from inspection.errors import (
    AlreadyInspected,
    InspectionError,
    ModelRefused,
    UnreadableImage,
    WorkerFailed,
)
from inspection.i18n import texts

REPOSITORY = Path(__file__).resolve().parent.parent
TEXTS = {
    key.removeprefix("error."): text
    for key, text in texts("en").items()
    if key.startswith("error.")
}
CLASSES = {
    name
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, InspectionError)
}
# How the classes that are chosen while the program runs are called, and the gate's own, into
# which `decode` puts the name of the file.
CHOSEN = {"refusal", "writing_failed(error)"}
IN_THE_GATE = "Refusal"
# Values that are not of the sentence: attributes of their class.
OWN = {
    "AlreadyInspected": {"inspection_id", "inspected_at"},
    "PossibleDuplicate": {"inspection_id"},
}
OWN["PodRefused"] = {"reason"}
# The code and the values of another error said again: by another class, or with a file's name.
SAID_AGAIN = {
    "SubjectRefused(error.code, **error.values)",
    "UnreadableImage(refusal.code, name=inert_name(filename), **refusal.values)",
}


@dataclass(frozen=True)
class Site:
    """One place where an error is made."""

    where: str
    kind: str
    call: ast.Call

    @property
    def code(self) -> str | None:
        first = self.call.args[0] if self.call.args else None
        is_text = isinstance(first, ast.Constant) and isinstance(first.value, str)
        return first.value if is_text else None

    @property
    def values(self) -> set[str | None]:
        own = OWN.get(self.kind, set())
        given = {word.arg for word in self.call.keywords} - own
        return given | {"name"} if self.kind == IN_THE_GATE else given


@functools.cache
def sites() -> tuple[Site, ...]:
    return tuple(_sites())


def _sites() -> Iterator[Site]:
    files = [
        path
        for folder in ("inspection", "models", "pages")
        for path in sorted((REPOSITORY / folder).rglob("*.py"))
    ]
    for path in [*files, REPOSITORY / "app.py"]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            kind = ast.unparse(node.func).removeprefix("errors.")
            if kind in CLASSES | CHOSEN | {IN_THE_GATE}:
                yield Site(f"{path.relative_to(REPOSITORY)}:{node.lineno}", kind, node)


def test_every_error_is_made_of_a_code_that_has_a_text():
    # The bare call in a class of its own, `super().__init__(code)`, is none of these.
    strange = {
        site.where: ast.unparse(site.call)
        for site in sites()
        if site.code not in TEXTS and ast.unparse(site.call) not in SAID_AGAIN
    }
    assert strange == {}


def test_every_error_gets_the_values_that_its_text_names():
    differing = {
        site.where: (site.code, sorted(map(str, site.values ^ placeholders(TEXTS[site.code]))))
        for site in sites()
        if site.code in TEXTS and site.values != placeholders(TEXTS[site.code])
    }
    assert differing == {}


def test_every_text_is_said_somewhere():
    assert sorted(TEXTS.keys() - {site.code for site in sites()}) == []


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_a_value_cannot_be_handed_over_without_its_name():
    for name in CLASSES:
        first, *others = inspect.signature(getattr(errors, name)).parameters.values()
        assert first.kind is inspect.Parameter.POSITIONAL_ONLY, name
        assert all(one.kind is not one.POSITIONAL_OR_KEYWORD for one in others), name


AT = datetime(2026, 3, 2, 5, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "error",
    [
        UnreadableImage("too_large", name="a.jpg", size=51.25, most=50),
        ModelRefused("model_opening", name="x", how=WorkerFailed("worker_ended", exit=3)),
        ModelRefused("switch_meanwhile", name="x", who="Kim", at=AT),
        AlreadyInspected(
            "already", inspection_id=3, inspected_at=AT, name="a.jpg", at=AT, number=3
        ),
    ],
)
def test_an_error_crosses_to_another_process_whole(error):
    for again in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error), error.anew()):
        assert type(again) is type(error) and str(again) == str(error)
        assert again.code == error.code and again.values.keys() == error.values.keys()
    written = json.loads(json.dumps(error.as_json()))
    assert str(InspectionError.from_json(written)) == str(error)


def test_the_attributes_of_a_class_are_kept_when_it_is_pickled():
    error = AlreadyInspected(
        "already", inspection_id=3, inspected_at=AT, name="a.jpg", at=AT, number=3
    )
    again = pickle.loads(pickle.dumps(error))
    assert (again.inspection_id, again.inspected_at) == (3, AT)


def test_an_error_that_is_kept_holds_no_traceback():
    try:
        raise UnreadableImage("empty", name="a.jpg")
    except UnreadableImage as error:
        kept = error.anew()
    assert kept.__traceback__ is None and kept.__context__ is None
