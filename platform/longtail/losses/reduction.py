"""How every RoI loss becomes one number."""

from torch import Tensor


def mean_over_rois(losses: Tensor, weights: Tensor) -> Tensor:
    """sum_i w_i L_i / R: weights lower a RoI's share, they never raise that of the others.

    Args:
        losses: (R,) the loss of each RoI.
        weights: (R,) the factor of each RoI, 1 for most.

    Returns:
        A scalar; 0, still tied to the graph, without RoIs.
    """
    return (weights * losses).sum() / max(len(losses), 1)
