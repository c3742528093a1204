"""A first stage that starts from somebody's weights."""

import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from longtail.config.detector import Detector
from longtail.config.stages import Stage
from longtail.problems import BadInputError
from longtail.training.checkpoints import Checkpoint, final_checkpoint
from longtail.training.journal import JOURNAL
from longtail.training.stage import StageJob, StageOutcome, train_stage


def _train(job: StageJob, steps: int | None = None) -> StageOutcome:
    torch.set_num_threads(1)
    left = iter([False] * (steps - 1) if steps else [])
    stop = (lambda: next(left, True)) if steps else (lambda: False)
    return train_stage(job, rank=0, world_size=1, device=torch.device("cpu"), should_stop=stop)


def _starts(job: StageJob) -> list[dict[str, Any]]:
    lines = map(json.loads, (job.directory / JOURNAL).read_text().splitlines())
    return [line for line in lines if line.get("event") == "started"]


def _starting_from(job: StageJob, weights: Path, **changes: object) -> StageJob:
    detector: Detector = job.variant.detector.replace(weights=str(weights), **changes)
    variant = job.variant.replace(detector=detector)
    return replace(job, variant=variant, directory=job.directory.with_name("from_weights"))


@pytest.fixture
def node_weights(job: StageJob) -> Path:
    """The model.pt of a node that has trained two steps."""
    _train(job, steps=2)
    return job.checkpoints / "step-00000002" / "model.pt"


def test_a_first_stage_starts_from_a_nodes_weights(
    job: StageJob, toy_stage: Stage, node_weights: Path, caplog: pytest.LogCaptureFixture
) -> None:
    frozen = toy_stage.replace(freeze=("backbone", "neck", "rpn", "box_head", "mask_head"))
    job = replace(job, variant=job.variant.replace(stages=(frozen,), seed=99))
    other = _starting_from(job, node_weights)
    with caplog.at_level(logging.INFO):
        assert _train(other, steps=3).step == 3
    assert caplog.text.count("weights to start from") == 1
    given = torch.load(node_weights, weights_only=True)
    after = Checkpoint(other.checkpoints / "step-00000003").weights()
    changed = {name.rsplit(".", 2)[0] for name in after if not after[name].equal(given[name])}
    assert changed == {"roi_heads.classifier", "roi_heads.box_regressor"}

    assert _train(other).finished
    first, second = _starts(other)
    listed = first["initial_detector"]
    assert listed["origin"] == "longtail" and len(listed["sha256"]) == 64
    assert all(part["taken"] == part["tensors"] for part in listed["parts"].values())
    assert "initial_detector" not in second


def test_what_does_not_fit_is_said(
    job: StageJob, node_weights: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = _starting_from(job, node_weights, neck_channels=8)
    _train(other, steps=1)
    assert "neck" in caplog.text and "[16] in the file, [8] here" in caplog.text
    parts = _starts(other)[0]["initial_detector"]["parts"]
    assert parts["neck"]["taken"] == 0
    assert parts["backbone"]["taken"] == parts["backbone"]["tensors"]
    shapes = parts["neck"]["misshapen"]["neck.pyramid.layer_blocks.0.0.bias"]
    assert shapes == {"file": [16], "detector": [8]}


def test_a_detectron2_checkpoint_gives_all_but_the_backbone(job: StageJob, tmp_path: Path) -> None:
    rpn = {
        "conv": (16, 16, 3, 3),
        "objectness_logits": (3, 16, 1, 1),
        "anchor_deltas": (12, 16, 1, 1),
    }
    weights = {
        f"proposal_generator.rpn_head.{layer}.weight": torch.full(shape, 0.01)
        for layer, shape in rpn.items()
    }
    weights["backbone.bottom_up.stem.conv1.weight"] = torch.zeros(64, 3, 7, 7)
    torch.save({"model": weights, "iteration": 9}, tmp_path / "model_final.pth")
    other = _starting_from(job, tmp_path / "model_final.pth")
    _train(other, steps=1)
    listed = _starts(other)[0]["initial_detector"]
    assert listed["parts"]["rpn"]["taken"] == 3 and listed["parts"]["backbone"]["taken"] == 0
    assert [names for reason, names in listed["left_out"].items() if "bottom-up" in reason] == [
        ["backbone.bottom_up.stem.conv1.weight"]
    ]


def test_weights_of_which_nothing_fits_stop_the_stage(job: StageJob, tmp_path: Path) -> None:
    torch.save({"conv1.weight": torch.zeros(1)}, tmp_path / "w.pth")
    other = _starting_from(job, tmp_path / "w.pth")
    with pytest.raises(BadInputError, match=r"w\.pth: nothing of it fits"):
        _train(other)
    assert not other.directory.exists()


def test_a_later_stage_goes_on_from_the_stage_before(
    job: StageJob, toy_stage: Stage, tmp_path: Path
) -> None:
    _train(job)
    variant = job.variant.replace(stages=(toy_stage, toy_stage))
    later = replace(
        _starting_from(replace(job, variant=variant), tmp_path / "absent.pth"),
        stage=1,
        initial_weights=final_checkpoint(job.directory, 6),
    )
    _train(later, steps=1)
    assert "initial_detector" not in _starts(later)[0]
