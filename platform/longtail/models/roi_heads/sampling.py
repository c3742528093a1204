"""Which proposals the RoI heads learn from, and as what.

P proposals, G instances, R sampled RoIs of which the first F are foreground, K categories. Boxes
are xyxy in pixels of the network's input; background is label K.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torchvision.ops import box_iou

from longtail.models.roi_heads.targets import RoITargets

IGNORE_IOU = 0.5


@dataclass(frozen=True)
class SampledRoIs:
    """The RoIs of one image, foreground first.

    Attributes:
        boxes: (R, 4).
        labels: (R,) int64 in 0..K.
        weights: (R,) float32, the factor of each RoI in every loss.
        verified: (R, K) bool, the categories verified in the RoI's source image.
        matched: (F,) int64, the instance of each foreground RoI.
        matched_boxes: (F, 4) the instances' boxes.
        is_annotation: (R,) bool, the RoI is an instance's own box.
        category_weights: (R, K) float32, besides `weights` the factor of each category's loss; None
            where all are 1.
    """

    boxes: Tensor
    labels: Tensor
    weights: Tensor
    verified: Tensor
    matched: Tensor
    matched_boxes: Tensor
    is_annotation: Tensor
    category_weights: Tensor | None = None

    @property
    def num_foreground(self) -> int:
        """F."""
        return len(self.matched)


@dataclass(frozen=True)
class RoISampler:
    """Matches proposals to instances and draws a fixed share of foreground: Fast R-CNN, 2.3.

    The instances' own boxes join the proposals, so every instance is seen from the first step on.

    Attributes:
        num_categories: K.
        rois_per_image: Upper bound of R.
        positive_fraction: Upper bound of F / rois_per_image.
        positive_iou: A RoI of at least this IoU with an instance is foreground.
    """

    num_categories: int
    rois_per_image: int
    positive_fraction: float
    positive_iou: float

    @torch.no_grad()
    def __call__(self, proposals: Tensor, targets: RoITargets) -> SampledRoIs:
        """Draw RoIs with torch's random numbers; without instances all are background.

        Where the targets name a drawn category, RoIs of other instances are dropped: they become
        neither foreground nor background. As many background RoIs are drawn as its foreground asks
        for: SimCal, 2019 report, 2.2. Unlike there, the background comes from the image itself and
        the share of foreground bounds the drawn category's RoIs, not those of all categories.

        Args:
            proposals: (P, 4).
            targets: The image's instances and ignore boxes.
        """
        boxes = torch.cat([proposals, targets.boxes])
        iou, nearest = best_overlap(boxes, targets.boxes)
        foreground, background = self._draw(iou >= self.positive_iou, nearest, targets)
        return self._described(
            boxes, foreground, background, nearest, targets, num_proposals=len(proposals)
        )

    @torch.no_grad()
    def all_of(self, boxes: Tensor, targets: RoITargets) -> SampledRoIs:
        """Match boxes and take all of them, the instances' own not among them: detectron2's later
        stages of a cascade.

        Of a drawn category the RoIs are chosen as when they are drawn, without bounds.

        Args:
            boxes: (P, 4).
            targets: The image's instances and ignore boxes.
        """
        iou, nearest = best_overlap(boxes, targets.boxes)
        positive = iou >= self.positive_iou
        foreground, background = (torch.nonzero(m).flatten() for m in (positive, ~positive))
        if targets.drawn_category is not None:
            foreground = foreground[targets.labels[nearest[foreground]] == targets.drawn_category]
            wanted = background_wanted(len(foreground), targets.background_per_foreground)
            background = _shuffled(~positive)[:wanted]
        return self._described(
            boxes, foreground, background, nearest, targets, num_proposals=len(boxes)
        )

    def _described(
        self,
        boxes: Tensor,
        foreground: Tensor,
        background: Tensor,
        nearest: Tensor,
        targets: RoITargets,
        *,
        num_proposals: int,
    ) -> SampledRoIs:
        """The chosen ones of boxes, of which those after the proposals are the instances' own."""
        chosen = torch.cat([foreground, background])
        matched = nearest[foreground]
        labels = torch.full_like(chosen, self.num_categories)
        labels[: len(foreground)] = targets.labels[matched]
        weights = torch.full_like(boxes[chosen, 0], targets.loss_weight)
        weights[len(foreground) :] *= ignore_factors(boxes[background], targets)
        return SampledRoIs(
            boxes=boxes[chosen],
            labels=labels,
            weights=weights,
            verified=targets.verified[_sources(targets, boxes[chosen], matched)],
            matched=matched,
            matched_boxes=targets.boxes[matched],
            is_annotation=chosen >= num_proposals,
            category_weights=category_factors(
                boxes[chosen], len(foreground), targets, self.num_categories
            ),
        )

    def _draw(
        self, positive: Tensor, nearest: Tensor, targets: RoITargets
    ) -> tuple[Tensor, Tensor]:
        foreground = _shuffled(positive)
        if targets.drawn_category is not None:
            labels = targets.labels[nearest[foreground]]
            foreground = foreground[labels == targets.drawn_category]
        foreground = foreground[: int(self.rois_per_image * self.positive_fraction)]
        most_background = self.rois_per_image - len(foreground)
        if targets.drawn_category is not None:
            wanted = background_wanted(len(foreground), targets.background_per_foreground)
            most_background = min(most_background, wanted)
        return foreground, _shuffled(~positive)[:most_background]


