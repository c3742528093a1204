import pytest
from support.dashboards.drawn import check_quiet, drawn_words
from support.dashboards.made_diagnosed import made_diagnosed

from dashboards.figures.diagnosis.ap_lost import ap_lost, lost_table


def test_points_are_those_of_the_diagnosis_and_undefined_ones_are_left_out() -> None:
    rows = made_diagnosed("", "c")
    table = lost_table(rows)
    found = {(of.row, of.of, of.item, of.group): of.points for of in table.itertuples(index=False)}
    gain, loss = (rows[1].diagnosis[key] for key in ("ap_gain", "ap_loss"))
    assert found[1, "ap_gain", "missed objects", "r"] == round(100 * gain["missed"]["r"], 2)
    assert found[1, "ap_gain", "on nothing", "all"] == round(100 * gain["background"]["all"], 2)
    assert found[1, "ap_loss", "AP as it is", "f"] == round(100 * loss["AP"]["f"], 2)
    assert found[1, "ap_loss", "lost to all else", "r"] == round(100 * loss["rest"]["r"], 2)
    assert {of[3] for of in found if of[0] == 1} == {"all", "r", "f"}
    # 6 + 5 items; 4 groups of the first row, 3 of the second.
    assert len(table) == 11 * 7


def test_holes_are_named_and_the_largest_loss_is_told() -> None:
    rows = made_diagnosed("c", None)
    loss = rows[0].diagnosis["ap_loss"]
    loss["localisation"]["r"], loss["classification"]["r"] = 0.125, 0.25
    loss["localisation"]["f"], loss["classification"]["f"] = 0.5, 0.25
    figure = ap_lost(rows, 0)
    assert drawn_words(figure).count("not defined, no object: common") == 2
    assert "rare 25.00 to categories, frequent 50.00 to places" in figure.text
    assert drawn_words(ap_lost(rows, 1)).count("not diagnosed") == 2


def test_a_loss_of_nothing_is_not_said_to_be_the_largest() -> None:
    rows = made_diagnosed("c")
    loss = rows[0].diagnosis["ap_loss"]
    loss["localisation"]["r"], loss["classification"]["r"] = 0.0, 0.00004
    loss["localisation"]["f"], loss["classification"]["f"] = 0.0, 0.0002
    assert "rare nothing to either, frequent 0.02 to categories" in ap_lost(rows, 0).text


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    check_quiet(ap_lost(made_diagnosed("", None, "c")), capfd)
