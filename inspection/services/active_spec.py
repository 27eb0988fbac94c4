"""Which acceptance spec is in force. The one rule, in this order:

1. The spec that the settings name, by the variable INSPECTION_SPEC or in the settings file: what an
   administrator wrote down holds, and nobody can switch past it on a page.
2. Else the last one that was put in force (`services.specs.versions`), byte for byte.
3. Else the default of the settings.
"""

from inspection.config import Settings
from inspection.domain.acceptance_rules import Spec, load_spec, parse_spec
from inspection.errors import StorageError
from inspection.storage.database import Engine, open_existing
from inspection.storage.specs import versions


def is_pinned(settings: Settings) -> bool:
    """Whether the settings name the spec, so that the log has no say."""
    return "spec" in settings.model_fields_set


class FollowedSpec:
    """The spec in force, asked for before each judgement: a change holds for the next photo, in
    this process and in every other one of the installation.

    Raises SpecError when it is made, for a default that cannot be used.
    """

    def __init__(self, settings: Settings, engine: Engine) -> None:
        self._engine = engine
        self._is_pinned = is_pinned(settings)
        self._default = load_spec(settings.spec)
        self._read: Spec | None = None

    def __call__(self) -> Spec:
        """Raises StorageError or SpecError when the log's spec cannot be read: by which rules the
        line is judged is not guessed."""
        last = None if self._is_pinned else versions.last_change(self._engine)
        if last is None or last.spec.sha256 == self._default.sha256:
            return self._default
        read = self._read
        if read is None or read.sha256 != last.spec.sha256:
            text = versions.text_of(self._engine, last.spec.sha256)
            read = self._read = parse_spec(text, last.spec.name)
        return read


def served_spec(settings: Settings) -> Spec:
    """The spec in force for a program without an open log; without any log the default."""
    try:
        engine = open_existing(settings.url)
    except StorageError:
        return load_spec(settings.spec)
    try:
        return FollowedSpec(settings, engine)()
    finally:
        engine.dispose()
