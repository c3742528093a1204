"""Federated lists that a file has already."""

from collections.abc import Callable
from typing import Any

Record = dict[str, Any]
Convert = Callable[..., Record]


def test_federated_lists_that_are_there_are_kept(coco: Record, convert: Convert) -> None:
    for image in coco["images"]:
        image |= {"neg_category_ids": [4], "not_exhaustive_category_ids": []}
    coco["annotations"][3]["iscrowd"] = 1
    found = [image["neg_category_ids"] for image in convert(coco)["images"]]
    assert found == [[4], [], [4]]
    anew = [
        image["neg_category_ids"] for image in convert(coco, "--exhaustive", "--force")["images"]
    ]
    assert anew == [[4], [], [1, 4]]


def test_federated_lists_of_some_images_only_are_refused(
    coco: Record, refused: Callable[..., str]
) -> None:
    coco["images"][0] |= {"neg_category_ids": [4], "not_exhaustive_category_ids": []}
    error = refused(coco)
    assert "images.neg_category_ids: missing, and other images have it" in error
    assert "image 8, image 9" in error and "--exhaustive" in error
