"""The values of a searched path on a line and in bins."""

import pytest

from longtail.config.search_space import Choice, Dimension, Integer, LogUniform, Uniform
from longtail.sweep.analysis.axis import Axis, labels_of, spelt_value


def axis_of(dimension: Dimension, num_bins: int = 4) -> Axis:
    return Axis("a.b", "b", dimension, num_bins)


def test_equal_ratios_are_equal_lengths_where_a_range_is_searched_so() -> None:
    axis = axis_of(LogUniform(1e-4, 1.0))
    places = [axis.position(value) for value in (1e-4, 1e-3, 1e-2, 1e-1, 1.0)]
    assert places == pytest.approx([0, 0.25, 0.5, 0.75, 1])
    assert axis.bins[0].name == "0.0001 to 0.001"
    assert axis.value_at(0.5) == pytest.approx(1e-2)


def test_a_range_has_equal_bins_and_its_ends_are_inside() -> None:
    axis = axis_of(Uniform(0.0, 2.0))
    assert [part.name for part in axis.bins] == ["0 to 0.5", "0.5 to 1", "1 to 1.5", "1.5 to 2"]
    assert [axis.bin_of(value) for value in (0.0, 0.49, 0.5, 1.99, 2.0)] == [0, 0, 1, 3, 3]


def test_values_outside_have_no_place() -> None:
    assert axis_of(Uniform(0.0, 2.0)).position(2.1) is None
    assert axis_of(Uniform(0.0, 2.0)).position(None) is None
    assert axis_of(Uniform(0.0, 2.0)).bin_of("word") is None
    assert axis_of(Choice((1, 2))).position(True) is None


def test_choices_stand_in_their_order_at_equal_distances() -> None:
    axis = axis_of(Choice((None, 0.1, True, "word")))
    assert axis.ticks() == ((0.125, "none"), (0.375, "0.1"), (0.625, "true"), (0.875, "word"))
    assert [axis.bin_of(value) for value in (None, 0.1, True, "word")] == [0, 1, 2, 3]


def test_numbers_to_choose_from_rise_behind_none_and_before_words() -> None:
    axis = axis_of(Choice(("word", 32, None, 0.5, True, 8)))
    names = [part.name for part in axis.bins]
    assert names == ["none", "0.5", "8", "32", "word", "true"]
    assert [text for _, text in axis.ticks()] == names
    assert [axis.bin_of(value) for value in (None, 0.5, 8, 32, "word", True)] == [*range(6)]
    assert axis.position(None) == pytest.approx(1 / 12)


def test_few_whole_numbers_have_a_bin_each() -> None:
    axis = axis_of(Integer(1, 5))
    assert [part.name for part in axis.bins] == ["1", "2", "3", "4", "5"]
    assert [axis.bin_of(value) for value in range(1, 6)] == [0, 1, 2, 3, 4]
    assert [text for _, text in axis.ticks()] == ["1", "2", "3", "4", "5"]
    assert [place for place, _ in axis.ticks()] == pytest.approx([0.1, 0.3, 0.5, 0.7, 0.9])


def test_many_whole_numbers_share_bins() -> None:
    axis = axis_of(Integer(100, 500))
    names = [part.name for part in axis.bins]
    assert names == ["100 to 200", "201 to 301", "302 to 402", "403 to 500"]
    assert (axis.bins[0].start, axis.bins[-1].end) == (0, 1)
    assert [axis.bin_of(value) for value in (100, 200, 201, 402, 403, 500)] == [0, 0, 1, 2, 3, 3]


def test_a_label_is_the_shortest_end_that_no_other_path_has() -> None:
    paths = ["stages.0.optimizer.base_lr", "stages.1.optimizer.base_lr", "inference.nms_iou", "lr"]
    assert list(labels_of(paths).values()) == [
        "0.optimizer.base_lr",
        "1.optimizer.base_lr",
        "nms_iou",
        "lr",
    ]


def test_values_are_spelt_for_people() -> None:
    spelt = [spelt_value(value) for value in ("norcal", 0.00177, 1e-07, None, True, 300)]
    assert spelt == ["norcal", "0.00177", "1e-07", "none", "true", "300"]
    section = {"name": "seesaw", "mitigation": 1.0}
    assert spelt_value(section) == "seesaw (not at its defaults)"
