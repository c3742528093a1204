"""Sweeps that the command line asks for, and what it refuses before Ray starts."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from support.commands.run_requests import run_request

from experiments.commands.sweep.request import SweepRequest
from experiments.spaces import SPACES
from experiments.variants import VARIANTS
from experiments.variants.scale import demo_scale
from longtail.commands import InfrastructureError
from longtail.config.search_space import Choice, LogUniform, Uniform
from longtail.problems import BadInputError

TAIL, MASK = "stages.1.classifier.tail_frequency", "stages.1.loss_weights.mask"
RATE = "stages.0.optimizer.base_lr"
FREELY: dict[str, Any] = {"space": None, "variant": "eql_r50"}
TEST_TIME: dict[str, Any] = {"space": "norcal"}


def request(toy_set: Path, runs: Path, **changes: Any) -> SweepRequest:
    options: dict[str, Any] = {
        "space": "lambda",
        "searched": (),
        "variant": None,
        "assignments": (),
        "algorithm": None,
        "trials": None,
        "metrics": ("AP",),
        "scheduler": None,
        "rungs": 3,
        "reduction": 3,
        "concurrent": None,
        "seed": 0,
        "name": None,
    }
    run = run_request(toy_set, runs, **changes.pop("run", {}))
    return SweepRequest(run, **{**options, **changes})


def test_a_named_space_is_searched_by_optuna_and_asha(toy_set: Path, tmp_path: Path) -> None:
    asked = request(toy_set, tmp_path)
    sweep = asked.sweep()
    assert list(sweep.space.dimensions) == [TAIL, MASK]
    assert (sweep.algorithm, sweep.num_trials, sweep.scheduler) == ("optuna", 20, "asha")
    assert sweep.rungs == (10, 30, 90)
    threshold = sweep.base.leaves()[TAIL]
    assert sweep.base == demo_scale(VARIANTS["eql_tuned_r50"]).override({TAIL: threshold})
    assert asked.settings().directory == tmp_path / "sweeps" / "lambda"


def test_words_are_added_to_a_space_or_change_its_ranges(toy_set: Path, tmp_path: Path) -> None:
    sweep = request(
        toy_set, tmp_path, searched=("tail_frequency=uniform(0.1,0.2)", "clip_gradient_norm=[1,5]")
    )
    with pytest.raises(ValueError, match="clip_gradient_norm: several paths end so; give one"):
        sweep.sweep()
    sweep.searched = (sweep.searched[0], "stages.1.clip_gradient_norm=[1,5]")
    dimensions = sweep.sweep().space.dimensions
    assert dimensions[TAIL] == Uniform(0.1, 0.2)
    assert dimensions["stages.1.clip_gradient_norm"] == Choice((1, 5))
    assert dimensions[MASK] == LogUniform(0.5, 2.0)


def test_a_variant_file_is_searched_as_it_is(toy_set: Path, tmp_path: Path) -> None:
    variant = VARIANTS["eql_r50"].override({"stages.0.schedule.iterations": 7_000})
    file = tmp_path / "variant.json"
    file.write_text(variant.model_dump_json())
    words = ("base_lr=loguniform(1e-3,1e-1)",)
    asked = request(toy_set, tmp_path, space=None, variant=str(file), searched=words)
    sweep = asked.sweep()
    assert sweep.base == variant
    assert asked.sweep_name == "variant"
    assert sweep.space.dimensions == {RATE: LogUniform(1e-3, 1e-1)}
    with pytest.raises(ValueError, match="letters, digits and"):
        request(toy_set, tmp_path, searched=words, variant=str(file), name="a b").sweep()


def test_set_holds_for_every_trial_and_moves_ranges_that_follow(
    toy_set: Path, tmp_path: Path
) -> None:
    words = ("stages.1.optimizer.base_lr=0.5", f"{TAIL}=0.2")
    sweep = request(toy_set, tmp_path, space="lambda_head", assignments=words).sweep()
    assert sweep.space.dimensions["stages.1.optimizer.base_lr"] == LogUniform(0.05, 5.0)
    assert sweep.base.leaves()[TAIL] == 0.2


@pytest.mark.parametrize(
    ("changes", "algorithm", "num_trials"),
    [
        ({"space": "beta"}, "grid", 4),
        ({"space": "beta", "trials": 3}, "optuna", 3),
        ({"space": "beta", "algorithm": "optuna"}, "optuna", 4),
        ({"space": "calibration"}, "optuna", 20),
        ({"space": "calibration", "algorithm": "grid"}, "grid", 22),
        ({"space": "calibration", "trials": 30}, "grid", 22),
        ({"algorithm": "random", "trials": 7}, "random", 7),
    ],
)
def test_a_grid_is_tried_where_it_is_no_longer_than_a_search(
    changes: dict[str, Any], algorithm: str, num_trials: int, toy_set: Path, tmp_path: Path
) -> None:
    sweep = request(toy_set, tmp_path, **changes).sweep()
    assert (sweep.algorithm, sweep.num_trials) == (algorithm, num_trials)


@pytest.mark.parametrize(
    ("changes", "scheduler"),
    [
        ({}, "asha"),
        ({"scheduler": "median"}, "median"),
        ({"scheduler": "none"}, "none"),
        ({"metrics": ("AP", "APr")}, "none"),
        (TEST_TIME, "none"),
    ],
)
def test_trials_are_stopped_early_where_that_can_save_anything(
    changes: dict[str, Any], scheduler: str, toy_set: Path, tmp_path: Path
) -> None:
    assert request(toy_set, tmp_path, **changes).sweep().scheduler == scheduler


def test_views_are_searched_where_no_trial_is_stopped(toy_set: Path, tmp_path: Path) -> None:
    views = "inference.tta={}", "inference.tta.suppression=soft_nms"
    words = {"assignments": views, "searched": ("inference.tta.suppression.sigma=[0.3,0.5]",)}
    sweep = request(toy_set, tmp_path, **FREELY, **words).sweep()
    assert sweep.scheduler == "none" and not sweep.trains
    first, other = (sweep.row(i, point) for i, point in enumerate(sweep.layout.points))  # type: ignore[union-attr]
    assert [view.id for view in first.views] == [view.id for view in other.views]
    assert first.predictions.id != other.predictions.id


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"space": None}, "nothing to search: give --space, one of lambda, .*, fusion, or"),
        ({"space": "nope"}, "--space nope: unknown; there are lambda, .* alpha, fusion"),
        ({"space": None, "searched": ("a=[1,2]",)}, "name it with --variant, or give a --space"),
        ({"variant": "nope"}, "--variant nope: 'nope' is unknown; there are softmax_r50"),
        ({"variant": "softmax_r50"}, "--space lambda on softmax_r50: .* no field 'tail_frequency'"),
        ({"assignments": ("seed=-1",)}, "greater than or equal to 0"),
        ({"metrics": ("mAP",)}, "--metric mAP: none of AP, APr, APc, APf, AP_box"),
        ({"scheduler": "pbt"}, "--scheduler pbt: .* never gives Tune one, .* take asha or median"),
        ({"scheduler": "bohb"}, "--scheduler bohb: it goes on from checkpoints"),
        ({"scheduler": "hyperband"}, "--scheduler hyperband: it goes on from checkpoints"),
        ({"scheduler": "fifo"}, "--scheduler fifo: none of asha, median, none"),
        (
            {"scheduler": "asha", "metrics": ("AP", "APr")},
            "--scheduler asha: stops trials by one metric, and there are AP, APr; leave it out",
        ),
        ({**TEST_TIME, "scheduler": "asha"}, "train nothing that could be stopped; leave it out"),
        (
            {**FREELY, "searched": (f"{RATE}=[1e-3,1e-2]",), "assignments": ("inference.tta={}",)},
            "inference.tta: trials that are stopped early .* take --scheduler none",
        ),
        ({**FREELY, "searched": ("foo=[1,2]",)}, "--search on eql_r50: foo: no field 'foo'"),
        ({**FREELY, "searched": ("base_lr=[1]",)}, "nothing varies"),
        ({**FREELY, "searched": ("base_lr=uniform(-1,1)",)}, "greater than 0 .got -1.0."),
        ({**FREELY, "searched": ("base_lr=2",)}, "'2' is no range"),
        ({**FREELY, "searched": ("iterations=[100,200]",)}, "compare lengths as rows of a grid"),
        ({"algorithm": "grid"}, "--algorithm grid: stages.1.* is continuous; give a list"),
        ({"space": "beta", "algorithm": "grid", "trials": 2}, "the grid has 4 points"),
        ({"space": "beta", "algorithm": "random", "trials": 9}, "the space has 4 points"),
        ({"metrics": ("AP", "AP_box", "mAP")}, "--metric mAP: none of AP, APr"),
        (
            {"variant": "rhead_cat", "space": None, "searched": ("threshold=uniform(0.1,0.2)",)},
            "every point means the same variant",
        ),
        ({"name": "../up"}, "--name ../up: letters, digits and"),
        ({"run": {"workers": 0}}, "--workers 0: does not divide stages.0.schedule"),
        (
            {**FREELY, "searched": ("images_per_step=[4,5]",), "run": {"workers": 2}},
            r"--workers 2: does not divide stages.0.schedule.images_per_step \(5\)",
        ),
        (
            {
                **FREELY,
                "algorithm": "grid",
                "searched": ("backbone=choice(timm,detectron2)", "engine=choice(torchvision)"),
                "assignments": ("engine=detectron2",),
            },
            "(?s)the values .*'torchvision'.* do not go together: .* need engine=detectron2",
        ),
    ],
)
def test_what_cannot_be_searched_is_refused_with_value_and_remedy(
    changes: dict[str, Any], message: str, toy_set: Path, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        request(toy_set, tmp_path, **changes).sweep()


@pytest.mark.parametrize("metric", ["APr", "APc"])
def test_a_metric_that_the_data_cannot_define_is_refused(
    metric: str, toy_set: Path, tmp_path: Path
) -> None:
    tree = json.loads((toy_set / "val.json").read_text())
    letter = metric[-1]
    gone = {record["id"] for record in tree["categories"] if record["frequency"] == letter}
    tree["annotations"] = [a for a in tree["annotations"] if a["category_id"] not in gone]
    val = tmp_path / "val.json"
    val.write_text(json.dumps(tree))
    files = {"train": toy_set / "train.json", "val": val, "images": toy_set / "images"}
    with pytest.raises(ValueError, match=f"--metric {metric}: undefined on .*val.json") as refused:
        request(toy_set, tmp_path, run=files, metrics=("AP", metric)).sweep()
    assert "it defines AP, " in str(refused.value)


def test_a_missing_file_is_bad_input(toy_set: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"gone\.json"):
        request(toy_set, tmp_path, variant="gone.json").sweep()
    with pytest.raises((BadInputError, FileNotFoundError), match=r"gone\.json"):
        request(toy_set, tmp_path, run={"train": Path("gone.json")}).sweep()


@pytest.mark.parametrize(
    ("run", "kind"), [({"workers": 4096}, "CPU"), ({"gpus_per_worker": 64.0}, "GPU")]
)
def test_workers_that_this_machine_cannot_hold_are_refused(
    run: dict[str, Any],
    kind: str,
    toy_set: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    with pytest.raises(InfrastructureError, match=f"this machine has .* {kind}; lower --workers"):
        request(toy_set, tmp_path, run=run).sweep()


def test_a_cluster_elsewhere_may_hold_more(toy_set: Path, tmp_path: Path) -> None:
    cores = float(os.cpu_count() or 1)
    run = {"cpus_per_worker": cores + 1, "address": "10.0.0.1:6379"}
    assert request(toy_set, tmp_path, run=run).sweep().num_trials == 20


def test_every_named_space_can_be_asked_for(toy_set: Path, tmp_path: Path) -> None:
    names = {name: request(toy_set, tmp_path, space=name).sweep().id for name in SPACES}
    assert len(set(names.values())) == len(SPACES)
