"""Which categories an image shows. N images, K categories."""

from torch import Tensor
from torch.nn import functional as F

from longtail.losses.over_workers import share_of_mean


def image_label_loss(logits: Tensor, present: Tensor, verified: Tensor) -> Tensor:
    """The mean binary cross-entropy of the verified pairs of an image and a category.

    Vu et al., SCNet, AAAI 2021, has it over all pairs, of COCO's exhaustive labels. LVIS says of
    few categories of an image whether it shows them: the others teach nothing, as in Gupta et al.,
    LVIS, 2019. mmdetection weighs it with 3 beside the other losses; the caller does that.

    Args:
        logits: (N, K) z.
        present: (N, K) bool, y: the image shows the category.
        verified: (N, K) bool, y is known; all True where labels are exhaustive.

    Returns:
        A scalar; 0, still tied to the graph, where nothing is verified.
    """
    pairs = F.binary_cross_entropy_with_logits(logits, present.to(logits.dtype), reduction="none")
    return share_of_mean((pairs * verified).sum(), int(verified.sum()))
