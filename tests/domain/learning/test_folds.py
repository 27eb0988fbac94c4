from collections import Counter

import pytest

from inspection.domain.learning.folds import Readiness, folds_by_body, readiness


def test_thirty_photos_of_fifteen_bodies_are_enough_and_one_less_is_not():
    assert Readiness(30, 15).is_enough
    assert not Readiness(29, 15).is_enough and Readiness(29, 15).photos_missing == 1
    assert not Readiness(40, 12).is_enough and Readiness(40, 12).bodies_missing == 3
    assert Readiness(40, 12).photos_missing == 0


def test_photos_without_a_body_number_count_as_one_body_together():
    assert readiness(["A", "A", "B", "", "", ""]) == Readiness(photos=6, bodies=3, unnumbered=3)
    assert readiness([]) == Readiness(0, 0)


def test_no_body_is_split_and_every_fold_has_its_share():
    # Fifteen bodies with 1, 2, … 15 photos, 120 in all, and 7 whose body nobody knows.
    bodies = [f"B{n}" for n in range(1, 16) for _ in range(n)] + [""] * 7
    folds = folds_by_body(bodies)
    of_body = {}
    for body, fold in zip(bodies, folds, strict=True):
        of_body.setdefault(body, set()).add(fold)
    assert all(len(those) == 1 for those in of_body.values())
    sizes = Counter(folds)
    assert sorted(sizes) == [0, 1, 2, 3, 4]
    assert max(sizes.values()) - min(sizes.values()) <= 3


def test_the_same_photos_are_always_parted_alike_in_whatever_order_they_come():
    bodies = [f"B{n % 17}" for n in range(40)]
    folds = dict(zip(bodies, folds_by_body(bodies), strict=True))
    assert dict(zip(bodies[::-1], folds_by_body(bodies[::-1]), strict=True)) == folds


def test_four_bodies_make_no_five_folds():
    with pytest.raises(ValueError, match="there are 4"):
        folds_by_body(["A", "B", "C", "D", "D", "D"])
