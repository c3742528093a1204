"""Types of the records of an LVIS annotation file, each with the fields that a reader needs.

Other fields are passed over.
"""

from typing import Annotated

import msgspec
from msgspec import Meta, Raw

Id = Annotated[int, Meta(ge=0, le=2**63 - 1)]
SignedId = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
# JPEG's own limit; it keeps a wrong size from asking for terabytes of mask.
PixelCount = Annotated[int, Meta(ge=1, le=65_535)]
Rings = list[list[float]]
"""Polygons, each x, y, x, y, ... in pixels of the original image."""


class ImageSize(msgspec.Struct, gc=False):
    """One of `images` as predictions need it: they only tell images apart."""

    id: SignedId
    height: PixelCount
    width: PixelCount


class ImageRecord(ImageSize, gc=False):
    """One of `images` as training needs it; federated lists may be missing."""

    id: Id
    file_name: str = ""
    coco_url: str = ""
    neg_category_ids: list[Id] | None = None
    not_exhaustive_category_ids: list[Id] | None = None


class FederatedImage(ImageSize, gc=False):
    """One of `images` as evaluation needs it: lvis-api has no default for the lists."""

    id: Id
    neg_category_ids: list[Id]
    not_exhaustive_category_ids: list[Id]


class ExhaustiveImage(FederatedImage, gc=False):
    """The same in a file that is labelled exhaustively, which need not say so in every image."""

    neg_category_ids: list[Id] = []
    not_exhaustive_category_ids: list[Id] = []


class Rle(msgspec.Struct, gc=False):
    """A run-length mask: [height, width] and runs, plain or in COCO's compressed form."""

    size: tuple[int, int]
    counts: str | list[int]


class CompressedRle(Rle, gc=False):
    """A run-length mask with compressed runs, as training needs it."""

    counts: str


class Instance(msgspec.Struct, gc=False):
    """One of `annotations`; `bbox` is xywh. `iscrowd` is passed over, as lvis-api does."""

    id: Id
    image_id: Id
    category_id: Id
    bbox: tuple[float, float, float, float]
    area: float


class AnnotationRecord(Instance, gc=False):
    """One of `annotations` as training needs it, the outline decoded."""

    segmentation: Rings | CompressedRle | None = None


NO_OUTLINE = (b"", b"null", b"[]")


class JudgedAnnotation(Instance, gc=False):
    """One of `annotations` as evaluation needs it, the outline still JSON."""

    segmentation: Raw = Raw()
    ignore: int | bool = 0

    @property
    def has_mask(self) -> bool:
        """Whether an outline is given: the key may be missing, null or an empty list."""
        text = memoryview(self.segmentation)
        # An outline takes longer; its length alone says so without a copy of it.
        return text.nbytes > 64 or bytes(text).translate(None, b" \t\r\n") not in NO_OUTLINE


class IdOfImage(msgspec.Struct, gc=False):
    """One of `images` by its id alone."""

    id: int


class ImageOfInstance(msgspec.Struct, gc=False):
    """One of `annotations` by the image it is of alone."""

    image_id: int
