"""Batch norms whose statistics are those of all workers together. N images, C channels."""

from typing import Any, cast

import torch
from torch import Tensor, distributed, nn
from torch.nn.modules.batchnorm import _BatchNorm


class SyncBatchNorm(_BatchNorm):
    """torch's batch norm over all workers, which also runs on CPUs.

    torch's own refuses tensors of a CPU; there the sums over workers are reduced here, first those
    of the mean, then those of the variance about it. With one worker, and in evaluation mode, it is
    the plain batch norm. Workers may have different numbers of images, or none: every worker must
    come by each norm equally often. Names and shapes of the state are those of `BatchNorm2d`.

    It is no subclass of torch's: DistributedDataParallel refuses a model on a CPU that has one.
    """

    process_group = None
    _check_input_dim = nn.SyncBatchNorm._check_input_dim
    _check_non_zero_input_channels = nn.SyncBatchNorm._check_non_zero_input_channels

    def forward(self, features: Tensor) -> Tensor:
        """(N, C, H, W) -> the same shape."""
        if not features.is_cpu:
            # All that it reads of itself is here.
            return nn.SyncBatchNorm.forward(cast(nn.SyncBatchNorm, self), features)
        if self.training and distributed.is_initialized() and distributed.get_world_size() > 1:
            return self._normalised_over_workers(features)
        return _BatchNorm.forward(self, features)

    def _normalised_over_workers(self, features: Tensor) -> Tensor:
        values = features.float()
        count = values.new_tensor([values.numel() / self.num_features])
        sums = _sum_over_workers(torch.cat([values.sum((0, 2, 3)), count]))
        count = sums[-1].detach().clamp(min=1)
        mean = sums[:-1] / count
        squares = (values - mean[:, None, None]).square().sum((0, 2, 3))
        variance = _sum_over_workers(squares) / count
        if sums[-1] > 0:
            self._update(mean.detach(), variance.detach() * count / (count - 1).clamp(min=1))
        scale = (variance + self.eps).rsqrt()
        normalised = (values - mean[:, None, None]) * scale[:, None, None]
        output = normalised * self.weight[:, None, None] + self.bias[:, None, None]
        return output.to(features.dtype)

    @torch.no_grad()
    def _update(self, mean: Tensor, variance: Tensor) -> None:
        """Move the running statistics; their variance is the unbiased one."""
        assert self.running_mean is not None and self.running_var is not None
        assert self.num_batches_tracked is not None and self.momentum is not None
        self.num_batches_tracked.add_(1)
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance, self.momentum)


def synchronised(norm: nn.BatchNorm2d) -> SyncBatchNorm:
    """A norm over all workers with the parameters, statistics and settings of a plain one."""
    sync = SyncBatchNorm(norm.num_features, norm.eps, norm.momentum, device="meta")
    sync.weight, sync.bias = norm.weight, norm.bias
    for name, buffer in norm.named_buffers(recurse=False):
        sync.register_buffer(name, buffer)
    return sync.train(norm.training)


class _Sum(torch.autograd.Function):
    """What a sum over workers passes back is the sum of what it is given on all of them."""

    @staticmethod
    def forward(context: Any, values: Tensor) -> Tensor:
        total = values.clone(memory_format=torch.contiguous_format)
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        total = gradient.clone(memory_format=torch.contiguous_format)
        distributed.all_reduce(total)
        return total


def _sum_over_workers(values: Tensor) -> Tensor:
    return cast(Tensor, _Sum.apply(values))
