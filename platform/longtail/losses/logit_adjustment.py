"""Logit adjustment: the training set's category shares are put into, or taken out of, the logits.

Menon et al., ICLR 2021, "Long-tail Learning via Logit Adjustment". R RoIs, K categories;
background is the last of K + 1 logits and is left alone.
"""

import torch
from torch import Tensor
from torch.nn import functional as F


def log_prior(instance_count: Tensor) -> Tensor:
    """(K,) float32 log pi, the categories' shares of the training instances.

    A category without instances counts as one with 1.

    Args:
        instance_count: (K,) training instances.
    """
    count = instance_count.double().clamp(min=1)
    return torch.log(count / count.sum()).float()


def training_logits(logits: Tensor, log_prior: Tensor, tau: float) -> Tensor:
    """(R, K + 1) z_j + tau log pi_j, for the cross-entropy alone: scores use z.

    Args:
        logits: (R, K + 1) z, background last.
        log_prior: (K,) log pi.
        tau: Factor; 0 changes nothing.
    """
    return logits + tau * F.pad(log_prior, (0, 1))


def post_hoc_logits(logits: Tensor, log_prior: Tensor, tau: float) -> Tensor:
    """(R, K + 1) z_j - tau log pi_j, of a classifier that was trained without.

    Args:
        logits: (R, K + 1) z, background last.
        log_prior: (K,) log pi.
        tau: Factor; 0 changes nothing.
    """
    return training_logits(logits, log_prior, -tau)
