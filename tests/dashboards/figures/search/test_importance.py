"""What each searched path explains."""

import pytest
from support.dashboards.searches import svg_of

from dashboards.figures.search.importance import importance, share_table

LABELS = {"a.x": "x", "a.y": "y"}
SHARES = {"AP": {"a.x": 0.75, "a.y": 0.25}, "APr": {"a.y": 0.5, "a.x": 0.5}}


def test_paths_stand_in_the_order_of_the_first_metric() -> None:
    table = share_table(LABELS, SHARES)
    assert list(table["path"]) == ["a.x", "a.x", "a.y", "a.y"]
    assert list(table["metric"]) == ["AP", "APr", "AP", "APr"]
    assert list(table["share"]) == [0.75, 0.5, 0.25, 0.5]


def test_bars_have_their_shares_and_the_basis_is_named(capfd: pytest.CaptureFixture[str]) -> None:
    figure = importance(LABELS, SHARES, "AP: 12 finished trials")
    assert figure.text.endswith("Of AP: 12 finished trials.")
    svg = svg_of(figure)
    assert ">75%<" in svg and ">25%<" in svg and ">APr<" in svg
    alone = svg_of(importance(LABELS, {"AP": SHARES["AP"]}, "AP: 12 finished trials", "-2"))
    assert ">75%<" in alone and ">AP<" not in alone
    assert "WARN" not in capfd.readouterr().err
