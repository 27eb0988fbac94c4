"""What the tests of the importers share."""

import pytest

from tests.models.published_labels import Import, write_tree


@pytest.fixture
def imported(tmp_path):
    """Import a tree of files; the format is COCO unless another is named."""
    return lambda files, format_name="coco", **how: Import(
        format_name, write_tree(tmp_path / "src", files), tmp_path / "set", **how
    )
