import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from support.dashboards.made_results import made_evaluation

from dashboards.pages.category_page import write_ap_by_category
from longtail.metrics import UNDEFINED, points_text


def columns_of(page: str) -> dict[str, list[Any]]:
    found = re.search(r'<script type="application/json" id="tables">(.*?)</script>', page)
    assert found is not None
    columns: dict[str, list[Any]] = json.loads(found[1])["categories"]
    return columns


def test_the_page_has_every_category_that_occurs_with_its_ap(tmp_path: Path) -> None:
    tree = made_evaluation(200, 0.3)
    write_ap_by_category(tree, tmp_path / "ap.html", "results")
    page = (tmp_path / "ap.html").read_text()
    occurring = {of["id"]: of for of in tree["per_category"] if of["segm_ap"] != UNDEFINED}
    columns = columns_of(page)
    assert columns["id"] == [*occurring] and 0 < len(occurring) < 200
    assert columns["a0"] == [round(100 * of["segm_ap"], 2) for of in occurring.values()]
    assert columns["images"] == [of["image_count"] for of in occurring.values()]
    lead = f"mask AP in points: AP {points_text(tree['segm']['AP'])}, APr"
    assert lead in unescape(page)


def test_boxes_are_drawn_where_masks_are_undefined(tmp_path: Path) -> None:
    tree = made_evaluation(10, 0.3)
    tree["segm"] = dict.fromkeys(tree["segm"], UNDEFINED)
    for record in tree["per_category"]:
        record["segm_ap"] = UNDEFINED
    write_ap_by_category(tree, tmp_path / "ap.html", "results")
    page = (tmp_path / "ap.html").read_text()
    assert f"box AP in points: AP {points_text(tree['box']['AP'])}" in page
    assert columns_of(page)["a0"] == [round(100 * of["box_ap"], 2) for of in tree["per_category"]]


def test_names_are_text_and_nothing_comes_from_elsewhere(tmp_path: Path) -> None:
    tree = made_evaluation(3, 0.3)
    tree["per_category"][0]["name"] = "</script><script>alert(1)</script>"
    write_ap_by_category(tree, tmp_path / "ap.html", "<b>results")
    page = (tmp_path / "ap.html").read_text()
    assert "<script>alert(1)" not in page and "<b>results" not in page
    assert columns_of(page)["name"][0] == "</script><script>alert(1)</script>"
    assert "default-src 'none'" in unescape(page)
    assert not re.search(r"<(script|link) [^>]*(src|href)=", page)


@pytest.mark.parametrize(("ending", "begins"), [("svg", b"<svg"), ("pdf", b"%PDF")])
def test_another_ending_is_a_drawing(ending: str, begins: bytes, tmp_path: Path) -> None:
    write_ap_by_category(made_evaluation(10, 0.3), tmp_path / f"ap.{ending}", "results")
    assert (tmp_path / f"ap.{ending}").read_bytes().startswith(begins)


def test_no_category_at_all_is_still_a_page(tmp_path: Path) -> None:
    tree = made_evaluation(3, 0.3) | {"per_category": []}
    write_ap_by_category(tree, tmp_path / "ap.html", "results")
    assert columns_of((tmp_path / "ap.html").read_text())["id"] == []
