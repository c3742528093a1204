"""Types of the records of an LVIS annotation file, each with the fields that a reader needs.

Other fields are passed over.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

Id = Annotated[int, Meta(ge=0, le=2**63 - 1)]
SignedId = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
# JPEG's own limit; it keeps a wrong size from asking for terabytes of mask.
PixelCount = Annotated[int, Meta(ge=1, le=65_535)]
Rings = list[list[float]]
"""Polygons, each x, y, x, y, ... in pixels of the original image."""
Claim = int | bool | None
"""0 or 1, true or false; null, as the missing field, is 0."""


class ImageSize(msgspec.Struct, gc=False):
    """One of `images` as predictions need it: they only tell images apart."""

    id: SignedId
    height: PixelCount
    width: PixelCount


class ImageRecord(ImageSize, gc=False):
    """One of `images`; the names or the federated lists may be missing."""

    id: Id
    file_name: str | None = None
    coco_url: str | None = None
    neg_category_ids: list[SignedId] | None = None
    not_exhaustive_category_ids: list[SignedId] | None = None


class Rle(msgspec.Struct, gc=False):
    """A run-length mask: [height, width] and runs, plain or in COCO's compressed form."""

    size: tuple[int, int]
    counts: str | list[int]


class AnnotationRecord(msgspec.Struct, gc=False):
    """One of `annotations`; `bbox` is xywh."""

    id: Id
    image_id: Id
    category_id: Id
    bbox: tuple[float, float, float, float]
    area: float
    segmentation: Rings | Rle | None = None
    iscrowd: Claim = 0
    ignore: Claim = 0


class IdOfImage(msgspec.Struct, gc=False):
    """One of `images` by its id alone."""

    id: int


class ImageOfInstance(msgspec.Struct, gc=False):
    """One of `annotations` by the image it is of alone."""

    image_id: int
