"""What the network is: backbone, neck, proposals and RoI heads. Its parts are shared by engines."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, model_validator

from longtail.config.base import Config
from longtail.config.roi_stages import MaskCrossEntropy, MaskLoss, OneStage, RoIStages

BackboneStage = Literal["c2", "c3", "c4", "c5"]
"""What makes a backbone's map of stride 4, 8, 16 or 32 of the one before."""


class Timm(Config):
    """A timm model cut into its feature maps of stride 4, 8, 16 and 32."""

    later: ClassVar[frozenset[str]] = frozenset({"deformable", "gradient_checkpointing"})

    name: Literal["timm"] = "timm"
    model: str = "resnet50"
    """Any timm model with `features_only` support."""
    weights: str | None = None
    """Path of a timm state dict to start from (a local file); None starts from random weights."""
    norm: Literal["batch", "frozen", "sync"] = "batch"
    """`frozen` keeps batch-norm statistics and scale fixed, as detectors on ImageNet weights do;
    `sync` takes the statistics over the images of all workers."""
    deformable: tuple[BackboneStage, ...] = ()
    """Stages whose 3x3 convolutions are modulated deformable ones: Zhu et al. 2019."""
    gradient_checkpointing: bool = False
    """Keep the inputs of stages alone and compute what is inside again in the backward pass: less
    memory, more time, equal results. Norms must not keep statistics: `norm=frozen`, or a model
    without batch norms."""

    @model_validator(mode="after")
    def _stages_rise(self) -> Self:
        if list(self.deformable) != sorted(set(self.deformable)):
            raise ValueError(
                f"deformable: {', '.join(self.deformable)} must rise, each stage once, as in c3,"
                " c4, c5"
            )
        return self


class Detectron2(Config):
    """The bottom-up network of a detectron2 config file: its ResNets, with DCN where they have it.

    The file says how pixels are normalised too. It needs `engine` detectron2.
    """

    name: Literal["detectron2"] = "detectron2"
    config_file: str = "COCO-InstanceSegmentation/mask_rcnn_R_50_FPN_3x.yaml"
    """A path, or a name below detectron2's `model_zoo/configs`."""


Backbone = Annotated[Timm | Detectron2, Field(discriminator="name")]


ConvolutionNorm = Literal["none", "batch", "sync"]
"""Nothing, a batch norm of one worker's images, or of those of all workers."""


class FeaturePyramid(Config):
    """A top-down pathway with lateral connections to p2 to p5, and p6 pooled from p5: Lin et al.
    2017."""

    later: ClassVar[frozenset[str]] = frozenset({"norm"})

    name: Literal["feature_pyramid"] = "feature_pyramid"
    norm: ConvolutionNorm = "none"
    """What follows every convolution."""


class RecursiveFeaturePyramid(Config):
    """A feature pyramid that is fed back into copies of the backbone, which look at the images
    again: RFP of DetectoRS, Qiao et al. 2021. The copies belong to the part `neck`."""

    name: Literal["recursive_feature_pyramid"] = "recursive_feature_pyramid"
    steps: int = Field(2, ge=2)
    """Looks at the images, the backbone's own among them: 2 of DetectoRS, 3 of Alibaba 2020."""
    dilations: tuple[PositiveInt, ...] = (1, 3, 6)
    """Of the branches that a level goes through on its way back, beside one of its mean. All of
    them are as wide: one more than there are dilations divides `neck_channels`."""
    norm: ConvolutionNorm = "none"
    """What follows every convolution of the pyramid."""


Neck = Annotated[FeaturePyramid | RecursiveFeaturePyramid, Field(discriminator="name")]


class Proposals(Config):
    """The region proposal network."""

    anchor_sizes: tuple[PositiveInt, ...] = (32, 64, 128, 256, 512)
    """Side of the square anchor on each level (P2 to P6), in pixels of the resized image."""
    aspect_ratios: tuple[PositiveFloat, ...] = (0.5, 1.0, 2.0)
    """Height over width of the anchors of every size."""
    anchors_per_image: PositiveInt = 256
    """Anchors sampled per image for the loss, half of them positive at most."""
    nms_iou: float = Field(0.7, gt=0, le=1)
    """Proposals of a level that overlap more are suppressed."""
    train_pre_nms: PositiveInt = 2000
    """Best-scored anchors of a level that enter suppression, in training."""
    train_post_nms: PositiveInt = 1000
    """Proposals of an image, in training."""
    test_pre_nms: PositiveInt = 1000
    """Best-scored anchors of a level that enter suppression, at test time."""
    test_post_nms: PositiveInt = 1000
    """Proposals of an image, at test time."""


Pooling = Literal["align", "deformable"]
"""RoIAlign; or with each bin moved by an offset that the RoI's own features give: deformable RoI
pooling, Dai et al. 2017, of lvisTraveler 2020, section 2.2."""


