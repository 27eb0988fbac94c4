import math

import pytest

from inspection.domain.learning.paired import (
    BETTER,
    NO_PROOF,
    Compared,
    GoldenCount,
    HeldOutPhoto,
    Interval,
    Paired,
    compare,
    objections,
    verdict,
)
from inspection.domain.reliability import wilson

SAME = GoldenCount(100, 1)


def photo(body, defects=1, before=0, after=0, false_before=0, false_after=0):
    return HeldOutPhoto(str(body), defects, before, after, false_before, false_after)


def test_half_of_twenty_bodies_gained_gives_the_interval_of_a_binomial():
    # One defect a body; ten were found only after. Of 20 drawn bodies the number that gained is
    # binomial (20, 1/2): 2.5 % and 97.5 % of it lie at 6 and 14.
    compared = compare([photo(n, after=n % 2) for n in range(20)])
    change = compared.tight.change
    assert change.value == pytest.approx(0.5)
    assert (change.low, change.high) == pytest.approx((6 / 20, 14 / 20), abs=0.051)
    assert (compared.photos, compared.bodies, compared.defects) == (20, 20, 20)
    assert compared.defective_bodies == 20
    assert compared.tight.before.value == 0.0
    assert (compared.tight.after.low, compared.tight.after.high) == pytest.approx(wilson(10, 20))


def test_where_every_body_gains_the_same_there_is_no_doubt_about_the_change():
    compared = compare([photo(n, defects=4, before=1, after=3) for n in range(12)])
    change = compared.tight.change
    assert (change.value, change.low, change.high) == pytest.approx((0.5, 0.5, 0.5))
    # Of the shares themselves there is: 12 bodies are few.
    after = compared.tight.after
    assert (after.low, after.high) == pytest.approx(wilson(9, 12))


def test_all_photos_of_a_body_are_drawn_together():
    # The same 40 photos: as 40 bodies they are sure of a gain, as two bodies they are not.
    alone = compare([photo(n, after=n % 2) for n in range(40)])
    together = compare([photo(n % 2, after=n % 2) for n in range(40)])
    assert alone.tight.change.value == together.tight.change.value == 0.5
    assert alone.tight.change.low > 0.0 == together.tight.change.low
    assert together.tight.change.high == 1.0


def test_false_regions_are_counted_a_photo():
    # 30 bodies: each had 2 of them on a photo, ten lose both.
    compared = compare(
        [photo(n, defects=0, false_before=2, false_after=0 if n < 10 else 2) for n in range(30)]
    )
    change = compared.false_regions.change
    assert compared.tight is None and compared.defective_bodies == 0
    assert compared.false_regions.before == Interval(2.0, 2.0, 2.0)
    assert compared.false_regions.after.value == pytest.approx(2 * 20 / 30)
    assert change.value == pytest.approx(-2 / 3)
    # Two standard errors of a share of 1/3 of 30, times two regions.
    width = 2 * 1.96 * math.sqrt(1 / 3 * 2 / 3 / 30)
    assert (change.low, change.high) == pytest.approx((-2 / 3 - width, -2 / 3 + width), abs=0.08)


def test_the_same_photos_give_the_same_interval():
    photos = [photo(n, after=n % 3 == 0, false_after=n % 4) for n in range(25)]
    assert compare(photos) == compare(photos)
    with pytest.raises(ValueError, match="no photo"):
        compare([])


def compared(low=0.05, high=0.3, *, false=-0.1, defective=12, tight=True):
    figure = Paired(Interval(0.5, 0.3, 0.7), Interval(0.7, 0.5, 0.9), Interval(0.2, low, high))
    regions = Interval(false, false - 0.1, false + 0.1)
    return Compared(
        photos=40,
        bodies=20,
        defects=60,
        defective_bodies=defective,
        tight=figure if tight else None,
        false_regions=Paired(Interval(0.5, 0.4, 0.6), Interval(0.4, 0.3, 0.5), regions),
    )


@pytest.mark.parametrize(
    ("seen", "golden", "against"),
    [
        (compared(), SAME, ()),
        (compared(), GoldenCount(101, 0), ()),
        (compared(false=0.0), SAME, ()),
        # The interval touches zero, or lies below it.
        (compared(low=0.0), SAME, ("tight",)),
        (compared(low=-0.3, high=-0.1), SAME, ("tight",)),
        (compared(tight=False, defective=0), SAME, ("few_bodies", "tight")),
        (compared(false=0.01), SAME, ("false_regions",)),
        # One defect of the golden set less, or one alarm more, is a loss.
        (compared(), GoldenCount(99, 0), ("golden",)),
        (compared(), GoldenCount(105, 2), ("golden",)),
        (compared(defective=9), SAME, ("few_bodies",)),
    ],
)
def test_better_is_said_only_where_nothing_speaks_against_it(seen, golden, against):
    said = objections(seen, SAME, golden)
    assert said == against
    assert verdict(said) == (NO_PROOF if against else BETTER)
