from collections.abc import Callable, Iterator

import torch
from torch import nn

from longtail.config.stages import SGD
from longtail.data.loading import TrainingBatch
from longtail.training.freezing import freeze, set_training_mode
from longtail.training.optimizers import build_optimizer


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
