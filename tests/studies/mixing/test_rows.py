"""The rows of the study of mixed pictures."""

import pytest

from docs.studies.mixing.rows import PAIRS, PICTURES_OF_A_MOSAIC, SHOWN, study_rows
from docs.studies.tail.rows import study_rows as tail_rows
from longtail.config.mixing import BalancedMosaic
from longtail.config.stages import Stage
from longtail.config.trunk import trunk_of

ROWS = study_rows()
SECOND = {name: row.stages[1] for name, row in ROWS.items() if len(row.stages) > 1}


def pictures_of_a_step(stage: Stage) -> float:
    mixes = [item for item in stage.augmentations if isinstance(item, BalancedMosaic)]
    return stage.schedule.images_per_step * (1 + sum(mix.num_partners for mix in mixes))


def test_compared_rows_exist_and_learn_over_the_trunk_of_the_study_of_the_tail() -> None:
    assert {name for pair in PAIRS for name in pair} | set(SHOWN) <= set(ROWS)
    assert all(row.stages[0] == tail_rows()["softmax"].stages[0] for row in ROWS.values())
    assert all(trunk_of(stage) is not None for stage in SECOND.values())


def test_all_rows_have_the_same_optimizer_steps() -> None:
    lengths = {stage.schedule.replace(images_per_step=1) for stage in SECOND.values()}
    assert len(lengths) == 1


def test_mosaics_and_their_control_show_four_times_the_pictures() -> None:
    plain = pictures_of_a_step(SECOND["rfs"])
    for name in ("mosaic", "rfs_mosaic", "rfs_more", "tuned_mosaic", "tuned_more"):
        assert pictures_of_a_step(SECOND[name]) == PICTURES_OF_A_MOSAIC * plain


@pytest.mark.parametrize(
    ("new", "tuned"), [("rfs", "tuned_rfs"), ("mosaic", "tuned_mosaic"), ("rfs_more", "tuned_more")]
)
def test_the_trunks_own_classifier_learns_in_one_pass_with_a_new_one(new: str, tuned: str) -> None:
    assert trunk_of(SECOND[new]) == trunk_of(SECOND[tuned])
    assert SECOND[tuned].classifier == ROWS["trunk"].stages[0].classifier
    assert not SECOND[tuned].recreate
