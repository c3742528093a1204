"""A worker trains stage after stage; none may notice those before it."""

import hashlib
import pickle
import random
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from longtail.training.checkpoints import final_checkpoint
from longtail.training.job import StageJob
from longtail.training.stage import train_stage

pytestmark = pytest.mark.slow

ALONE = """
import pickle, sys, torch
from longtail.training.stage import train_stage
torch.set_num_threads(1)
train_stage(pickle.load(sys.stdin.buffer), rank=0, world_size=1, device=torch.device("cpu"))
"""


def digests(job: StageJob) -> dict[str, str]:
    """Of all files of the final checkpoint: weights, optimizer, position in the data."""
    folder = final_checkpoint(job.directory, job.config.schedule.iterations)
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}


@pytest.mark.parametrize("loader_processes", [0, 1])
def test_the_second_stage_in_a_process_is_that_of_a_process_of_its_own(
    job: StageJob, loader_processes: int
) -> None:
    job = replace(job, loader_processes=loader_processes)
    alone = replace(job, directory=job.directory.with_name("alone"))
    subprocess.run([sys.executable, "-c", ALONE], input=pickle.dumps(alone), check=True)

    torch.set_num_threads(1)
    smaller = job.variant.override({"seed": 8, "stages.0.schedule.images_per_step": 2})
    before = replace(job, variant=smaller, directory=job.directory.with_name("before"))
    for each in (before, job):
        train_stage(each, rank=0, world_size=1, device=torch.device("cpu"))
        # What a task between two trainings may draw.
        torch.rand(7), np.random.rand(7), random.random()
    assert digests(job) == digests(alone)
    assert digests(job) != digests(before)
