"""What federated lists contradict."""

import numpy as np

from longtail.data.lvis.ragged import ragged_from_rows
from longtail.data.lvis.reading.federated import warn_of_absent_and_annotated
from longtail.problems import ProblemReport


def test_an_image_with_several_categories_both_absent_and_annotated_counts_once() -> None:
    absent, present = ragged_from_rows([[0, 1, 2], [3], []]), ragged_from_rows([[0, 1], [3], [2]])
    report = ProblemReport("ann.json")
    warn_of_absent_and_annotated(absent, present, np.array([7, 8, 9]), report)
    (warning,) = report.warnings
    assert warning.offenders == ("image 7", "image 8") and warning.count == 2
