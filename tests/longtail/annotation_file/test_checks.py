import numpy as np

from longtail.annotation_file.checks import check_images, check_unique, find_known
from longtail.problems import ProblemReport


def test_ids_that_occur_twice_are_told_once() -> None:
    report = ProblemReport("val.json")
    check_unique(np.array([4, 1, 4, 4, 2]), "annotations.id", report)
    check_unique(np.array([], dtype=np.int64), "images.id", report)
    assert [(problem.field, problem.offenders) for problem in report.errors] == [
        ("annotations.id", ("4",))
    ]


def test_an_image_has_fewer_pixels_than_a_mask_can_count() -> None:
    report = ProblemReport("val.json")
    heights, widths = np.array([32_768, 32_768]), np.array([65_535, 65_536])
    check_images(np.array([1, 2]), heights, widths, report)
    assert [problem.offenders for problem in report.errors] == [("image 2",)]


def test_references_hold_or_are_named_with_their_annotation() -> None:
    report = ProblemReport("val.json")
    holds = find_known(
        np.array([3, 9, 3]), np.array([3, 5]), "image_id", np.array([1, 2, 7]), report
    )
    assert holds.tolist() == [True, False, True]
    assert [problem.offenders for problem in report.errors] == [("annotation 2: 9",)]
