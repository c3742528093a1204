"""Named spaces: each fits its base variant, at both sizes, and holds the reports' values."""

from pathlib import Path

import numpy as np
import pytest

from experiments.commands.sweep.named_space import tail_threshold
from experiments.commands.sweep.space_tables import print_spaces
from experiments.spaces import DELEGATED_SPACES, LVIS_TAIL_THRESHOLD, SPACES
from experiments.variants import VARIANTS
from experiments.variants.scale import demo_scale
from longtail.cluster.data_files import find_data_files
from longtail.cluster.nodes.plan import DataFiles, make_plan
from longtail.cluster.work.preflight import check_buildable
from longtail.config.search_space import Choice, LogUniform
from longtail.config.variant import Variant
from longtail.data.lvis.annotations import open_annotations
from longtail.data.synthetic.dataset import Parameters, write_dataset
from longtail.sweep.driver.trial_groups import may_share
from longtail.sweep.request import Sweep
from longtail.sweep.search.initial_points import start_point

BOTH_SIZES = pytest.mark.parametrize("demo", [False, True])
TAIL, MASK = "stages.1.classifier.tail_frequency", "stages.1.loss_weights.mask"


def based(name: str, demo: bool) -> Variant:
    variant = VARIANTS[SPACES[name].base]
    return SPACES[name].start(demo_scale(variant) if demo else variant, lvis_threshold)


def lvis_threshold() -> float:
    return LVIS_TAIL_THRESHOLD


@pytest.fixture(scope="module")
def data(toy_set: Path) -> DataFiles:
    return find_data_files(toy_set / "train.json", toy_set / "val.json", toy_set / "images")


@BOTH_SIZES
@pytest.mark.parametrize("name", SPACES)
def test_a_space_fits_its_variant_and_every_point_can_be_built(
    name: str, demo: bool, data: DataFiles
) -> None:
    base = based(name, demo)
    space = SPACES[name].on(base, lvis_threshold)
    space.check(base)
    sweep = Sweep(base, space, data, "random", 6, ("AP",), "none", 1, 3, 0, 0)
    points = space.random(6, seed=0)
    plan = sweep.plan({str(number): point for number, point in enumerate(points)})
    check_buildable(plan, workers=1)


@BOTH_SIZES
@pytest.mark.parametrize("name", SPACES)
def test_a_search_begins_with_its_base(name: str, demo: bool, data: DataFiles) -> None:
    base = based(name, demo)
    space = SPACES[name].on(base, lvis_threshold)
    sweep = Sweep(base, space, data, "optuna", 6, ("AP",), "none", 1, 3, 0, 0)
    start = start_point(sweep)
    assert start is not None
    assert space.at(base, start) == base


def test_lambda_is_the_tail_frequency_and_the_mask_weight_of_one_shared_first_stage(
    data: DataFiles,
) -> None:
    base = based("lambda", demo=False)
    space = SPACES["lambda"].on(base, lvis_threshold)
    tail = space.dimensions[TAIL]
    assert isinstance(tail, LogUniform)
    assert tail.low < 0.00177 < tail.high
    assert space.dimensions[MASK] == LogUniform(0.5, 2.0)
    sweep = Sweep(base, space, data, "random", 5, ("AP",), "asha", 3, 3, 0, 0)
    points = {str(number): point for number, point in enumerate(space.random(5, seed=0))}
    rows = sweep.plan(points).rows
    assert len({row.stages[0].id for row in rows}) == 1
    assert len({row.stages[1].id for row in rows}) == 5
    (of_table_3,) = make_plan({"a": VARIANTS["sigmoid_rfs_r50"]}, (0,), data).rows
    assert rows[0].stages[0].id == of_table_3.stages[0].id


@pytest.mark.parametrize(
    ("name", "shares"), [("lambda_head", True), ("beta", True), ("rfs", False)]
)
def test_spaces_of_a_classifier_alone_are_trained_in_passes(name: str, shares: bool) -> None:
    assert may_share(based(name, demo=True)) is shares


def test_test_time_spaces_train_nothing_but_their_base(data: DataFiles) -> None:
    for name in ("norcal", "head_merge", "inference"):
        base = based(name, demo=True)
        space = SPACES[name].on(base, lvis_threshold)
        sweep = Sweep(base, space, data, "random", 4, ("AP",), "none", 1, 3, 0, 0)
        points = {str(number): point for number, point in enumerate(space.random(4, seed=0))}
        plan = sweep.plan(points)
        assert not sweep.trains
        assert sum(node.kind == "stage" for node in plan.nodes()) == len(base.stages)


def test_a_learning_rate_lies_round_that_of_the_variant() -> None:
    for demo in (False, True):
        base = based("lambda_head", demo)
        rate = (
            SPACES["lambda_head"].on(base, lvis_threshold).dimensions["stages.1.optimizer.base_lr"]
        )
        centre = base.stages[1].optimizer.base_lr
        assert rate == LogUniform(pytest.approx(centre / 10), pytest.approx(centre * 10))


def test_the_border_makes_the_groups_r_and_c_the_tail(tmp_path: Path) -> None:
    write_dataset(tmp_path, Parameters(96, 4, 0, categories=30, size=64, seed=0))
    found = tail_threshold(tmp_path / "train.json")
    annotations = open_annotations(tmp_path / "train.json")
    table = annotations.categories
    by_threshold = table.image_count / annotations.num_annotated_images < found
    assert np.array_equal(by_threshold, table.group("r") | table.group("c"))
    assert 0 < by_threshold.sum() < len(table)
    # A tenth of the images divides c from f in the synthetic set.
    assert 0.09 < found < 0.12


def test_a_threshold_that_was_set_is_kept() -> None:
    base = VARIANTS["eql_tuned_r50"].override({TAIL: 0.25})
    assert SPACES["lambda"].start(base, lvis_threshold) == base


def test_the_list_names_every_space_its_fields_and_the_values_of_the_reports(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_spaces()
    printed = capsys.readouterr().out
    for name, space in SPACES.items():
        assert f"{name}, on {space.base}: {space.why}" in printed
    assert all(name in printed for name in DELEGATED_SPACES)
    assert "stages.1.classifier.tail_frequency" in printed
    assert "loguniform(0.00018,0.0053)" in printed


def test_the_report_s_value_of_beta_is_among_those_that_are_tried() -> None:
    beta = SPACES["beta"].on(based("beta", demo=False), lvis_threshold)
    assert beta.dimensions == {
        "stages.1.classifier.others_per_member": Choice((0.5, 2.0, 8.0, 32.0))
    }
