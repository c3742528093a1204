"""How often the RoI heads classify and refine a RoI, and what its masks learn by."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, model_validator

from longtail.config.base import Config

IoU = Annotated[float, Field(gt=0, lt=1)]
CodingWeights = tuple[PositiveFloat, PositiveFloat, PositiveFloat, PositiveFloat]
"""Factors of dx, dy, dw and dh: one over their standard deviations."""


class OneStage(Config):
    """Each RoI is classified and refined once: Mask R-CNN, detectron2's StandardROIHeads."""

    name: Literal["standard"] = "standard"


class BoxStages(Config):
    """Stages of boxes, each of which learns from what the one before has refined: Cai and
    Vasconcelos 2018. Its defaults are mmdetection's."""

    positive_ious: tuple[IoU, ...] = (0.5, 0.6, 0.7)
    """Of each stage: a RoI of at least this IoU with an instance is foreground. It counts instead
    of `box_head.positive_iou`."""
    coding_weights: tuple[CodingWeights, ...] = (
        (10.0, 10.0, 5.0, 5.0),
        (20.0, 20.0, 10.0, 10.0),
        (30.0, 30.0, 15.0, 15.0),
    )
    """Of each stage, the factors of its box regression: the later, the smaller the moves."""
    loss_weights: tuple[NonNegativeFloat, ...] = (1.0, 0.5, 0.25)
    """Of each stage, the factor of its losses; detectron2 has 1 for all."""
    class_specific_boxes: bool = False
    """One box regression per category in every stage; false shares one among all. It counts instead
    of `box_head.class_specific_boxes`."""
    later_rois: Literal["sampled", "all"] = "sampled"
    """What stages after the first learn from. `sampled`: the refined RoIs without those that were
    instances' own boxes, and those boxes anew, of which as many are drawn as in the first stage, as
    mmdetection does. `all`: every refined RoI, instances' boxes among them, as detectron2 does."""
    averaged: Literal["logits", "probabilities"] = "logits"
    """What of the stages is averaged at test time: logits before they become scores, as mmdetection
    does (a double classifier's probabilities all the same: Alibaba 2020, section 3), or scores, as
    detectron2 does."""
    scale_gradients: bool = False
    """Divide the gradient of each stage's pooled features by the number of stages, as detectron2
    does."""

    @model_validator(mode="after")
    def _every_stage_has_each_value(self) -> Self:
        counts = {
            "positive_ious": len(self.positive_ious),
            "coding_weights": len(self.coding_weights),
            "loss_weights": len(self.loss_weights),
        }
        if len(set(counts.values())) > 1 or not self.positive_ious:
            said = ", ".join(f"{field} has {count}" for field, count in counts.items())
            raise ValueError(f"{said}: give each as many values as there are stages, at least one")
        return self

    @property
    def num_stages(self) -> int:
        """Box stages."""
        return len(self.positive_ious)


class Cascade(BoxStages):
    """Cascade Mask R-CNN: Cai and Vasconcelos 2019."""

    name: Literal["cascade"] = "cascade"
    mask_heads: Literal["each", "one"] = "each"
    """`each` stage has a mask head for the RoIs that its boxes learn from, and their masks are
    averaged at test time, as mmdetection does; `one` mask head learns from the first stage's RoIs,
    as in detectron2, and its losses have that stage's factor."""


class SemanticBranch(Config):
    """HTC's semantic segmentation of stuff and things, whose features join those of the RoIs. Its
    width is `neck_channels`. It learns from class PNGs (`--semantic`), which are `external_data`.
    Its defaults are mmdetection's."""

    num_categories: int = Field(183, ge=1, le=255)
    """Classes: pixels of a PNG are 0 to one less, or 255 where nothing is labelled."""
    unlabelled: int = Field(255, ge=0, le=255)
    """Another value of pixels that nothing is learned from, as 0 in COCO's panoptic ids."""
    convolutions: PositiveInt = 4
    """3x3 convolutions after the levels are added up."""
    stride: Literal[4, 8, 16, 32] = 8
    """Pixels per cell of the level whose size all levels get."""
    joins: tuple[Literal["box", "mask"], ...] = Field(("box", "mask"), min_length=1)
    """Whose RoI features its own are added to."""


class GlobalContext(Config):
    """One vector an image, added to the features of its RoIs, that learns which categories the
    image shows: HTC-Lite of Wang et al. 2020, as SCNet has it. Its width is `neck_channels`."""

    convolutions: PositiveInt = 4
    """3x3 convolutions on the coarsest level, before the average over the image."""


class HybridTaskCascade(BoxStages):
    """HTC: Chen et al. 2019, as lvisTraveler 2020, Alibaba 2020 and report 004 of 2019 trained it.
    Each stage has a mask head."""

    later: ClassVar[frozenset[str]] = frozenset({"semantic", "global_context"})

    name: Literal["htc"] = "htc"
    interleaved: bool = True
    """A stage's masks learn on the boxes that the same stage has refined, not on those it began
    with."""
    mask_information_flow: bool = True
    """A mask head also sees, through a 1x1 convolution, the features of the one before."""
    semantic: SemanticBranch | None = None
    """The semantic branch; JSON on the command line, {} for its defaults."""
    global_context: GlobalContext | None = None
    """The branch of global context, which needs no other annotations; {} for its defaults."""


RoIStages = Annotated[OneStage | Cascade | HybridTaskCascade, Field(discriminator="name")]


def semantic_branch_of(stages: RoIStages) -> SemanticBranch | None:
    """The semantic branch, where there is one."""
    return stages.semantic if isinstance(stages, HybridTaskCascade) else None


def global_context_of(stages: RoIStages) -> GlobalContext | None:
    """The branch of global context, where there is one."""
    return stages.global_context if isinstance(stages, HybridTaskCascade) else None


class MaskCrossEntropy(Config):
    """Mean binary cross-entropy over the cells: He et al., Mask R-CNN."""

    name: Literal["cross_entropy"] = "cross_entropy"


class BalancedMask(Config):
    """Dice and weighted cross-entropy, so that thin masks count: lvisTraveler 2020, Eq. 2-5."""

    name: Literal["balanced"] = "balanced"
    cross_entropy_weight: NonNegativeFloat = 1.0
    """lambda of Eq. 2: the factor of the cross-entropy beside the dice loss."""
    foreground_factor: NonNegativeFloat = 0.5
    """Cells of a mask weigh this times box area over mask area, but at least 1: Eq. 5."""


MaskLoss = Annotated[MaskCrossEntropy | BalancedMask, Field(discriminator="name")]
