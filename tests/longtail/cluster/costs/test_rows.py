"""Hours of rows that share nodes, counted by hand at one image a second."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from longtail.cluster.costs.estimate import estimate_costs
from longtail.cluster.costs.finished import FinishedNode
from longtail.cluster.costs.paces import EVERY_ROW, PREDICTION_FACTOR, Paces
from longtail.cluster.costs.rows import Hours, RowCost, row_costs, total
from longtail.cluster.costs.work import images_of, likeness
from longtail.cluster.nodes.ledger import begin, finish, node_directory
from longtail.cluster.nodes.node import Node
from longtail.cluster.nodes.plan import DataFiles, Plan, make_plan
from longtail.cluster.nodes.settings import WorkerResources
from longtail.cluster.nodes.statuses import look_up
from longtail.config.classifiers import Sigmoid, Softmax
from longtail.config.other_data.pseudo_labels import IgnoredPseudoLabels
from longtail.config.stages import Part, Schedule, Stage
from longtail.config.variant import Inference, Variant

TRUNK = tuple(part for part in get_args(Part) if part != "classifier")
FIRST = Stage(schedule=Schedule(iterations=1800, images_per_step=4, warmup_iterations=0))
SECOND = FIRST.replace(
    freeze=TRUNK,
    recreate=("classifier",),
    schedule=Schedule(iterations=900, images_per_step=4, warmup_iterations=0),
)
"""Two hours, and one, at one image a second."""
VARIANTS = {
    "first": Variant(stages=(FIRST,)),
    "softmax": Variant(stages=(FIRST, SECOND.replace(classifier=Softmax()))),
    "sigmoid": Variant(stages=(FIRST, SECOND.replace(classifier=Sigmoid()))),
}
VAL_IMAGES = 3600
PREDICTED = 1 / PREDICTION_FACTOR


def costs(
    plan: Plan, runs: Path, paces: Paces, checkpoints: Mapping[str, int] | None = None
) -> list[RowCost]:
    images = {plan.data.val_digest: VAL_IMAGES, plan.data.train_digest: 2 * VAL_IMAGES}
    return row_costs(plan, look_up(plan, runs), paces, checkpoints or {}, images, workers=2)


def known(hours: Hours) -> float:
    assert not hours.num_unknown
    return hours.known


@pytest.fixture
def plan(data: DataFiles) -> Plan:
    return make_plan(VARIANTS, (0,), data)


def test_every_node_counts_where_it_comes_first(plan: Plan, tmp_path: Path) -> None:
    first, softmax, sigmoid = costs(plan, tmp_path, Paces({EVERY_ROW: 1.0}))
    assert known(first.alone) == known(first.to_run) == pytest.approx(2 + PREDICTED)
    assert known(softmax.alone) == pytest.approx(3 + PREDICTED)
    assert known(softmax.shared) == known(sigmoid.shared) == 2
    assert known(softmax.to_run) == pytest.approx(1 + PREDICTED)
    # Its classifier rides on the pass of the row above.
    assert known(sigmoid.in_passes) == 1
    assert known(sigmoid.to_run) == pytest.approx(PREDICTED)
    assert known(sigmoid.chain) == pytest.approx(3 + PREDICTED)
    assert known(total(cost.to_run for cost in (first, softmax, sigmoid))) == pytest.approx(
        3 + 3 * PREDICTED
    )


def test_a_stage_with_frozen_parts_is_bounded_by_the_stated_pace(
    plan: Plan, tmp_path: Path
) -> None:
    first, softmax, _ = costs(plan, tmp_path, Paces({EVERY_ROW: 1.0}))
    assert not first.alone.is_bound and softmax.to_run.is_bound and not softmax.shared.is_bound


def test_finished_nodes_are_not_run(plan: Plan, tmp_path: Path) -> None:
    stage = plan.rows[0].stages[0]
    folder = node_directory(tmp_path, stage)
    begin(folder, stage, {})
    finish(folder, [], {})
    first, softmax, _ = costs(plan, tmp_path, Paces({EVERY_ROW: 1.0}))
    assert known(first.found) == known(softmax.found) == 2 and known(softmax.shared) == 0
    assert known(first.to_run) == known(first.chain) == pytest.approx(PREDICTED)


def test_rows_have_paces_of_their_own(plan: Plan, tmp_path: Path) -> None:
    first, softmax, _ = costs(plan, tmp_path, Paces({EVERY_ROW: 1.0, "softmax": 0.5}))
    assert known(first.alone) == pytest.approx(2 + PREDICTED)
    assert known(softmax.alone) == pytest.approx(2 * (3 + PREDICTED))


def test_an_unknown_pace_is_told(plan: Plan, tmp_path: Path) -> None:
    first, softmax, _ = costs(plan, tmp_path, Paces())
    assert first.to_run == Hours(0.0, num_unknown=2) and softmax.alone.num_unknown == 3
    stage = FinishedNode(likeness(plan.rows[0].stages[0]), "cpu", 2.0)
    first, softmax, _ = costs(plan, tmp_path, Paces(finished=[stage]))
    assert first.to_run == Hours(1.0, num_unknown=1)
    # The same pace bounds that of the second stage.
    assert softmax.to_run == Hours(0.5, num_unknown=1, is_bound=True)


def test_bytes_are_those_of_nodes_to_run(plan: Plan, tmp_path: Path) -> None:
    sizes = {node.id: 10**9 for row in plan.rows for node in row.stages}
    first, softmax, sigmoid = costs(plan, tmp_path, Paces(), sizes)
    stored = first.num_bytes - 10**9
    assert stored == VAL_IMAGES * 300 * 200
    assert softmax.num_bytes == sigmoid.num_bytes == 10**9 + stored


def test_the_peak_is_that_of_a_training_like_its_own(plan: Plan, tmp_path: Path) -> None:
    like = FinishedNode(likeness(plan.rows[0].stages[0]), "cpu", None, 2, peak_bytes=5)
    others = [
        replace(like, images_per_worker=4, peak_bytes=9),
        replace(like, device="NVIDIA X", peak_bytes=9),
        replace(like, likeness=replace(like.likeness, detector="other"), peak_bytes=9),
    ]
    largest = replace(like, peak_bytes=7)
    (first, *_) = costs(plan, tmp_path, Paces(finished=[like, *others, largest]))
    assert first.peak == largest
    assert costs(plan, tmp_path, Paces(finished=others))[0].peak is None


def test_averages_imports_and_evaluations_go_through_no_images() -> None:
    soup = Node("stage", "soup", {"soup": ["stage-1"], "stages": []}, {}, 0)
    taken = Node("predictions", "old", {"import": {}}, {"images": "v"}, 0)
    ten = {"v": 10}
    assert images_of(soup, ten) == images_of(taken, ten) == 0
    config = {"inference": Inference().identity()}
    assert images_of(Node("predictions", "new", config, {"images": "v"}, 0, (soup,)), ten) == 10
    assert images_of(Node("evaluation", "new", {}, {}, 0, (taken,)), ten) == 0


def test_a_dry_run_needs_nothing_but_the_files(data: DataFiles, tmp_path: Path) -> None:
    plan = make_plan({"a": Variant(stages=(FIRST,))}, (0,), data)
    resources = WorkerResources(2, 1.0, 0.0)
    (cost,) = estimate_costs(plan, look_up(plan, tmp_path), {EVERY_ROW: 1.0}, resources, tmp_path)
    assert known(cost.to_run) == pytest.approx(2 + PREDICTED / 3600)
    # R50-FPN of one category: some 44 million weights, and their momentum, twice.
    assert 0.6e9 < cost.num_bytes < 0.8e9


def test_every_view_counts_and_what_unites_them_does_not(data: DataFiles, tmp_path: Path) -> None:
    plain = VARIANTS["first"]
    views = {"scales": [{"short_side": 800}, {"short_side": 1000}]}
    shared = {**views, "boxes": "shared_proposals", "masks": "vote"}
    settings = {"own": views, "vote": {**views, "masks": "vote"}, "shared": shared}
    rows = {name: plain.override({"inference.tta": tta}) for name, tta in settings.items()}
    plan = make_plan({"plain": plain, **rows}, (0,), data)
    _, own, vote, of_shared = costs(plan, tmp_path, Paces({EVERY_ROW: 1.0}))
    assert known(own.alone) == pytest.approx(2 + 4 * PREDICTED)
    # The view at the plain size is the plain row's.
    assert known(own.to_run) == pytest.approx(3 * PREDICTED)
    # Masks are another look at each view.
    assert known(vote.to_run) == pytest.approx(4 * PREDICTED)
    assert known(of_shared.to_run) == pytest.approx(4 * PREDICTED)


def test_labelling_counts_the_images_that_are_labelled(data: DataFiles, tmp_path: Path) -> None:
    labels = IgnoredPseudoLabels()
    second = SECOND.replace(pseudo_labels=(labels,), freeze=())
    plan = make_plan({"a": Variant(stages=(FIRST, second))}, (0,), data)
    (cost,) = costs(plan, tmp_path, Paces({EVERY_ROW: 1.0}))
    # The training file has twice as many as the one that is predicted.
    assert known(cost.to_run) == pytest.approx(3 + PREDICTED + 2 * PREDICTED)
