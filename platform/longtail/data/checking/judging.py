"""Of how much an evaluation against a file can judge. N images, K categories."""

from dataclasses import dataclass

import numpy as np

from longtail.data.lvis.annotations import Annotations

HINT = "if every category was labelled in every image, as in COCO, give --exhaustive"


@dataclass(frozen=True)
class Judging:
    """What of all N * K pairs of an image and a category an evaluation judges.

    Attributes:
        images: N.
        images_with_absent: Images in which some category is verified to be absent.
        pairs: N * K.
        judged_pairs: Those whose category is in the image, or verified to be absent.
    """

    images: int
    images_with_absent: int
    pairs: int
    judged_pairs: int

    @classmethod
    def by(cls, annotations: Annotations) -> "Judging":
        """Count what the labels of a file judge."""
        num_images, num_categories = annotations.num_images, len(annotations.categories)
        pairs = num_images * num_categories
        written, listed = annotations.written, annotations.absent_per_image()
        counted = written.areas > 0
        present = np.unique(written.image[counted] * num_categories + written.labels[counted])
        absent = np.unique(listed.row_of_value() * num_categories + listed.values)
        if annotations.exhaustive:
            absent = np.setdiff1d(np.arange(pairs), present)
        return cls(
            images=num_images,
            images_with_absent=len(np.unique(absent // max(num_categories, 1))),
            pairs=pairs,
            judged_pairs=len(np.union1d(present, absent)),
        )

    @property
    def text(self) -> str:
        """The same for a person, with what to do."""
        share = 100 * self.judged_pairs / max(self.pairs, 1)
        lines = [
            f"judged: {share:.3g} % of all pairs of an image and a category; detections of other",
            f"  pairs count neither way; {self.images_with_absent} of {self.images} images have"
            " verified-absent categories",
        ]
        # Labels of which some absences are listed are federated: nothing else is to be given.
        if not self.images_with_absent and self.judged_pairs < self.pairs:
            lines.append("  so a wrong detection there costs nothing, and AP looks too good:")
            lines.append(f"  {HINT}")
        return "\n".join(lines)
