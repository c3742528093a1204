"""Maps of scores as they are drawn."""

import numpy as np
import pytest
from support.dashboards.charts import assert_compiles
from support.dashboards.made_merge import made_calibration

from dashboards.figures.ensemble.calibration_maps import calibration_maps, map_table
from longtail.categories import FREQUENCY_GROUPS, GROUP_NAMES


def test_points_are_what_the_calibration_makes_of_scores() -> None:
    calibration = made_calibration()
    table = map_table(calibration, ["a"])
    for number, letter in enumerate(FREQUENCY_GROUPS):
        line = table[table.group == GROUP_NAMES[letter]]
        scores = line.score.to_numpy()
        expected = calibration.apply("a", scores, np.full(len(scores), number))
        assert line.calibrated.to_numpy() == pytest.approx(expected, abs=1e-5)
    assert table.groupby("group").whose.first().to_dict() == {
        "rare": "of the group",
        "common": "of the whole source",
        "frequent": "none: scores stay",
    }


def test_groups_that_share_a_map_are_one_line() -> None:
    table = map_table(made_calibration(), ["b"])
    assert set(table.group) == {"all groups"} and set(table.whose) == {"of all sources together"}


def test_sources_that_were_not_fitted_are_left_out(capfd: pytest.CaptureFixture[str]) -> None:
    figure = calibration_maps(made_calibration(), ["a", "b", "c"])
    assert figure is not None
    assert [panel["title"]["text"] for panel in assert_compiles(figure, capfd)] == ["a", "b"]
    assert calibration_maps(made_calibration(), ["c"]) is None
