"""What the reports claim, as the modules of the reports print it."""

import re

import pytest

from experiments.variants import (
    TABLES,
    alibaba_2020,
    alibaba_2020_r50,
    alibaba_2020_test_time,
    calibration_2019,
    calibration_2019_backbones,
    calibration_2019_cascades,
    eql_2019,
    eql_2019_challenge,
    lvistraveler_2020,
    lvistraveler_2020_r50,
    test_time,
)
from experiments.variants.reported import REPORTED, report_order, reported_rows

NUMBER = r"\d+\.\d"


def printed(document: str, row: str) -> list[float]:
    """The numbers of a row's line in a module's docstring."""
    (line,) = re.findall(rf"^ +{row} +({NUMBER}(?: +/ +{NUMBER}| / +{NUMBER})+)", document, re.M)
    return [float(number) for number in re.findall(NUMBER, line)]


def last_number(document: str, row: str) -> str:
    """The AP over all bins, or the only number, of a row's line in a module's docstring."""
    (line,) = re.findall(rf"^ +{row} +({NUMBER}(?: +/ +{NUMBER}| / +{NUMBER})*)", document, re.M)
    return str(re.findall(NUMBER, line)[-1])


WITH_GROUPS = (
    eql_2019,
    eql_2019_challenge,
    alibaba_2020,
    alibaba_2020_r50,
    lvistraveler_2020,
    lvistraveler_2020_r50,
    alibaba_2020_test_time,
    test_time,
)


@pytest.mark.parametrize("module", WITH_GROUPS)
def test_values_are_those_that_the_modules_of_the_reports_state(module: object) -> None:
    tables = [name for name in vars(module)["TABLES"] if name in REPORTED]
    assert tables
    for name in tables:
        for row, points in REPORTED[name].points.items():
            # Rows on a plain network stand beside the report's in one module.
            shown = row if row in (module.__doc__ or "") else row.replace("_r50", "_se154")
            assert list(points) == printed(module.__doc__ or "", shown)


def test_calibrated_rows_have_the_ap_over_all_bins() -> None:
    # Table 8's rhead_cat was another run, as its module says.
    others = {"calibration_2019_8": "rhead_cat"}
    for name in calibration_2019.TABLES:
        for row, points in REPORTED[name].points.items() if name in REPORTED else ():
            if others.get(name) != row:
                assert points == (printed(calibration_2019.__doc__ or "", row)[-1],)
    assert "Table 8 has 8.6 / 22.0 / 20.2 / 26.7 / 21.3" in (calibration_2019.__doc__ or "")


def test_cascades_have_the_ap_over_all_bins() -> None:
    document = calibration_2019_cascades.__doc__ or ""
    for module in (calibration_2019_cascades, calibration_2019_backbones):
        for name in module.TABLES:
            for row, points in REPORTED[name].points.items():
                if (name, row) != ("calibration_2019_5", "htc_x101"):
                    assert points == (float(last_number(module.__doc__ or "", row)),)
    assert REPORTED["calibration_2019_5"].points["htc_x101"] == (29.3,)
    assert "Table 7; Table 5 has 29.3" in document


def test_every_reported_row_is_one_of_a_table() -> None:
    for name, table in REPORTED.items():
        assert tuple(table.points) == TABLES[name]


def test_the_table_that_is_asked_for_comes_first() -> None:
    assert reported_rows(["rhead_cat"])["rhead_cat"]["AP"] == 0.211
    found = reported_rows(["rhead_cat", "mine", "eql_r50"], "calibration_2019_8")
    assert found["rhead_cat"]["AP"] == 0.213 and "Table 8" in str(found["rhead_cat"]["source"])
    assert "mine" not in found and found["eql_r50"]["APr"] == 0.101
    assert "APr" not in found["rhead_cat"]


SHARES = {"v1": (0.167, 0.440, 0.391), "v0.5": (0.142, 0.474, 0.380)}
"""Of rare, common and frequent categories among those of LVIS's val splits: the least squares of
all rows that the reports print."""


@pytest.mark.parametrize("name", REPORTED)
def test_ap_is_the_mean_of_its_groups_within_the_rounding(name: str) -> None:
    table = REPORTED[name]
    (version,) = re.findall(r"LVIS (v\S+) val", table.source)
    for ap, *groups in table.points.values():
        if groups:
            mean = sum(of * share for of, share in zip(groups, SHARES[version], strict=True))
            assert ap == pytest.approx(mean, abs=0.1)


def test_a_table_of_a_report_that_is_several_of_ours_has_one_order() -> None:
    names = ("eql_2019_3", "eql_2019_3_coco", "eql_2019_3_coco_ignore")
    rows = [row for name in names for row in TABLES[name]]
    assert report_order(REPORTED["eql_2019_3"].source) == rows
    assert report_order("somebody else") == []
