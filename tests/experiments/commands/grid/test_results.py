"""Words of `--pred` of a grid, and what rows they make of a request."""

from pathlib import Path
from typing import Any

import pytest
from support.commands.run_requests import run_request
from support.results.made_up import write_result

from ensemble.sources.finished_result import parse_results
from experiments.commands.grid.request import GridRequest


def request(run: Any, *preds: str, **changes: Any) -> GridRequest:
    usual: dict[str, Any] = {"variants": (), "table": None, "assignments": (), "seeds": (0,)}
    return GridRequest(run, **{**usual, "baseline": None, "preds": preds, **changes})


def test_results_keep_the_order_they_are_given_in() -> None:
    assert [result.name for result in parse_results(["b=b.json", "a=a.json"])] == ["b", "a"]


def test_options_that_change_detections_are_part_of_a_result(tmp_path: Path) -> None:
    file = tmp_path / "categories.json"
    file.write_text("[]")
    words = ("a=a.json,max_score=100", "b=b.json,categories=coco", f"c=c.json,categories={file}")
    percent, coco, other = parse_results(words)
    assert percent.options == {"max_score": 100.0}
    assert coco.options == {"categories": "coco"}
    assert len(other.options["categories"]) == 64
    assert parse_results(["d=d.json"])[0].options == {}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("a.json",), "expected NAME=PATH"),
        (("a b=a.json",), r"expected NAME=PATH\[,max_score=S\]\[,categories=FILE\|coco\], a name"),
        (("a=a.json,flip=2",), "unknown option 'flip=2', there are categories, max_score;"),
        (("a=a.json", "a=b.json"), "named twice"),
        (("a=a.json,weight=2",), "weight= says how to merge"),
        (("a=a.json,groups=r",), "groups= says how to merge"),
        (("a=a.json,nope=1",), "unknown option 'nope=1'"),
    ],
)
def test_words_that_make_no_row_are_refused(words: tuple[str, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_results(words)


def test_results_alone_need_the_validation_file_alone(toy_set: Path, tmp_path: Path) -> None:
    write_result(tmp_path / "a.json", toy_set / "val.json", 0)
    run = run_request(toy_set, tmp_path / "runs", train=None, images=None)
    asked = request(run, f"a={tmp_path / 'a.json'}")
    plan = asked.plan()
    assert not plan.rows and [row.name for row in plan.results] == ["a"]
    assert asked.baseline_of(plan) == asked.settings().name == "a"


def test_a_table_is_trained_beside_results_where_it_or_a_training_file_is_named(
    toy_set: Path, tmp_path: Path
) -> None:
    write_result(tmp_path / "a.json", toy_set / "val.json", 0)
    plan = request(run_request(toy_set, tmp_path / "runs"), f"a={tmp_path / 'a.json'}").plan()
    assert len(plan.rows) == 4 and len(plan.results) == 1


@pytest.mark.parametrize(
    ("files", "changes", "message"),
    [
        ({"train": None, "val": None, "images": None}, {}, "name the annotations with --val"),
        ({"train": None}, {}, "--images: results of --pred alone need no pictures"),
        ({}, {"variants": ("eql_r50", "a=eql_r50")}, "--pred a: a variant has that name"),
        ({}, {"baseline": "b"}, "--baseline b: none of the rows"),
        (
            {"train": None, "images": None},
            {"assignments": ("seed=1",)},
            "--set seed=1: there is no variant to change",
        ),
    ],
)
def test_requests_that_do_not_fit_together_are_refused(
    files: dict[str, Any], changes: dict[str, Any], message: str, toy_set: Path, tmp_path: Path
) -> None:
    run = run_request(toy_set, tmp_path / "runs", **files)
    with pytest.raises(ValueError, match=message):
        request(run, "a=a.json", **changes).plan()
