"""A view is packed as MLflow reads it, and written again only where it changed."""

import base64
import json
import zlib
from dataclasses import replace
from typing import Any

import pytest

from dashboards.views import charts
from dashboards.views.view import LARGEST, Charts, View, packed

VIEW = View(
    "ours",
    "Our view",
    "tags.a = 'b'",
    "metrics.`val/AP`",
    ["metrics.`val/AP`"],
    [Charts("AP", [charts.bars("val/AP"), charts.scatter("x", "y")], beside=1)],
    group_tag="variant",
    folded=["one"],
)


def state_of(value: str) -> dict[str, Any]:
    """As the page reads it."""
    state = json.loads(value)["state"]
    assert state.startswith("deflate;")
    tree: dict[str, Any] = json.loads(zlib.decompress(base64.b64decode(state[8:])))
    return tree


def test_a_tag_holds_name_times_and_state() -> None:
    value = packed(VIEW, None, 5)
    tree, state = json.loads(value), state_of(value)
    assert (tree["name"], tree["createdAt"], tree["updatedAt"]) == ("Our view", 5, 5)
    assert VIEW.tag == "mlflow.sharedViewState.ours"
    assert (state["searchFilter"], state["orderByAsc"]) == ("tags.a = 'b'", False)
    assert state["selectedColumns"] == ["metrics.`val/AP`"]
    assert [chart["type"] for chart in state["compareRunCharts"]] == ["BAR", "SCATTER"]
    assert {chart["metricSectionId"] for chart in state["compareRunCharts"]} == {"AP"}
    assert len({chart["uuid"] for chart in state["compareRunCharts"]}) == 2
    assert [(of["uuid"], of["columns"]) for of in state["compareRunSections"]] == [("AP", 1)]
    assert state["groupBy"]["groupByKeys"] == [{"mode": "tag", "groupByData": "variant"}]
    assert state["groupsExpanded"] == {"tag.variant.one": False}


def test_the_same_view_again_is_the_same_tag() -> None:
    before = packed(VIEW, None, 5)
    assert packed(VIEW, before, 9) == before


def test_a_changed_view_keeps_when_it_was_made() -> None:
    before = packed(VIEW, None, 5)
    after = packed(replace(VIEW, group_tag=None), before, 9)
    tree = json.loads(after)
    assert (tree["createdAt"], tree["updatedAt"]) == (5, 9)
    assert state_of(after)["groupBy"] is None


@pytest.mark.parametrize("before", ["", "{", "[]", '{"name": "Our view", "state": "deflate;x"}'])
def test_what_cannot_be_read_is_written_anew(before: str) -> None:
    assert json.loads(packed(VIEW, before, 9))["createdAt"] == 9


def test_a_view_that_no_database_holds_is_refused() -> None:
    names = [f"params.`{zlib.crc32(bytes([n]))}{n * n}`" for n in range(255)] * 3
    columns = [f"{name}{zlib.adler32(name.encode())}{at}" for at, name in enumerate(names)]
    with pytest.raises(ValueError, match=f"takes .* of {LARGEST} characters"):
        packed(replace(VIEW, columns=columns), None, 1)
