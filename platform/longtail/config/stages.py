"""One training stage: what is sampled, how it is augmented, what is learned and for how long."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import (
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    model_validator,
)

from longtail.config.augmentations import Augmentation, HorizontalFlip, Resize
from longtail.config.base import Config
from longtail.config.classifiers import Classifier, Softmax
from longtail.config.other_data.ignored import IgnoreBoxes
from longtail.config.other_data.joined import JoinedFile
from longtail.config.other_data.pseudo_labels import (
    AnyPseudoLabels,
    IgnoredPseudoLabels,
    LearnedPseudoLabels,
)

Part = Literal["backbone", "neck", "rpn", "box_head", "classifier", "box_regressor", "mask_head"]
"""The names under which a stage freezes or re-creates parts of a detector."""


NOTICEABLE_SHARE = 0.01


class UniformSampler(Config):
    """Every image once per epoch, in a new order."""

    name: Literal["uniform"] = "uniform"


class RepeatFactor(Config):
    """Images of rare categories repeated: Gupta et al. 2019, Appendix B.2."""

    name: Literal["repeat_factor"] = "repeat_factor"
    threshold: float = Field(1e-3, gt=0, le=1)
    """t: categories in a smaller share of the images are repeated."""
    rounding: Literal["stochastic", "ceiling"] = "stochastic"
    """`stochastic` is detectron2's rule (a new draw each epoch), `ceiling` is mmdetection's."""


class ClassAware(Config):
    """The same number of images for each category: Alibaba 2020 report, section 3."""

    name: Literal["class_aware"] = "class_aware"
    images_per_category: PositiveInt = 5
    """Images drawn for each category in an epoch: different ones where it has so many, else all of
    them once and the rest with replacement."""


class ClassThenImage(Config):
    """A category drawn uniformly, then one of its images: SimCal, 2019 report, section 2.2."""

    name: Literal["class_then_image"] = "class_then_image"
    images_per_epoch: PositiveInt = 16_000
    """Images after which an epoch is counted as over; 1000 steps of 16 in SimCal."""
    selected_proposals: bool = True
    """Whether only RoIs of the drawn category are foreground, and those of other instances left
    out. False learns from all instances of the image."""
    background_per_foreground: PositiveFloat = 1.0
    """Background RoIs for each foreground RoI of an image; counts with `selected_proposals`. 1 is
    that of SimCal's public code; its report does not say."""


Sampler = Annotated[
    UniformSampler | RepeatFactor | ClassAware | ClassThenImage, Field(discriminator="name")
]


class LossWeights(Config):
    """Factors of the summed losses."""

    later: ClassVar[frozenset[str]] = frozenset(
        {"boundary", "mask_iou", "semantic", "image_labels"}
    )

    rpn_objectness: NonNegativeFloat = 1.0
    rpn_box: NonNegativeFloat = 1.0
    classification: NonNegativeFloat = 1.0
    box: NonNegativeFloat = 1.0
    mask: NonNegativeFloat = 1.0
    boundary: NonNegativeFloat = 1.0
    """Of `mask_head.boundary`."""
    mask_iou: NonNegativeFloat = 1.0
    """Of `mask_head.scoring`, whose loss is half the squared error."""
    semantic: NonNegativeFloat = 0.2
    """Of `roi_stages.semantic`: HTC's in mmdetection."""
    image_labels: NonNegativeFloat = 3.0
    """Of `roi_stages.global_context`: SCNet's in mmdetection."""


class SGD(Config):
    """Stochastic gradient descent with momentum."""

    name: Literal["sgd"] = "sgd"
    base_lr: PositiveFloat = 0.02
    """Learning rate after warm-up; it is not scaled by the number of workers."""
    momentum: float = Field(0.9, ge=0, lt=1)
    weight_decay: NonNegativeFloat = 1e-4


class AdamW(Config):
    """Adam with decoupled weight decay."""

    name: Literal["adamw"] = "adamw"
    base_lr: PositiveFloat = 1e-4
    """Learning rate after warm-up; it is not scaled by the number of workers."""
    weight_decay: NonNegativeFloat = 0.05


Optimizer = Annotated[SGD | AdamW, Field(discriminator="name")]


class MultiStep(Config):
    """The learning rate falls by `factor` at each milestone."""

    name: Literal["multi_step"] = "multi_step"
    milestones: tuple[float, ...] = (0.667, 0.917)
    """Where the rate falls, as shares of the stage's iterations, increasing, each in (0, 1)."""
    factor: float = Field(0.1, gt=0, lt=1)
    """What the rate is multiplied by at a milestone."""

    @model_validator(mode="after")
    def _milestones_rise(self) -> Self:
        inside = all(0 < milestone < 1 for milestone in self.milestones)
        if not inside or list(self.milestones) != sorted(set(self.milestones)):
            raise ValueError(f"milestones {self.milestones} must increase inside (0, 1)")
        return self


class CosineDecay(Config):
    """The learning rate falls to `final_share` of the base along half a cosine."""

    name: Literal["cosine"] = "cosine"
    final_share: float = Field(0.0, ge=0, lt=1)
    """Share of the base rate at the end."""


Decay = Annotated[MultiStep | CosineDecay, Field(discriminator="name")]


