"""Merges that a request names: those of tables, and the rows that they bring."""

from pathlib import Path
from typing import Any

import pytest
from support.commands.run_requests import run_request
from support.results.made_up import write_result

from experiments.commands.grid import merges
from experiments.commands.grid.merges import merges_among, with_members
from experiments.commands.grid.request import GridRequest
from experiments.variants.merge import Merge

MERGES = {
    "both": Merge(members=("eql_r50", "softmax_r50"), options={"method": "nms"}),
    "expert": Merge(members=("eql_r50",), experts=("coco",)),
}


@pytest.fixture(autouse=True)
def named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merges, "MERGES", MERGES)


def request(toy_set: Path, runs: Path, **changes: Any) -> GridRequest:
    usual: dict[str, Any] = {"variants": (), "table": None, "assignments": (), "seeds": (0,)}
    return GridRequest(run_request(toy_set, runs), **{**usual, "baseline": None, **changes})


def test_a_merge_brings_its_members_as_rows() -> None:
    assert with_members(("both",)) == ("eql_r50", "softmax_r50")
    words = ("softmax_r50", "two=both", "eql_r50=sigmoid_r50")
    assert with_members(words) == ("softmax_r50", "eql_r50=sigmoid_r50")
    assert merges_among(words) == {"two": "both"}
    # Twice the same is told by who reads the rows.
    assert with_members(("eql_r50", "eql_r50")) == ("eql_r50", "eql_r50")


def test_a_named_merge_and_one_of_the_command_line_are_rows(toy_set: Path, tmp_path: Path) -> None:
    asked = request(
        toy_set,
        tmp_path,
        variants=("both",),
        merges=("soft=eql_r50+softmax_r50,method=soft-nms",),
        baseline="soft",
        seeds=(0, 1),
    )
    plan = asked.plan()
    names = ["both seed 0", "both seed 1", "soft seed 0", "soft seed 1"]
    assert [row.name for row in plan.merges] == names
    assert len(plan.rows) == 4 and asked.baseline_of(plan) == "soft"
    assert asked.settings().name == "both, soft"


def test_an_expert_is_told_by_its_result(toy_set: Path, tmp_path: Path) -> None:
    write_result(tmp_path / "coco.json", toy_set / "val.json", 0)
    pred = f"coco={tmp_path}/coco.json,categories={toy_set}/val.json"
    plan = request(toy_set, tmp_path, variants=("expert",), preds=(pred,)).plan()
    (row,) = plan.merges
    assert [*row.members] == ["coco", "eql_r50"]
    by_name = {of.name: getattr(of, "categories") for of in row.merge.members}  # noqa: B009
    assert by_name == {"coco": f"{toy_set}/val.json", "eql_r50": None}
    with pytest.raises(ValueError, match="merge expert: it needs the result of an expert, coco"):
        request(toy_set, tmp_path, variants=("expert",)).plan()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"merges": ("eql_r50=eql_r50+softmax_r50",)}, "merge eql_r50: a row has that name"),
        ({"merges": ("m=eql_r50+both",)}, "merge m: both is no row to merge, there are eql_r50"),
        ({"assignments": ("both:method=wbf",)}, "'both' is none of the rows eql_r50, softmax_r50"),
        ({"merges": ("m=eql_r50@4",)}, "merge m: eql_r50 has no seed 4, its seeds are 0"),
    ],
)
def test_merges_that_do_not_fit_the_rows_are_refused(
    changes: dict[str, Any], message: str, toy_set: Path, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        request(toy_set, tmp_path, variants=("both",), **changes).plan()
