"""AP of each category over its training images: what is drawn, what is left out and said."""

import math
from pathlib import Path
from typing import Any

import pytest
from support.dashboards.made_results import made_evaluation, made_rows

from dashboards.figure import Figure
from dashboards.figures.ap_by_images import ap_by_images, category_table
from dashboards.look import PAGE
from dashboards.pages.vega import compiled
from dashboards.sources.found import Row


def _row(*records: tuple[int, float, float], masks: bool = True) -> Row:
    """Of categories by training images, mask AP and box AP."""
    tree = made_evaluation(3, 0.3)
    tree["per_category"] = [
        {
            "id": number,
            "name": f"category_{number}",
            "group": "r",
            "image_count": images,
            "instance_count": images,
            "segm_ap": mask,
            "box_ap": box,
        }
        for number, (images, mask, box) in enumerate(records, 1)
    ]
    tree["segm"]["AP"] = 0.2 if masks else -1
    return Row("row", "variant", tree)


def _domain(figure: Figure) -> list[float]:
    (spec,) = figure.panel_specs(PAGE)
    layer: dict[str, Any] = spec["layer"][0]
    while "layer" in layer:
        layer = layer["layer"][0]
    domain: list[float] = layer["encoding"]["x"]["scale"]["domain"]
    return domain


def test_table_has_the_points_of_each_row(tmp_path: Path) -> None:
    rows = made_rows(tmp_path, 2, 40)

    table = category_table(rows).set_index("id")
    for place, row in enumerate(rows):
        for record in row.evaluation["per_category"]:
            value = record["segm_ap"]
            if record["id"] in table.index:
                shown = table.loc[record["id"], f"a{place}"]
                assert math.isnan(shown) if value == -1 else shown == round(100 * value, 2)


def test_rows_without_masks_have_ap_of_boxes() -> None:
    row = _row((5, -1, 0.25), masks=False)

    assert category_table([row])["a0"].tolist() == [25.0]
    assert ap_by_images([row]).title.startswith("Box AP")
    assert ap_by_images([_row((5, 0.1, 0.25))]).title.startswith("Mask AP")
    assert "a row has no masks" in ap_by_images([row, _row((5, 0.1, 0.2))]).title


def test_categories_without_ap_or_counts_are_told_and_not_drawn() -> None:
    row = _row((5, 0.2, 0.3), (7, -1, -1), (-1, 0.4, 0.5))

    figure = ap_by_images([row])
    assert figure.tables["categories"]["id"].tolist() == [1, 3]
    assert "1 of 3 categories without AP" in figure.text
    assert "1 are not drawn: their training images are not known" in figure.text


def test_axis_has_a_zero_only_where_a_category_has_no_image() -> None:
    assert _domain(ap_by_images([_row((1, 0.2, 0.2), (90, 0.2, 0.2))]))[0] > 0.5
    assert _domain(ap_by_images([_row((0, 0.2, 0.2), (90, 0.2, 0.2))]))[0] < 0.5


@pytest.mark.parametrize(
    "records", [[(1, 0.0, 0.0)], [(0, 0.1, 0.1), (-1, 0.1, 0.1)], [(5, -1, -1)]]
)
def test_few_categories_compile_without_a_warning(
    records: list[tuple[int, float, float]], capfd: pytest.CaptureFixture[str]
) -> None:
    for spec in ap_by_images([_row(*records)]).panel_specs(PAGE):
        compiled(spec)

    assert "".join(capfd.readouterr()) == ""


def test_paper_says_which_row_it_is(tmp_path: Path) -> None:
    rows = made_rows(tmp_path, 2, 10)

    assert ap_by_images(rows, shown=0).spec()["title"] == "row_0"
