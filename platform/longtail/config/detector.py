"""What the network is: backbone, neck, proposals and RoI heads. Its parts are shared by engines."""

from typing import Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from longtail.config.base import Config


class Backbone(Config):
    """A timm model cut into its feature maps of stride 4, 8, 16 and 32."""

    model: str = "resnet50"
    """Any timm model with `features_only` support."""
    weights: str | None = None
    """Path of a timm state dict to start from (a local file); None starts from random weights."""
    norm: Literal["batch", "frozen"] = "batch"
    """`frozen` keeps batch-norm statistics and scale fixed, as detectors on ImageNet weights do."""


class Proposals(Config):
    """The region proposal network."""

    anchor_sizes: tuple[PositiveInt, ...] = (32, 64, 128, 256, 512)
    """Side of the square anchor on P2 to P6, in pixels of the resized image."""
    aspect_ratios: tuple[PositiveFloat, ...] = (0.5, 1.0, 2.0)
    images_batch: PositiveInt = 256
    """Anchors sampled per image for the loss, half of them positive at most."""
    nms_iou: float = Field(0.7, gt=0, le=1)
    train_pre_nms: PositiveInt = 2000
    train_post_nms: PositiveInt = 1000
    test_pre_nms: PositiveInt = 1000
    test_post_nms: PositiveInt = 1000


class BoxHead(Config):
    """RoI sampling, pooling and the two fully connected layers before classifier and regressor."""

    rois_per_image: PositiveInt = 512
    positive_fraction: float = Field(0.25, gt=0, le=1)
    positive_iou: float = Field(0.5, gt=0, lt=1)
    pool_size: PositiveInt = 7
    channels: PositiveInt = 1024
    class_specific_boxes: bool = True
    smooth_l1_beta: NonNegativeFloat = 0.0
    """0 is plain L1, as detectron2 has it; torchvision's own heads use 1/9."""


class MaskHead(Config):
    """Convolutions, then a deconvolution that doubles the pooled RoI's side: the mask grid."""

    pool_size: PositiveInt = 14
    channels: PositiveInt = 256
    convolutions: PositiveInt = 4
    class_specific: bool = True


class Detector(Config):
    """A Mask R-CNN."""

    engine: Literal["torchvision", "detectron2"] = "torchvision"
    backbone: Backbone = Backbone()
    neck_channels: PositiveInt = 256
    proposals: Proposals = Proposals()
    box_head: BoxHead = BoxHead()
    mask_head: MaskHead = MaskHead()
