"""The table of all categories that papers get: the page's numbers, with all digits."""

import csv
import io
from dataclasses import replace

import pandas as pd
import pytest

from dashboards.figures.ap_by_images import ap_by_images
from dashboards.pages.all_categories import all_categories
from dashboards.sections.by_category import DIFFERENCES
from dashboards.sources.found import Found, Report, Row
from dashboards.tables import csv_table, latex_table


def row(name: str, *aps: float) -> Row:
    records = [
        {
            "id": 7 + number,
            "name": f"a_{number}",
            "group": "rf"[number],
            "image_count": (3, -1)[number],
            "instance_count": (4, -1)[number],
            "segm_ap": ap,
            "box_ap": -1.0,
        }
        for number, ap in enumerate(aps)
    ]
    return Row(name, "variant", {"segm": {"AP": 0.5}, "per_category": records})


@pytest.fixture
def lines() -> list[dict[str, str]]:
    rows = (row("old", 0.123456, -1.0), row("new", 0.25, 0.5))
    report = Report("Two", (Found("two", "grid", None, rows=rows),), baseline="old")
    figure = ap_by_images(rows, 1, 0)
    widths = pd.DataFrame({"id": [7], "e0_1": [1.5]})
    figure = replace(figure, tables={**figure.tables, DIFFERENCES: widths})
    table = all_categories(report, figure)
    assert r"25.00 {\tiny +12.65 $\pm$ 1.50}" in latex_table(table)
    return list(csv.DictReader(io.StringIO(csv_table(table))))


def test_values_have_all_digits_and_what_bounds_them(lines: list[dict[str, str]]) -> None:
    first, _ = lines
    assert (first["category"], first["group"], first["training_images"]) == ("a_0", "r", "3")
    assert float(first["AP of old"]) == pytest.approx(12.3456)
    assert float(first["AP of new"]) == pytest.approx(25)
    assert float(first["AP of new_difference"]) == pytest.approx(12.6544)
    assert float(first["AP of new_half_interval"]) == 1.5


def test_what_is_not_known_is_empty(lines: list[dict[str, str]]) -> None:
    _, second = lines
    assert second["training_images"] == second["AP of old"] == second["AP of new_difference"] == ""
    assert float(second["AP of new"]) == pytest.approx(50)
