import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import get_args

import pytest
import torch
from torch import Tensor, nn

from longtail.config.stages import SGD, Part
from longtail.data.loading.batches import TrainingBatch
from longtail.data.lvis.annotations import open_annotations
from longtail.engines.build import build_engine
from longtail.models.category_statistics import CategoryStatistics
from longtail.training.checkpoints import Checkpoint, final_checkpoint
from longtail.training.job import StageJob
from longtail.training.journal import JOURNAL
from longtail.training.optimizers import build_optimizer
from longtail.training.stage import train_stage
from longtail.training.weights.freezing import FrozenParts, freeze, set_training_mode

TRUNK = tuple(part for part in get_args(Part) if part != "classifier")


def test_frozen_parts_keep_weights_and_statistics(
    engine: nn.Module, batches_from: Callable[[int], Iterator[TrainingBatch]]
) -> None:
    before = {name: value.clone() for name, value in engine.state_dict().items()}
    freeze(engine, ["backbone"])
    set_training_mode(engine, ["backbone"])
    optimizer = build_optimizer(SGD(), engine)
    sum(engine(next(batches_from(0)).samples).values()).backward()
    optimizer.step()
    changed = {
        name for name, value in engine.state_dict().items() if not torch.equal(value, before[name])
    }
    assert changed == {"head.weight", "head.bias"}


def test_parts_that_are_not_frozen_are_in_training_mode(engine: nn.Module) -> None:
    engine.eval()
    set_training_mode(engine, ["classifier"])
    assert engine.training
    assert [part.training for part in engine.parts().values()] == [True, False]


def test_frozen_parts_have_one_digest_until_a_byte_changes(engine: nn.Module) -> None:
    frozen = FrozenParts(engine, ["backbone"])
    frozen.verify()
    assert frozen.sha256 == FrozenParts(engine, ["backbone"]).sha256
    with torch.no_grad():
        engine.get_parameter("head.bias").add_(1)
    frozen.verify()
    engine.get_buffer("body.1.running_mean")[0] += 1e-6
    with pytest.raises(AssertionError, match="frozen parts backbone changed"):
        frozen.verify()


def test_a_frozen_weight_that_changes_is_noticed(engine: nn.Module) -> None:
    frozen = FrozenParts(engine, ["classifier"])
    with torch.no_grad():
        engine.get_parameter("head.weight")[0, 0].neg_()
    with pytest.raises(AssertionError, match="SHA-256"):
        frozen.verify()


def test_a_stage_whose_frozen_parts_change_saves_nothing(job: StageJob) -> None:
    stage = job.config.replace(freeze=("backbone",))
    frozen = replace(job, variant=job.variant.replace(stages=(stage,)))

    def thawed(model: nn.Module) -> nn.Module:
        with torch.no_grad():
            next(model.parameters()).add_(1)
        return model

    with pytest.raises(AssertionError, match="frozen parts backbone changed"):
        train_stage(frozen, rank=0, world_size=1, device=torch.device("cpu"), wrap=thawed)
    assert not list(frozen.checkpoints.glob("step-*"))


def test_the_journal_holds_the_digest_of_what_is_frozen(job: StageJob) -> None:
    stage = job.config.replace(freeze=("backbone",))
    frozen = replace(job, variant=job.variant.replace(stages=(stage,)))
    train_stage(frozen, rank=0, world_size=1, device=torch.device("cpu"))
    start = json.loads((frozen.directory / JOURNAL).read_text().splitlines()[0])
    weights = Checkpoint(final_checkpoint(frozen.directory, 6))
    annotations = open_annotations(frozen.train_annotations)
    statistics = CategoryStatistics.from_table(
        annotations.categories, annotations.num_annotated_images
    )
    variant = frozen.variant
    trained = build_engine(variant.detector, stage.classifier, variant.inference, statistics)
    trained.load_state_dict(weights.weights())
    assert start["frozen_sha256"] == FrozenParts(trained, ["backbone"]).sha256


def test_no_graph_reaches_through_a_frozen_trunk(job: StageJob) -> None:
    stage = job.config.replace(freeze=TRUNK)
    frozen = replace(job, variant=job.variant.replace(stages=(stage,)))
    graphs: list[bool] = []

    def watched(model: nn.Module) -> nn.Module:
        for name in ("backbone", "neck", "roi_heads.box_head"):
            model.get_submodule(name).register_forward_hook(
                lambda _, __, output: graphs.extend(map(has_graph, tensors_of(output)))
            )
        return model

    train_stage(frozen, rank=0, world_size=1, device=torch.device("cpu"), wrap=watched)
    assert len(graphs) == 6 * (4 + 5 + 1) and not any(graphs)


def has_graph(tensor: Tensor) -> bool:
    return tensor.grad_fn is not None or tensor.requires_grad


def tensors_of(output: object) -> list[Tensor]:
    """A tensor, or those in a mapping or list."""
    if isinstance(output, Tensor):
        return [output]
    values = output.values() if isinstance(output, Mapping) else output
    return list(values)  # type: ignore[call-overload, no-any-return]