def background_wanted(num_foreground: int, per_foreground: float) -> int:
    """Background RoIs of an image drawn for a category: the product, rounded to the nearest number
    but at least 1, and none where the category has no RoI."""
    return max(1, round(num_foreground * per_foreground)) if num_foreground else 0


def best_overlap(boxes: Tensor, references: Tensor) -> tuple[Tensor, Tensor]:
    """The highest IoU of each of (P, 4) boxes with the references, and which one that is.

    Returns:
        (P,) IoU and (P,) int64 index; all zeros without references.
    """
    if not len(references):
        return boxes.new_zeros(len(boxes)), boxes.new_zeros(len(boxes), dtype=torch.long)
    iou, index = box_iou(boxes, references).max(dim=1)
    return iou, index


def ignore_factors(boxes: Tensor, targets: RoITargets) -> Tensor:
    """(P,) weight of background boxes: that of the ignore box they overlap most, if by over 0.5.

    COCO-ignore of the EQL 2019 report, 3.1 (weight 0.5), and ignored pseudo-labels (weight 0).
    Ignore boxes of a single category are left to `category_factors`.
    """
    if targets.ignore_labels is None:
        return on_ignore_boxes(boxes, targets.ignore_boxes, targets.ignore_weights)
    of_all = targets.ignore_labels < 0
    return on_ignore_boxes(boxes, targets.ignore_boxes[of_all], targets.ignore_weights[of_all])


def category_factors(
    boxes: Tensor, num_foreground: int, targets: RoITargets, num_categories: int
) -> Tensor | None:
    """(R, K) factor of each category's loss at RoIs of which the foreground comes first: at
    background on ignore boxes of a category (IoU over 0.5) the weight of the nearest one, else 1.

    The ignore mode `class` of pseudo-labels: lvisTraveler 2020, section 2.1, does not say which.

    Returns:
        None where no ignore box names a category.
    """
    if targets.ignore_labels is None:
        return None
    factors = boxes.new_ones(len(boxes), num_categories)
    for label in sorted(set(targets.ignore_labels.tolist()) - {-1}):
        own = targets.ignore_labels == label
        of_label = targets.ignore_boxes[own], targets.ignore_weights[own]
        factors[num_foreground:, label] = on_ignore_boxes(boxes[num_foreground:], *of_label)
    return factors


def on_ignore_boxes(boxes: Tensor, ignore_boxes: Tensor, ignore_weights: Tensor) -> Tensor:
    """(P,) weight of the one of (I, 4) boxes that each overlaps most, if by over 0.5, else 1."""
    iou, nearest = best_overlap(boxes, ignore_boxes)
    factors = torch.ones_like(iou)
    ignored = iou > IGNORE_IOU
    factors[ignored] = ignore_weights[nearest[ignored]]
    return factors


def _sources(targets: RoITargets, boxes: Tensor, matched: Tensor) -> Tensor:
    """(R,) the source of each RoI: of a foreground one that of its instance, of a background one
    that which shows most of the box."""
    of_foreground, background = targets.source[matched], boxes[len(matched) :]
    if targets.regions is None:
        return torch.cat([of_foreground, of_foreground.new_zeros(len(background))])
    corner = torch.maximum(background[:, None, :2], targets.regions[:, :2])
    far = torch.minimum(background[:, None, 2:], targets.regions[:, 2:])
    shown = (far - corner).clamp(min=0).prod(dim=2)
    return torch.cat([of_foreground, shown.argmax(dim=1)])


def _shuffled(mask: Tensor) -> Tensor:
    index = torch.nonzero(mask).flatten()
    return index[torch.randperm(len(index), device=index.device)]
