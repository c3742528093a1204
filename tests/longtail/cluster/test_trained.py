"""Where a training is found, and what is known of it there."""

from dataclasses import replace
from pathlib import Path

import pytest

from longtail.cluster.nodes.ledger import begin, finish, node_directory
from longtail.cluster.nodes.plan import DataFiles, Plan, Row, make_plan
from longtail.cluster.results.evaluation_files import VARIANT
from longtail.cluster.trained import find_trained
from longtail.config.detector import Detector
from longtail.config.roi_stages import HybridTaskCascade, SemanticBranch
from longtail.config.variant import Inference, Variant
from longtail.data.semantic.maps import SemanticMaps
from longtail.problems import BadInputError
from longtail.training.checkpoints import TrainingState, save_checkpoint


def trained_row(plan: Plan, runs: Path) -> tuple[Row, Path]:
    """The first row with a training node whose final checkpoint holds nothing."""
    row = plan.rows[0]
    (node,) = row.stages
    begin(node_directory(runs, node), node, {})
    step = row.variant.stages[0].schedule.iterations
    state = TrainingState(step, 0, 0, (1,), (1,), (1,), {})
    return row, save_checkpoint(node_directory(runs, node) / "checkpoints", {}, {}, state)


def test_a_node_knows_all_but_the_test_time_settings(plan: Plan, tmp_path: Path) -> None:
    row, checkpoint = trained_row(plan, tmp_path)
    node = node_directory(tmp_path, row.stages[0])
    for given in (node, checkpoint):
        found = find_trained(given)
        assert found.checkpoint == checkpoint
        assert found.variant == row.variant.replace(inference=Inference())


def test_a_node_of_a_semantic_branch_is_read_without_its_declaration(
    data: DataFiles, tmp_path: Path
) -> None:
    detector = Detector(roi_stages=HybridTaskCascade(semantic=SemanticBranch()))
    variant = Variant(detector=detector, external_data=True)
    maps = SemanticMaps(tmp_path, "c" * 64)
    plan = make_plan({"htc": variant}, (0,), replace(data, semantic=maps))
    row, checkpoint = trained_row(plan, tmp_path)
    assert find_trained(checkpoint).variant == row.variant


def test_a_row_has_its_own_test_time_settings(plan: Plan, tmp_path: Path) -> None:
    row, checkpoint = trained_row(plan, tmp_path)
    folder = tmp_path / "grids" / "table" / "row"
    (folder / "evaluation").mkdir(parents=True)
    (folder / "training").symlink_to(node_directory(tmp_path, row.stages[0]))
    with pytest.raises(BadInputError, match="a row has it once it is evaluated"):
        find_trained(folder)
    variant = row.variant.replace(inference=Inference(short_side=640))
    (folder / "evaluation" / VARIANT).write_text(variant.model_dump_json())
    with pytest.raises(BadInputError, match=r"damaged, or not finished, so variant\.json"):
        find_trained(folder)
    finish(folder / "evaluation", [folder / "evaluation" / VARIANT], {})
    found = find_trained(folder)
    assert found.variant == variant
    assert found.checkpoint.resolve() == checkpoint


def test_a_checkpoint_elsewhere_needs_its_variant(plan: Plan, tmp_path: Path) -> None:
    row, checkpoint = trained_row(plan, tmp_path)
    alone = tmp_path / "elsewhere" / "taken" / checkpoint.name
    alone.parent.mkdir(parents=True)
    checkpoint.rename(alone)
    with pytest.raises(BadInputError, match="give the variant with --variant"):
        find_trained(alone)
    file = tmp_path / "variant.json"
    file.write_text(row.variant.model_dump_json())
    assert find_trained(alone, file).variant == row.variant
    file.write_text("{}}")
    with pytest.raises(BadInputError, match="not the JSON of a variant"):
        find_trained(alone, file)


def test_other_folders_are_refused(plan: Plan, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="neither a row's folder, nor"):
        find_trained(tmp_path)
    row = plan.rows[0]
    begin(node_directory(tmp_path, row.evaluation), row.evaluation, {})
    with pytest.raises(BadInputError, match="a node of evaluation; give the directory"):
        find_trained(node_directory(tmp_path, row.evaluation))


def test_an_unfinished_training_is_refused(plan: Plan, tmp_path: Path) -> None:
    row, checkpoint = trained_row(plan, tmp_path)
    checkpoint.rename(checkpoint.with_name("step-00000001"))
    with pytest.raises(BadInputError, match="missing; the checkpoint cannot be used"):
        find_trained(node_directory(tmp_path, row.stages[0]))
