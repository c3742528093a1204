"""The page of AP by category."""

import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from longtail.evaluation.plots import COLOURS, ap_by_category_page, write_ap_by_category
from longtail.evaluation.report import CategoryAP, Evaluation

NAMES = ("AP", "APr", "APc", "APf")


@pytest.fixture
def evaluation() -> Evaluation:
    return Evaluation(
        segm=dict(zip(NAMES, (0.4, 0.1, 0.3, 0.7), strict=True)),
        box=dict(zip(NAMES, (0.5, 0.2, 0.4, 0.8), strict=True)),
        bins={},
        gap_box_mask=0.1,
        per_category=(
            CategoryAP(1, "<script>alert(1)</script>", "r", 0, 0, 0.1, 0.2),
            CategoryAP(2, "cup", "c", 10, 30, 0.3, 0.4),
            CategoryAP(3, "jug", "f", 1000, 3000, 0.7, 0.8),
            CategoryAP(4, "unseen", "f", 500, 900, -1.0, -1.0),
        ),
        identity_error=0.0,
        counts={},
    )


def circles(page: str) -> list[ElementTree.Element]:
    svg = re.search(r"<svg.*</svg>", page, re.DOTALL)
    assert svg is not None
    tree = ElementTree.fromstring(svg[0])
    return tree.findall("{http://www.w3.org/2000/svg}circle")


def test_each_occurring_category_is_a_dot_in_the_colour_of_its_group(
    evaluation: Evaluation,
) -> None:
    dots = circles(ap_by_category_page(evaluation, "title"))
    assert [dot.get("fill") for dot in dots] == list(COLOURS.values())


def test_the_axis_is_logarithmic_and_ap_goes_up(evaluation: Evaluation) -> None:
    dots = circles(ap_by_category_page(evaluation, "title"))
    x = [float(dot.get("cx", "")) for dot in dots]
    # From 10 to 1000 images are two decades, from "0" at 0.5 to 10 are 1.301.
    assert (x[2] - x[1]) / (x[1] - x[0]) == pytest.approx(2 / 1.301, abs=1e-3)
    y = [float(dot.get("cy", "")) for dot in dots]
    assert y[0] > y[1] > y[2]


def test_names_from_the_file_are_escaped(evaluation: Evaluation) -> None:
    page = ap_by_category_page(evaluation, "a <b> title")
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;: AP 10.00, 0 training images" in page
    assert "a &lt;b&gt; title" in page


def test_the_page_needs_nothing_from_elsewhere(evaluation: Evaluation, tmp_path: Path) -> None:
    write_ap_by_category(evaluation, tmp_path / "plot.html")
    page = (tmp_path / "plot.html").read_text()
    assert not re.search(r"(src|href)=", page)
    assert page.count("http") == page.count("http-equiv") + page.count("http://www.w3.org/2000/svg")


def test_boxes_are_plotted_where_masks_are_undefined(evaluation: Evaluation) -> None:
    records = tuple(replace(record, segm_ap=-1.0) for record in evaluation.per_category)
    boxes_only = replace(evaluation, segm=dict.fromkeys(NAMES, -1.0), per_category=records)
    page = ap_by_category_page(boxes_only, "title")
    assert "box AP 50.00" in page
    assert len(circles(page)) == 3


def test_a_page_without_a_category_is_still_a_page(evaluation: Evaluation) -> None:
    nothing = replace(evaluation, per_category=())
    assert circles(ap_by_category_page(nothing, "title")) == []
