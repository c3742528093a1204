"""The listing of what a detector took of a checkpoint: for people, and for the journal."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from longtail.config.stages import Part
from longtail.models.weights.detectron2_names import Origin

PREFIXES: dict[str, Part] = {
    "backbone.": "backbone",
    "neck.": "neck",
    "rpn.": "rpn",
    "roi_heads.box_head.": "box_head",
    "roi_heads.box_pooler.": "box_head",
    "roi_heads.double_head.": "box_head",
    "roi_heads.context.": "box_head",
    "roi_heads.classifier.": "classifier",
    "roi_heads.box_regressor.": "box_regressor",
    "roi_heads.mask_head.": "mask_head",
    "roi_heads.mask_pooler.": "mask_head",
    "roi_heads.mask_scorer.": "mask_head",
}
"""How the neutral names of a part's weights begin, after which a cascade has the stage's number."""
NAMES_SHOWN = 3


@dataclass(frozen=True)
class PartTaken:
    """What became of a part's tensors, by neutral name; batch counters are not listed.

    Attributes:
        taken: They have the file's values.
        misshapen: The file's shape and the detector's; they keep their initial values.
        absent: The file has none for them; they keep their initial values.
    """

    taken: tuple[str, ...]
    misshapen: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]]
    absent: tuple[str, ...]

    @property
    def num_tensors(self) -> int:
        """Tensors of the part."""
        return len(self.taken) + len(self.misshapen) + len(self.absent)


@dataclass(frozen=True)
class Taken:
    """What was taken of a checkpoint.

    Attributes:
        origin: Who named the checkpoint's tensors.
        parts: The detector's parts.
        left_out: The checkpoint's names that found no place, by the reason.
        notes: What was changed on the way.
    """

    origin: Origin
    parts: Mapping[str, PartTaken]
    left_out: Mapping[str, tuple[str, ...]]
    notes: tuple[str, ...]

    @property
    def num_taken(self) -> int:
        """Tensors of the detector that have the file's values."""
        return sum(len(part.taken) for part in self.parts.values())

    @property
    def is_complete(self) -> bool:
        """Whether nothing of the detector keeps its initial values."""
        return all(len(part.taken) == part.num_tensors for part in self.parts.values())

    def table(self) -> str:
        """A line for each part, then the exceptions."""
        lines = [
            f"  {name:<14}{len(part.taken):>4} of {part.num_tensors}"
            for name, part in self.parts.items()
        ]
        for name, part in self.parts.items():
            if part.absent:
                lines.append(f"  {name}: not in the file: {some(part.absent)}")
            lines += [
                f"  {tensor}: {list(theirs)} in the file, {list(ours)} here"
                for tensor, (theirs, ours) in part.misshapen.items()
            ]
        lines += [
            f"  not used: {len(names)} tensors {reason}: {some(names)}"
            for reason, names in self.left_out.items()
        ]
        return "\n".join([*lines, *(f"  note: {note}" for note in self.notes)])

    def as_json(self) -> dict[str, Any]:
        """The same for the journal, with all names but those taken."""
        return {
            "origin": self.origin,
            "parts": {
                name: {
                    "taken": len(part.taken),
                    "tensors": part.num_tensors,
                    "misshapen": {
                        tensor: {"file": list(theirs), "detector": list(ours)}
                        for tensor, (theirs, ours) in part.misshapen.items()
                    },
                    "absent": list(part.absent),
                }
                for name, part in self.parts.items()
            },
            "left_out": {reason: list(names) for reason, names in self.left_out.items()},
            "notes": list(self.notes),
        }


def taken_by_part(own: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> dict[str, PartTaken]:
    """Compare the state of a detector with what a checkpoint has for it, both by neutral name."""
    names: dict[str, list[str]] = {part: [] for part in dict.fromkeys(PREFIXES.values())}
    for name in own:
        if not name.endswith("num_batches_tracked"):
            names.setdefault(part_of(name), []).append(name)
    return {part: _taken_of_part(own, given, of_part) for part, of_part in names.items() if of_part}


def part_of(name: str) -> str:
    """The part that a neutral name belongs to."""
    return next((part for prefix, part in PREFIXES.items() if name.startswith(prefix)), "other")


def _taken_of_part(
    own: Mapping[str, Tensor], given: Mapping[str, Tensor], names: Iterable[str]
) -> PartTaken:
    present = [name for name in names if name in given]
    misshapen = {
        name: (tuple(given[name].shape), tuple(own[name].shape))
        for name in present
        if given[name].shape != own[name].shape
    }
    return PartTaken(
        taken=tuple(name for name in present if name not in misshapen),
        misshapen=misshapen,
        absent=tuple(name for name in names if name not in given),
    )


def some(names: tuple[str, ...]) -> str:
    """The first names, and how many there are."""
    more = f", ... ({len(names)} in all)" if len(names) > NAMES_SHOWN else ""
    return f"{', '.join(names[:NAMES_SHOWN])}{more}"
