from pathlib import Path

import numpy as np
import pytest
from support.dashboards.drawn import check_quiet, drawn_words
from support.dashboards.made_telemetry import write_made_telemetry

from dashboards.figures.taught import positives_per_negative, taught, taught_table
from longtail.training.telemetry_files import TrainingTelemetry


@pytest.fixture
def trainings(tmp_path: Path) -> dict[str, TrainingTelemetry]:
    """Before and after a loss that masks all but 11 negatives of the frequent category."""
    return {
        "sigmoid": write_made_telemetry(tmp_path / "sigmoid", [99, 11, 90]),
        "eql": write_made_telemetry(tmp_path / "eql", [0, 11, 0]),
    }


def test_categories_stand_from_frequent_to_rare_with_their_counts(
    trainings: dict[str, TrainingTelemetry],
) -> None:
    before, after = (taught_table(of, {2: "gavel"}) for of in trainings.values())
    assert after["name"].tolist() == ["category 5", "category 9", "gavel"]
    assert after["images"].tolist() == [900, 40, 3]
    assert after["positives"].tolist() == [89, 10, 1]
    # 100 regions of any category, less a category's own: nothing is masked before.
    assert before["valid_foreground"].tolist() == [11, 90, 99]
    assert after["valid_foreground"].tolist() == [11, 0, 0]
    assert after["valid_background"].tolist() == [900, 900, 900]


def test_a_ratio_without_valid_negatives_is_not_a_number(
    trainings: dict[str, TrainingTelemetry],
) -> None:
    ratios = positives_per_negative(trainings["eql"])
    assert ratios["f"] == 89 / 11
    assert np.isnan(ratios["r"]) and np.isnan(ratios["c"])


def test_each_training_has_a_panel_with_its_name_its_ratios_and_all_groups(
    trainings: dict[str, TrainingTelemetry],
) -> None:
    figure = taught(trainings)
    assert len(figure.panels) == 2
    shown = drawn_words(figure)
    assert shown.count("sigmoid") == shown.count("eql") == 1
    assert "positives per valid negative: f 8.1, c none, r none" in shown
    assert shown.count("steps 1 to 10, 1,000 regions") == 2
    for name in ("rare (1)", "common (1)", "frequent (1)"):
        assert shown.count(name) == 2


def test_panels_have_the_same_axis_though_one_has_larger_counts(tmp_path: Path) -> None:
    small = write_made_telemetry(tmp_path / "small", [0, 0, 0])
    small.window.valid_background_negatives[:] = 0
    large = write_made_telemetry(tmp_path / "large", [99, 11, 90])
    shown = drawn_words(taught({"small": small, "large": large}))
    assert shown.count("1k") == 2
    assert drawn_words(taught({"small": small})).count("1k") == 0


def test_a_name_is_text(trainings: dict[str, TrainingTelemetry]) -> None:
    name = "<script>alert(1)</script>"
    assert name in drawn_words(taught({name: trainings["eql"]}))


def test_nothing_is_printed(
    trainings: dict[str, TrainingTelemetry], capfd: pytest.CaptureFixture[str]
) -> None:
    check_quiet(taught(trainings), capfd)
