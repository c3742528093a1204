"""How a RoI is classified: the last linear layer together with its loss."""

from typing import Annotated, Literal

from pydantic import Field

from longtail.config.base import Config


class Softmax(Config):
    """Softmax cross-entropy over the categories and background."""

    name: Literal["softmax"] = "softmax"


class Sigmoid(Config):
    """One binary classifier per category: EQL 2019 report, Eq. 1-2. Background is all zeros."""

    name: Literal["sigmoid"] = "sigmoid"
    prior: float = Field(0.001, gt=0, lt=1)
    """Score that every category starts with (the last layer's bias)."""


class Equalization(Config):
    """Sigmoid classifier that spares tail categories discouraging gradients: EQL 2019, Eq. 3-4."""

    name: Literal["equalization"] = "equalization"
    prior: float = Field(0.001, gt=0, lt=1)
    form: Literal["challenge", "cvpr"] = "challenge"
    """`challenge` keeps the gradient of categories verified in the image (S_P and S_N); the CVPR
    2020 form drops that of every tail category but the RoI's own."""
    tail_frequency: float | None = Field(None, gt=0, lt=1)
    """lambda: categories in a smaller share of the annotated training images are the tail.
    None takes the groups r and c of the category table."""


Classifier = Annotated[Softmax | Sigmoid | Equalization, Field(discriminator="name")]
