"""How every RoI loss becomes one number."""

from torch import Tensor

from longtail.losses.over_workers import share_of_mean


def mean_over_rois(losses: Tensor, weights: Tensor) -> Tensor:
    """sum_i w_i L_i / R: weights lower a RoI's share, they never raise that of the others.

    Of several workers each divides by their mean R: see `share_of_mean`.

    Args:
        losses: (R,) the loss of each RoI.
        weights: (R,) the factor of each RoI, 1 for most.

    Returns:
        A scalar; 0, still tied to the graph, without RoIs.
    """
    return share_of_mean((weights * losses).sum(), len(losses))
