"""The list of tables in docs/tables.md, and the numbers in it."""

import json
import re
from typing import Any

import pytest

from benchmarks.tables.__main__ import BEGIN, END, PAGE, RESULTS, table_of, with_table
from benchmarks.tables.costs import figures_of, trained_rows
from benchmarks.tables.paces import PUBLISHED, pace_of
from experiments.commands.catalogue import num_trainings
from experiments.variants import TABLES, VARIANTS
from longtail.config.detector import Detector, Timm

FIGURES: dict[str, Any] = json.loads(RESULTS.read_text())["tables"]
"""As the page was last written from them."""


def test_the_page_lists_every_table_with_its_rows_and_no_other() -> None:
    listed = PAGE.read_text().partition(BEGIN)[2].partition(END)[0]
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \| (\d+) \|", listed, re.M)
    wanted = [
        (name, str(len(rows)), str(num_trainings([VARIANTS[row] for row in rows])))
        for name, rows in {table: trained_rows(table) for table in TABLES}.items()
    ]
    assert rows == wanted


def test_the_page_has_the_figures_that_were_counted() -> None:
    page = PAGE.read_text()
    assert with_table(page, table_of(FIGURES)) == page


@pytest.mark.parametrize("table", TABLES)
def test_figures_are_of_the_rows_that_a_table_has(table: str) -> None:
    assert list(FIGURES[table]["rows"]) == trained_rows(table)


def test_hours_by_hand() -> None:
    # Two thresholds of one training: 85,110 steps of 8 images, and 5,000 images twice.
    found = figures_of("calibration_2019_2")
    pace = pace_of(VARIANTS["mrcnn_r50"].detector)
    training, prediction = 85_110 * 8 / pace / 3600, 5_000 / (1.36 * pace) / 3600
    assert found["gpu_hours"]["known"] == pytest.approx(training + 2 * prediction)
    assert found["gpu_hours_alone"]["known"] == pytest.approx(2 * (training + prediction))
    assert found["longest_row_hours"] == pytest.approx((training + prediction) / 8)
    assert found == FIGURES["calibration_2019_2"]


def test_a_network_with_more_operations_is_slower() -> None:
    # 546.2 and 712.5 GFLOPs in docs/architectures.md.
    wide = Detector(backbone=Timm(model="resnext101_32x4d"))
    assert pace_of(Detector()) == PUBLISHED == pytest.approx(6.85, abs=5e-3)
    assert pace_of(wide) == pytest.approx(PUBLISHED * 546.2 / 712.5, rel=1e-3)
