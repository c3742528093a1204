"""Federated lists in a file that is to be converted: COCO files have none, LVIS files do."""

from collections.abc import Mapping
from typing import Any

from longtail.data.convert.findings import Findings
from longtail.data.convert.numbers import whole_number

FEDERATED = ("neg_category_ids", "not_exhaustive_category_ids")

Record = Mapping[str, Any]
Lists = tuple[list[int], list[int]]
"""Category ids that are absent, and those that are not exhaustive."""


def read_lists(record: Record, where: str, findings: Findings) -> Lists | None:
    """The lists of one image; None if it has none.

    Args:
        record: The image.
        where: What it is called in the findings.
        findings: Receives faults.
    """
    lists = [record.get(key) for key in FEDERATED]
    if lists == [None, None]:
        return None
    for key, listed in zip(FEDERATED, lists, strict=True):
        if not isinstance(listed, list) or any(whole_number(item) is None for item in listed):
            remedy = "give category ids, or --exhaustive to write both lists anew"
            findings.fault(f"images.{key}", "no list of category ids", where, remedy)
            return None
    absent, not_exhaustive = ([int(item) for item in listed or []] for listed in lists)
    return absent, not_exhaustive


def check_lists(lists: Mapping[int, Lists | None], findings: Findings) -> None:
    """Lists are kept if all images have them; a fault is noted if only some do.

    Args:
        lists: Of each image, by id.
        findings: Receives faults and changes.
    """
    without = [image for image, listed in lists.items() if listed is None]
    if not without:
        findings.changed(
            "image with federated lists: kept; --exhaustive writes them anew if every category is"
            " labelled in every image",
            [f"image {image}" for image in lists],
        )
    elif len(without) < len(lists):
        remedy = "give --exhaustive if every category is labelled in every image, or add the lists"
        for image in without:
            what = "missing, and other images have it"
            findings.fault("images.neg_category_ids", what, f"image {image}", remedy)
