"""Which model is served. The one rule, in this order:

1. A model that is named in the settings, by the variable INSPECTION_MODEL or in the settings file:
   what an administrator wrote down holds, and nobody can switch past it on a page.
2. Else the last switch in the log (`model_desk`), in exactly the version that was put in use.
3. Else the default of the settings.
"""

from inspection.config import Settings
from inspection.errors import InspectionError, StorageError
from inspection.services.worker.parent import ModelChoice
from inspection.storage.database import Engine, open_existing
from inspection.storage.model_switches import last_switch


def is_pinned(settings: Settings) -> bool:
    """Whether the settings name the model, so that the log has no say."""
    return "model" in settings.model_fields_set


def choice_of(settings: Settings, engine: Engine) -> ModelChoice:
    """The folder to serve and, where the log decides, its version."""
    last = None if is_pinned(settings) else last_switch(engine)
    if last is None:
        return ModelChoice(settings.model_folder)
    return ModelChoice(settings.models_dir / last.model.name, last.model.sha256)


def served_choice(settings: Settings) -> ModelChoice:
    """As `choice_of` for a program without an open log; without any log the default is served."""
    try:
        engine = open_existing(settings.url)
    except StorageError:
        return ModelChoice(settings.model_folder)
    try:
        return choice_of(settings, engine)
    except StorageError:
        return ModelChoice(settings.model_folder)
    finally:
        engine.dispose()


class FollowedChoice:
    """What the worker asks before each job; a log that cannot be read changes nothing."""

    def __init__(self, settings: Settings, engine: Engine) -> None:
        self._settings = settings
        self._engine = engine
        self._known = ModelChoice(settings.model_folder)

    def __call__(self) -> ModelChoice:
        try:
            self._known = choice_of(self._settings, self._engine)
        except InspectionError:
            # The log tells its trouble where it is needed; photos are seen by the model known.
            return self._known
        return self._known