class BoxHead(Config):
    """RoI sampling, pooling and the layers before classifier and regressor."""

    later: ClassVar[frozenset[str]] = frozenset({"pooling", "regression", "regression_scale"})

    rois_per_image: PositiveInt = 512
    """RoIs of an image that the heads learn from."""
    positive_fraction: float = Field(0.25, gt=0, le=1)
    """Largest share of them that is foreground."""
    positive_iou: float = Field(0.5, gt=0, lt=1)
    """A proposal of at least this IoU with an instance is foreground."""
    pool_size: PositiveInt = 7
    """Side of the pooled features of a RoI."""
    channels: PositiveInt = 1024
    """Width of the two fully connected layers."""
    class_specific_boxes: bool = True
    """One box regression per category; false shares one among all."""
    smooth_l1_beta: NonNegativeFloat = 0.0
    """0 is plain L1, as detectron2 has it; torchvision's own heads use 1/9."""
    pooling: Pooling = "align"
    """How a RoI's features are pooled."""
    regression: Literal["shared", "convolutional"] = "shared"
    """What the regressor sees: `shared` the two layers of the classifier; `convolutional` a branch
    of its own, the double head of Wu et al. 2020 (its losses weigh 2: `loss_weights`)."""
    regression_scale: float = Field(1.3, ge=1)
    """Factor of the sides of the RoIs that the convolutional branch sees."""


class MaskHead(Config):
    """Convolutions, then a deconvolution that doubles the pooled RoI's side: the mask grid."""

    later: ClassVar[frozenset[str]] = frozenset(
        {"pooling", "level", "loss", "boundary", "scoring", "norm"}
    )

    pool_size: PositiveInt = 14
    """Side of the pooled features; the mask grid has twice that."""
    channels: PositiveInt = 256
    """Width of the convolutions."""
    convolutions: PositiveInt = 4
    """Before the deconvolution."""
    class_specific: bool = True
    """One mask per category; false shares one among all."""
    pooling: Pooling = "align"
    """How a RoI's features are pooled."""
    level: Literal["area", "area_and_ratio"] = "area"
    """The level of the pyramid that a RoI's mask is made from: by the box's `area`, or a finer one
    where the mask fills little of the box, lvisTraveler 2020, Eq. 1: that of the instance in
    training, and at test time that of a first mask by area, of which those are made anew whose
    level changes."""
    loss: MaskLoss = MaskCrossEntropy()
    """What the masks learn by."""
    boundary: bool = False
    """A branch on the finest level learns the masks' boundaries and gives the mask its features:
    Cheng et al. 2020, of lvisTraveler 2020, section 2.2."""
    scoring: bool = False
    """A head predicts each mask's IoU, which multiplies the score of the mask and not that of the
    box: Huang et al. 2019, row MS of lvisTraveler 2020."""
    norm: ConvolutionNorm = "none"
    """What follows each of `convolutions`."""


class Detector(Config):
    """A Mask R-CNN, or a cascade of them."""

    later: ClassVar[frozenset[str]] = frozenset({"roi_stages", "channels_last"})

    engine: Literal["torchvision", "detectron2"] = "torchvision"
    """What makes features and proposals; the RoI heads are shared."""
    backbone: Backbone = Timm()
    weights: str | None = None
    """Path of a detector's weights to start from: a detectron2 checkpoint (.pth or .pkl),
    torchvision's Mask R-CNN, or the model.pt of a node. What fits in name and shape is taken, and
    it is said what was not."""
    trust_weights: bool = False
    """Unpickle anything that `weights` holds: only for files of people you trust."""
    neck: Neck = FeaturePyramid()
    neck_channels: PositiveInt = 256
    """Width of every level of the neck, whichever it is: that of the heads' inputs."""
    proposals: Proposals = Proposals()
    box_head: BoxHead = BoxHead()
    mask_head: MaskHead = MaskHead()
    roi_stages: RoIStages = OneStage()
    """How often boxes are refined: `standard`, `cascade` or `htc`."""
    channels_last: bool = False
    """Lay out images, backbone and neck with channels innermost, which GPUs with tensor cores
    compute faster; weights are the same."""

    @model_validator(mode="after")
    def _backbone_belongs_to_the_engine(self) -> Self:
        if self.backbone.name == "detectron2" and self.engine != "detectron2":
            raise ValueError(
                "backbone: detectron2's own networks need engine=detectron2; or take backbone=timm"
            )
        return self

    @model_validator(mode="after")
    def _norms_of_a_double_head_divide_its_channels(self) -> Self:
        box = self.box_head
        if box.regression == "convolutional" and (self.neck_channels % 32 or box.channels % 128):
            raise ValueError(
                "box_head.regression: the convolutional branch has norms of 32 groups, so it needs"
                f" neck_channels ({self.neck_channels}) that 32 divides and box_head.channels"
                f" ({box.channels}) that 128 divides; or set box_head.regression=shared"
            )
        return self

    @model_validator(mode="after")
    def _branches_of_a_recursive_neck_divide_its_channels(self) -> Self:
        if not isinstance(self.neck, RecursiveFeaturePyramid):
            return self
        branches = len(self.neck.dilations) + 1
        if self.neck_channels % branches:
            raise ValueError(
                f"neck.dilations: {branches} branches (one for each dilation and one more) must"
                f" divide neck_channels ({self.neck_channels}); change either"
            )
        return self

    def without_weights(self) -> Self:
        """The same network with random weights at the start: their files need not be there."""
        changes: dict[str, object] = {"weights": None}
        if isinstance(self.backbone, Timm):
            changes["backbone"] = self.backbone.replace(weights=None)
        return self.replace(**changes)
