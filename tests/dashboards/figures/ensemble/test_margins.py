"""What detections are ranked by."""

import pytest
from support.dashboards.charts import assert_compiles

from dashboards.figures.ensemble.margins import margin_table, margins


def test_the_key_is_score_plus_margin() -> None:
    table = margin_table(0.1, 0.05)
    assert table.groupby("group").key.apply(list).to_dict() == {
        "rare": [0.1, 1.1],
        "common": [0.05, 1.05],
        "frequent": [0.0, 1.0],
    }


def test_the_figure_compiles(capfd: pytest.CaptureFixture[str]) -> None:
    figure = margins(0.1, 0.05)
    assert figure is not None and "0.3" in figure.text
    assert_compiles(figure, capfd)


def test_without_margins_there_is_no_figure() -> None:
    assert margins(0, 0) is None
