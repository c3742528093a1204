"""Words that ask for a merge as a row, and what is refused before anything runs."""

from pathlib import Path
from typing import Any

import pytest

from ensemble.calibration.file import Calibration, SourceCalibration
from ensemble.rows.merged_row import MergedRow
from ensemble.rows.words import merged_row, parse_merge
from longtail.problems import BadInputError


def row_of(word: str, **categories: str) -> MergedRow:
    return merged_row(*parse_merge(word), categories)


def test_members_are_rows_and_options_those_of_a_merge() -> None:
    row = row_of("both=eql_r50+softmax_r50,method=nms,iou_thr=0.4,rare_margin=0.2,max_dets=100")
    assert row.name == "both"
    assert [(of.name, of.row, of.seed) for of in row.members] == [
        ("eql_r50", "eql_r50", None),
        ("softmax_r50", "softmax_r50", None),
    ]
    settings = row.identity(exhaustive=True)["settings"]
    assert (settings["method"], settings["iou_thr"], settings["max_dets"]) == ("nms", 0.4, 100)
    assert (settings["rare_margin"], settings["common_margin"]) == (0.2, 0.05)
    params = row.params()
    assert params["merge.members"] == "eql_r50 + softmax_r50" and params["merge.method"] == "nms"


def test_a_list_of_groups_has_commas() -> None:
    settings = row_of("m=a+b,leave_out_absent=r,c,iou_thr=0.5").identity(False)["settings"]
    assert (settings["leave_out_absent"], settings["iou_thr"]) == ("r,c", 0.5)
    with pytest.raises(ValueError, match="merge m: --leave-out-absent r,x: 'x' is none of r, c, f"):
        row_of("m=a+b,leave_out_absent=r,x")


def test_the_order_of_members_and_labels_of_no_use_change_nothing() -> None:
    first, second = row_of("m=a+b"), row_of("other=b+a")
    assert first.identity(False) == second.identity(True)
    assert row_of("m=a+b,calibrate=half").identity(False) != first.identity(False)


def test_labels_that_are_exhaustive_count_where_maps_are_fitted() -> None:
    row = row_of("m=a+b,calibrate=half,half_seed=3,calibration_kind=isotonic,calibrated=b")
    assert row.identity(False)["calibrate"] == {"kind": "isotonic", "half_seed": 3, "only": ["b"]}
    assert row.identity(True) != row.identity(False)
    assert row.params()["merge.calibrate"] == "half 3, isotonic"


def test_seeds_of_one_row_have_names_of_their_own() -> None:
    members = row_of("seeds=a@0+a@10").members
    assert [(of.name, of.row, of.seed) for of in members] == [
        ("a-seed0", "a", 0),
        ("a-seed10", "a", 10),
    ]


def test_one_member_is_re_scored() -> None:
    assert row_of("m=a,rare_margin=0.3").identity(False)["settings"]["method"] == "nms"


FILE = """
pred:
- r50=eql_r50,weight=2
- x101=runs/grids/heads/x101/predictions,groups=r,c
ann: val.json
method: nms
evaluate: true
resamples: 200
zip: false
"""


def test_a_file_has_rows_for_sources_and_words_come_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("merge.yaml").write_text(FILE)
    row = row_of("tuned=merge.yaml,method=soft-nms,sigma=0.3")
    assert [(of.name, of.row, of.spec.weight) for of in row.members] == [
        ("r50", "eql_r50", 2.0),
        ("x101", "x101", 1.0),
    ]
    assert row.members[1].spec.groups == ("r", "c")
    assert row.params()["merge.members"] == "2 r50 + x101"
    assert row.identity(False)["settings"]["method"] == "soft-nms"
    assert parse_merge("merge.yaml")[0] == "merge"


def test_a_calibration_file_is_named_by_its_content(tmp_path: Path) -> None:
    path = tmp_path / "maps.json"
    none: dict[str, SourceCalibration] = {}
    Calibration("platt", "frequency", "segm", 0.5, 10, 5, "a", "b", none).save(path)
    row = row_of(f"m=a+b,calibration={path}")
    assert len(row.digests["calibration"]) == 64
    assert "calibration" not in row.identity(False)["settings"]
    assert row_of("m=a+b").digests == {}


def test_a_file_that_is_no_calibration_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text("[]")
    for file in (path, tmp_path / "none.json"):
        with pytest.raises(BadInputError, match=f"merge m: .*{file.name}"):
            row_of(f"m=a+b,calibration={file}")


def test_an_expert_is_told_by_its_row() -> None:
    by_name: dict[str, Any] = {of.name: of.categories for of in row_of("m=a+c", c="coco").members}
    assert by_name == {"a": None, "c": "coco"}


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("both", "expected NAME=ROW"),
        ("a b=a+b", "expected NAME=ROW"),
        ("m=a+", "member '': expected ROW, ROW@SEED"),
        ("m=a+b@x", "'x' is no seed"),
        ("m=a+a", "merge m: a is named twice; give it more weight instead"),
        ("m=a+b,method=mean", "merge m: method=mean: 'mean' is not one of"),
        ("m=a+b,iou_thr=2", "merge m: --iou-thr 2.0: expected a number from 0 to 1"),
        ("m=a+b,iou_thr=x", "merge m: iou_thr=x: 'x' is not a valid float"),
        ("m=a+b,iou=0.5", "merge m: unknown option 'iou', there are method, iou_thr"),
        ("m=a+b,zip=true", "merge m: zip= is the grid's to say"),
        ("m=a+b,method", "m: 'method': expected key=value"),
        ("m=a+b,", "m: '': expected key=value"),
        ("m=a+b,method=nms,method=wbf", "'method=wbf': is given twice"),
        ("m=a+b,calibrate=all", "merge m: calibrate=all: expected half"),
        (
            "m=a+b,half_seed=1",
            "merge m: half_seed= is of maps that are fitted; give calibrate=half",
        ),
        ("m=a+b,calibrate=half,half_seed=x", "half_seed=x: expected a number"),
        ("m=a+b,calibrate=half,calibration_kind=norcal", "expected one of platt"),
        ("m=a+b,calibrate=half,calibrated=c", "calibrated: c is none of the members"),
        ("m=a+b,calibrate=half,calibration=maps.json", "both say which maps"),
        ("m=a+b,method=soft-nms,mask=vote", "merge m: --mask vote with --method soft-nms"),
    ],
)
def test_words_that_ask_for_no_merge_are_refused_with_the_merge_and_the_option(
    word: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        row_of(word)


def test_what_a_result_means_is_said_where_its_row_is_named(tmp_path: Path) -> None:
    path = tmp_path / "merge.yaml"
    path.write_text("pred: ['a=a,max_score=100']\n")
    with pytest.raises(ValueError, match="max_score= belongs to --pred a=PATH; give it there"):
        row_of(f"m={path}")
