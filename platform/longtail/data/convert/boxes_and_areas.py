"""The box and the area of an instance, given or computed."""

from collections.abc import Mapping
from typing import Any

from longtail.data.convert.findings import Findings
from longtail.data.convert.numbers import real_number
from longtail.data.convert.outlines import Outline, area_of, box_of, mask_of

# Boxes of real data sets overshoot the image by rounding.
ROUNDING = 2.0


def box_and_area(
    record: Mapping[str, Any],
    outline: Outline | None,
    size: tuple[int, int],
    where: str,
    findings: Findings,
) -> tuple[list[float | int] | None, float | int | None]:
    """Both as the file has them, computed from the mask where it does not.

    Args:
        record: The annotation.
        outline: Its outline, mended.
        size: (height, width) of its image.
        where: What it is called in the findings.
        findings: Receives faults and changes.

    Returns:
        x, y, width, height in pixels, and square pixels; None where there is a fault.

    Raises:
        UnusableOutlineError: The mask is needed and cannot be drawn.
    """
    has_box, has_area = record.get("bbox") not in (None, []), record.get("area") is not None
    mask = mask_of(outline, size) if outline and not (has_box and has_area) else None
    if not has_box and mask is None:
        remedy = "this command takes instances: give each a bbox or a segmentation"
        findings.fault("annotations.bbox", "neither a box nor a mask", where, remedy)
        return None, None
    box = _numbers(record["bbox"]) if has_box else box_of(mask or {})
    if not has_box:
        findings.changed("no bbox: computed from the mask", [where])
    if box is None:
        offender = f"{where}: {record['bbox']!r:.60}"
        remedy = "write x, y, width, height in pixels"
        findings.fault("annotations.bbox", "not four numbers", offender, remedy)
        return None, None
    if has_area:
        return box, _given_area(record["area"], where, findings)
    made_of = "the mask" if mask else "the box"
    findings.changed(f"no area: computed from {made_of}", [where])
    return box, area_of(mask) if mask else box[2] * box[3]


def _given_area(value: object, where: str, findings: Findings) -> float | int | None:
    area = real_number(value)
    if area is None:
        remedy = "write square pixels, or leave the field out"
        findings.fault("annotations.area", "no number", f"{where}: {value!r:.60}", remedy)
    return area


def _numbers(box: object) -> list[float | int] | None:
    numbers = [real_number(value) for value in box] if isinstance(box, list) else []
    found = [number for number in numbers if number is not None]
    return found if len(found) == len(numbers) == 4 else None


def leaves(box: list[float | int], size: tuple[int, int]) -> bool:
    """Whether a box overshoots an image of this (height, width) to the right or below."""
    x, y, width, height = box
    return x + width > size[1] + ROUNDING or y + height > size[0] + ROUNDING
