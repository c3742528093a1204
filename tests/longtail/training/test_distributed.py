"""Two processes over gloo, as two workers of a cluster would be."""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch
from support.on_ray.two_workers import on_each_of_two
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from longtail.data.loading.sample import Sample
from longtail.training.checkpoints import Checkpoint, final_checkpoint
from longtail.training.journal import JOURNAL, read_journal
from longtail.training.loop import agree
from longtail.training.stage import StageJob, train_stage

CPU = torch.device("cpu")


class Recording(nn.Module):
    """Notes which images the model was shown, step by step."""

    def __init__(self, model: nn.Module, shown: list[list[int]]) -> None:
        super().__init__()
        self.model = model
        self.shown = shown

    def forward(self, samples: Sequence[Sample]) -> dict[str, Tensor]:
        self.shown.append([sample.image.image_id for sample in samples])
        losses: dict[str, Tensor] = self.model(samples)
        return losses


def _train(job: StageJob, rank: int) -> tuple[list[list[int]], list[Tensor]]:
    shown: list[list[int]] = []
    models: list[nn.Module] = []

    def wrap(model: nn.Module) -> nn.Module:
        models.append(model)
        return DistributedDataParallel(Recording(model, shown))

    train_stage(job, rank=rank, world_size=2, device=CPU, wrap=wrap)
    return shown, [parameter.detach() for parameter in models[0].parameters()]


def _train_alone(job: StageJob) -> list[list[int]]:
    shown: list[list[int]] = []
    train_stage(job, rank=0, world_size=1, device=CPU, wrap=partial(Recording, shown=shown))
    return shown


@pytest.mark.slow
def test_two_workers_see_the_images_of_one_and_end_with_equal_weights(
    job: StageJob, tmp_path: Path
) -> None:
    single = replace(job, directory=tmp_path / "single")
    alone = _train_alone(single)
    (first, weights), (second, weights_of_1) = on_each_of_two(partial(_train, job), tmp_path)
    assert all(len(step) == 2 for step in first + second)
    together = [sorted(a + b) for a, b in zip(first, second, strict=True)]
    assert together == [sorted(step) for step in alone]
    assert all(torch.equal(a, b) for a, b in zip(weights, weights_of_1, strict=True))
    assert [line["step"] for line in read_journal(job.directory / JOURNAL)] == [1, 2, 3, 4, 5, 6]
    ends = [Checkpoint(final_checkpoint(each.directory, 6)).state for each in (job, single)]
    assert ends[0] == ends[1]


def _disagree(rank: int) -> tuple[dict[str, float], bool]:
    losses = {"box": torch.tensor(1.0 + 2 * rank), "mask": torch.tensor([0.5, math.nan][rank])}
    (values,), stopping = agree([torch.tensor(4.0)], [losses], stopping=rank == 1)
    return values, stopping


@pytest.mark.slow
def test_a_bad_loss_or_a_stop_of_one_rank_is_seen_by_all(tmp_path: Path) -> None:
    for values, stopping in on_each_of_two(_disagree, tmp_path):
        assert stopping
        assert values["loss"] == 4.0 and values["loss_box"] == 2.0
        assert math.isnan(values["loss_mask"])
