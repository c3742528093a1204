"""Which helpers of Ray Train a worker group goes without."""

from typing import Any

import pytest
from ray.train import RunConfig, ScalingConfig
from ray.train.v2.api.data_parallel_trainer import DataParallelTrainer

from longtail.cluster.pool.trainer import NEEDLESS, trainer_class


def _callbacks(kind: Any, workers: int) -> list[str]:
    trainer = kind(
        print, scaling_config=ScalingConfig(num_workers=workers), run_config=RunConfig(name="x")
    )
    return [type(one).__name__ for one in trainer._create_default_callbacks()]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_trainer_has_all_callbacks_of_rays_own_but_the_needless_ones(workers: int) -> None:
    kind = trainer_class(workers)
    # If this fails after an update, Ray names them otherwise: their processes would be back.
    assert set(_callbacks(DataParallelTrainer, workers)) >= NEEDLESS
    rays_own = next(base for base in kind.__mro__ if base.__module__.startswith("ray."))
    expected = [name for name in _callbacks(rays_own, workers) if name not in NEEDLESS]
    assert _callbacks(kind, workers) == expected
