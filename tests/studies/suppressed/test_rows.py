"""The rows of the study of a suppressed tail."""

from docs.studies.suppressed.looks import image_counts
from docs.studies.suppressed.rows import ABOVE, AT, BELOW, IMAGES, PAIRS, study_rows
from docs.studies.suppressed.set import Painted
from longtail.config.trunk import trunk_of

ROWS = study_rows()


def test_compared_rows_exist_and_every_row_is_compared() -> None:
    assert {name for pair in PAIRS for name in pair} == set(ROWS)


def test_first_stages_are_equally_long_and_so_are_second_ones() -> None:
    for number in (0, 1):
        stages = [row.stages[number] for row in ROWS.values() if len(row.stages) > number]
        assert len({stage.schedule for stage in stages}) == 1


def test_limits_of_the_equalization_loss_part_the_rare_categories() -> None:
    assert Painted().images == IMAGES
    counts = image_counts()
    spared = [int((counts < limit * IMAGES).sum()) for limit in (BELOW, AT, ABOVE)]
    assert 0 < spared[0] < spared[1] == 180 < spared[2] == 270


def test_second_stages_learn_over_the_softmax_row() -> None:
    later = [row for row in ROWS.values() if len(row.stages) > 1]
    assert all(row.stages[0] == ROWS["softmax"].stages[0] for row in later)
    assert all(trunk_of(row.stages[-1]) is not None for row in later)


def test_adjusted_rows_need_no_training_of_their_own() -> None:
    for name in ("norcal", "logit_adjustment"):
        assert ROWS[name].stages == ROWS["softmax"].stages
