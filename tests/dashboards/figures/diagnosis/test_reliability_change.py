"""How often scores of sources are right before and after a merge calibrated them."""

import pytest
from msgspec import structs
from support.dashboards.charts import assert_compiles
from support.dashboards.drawn import drawn_words
from support.dashboards.made_calibration import made_calibration, made_reliable

from dashboards.figures.diagnosis.reliability_change import change_table, reliability_change

CALIBRATION = made_reliable(["r50", "x101"])


def test_bins_are_those_of_the_file_and_empty_ones_have_no_line() -> None:
    table = change_table(CALIBRATION, ["r50"])
    assert table.drop(columns="source").to_numpy().tolist() == [
        ["r", "before", 0.0, 30, 0.75, 0.05, 0.25],
        ["r", "before", 0.9, 10, 0.25, 0.95, 0.75],
        ["f", "before", 0.4, 200, 1.0, 0.5, 0.4],
        ["r", "after", 0.1, 30, 0.75, 0.15, 0.2],
        ["r", "after", 0.9, 10, 0.25, 0.9, 0.85],
        ["f", "after", 0.3, 200, 1.0, 0.4, 0.4],
    ]
    # Mean distances between them, by the same counts, are the errors of the file.
    for letter, when, expected in (("r", "before", 0.2), ("r", "after", 0.05), ("f", "after", 0.0)):
        of = table[(table["group"] == letter) & (table["when"] == when)]
        error = (of["share"] * (of["precision"] - of["score"]).abs()).sum()
        assert error == pytest.approx(expected)
        change = CALIBRATION.sources["r50"].error[letter]
        assert error == pytest.approx(getattr(change, when))


def test_each_source_has_a_panel_that_names_groups_without_a_detection(
    capfd: pytest.CaptureFixture[str],
) -> None:
    figure = reliability_change(CALIBRATION, "-2")
    assert figure is not None and figure.name == "reliability-change-2"
    assert {*figure.tables} == {figure.name} and len(figure.panels) == 2
    words = drawn_words(figure)
    assert words.count("r50") == words.count("x101") == 1
    assert words.count("not defined, no judged detection: common") == 2
    assert {"rare", "common", "frequent", "before", "after"} <= {*words}
    assert_compiles(figure, capfd)


def test_a_file_of_before_has_no_curves() -> None:
    assert reliability_change(made_calibration({"r50": {"all": (0.2, 0.1)}})) is None


def test_many_sources_are_counted_in_words() -> None:
    figure = reliability_change(made_reliable([f"s{number}" for number in range(14)]))
    assert figure is not None and len(figure.panels) == 12
    assert figure.text.endswith("The first 12 of 14 sources.")


def test_a_name_is_compared_as_text() -> None:
    name = 'it\'s "one" \\ </script>'
    source = CALIBRATION.sources["r50"]
    figure = reliability_change(structs.replace(CALIBRATION, sources={name: source}))
    assert figure is not None and name in drawn_words(figure)
