"""Where a rank of a worker group computes."""

import os

import torch


def rank_device() -> torch.device:
    """The device that Ray gave this rank; on CPUs torch takes as many threads as it is allowed."""
    from ray.train.torch import get_device

    torch.set_num_threads(max(1, int(os.environ.get("OMP_NUM_THREADS", "1"))))
    device: torch.device = get_device()
    return device
