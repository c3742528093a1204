"""Bins of scores, counted by hand."""

from support.dashboards.made_calibration import made_bins

from dashboards.figures.diagnosis.score_bins import bin_lines, share_too_high


def test_shares_are_of_all_detections_and_empty_bins_are_not_defined() -> None:
    bins = made_bins({0: (1, 0.03, 0.0), 3: (3, 0.3, 2 / 3)})
    assert [*bin_lines(bins)] == [(0.0, 1, 0.25, 0.03, 0.0), (0.3, 3, 0.75, 0.3, 0.6667)]
    assert [*bin_lines(made_bins({}))] == []


def test_too_high_are_detections_that_are_right_less_often_than_they_say() -> None:
    assert share_too_high(made_bins({0: (1, 0.03, 0.0), 3: (3, 0.3, 2 / 3)})) == 0.25
    assert share_too_high(made_bins({5: (4, 0.5, 0.5)})) == 0.0