class Schedule(Config):
    """How long a stage runs and how its learning rate moves."""

    iterations: PositiveInt = 90_000
    """Optimizer steps."""
    images_per_step: PositiveInt = 16
    """Images of one optimizer step, over all workers together."""
    warmup_iterations: NonNegativeInt = 1000
    """Iterations of linear warm-up."""
    warmup_factor: float = Field(0.001, gt=0, le=1)
    """Share of the base rate that the linear warm-up starts from."""
    decay: Decay = MultiStep()
    checkpoint_every: PositiveInt = 5000
    """Iterations between checkpoints; the last iteration always has one."""
    log_every: PositiveInt = 20
    """Iterations between lines of the journal, which hold the mean of the losses in between."""

    @model_validator(mode="after")
    def _warmup_is_shorter_than_the_run(self) -> Self:
        if self.warmup_iterations >= self.iterations:
            raise ValueError(
                f"warmup_iterations {self.warmup_iterations} must be below"
                f" iterations {self.iterations}"
            )
        return self


class Stage(Config):
    """One stage of a variant. The first starts from the detector's own initial weights, every
    later one from the final checkpoint of the stage before it."""

    later: ClassVar[frozenset[str]] = frozenset(
        {"classifier_dropout", "ema_decay", "joined", "ignore", "pseudo_labels"}
    )

    sampler: Sampler = UniformSampler()
    augmentations: tuple[Augmentation, ...] = (Resize(), HorizontalFlip())
    """What happens to an image, in this order; nothing leaves it in its own size."""
    classifier: Classifier = Softmax()
    loss_weights: LossWeights = LossWeights()
    freeze: tuple[Part, ...] = ()
    """Parts that keep their weights and statistics."""
    recreate: tuple[Part, ...] = ()
    """Parts that start anew instead of being taken from the stage before."""
    optimizer: Optimizer = SGD()
    clip_gradient_norm: PositiveFloat | None = None
    """Upper bound of the global L2 norm of the gradient; None does not clip."""
    ema_decay: float | None = Field(None, gt=0, lt=1)
    """d of the exponential moving average of the weights, d * average + (1 - d) * weights after
    every step, which is then the stage's result; the weights it starts from keep the share
    d^iterations. 0.9998 is usual for 90,000 iterations. None keeps the last weights."""
    schedule: Schedule = Schedule()
    mixed_precision: bool = True
    """bf16 autocast where the device is a GPU; CPUs always compute in float32."""
    classifier_dropout: float = Field(0.0, ge=0, lt=1)
    """Share of the box head's features that the classifier misses in training, and the regressor
    does not."""
    joined: tuple[JoinedFile, ...] = ()
    """Other files whose images are learned from too."""
    ignore: tuple[IgnoreBoxes, ...] = ()
    """Other files whose boxes say where background counts less."""

    pseudo_labels: tuple[AnyPseudoLabels, ...] = ()
    """What the stage before finds, to be ignored or to be learned from."""

    @property
    def files(self) -> tuple[str, ...]:
        """Names of the other files, each once."""
        labelled = [of.file for of in self.pseudo_labels if isinstance(of, LearnedPseudoLabels)]
        joined = [item.file for item in self.joined]
        ignored = [item.file for item in self.ignore]
        return tuple(dict.fromkeys([*joined, *ignored, *labelled]))

    @property
    def all_joined(self) -> tuple[JoinedFile, ...]:
        """Files whose images are learned from: those that are given and those that are made."""
        made = [
            JoinedFile(
                file=pseudo_label_file(number),
                images_per_epoch=of.images_per_epoch,
                loss_weight=of.loss_weight,
                augmentations=of.augmentations,
            )
            for number, of in enumerate(self.pseudo_labels)
            if isinstance(of, LearnedPseudoLabels)
        ]
        return *self.joined, *made

    @property
    def all_ignored(self) -> tuple[IgnoreBoxes, ...]:
        """Files whose boxes are ignored: those that are given and those that are made."""
        made = [
            IgnoreBoxes(
                file=pseudo_label_file(number),
                weight=of.weight,
                proposals=of.proposals,
                categories=of.categories,
            )
            for number, of in enumerate(self.pseudo_labels)
            if isinstance(of, IgnoredPseudoLabels)
        ]
        return *self.ignore, *made

    @property
    def slow_average(self) -> str | None:
        """What is wrong where averaged weights keep a hundredth or more of those that the stage
        starts from."""
        share = 0.0 if self.ema_decay is None else self.ema_decay**self.schedule.iterations
        if share < NOTICEABLE_SHARE:
            return None
        return (
            f"ema_decay {self.ema_decay:g} over {self.schedule.iterations} iterations: the average"
            f" keeps {share:.0%} of the weights that the stage starts from; lower it, or train"
            " longer"
        )

    @model_validator(mode="after")
    def _new_parts_can_learn(self) -> Self:
        both = sorted(set(self.freeze) & set(self.recreate))
        if both:
            raise ValueError(f"{', '.join(both)}: a part cannot be both frozen and re-created")
        return self


def pseudo_label_file(number: int) -> str:
    """What the file of a stage's pseudo-labels is called, by their place in the stage."""
    return f"pseudo_labels_{number}"
