"""Which trainings of a grid go through the data together."""

from pathlib import Path
from typing import get_args

import pytest

from longtail.cluster.nodes.ledger import finish, node_directory
from longtail.cluster.nodes.plan import DataFiles, Plan, make_plan
from longtail.cluster.nodes.shared_passes import shared_passes
from longtail.cluster.nodes.statuses import look_up
from longtail.config.classifiers import Equalization, Sigmoid, Softmax
from longtail.config.stages import SGD, Part, RepeatFactor, Schedule, Stage
from longtail.config.variant import Inference, Variant

TRUNK = tuple(part for part in get_args(Part) if part != "classifier")
FIRST = Stage()
HEAD = Stage(freeze=TRUNK, recreate=("classifier",))
SWEEP = {
    f"eql {share}": HEAD.replace(classifier=Equalization(tail_frequency=share))
    for share in (1e-2, 1e-3, 1e-4)
}


def plan_of(data: DataFiles, stages: dict[str, Stage], first: Stage = FIRST) -> Plan:
    variants = {name: Variant(stages=(first, stage)) for name, stage in stages.items()}
    return make_plan(variants, (0,), data)


def labels(plan: Plan) -> list[list[str]]:
    return [[node.label for node in together] for together in shared_passes(plan.nodes())]


def test_a_sweep_of_classifiers_over_a_frozen_trunk_is_one_pass(data: DataFiles) -> None:
    plan = plan_of(data, SWEEP)
    assert labels(plan) == [[f"{name} stage 1 training" for name in SWEEP]]
    assert sum(node.kind == "stage" for node in plan.nodes()) == 4


def test_where_classifiers_move_rois_they_share_no_pass(data: DataFiles) -> None:
    def grouped(changes: dict[str, object]) -> list[list[str]]:
        variants = {
            name: Variant(stages=(FIRST, stage)).override(changes) for name, stage in SWEEP.items()
        }
        return labels(make_plan(variants, (0,), data))

    assert [len(together) for together in grouped({"roi_stages": "cascade"})] == [3]
    own = {"roi_stages": "cascade", "roi_stages.class_specific_boxes": True}
    assert grouped(own) == []


def test_optimizer_clipping_and_recreation_may_differ(data: DataFiles) -> None:
    stages = {
        "a": HEAD,
        "b": HEAD.replace(optimizer=SGD(base_lr=0.5)),
        "c": HEAD.replace(clip_gradient_norm=1.0),
        "d": HEAD.replace(recreate=()),
        "e": HEAD.replace(freeze=TRUNK[::-1]).replace(classifier=Sigmoid()),
    }
    assert [len(together) for together in labels(plan_of(data, stages))] == [5]


@pytest.mark.parametrize(
    "other",
    [
        HEAD.replace(freeze=TRUNK[1:]),
        HEAD.replace(sampler=RepeatFactor()),
        HEAD.replace(schedule=Schedule(iterations=5000)),
        HEAD.replace(mixed_precision=False),
        HEAD.override({"augmentations.1.probability": 0.0}),
        HEAD.replace(loss_weights=HEAD.loss_weights.replace(classification=2.0)),
    ],
)
def test_whatever_changes_the_features_or_the_steps_is_a_pass_of_its_own(
    other: Stage, data: DataFiles
) -> None:
    assert labels(plan_of(data, {"a": HEAD, "b": other.replace(classifier=Sigmoid())})) == []


def test_other_first_stages_and_seeds_are_other_trunks(data: DataFiles) -> None:
    variants = {
        "a": Variant(stages=(FIRST, HEAD)),
        "b": Variant(stages=(FIRST.replace(sampler=RepeatFactor()), HEAD)),
    }
    assert labels(make_plan(variants, (0, 1), data)) == []


def test_first_stages_are_trained_alone(data: DataFiles) -> None:
    variants = {
        name: Variant(stages=(HEAD.replace(recreate=(), classifier=classifier),))
        for name, classifier in {"a": Softmax(), "b": Sigmoid()}.items()
    }
    assert labels(make_plan(variants, (0,), data)) == []


def test_rows_that_share_a_training_do_not_make_a_pass_of_it(data: DataFiles) -> None:
    variant = Variant(stages=(FIRST, HEAD))
    variants = {"a": variant, "b": variant.replace(inference=Inference(short_side=400))}
    assert labels(make_plan(variants, (0,), data)) == []


def test_a_training_that_is_finished_is_left_out(data: DataFiles, tmp_path: Path) -> None:
    plan = plan_of(data, SWEEP)
    before = look_up(plan, tmp_path)
    ids = tuple(row.stages[1].id for row in plan.rows)
    assert all(before[name].in_pass == ids for name in ids)
    assert [before[name].leads for name in ids] == [True, False, False]
    assert before[ids[0]].title.endswith("stage 1 training and 2 more, shared trunk (3)")

    first = plan.rows[0].stages[1]
    directory = node_directory(tmp_path, first)
    directory.mkdir(parents=True)
    (directory / "file").write_text("")
    finish(directory, [directory / "file"], {})
    after = look_up(plan, tmp_path)
    assert [after[name].in_pass for name in ids] == [(), ids[1:], ids[1:]]
