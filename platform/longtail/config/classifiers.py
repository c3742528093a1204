"""How a RoI is classified: the last linear layer together with its loss."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from longtail.config.base import Config

BINARY = "each of its scores is a binary classifier's; train softmax instead"


class Linear(Config):
    """Logits are a linear map of the features."""

    name: Literal["linear"] = "linear"


class Cosine(Config):
    """Logits are the cosine between features and the category's weights, times a temperature, plus
    a bias: mmdetection's NormedLinear, as in its seesaw configurations."""

    name: Literal["cosine"] = "cosine"
    temperature: PositiveFloat = 20.0
    """Factor of the cosine: the largest logit without bias."""


Layer = Annotated[Linear | Cosine, Field(discriminator="name")]


class RoIClassifier(Config):
    """A classifier; what its kind says of itself decides what it goes together with."""

    no_softmax: ClassVar[str] = "its scores are no softmax over categories and background"
    """Why its scores cannot be adjusted as a softmax over everything; empty where they can."""
    one_logit_each: ClassVar[bool] = False
    """Whether its last layer is a map to one logit for each category: such classifiers can go on
    from each other's weights."""
    loss_for_each: ClassVar[bool] = False
    """Whether its loss has a term for each category, of which ignore boxes can leave out one."""

    @property
    def reads_verified(self) -> bool:
        """Whether it learns from which categories are verified in an image, S_P and S_N."""
        return False


class Softmax(RoIClassifier):
    """Softmax cross-entropy over the categories and background."""

    no_softmax: ClassVar[str] = ""
    name: Literal["softmax"] = "softmax"
    layer: Layer = Linear()
    """The last layer."""
    logit_adjustment: NonNegativeFloat = 0.0
    """tau: times the log of its share of the training instances is added to a category's logit in
    the loss, Menon et al. 2021, where it is 1. 0 is the plain cross-entropy."""


class Sigmoid(RoIClassifier):
    """One binary classifier per category: EQL 2019 report, Eq. 1-2. Background is all zeros."""

    no_softmax: ClassVar[str] = BINARY
    one_logit_each: ClassVar[bool] = True
    loss_for_each: ClassVar[bool] = True
    name: Literal["sigmoid"] = "sigmoid"
    prior: float = Field(0.001, gt=0, lt=1)
    """Score that every category starts with (the last layer's bias)."""
    layer: Layer = Linear()
    """The last layer."""


class Equalization(RoIClassifier):
    """Sigmoid classifier that spares tail categories discouraging gradients: EQL 2019, Eq. 3-4."""

    no_softmax: ClassVar[str] = BINARY
    one_logit_each: ClassVar[bool] = True
    loss_for_each: ClassVar[bool] = True
    name: Literal["equalization"] = "equalization"
    prior: float = Field(0.001, gt=0, lt=1)
    form: Literal["challenge", "cvpr"] = "challenge"
    """`challenge` keeps the gradient of categories verified in the image (S_P and S_N); the CVPR
    2020 form drops that of every tail category but the RoI's own."""
    tail_frequency: float | None = Field(None, gt=0, lt=1)
    """lambda of Eq. 4: categories in a smaller share of the annotated training images are the tail.
    None takes the groups r and c of the category table."""
    layer: Layer = Linear()
    """The last layer."""

    @property
    def reads_verified(self) -> bool:
        """The challenge's form does."""
        return self.form == "challenge"


class Federated(RoIClassifier):
    """Sigmoid classifier that judges few categories a step: Zhou et al. 2021, detectron2."""

    no_softmax: ClassVar[str] = BINARY
    one_logit_each: ClassVar[bool] = True
    loss_for_each: ClassVar[bool] = True
    name: Literal["federated"] = "federated"
    prior: float = Field(0.001, gt=0, lt=1)
    """Score that every category starts with (the last layer's bias)."""
    judged_categories: PositiveInt = 50
    """Categories of the batch and absent ones together; detectron2's FED_LOSS_NUM_CLASSES."""
    frequency_power: NonNegativeFloat = 0.5
    """Absent ones are drawn by their number of training images to this power; detectron2's
    FED_LOSS_FREQ_WEIGHT_POWER."""
    keep_verified: bool = False
    """Whether a RoI also judges every category verified in its own image (S_P and S_N);
    detectron2 does not know them."""
    layer: Layer = Linear()
    """The last layer."""

    @property
    def reads_verified(self) -> bool:
        """As it is asked to."""
        return self.keep_verified


