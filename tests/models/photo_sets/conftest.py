"""What the tests of the photo sets share."""

import pytest

from models.photo_sets import crops


@pytest.fixture
def kept_as_they_are(monkeypatch):
    """Photos of 96 px are not enlarged, so that places on them are known."""
    monkeypatch.setattr(crops, "KEPT_LONG_PX", 96)
