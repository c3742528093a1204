"""What a loss asks of the workers that share a batch: sums, gathered labels, a common draw.

DDP averages the gradients of W workers. For the average to be the gradient of one process on the
whole batch, normalisers are those of the whole batch, and so are counts and random choices. Without
a process group, or alone in one, a worker's batch is the whole batch.

Every worker calls these functions in the same order and equally often, also without RoIs. None of
them carries a gradient.
"""

import torch
from torch import Tensor, distributed


def num_workers() -> int:
    """W."""
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_world_size()
    return 1


def summed(values: Tensor) -> Tensor:
    """The sum of a tensor over all workers; all give one of the same shape."""
    values = values.detach()
    if num_workers() > 1:
        values = values.clone()
        distributed.all_reduce(values)
    return values


def share_of_mean(total: Tensor, count: int) -> Tensor:
    """W * total / max(count over all workers, 1): its mean over the workers is the whole batch's.

    Args:
        total: A scalar, the sum of this worker's terms; carries the gradient.
        count: Number of this worker's terms.
    """
    if num_workers() == 1:
        return total / max(count, 1)
    everywhere = summed(torch.tensor(count, device=total.device))
    return total * num_workers() / everywhere.clamp(min=1)


def gathered(labels: Tensor) -> tuple[Tensor, slice]:
    """The labels of all workers, in the order of the workers.

    Args:
        labels: (R,) int64; R may differ from worker to worker.

    Returns:
        (R of all workers,) int64, and where this worker's own stand.
    """
    if num_workers() == 1:
        return labels, slice(0, len(labels))
    length = torch.tensor([len(labels)], device=labels.device)
    parts = [torch.empty_like(length) for _ in range(num_workers())]
    distributed.all_gather(parts, length)
    lengths = torch.cat(parts).tolist()
    padded = labels.new_zeros(max(lengths))
    padded[: len(labels)] = labels
    rows = [torch.empty_like(padded) for _ in lengths]
    distributed.all_gather(rows, padded)
    everyone = torch.cat([row[:number] for row, number in zip(rows, lengths, strict=True)])
    start = sum(lengths[: distributed.get_rank()])
    return everyone, slice(start, start + len(labels))


def common_generator(device: torch.device) -> torch.Generator:
    """A generator of random numbers on the CPU that is the same on every worker.

    It is seeded from worker 0's global generator, so that a seeded step draws the same again.

    Args:
        device: Where the process group exchanges tensors.
    """
    seed = torch.randint(2**62, (1,))
    if num_workers() > 1:
        seed = seed.to(device)
        distributed.broadcast(seed, src=0)
    return torch.Generator().manual_seed(int(seed.item()))