class BalancedGroupSoftmax(RoIClassifier):
    """One softmax for each group of categories with about as many training instances, below 10,
    100, 1000 and above: Li et al. 2020; lvisTraveler 2020, section 2.2; Alibaba 2020, section 4.1.
    """

    no_softmax: ClassVar[str] = (
        "it has one softmax for each group, which balances them in training already"
    )
    name: Literal["bags"] = "bags"
    others_per_member: NonNegativeFloat = 8.0
    """beta: RoIs of other groups drawn for each RoI of a group; 8 in the public code."""
    layer: Layer = Linear()
    """The last layer."""


class Seesaw(RoIClassifier):
    """Softmax that pushes rarer categories down less, and objectness: Wang et al. 2021."""

    no_softmax: ClassVar[str] = (
        "its scores are multiplied by objectness, and it is balanced in training already"
    )
    name: Literal["seesaw"] = "seesaw"
    mitigation: NonNegativeFloat = 0.8
    """p: power of the ratio of RoIs seen so far; 0 turns it off."""
    compensation: NonNegativeFloat = 2.0
    """q: power of the ratio of scores, for categories above the RoI's own; 0 turns it off."""
    layer: Layer = Linear()
    """The last layer; mmdetection's best seesaw configurations take `cosine`."""


class EqualizationV2(RoIClassifier):
    """Sigmoid classifier that balances the gradients of each category, and objectness: Tan et al.
    2021."""

    no_softmax: ClassVar[str] = (
        "it balances the gradients of binary classifiers in training already"
    )
    loss_for_each: ClassVar[bool] = True
    name: Literal["equalization_v2"] = "equalization_v2"
    prior: float = Field(0.001, gt=0, lt=1)
    """Score that every category starts with (the last layer's bias), before objectness."""
    slope: PositiveFloat = 12.0
    """gamma of the map from gradient ratio to weight."""
    midpoint: float = 0.8
    """mu: ratio of encouraging to discouraging gradient where a negative RoI's weight is 1/2."""
    positive_gain: NonNegativeFloat = 4.0
    """alpha: a positive RoI's weight is 1 + alpha (1 - negative weight)."""
    layer: Layer = Linear()
    """The last layer."""


SingleClassifier = Annotated[
    Softmax | Sigmoid | Equalization | Federated | BalancedGroupSoftmax | Seesaw | EqualizationV2,
    Field(discriminator="name"),
]


class Double(RoIClassifier):
    """Two classifiers on the same features, whose probabilities are averaged: Alibaba 2020 report,
    section 3. The first is trained already and frozen; the second learns."""

    no_softmax: ClassVar[str] = "its scores are the mean of two classifiers'"
    name: Literal["double"] = "double"
    first: SingleClassifier = BalancedGroupSoftmax()
    """Keeps the weights of an earlier stage; balanced group softmax in the report."""
    second: SingleClassifier = BalancedGroupSoftmax()
    """Learns in this stage; the report does not say which loss it has."""

    @property
    def reads_verified(self) -> bool:
        """As one of the two does."""
        return self.first.reads_verified or self.second.reads_verified


class Calibrated(RoIClassifier):
    """A trained softmax classifier, kept as it is, beside a re-trained one with layers of its own:
    classification calibration 2019 (report 004), section 2.2. `inference.head_merge` says how their
    scores are merged."""

    no_softmax: ClassVar[str] = (
        "its scores come from two classifiers; inference.head_merge balances them"
    )
    name: Literal["calibrated"] = "calibrated"
    original: Softmax = Softmax()
    """Keeps the weights of the stage before."""
    head: Literal["3fc_ft", "2fc_rand"] = "3fc_ft"
    """Layers from pooled RoI features to new logits: `3fc_ft` starts from copies of the box head
    and the original classifier, `2fc_rand` has one hidden layer and starts at random (the
    challenge's)."""


Classifier = Annotated[SingleClassifier | Double | Calibrated, Field(discriminator="name")]
