import pytest

from inspection.domain import letters
from inspection.errors import NoteRefused


def test_a_word_is_kept_under_the_name_of_a_person_and_one_sentence_asks_for_it():
    assert letters.name_of_person(" Kim Minsu ", NoteRefused) == "Kim Minsu"
    with pytest.raises(NoteRefused, match="needs a name; enter yours first"):
        letters.name_of_person(" \n", NoteRefused)
    with pytest.raises(NoteRefused, match="who has 81 letters, at most 80"):
        letters.name_of_person("x" * 81, NoteRefused, field="who")
