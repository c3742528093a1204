"""What an evaluation writes, shows and tells the tracker."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from longtail.categories import INSTANCE_BINS
from longtail.evaluation.metrics.cap import CapStatistics
from longtail.evaluation.metrics.category_ap import CategoryAP
from longtail.evaluation.report import Disagreement, Evaluation

AP_NAMES = ("AP", "AP50", "AP75", "APs", "APm", "APl", "APr", "APc", "APf")
AR_NAMES = ("AR@300", "ARs@300", "ARm@300", "ARl@300")


@pytest.fixture
def evaluation() -> Evaluation:
    segm = dict.fromkeys(AP_NAMES + AR_NAMES, 0.25) | {"AP": 0.123456789, "APl": -1.0}
    return Evaluation(
        segm=segm,
        box=segm | {"AP": 0.2},
        bins=dict(zip(INSTANCE_BINS, (-1.0, 0.1, 0.2, 0.3), strict=True)),
        gap_box_mask=0.2 - 0.123456789,
        per_category=(
            CategoryAP(1, 'cup, "[red]"', "r", 2, 30, 0.1, 0.2),
            CategoryAP(4, "jug", "f", 200, 3000, -1.0, -1.0),
        ),
        identity_error=0.0,
        counts={"categories": 2, "detections": 9, "judged_masks": 7, "judged_boxes": 7},
        warnings=("[mind] this",),
    )


def shown(evaluation: Evaluation) -> str:
    console = Console(width=120)
    with console.capture() as capture:
        console.print(evaluation.tables())
    return capture.get()


def test_json_keeps_every_digit_and_the_contracts_names(
    evaluation: Evaluation, tmp_path: Path
) -> None:
    evaluation.to_json(tmp_path / "evaluation.json")
    tree = json.loads((tmp_path / "evaluation.json").read_text())
    assert tree["segm"] == evaluation.segm
    assert tree["box"] == evaluation.box
    assert tree["bins"] == evaluation.bins
    assert tree["gap_box_mask"] == evaluation.gap_box_mask
    assert tree["counts"] == evaluation.counts
    assert tree["per_category"][1]["name"] == "jug"
    assert [path.name for path in tmp_path.iterdir()] == ["evaluation.json"]


def test_the_category_file_comes_back_as_it_was(evaluation: Evaluation, tmp_path: Path) -> None:
    evaluation.write_per_category(tmp_path / "ap.csv")
    with (tmp_path / "ap.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["name"] == 'cup, "[red]"'
    assert float(rows[0]["segm_ap"]) == 0.1
    assert list(rows[0]) == [
        *("id", "name", "group", "image_count", "instance_count", "segm_ap", "box_ap")
    ]


def test_tracked_metrics_are_points_without_undefined_ones(evaluation: Evaluation) -> None:
    metrics = evaluation.metrics()
    assert metrics["val/AP"] == 12.35
    assert metrics["val_box/AP"] == 20.0
    assert metrics["val_bin/AP_0010-0099"] == 10.0
    assert metrics["val/gap_box_mask"] == 7.65
    assert "val/APl" not in metrics
    assert "val_bin/AP_0001-0009" not in metrics
    assert len(metrics) == 2 * 8 + 3 + 1


def test_the_tables_show_points_bins_counts_and_warnings(evaluation: Evaluation) -> None:
    text = shown(evaluation)
    for piece in (
        "12.35",
        "20.00",
        "0010-0099",
        "7.65",
        "7 of 9 detections judged",
        "warning: [mind] this",
    ):
        assert piece in text
    assert "lvis-api" not in text


def test_fixed_pooled_and_mean_bins_are_tracked(evaluation: Evaluation) -> None:
    more = replace(
        evaluation,
        segm_fixed={"AP": 0.3, "APr": -1.0, "APc": 0.2, "APf": 0.4, "AP50": 0.9},
        bins_mean=0.2,
        extras={"pool": {"segm": 0.5, "box": 0.6}},
    )
    new = {name: v for name, v in more.metrics().items() if name not in evaluation.metrics()}
    assert new == {
        "val_fixed/AP": 30.0,
        "val_fixed/APc": 20.0,
        "val_fixed/APf": 40.0,
        "val_bin/AP_mean": 20.0,
        "val_pool/AP": 50.0,
    }


def test_everything_computed_is_shown(evaluation: Evaluation) -> None:
    other = dict.fromkeys(AP_NAMES, 0.5)
    more = replace(
        evaluation,
        segm_fixed=other,
        extras={
            "boundary": other,
            "headroom": other,
            "pool": {"segm": 0.5},
            "proposals": {"AR@1000": 0.75},
        },
        gap_by_group={"r": 0.01, "c": -1.0},
        cap=CapStatistics(300, 1, 0.5, 7, {"r": 3, "c": 4, "f": 0}),
    )
    text = shown(more)
    for piece in (
        *("mask fixed", "boundary", "headroom", "AP-pool: mask 50.00", "AR@1000 75.00"),
        *("(r 1.00, c -)", "cuts 7 detections (r 3, c 4, f 0)"),
    ):
        assert piece in text
    assert "box fixed" not in text


def test_agreement_with_lvis_api_is_said(evaluation: Evaluation) -> None:
    both = {"segm": dict(evaluation.segm), "box": dict(evaluation.box)}
    agreeing = replace(evaluation, official=both)
    assert agreeing.disagreements() == []
    assert "agrees to the last digit" in shown(agreeing)


def test_a_difference_in_the_last_digit_is_a_disagreement(evaluation: Evaluation) -> None:
    theirs = evaluation.box | {"AP50": 0.25 + 2**-54}
    differing = replace(evaluation, official={"box": theirs})
    assert differing.disagreements() == [Disagreement("box", "AP50", 0.25, 0.25 + 2**-54)]
    text = shown(differing)
    assert "AP50" in text
    assert "-5.55e-17" in text
