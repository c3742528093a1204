"""torchvision's proposals with their scores, which its network computes and drops."""

import torch
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.rpn import RegionProposalNetwork, concat_box_prediction_layers

from longtail.engines.base import RankedProposals, SeenImages


def ranked_proposals(rpn: RegionProposalNetwork, seen: SeenImages) -> list[RankedProposals]:
    """What `rpn(images, features)` returns in evaluation mode, with the score of each box.

    Args:
        rpn: In evaluation mode, with anchors that read nothing of the pictures but their sizes.
        seen: A batch.

    Returns:
        Of each image; scores are probabilities.
    """
    levels = list(seen.features.values())
    objectness, deltas = rpn.head(levels)
    anchors = rpn.anchor_generator(ImageList(torch.empty(0), list(seen.sizes)), levels)
    anchors_per_level = [level[0].numel() for level in objectness]
    objectness, deltas = concat_box_prediction_layers(objectness, deltas)
    decoded = rpn.box_coder.decode(deltas, anchors).view(len(anchors), -1, 4)
    found = rpn.filter_proposals(decoded, objectness, list(seen.sizes), anchors_per_level)
    return [RankedProposals(*of_image) for of_image in zip(*found, strict=True)]
