"""Records of a list, all at once and one by one."""

from pathlib import Path

import pytest

from longtail.annotation_file.decoding import Faults, decode_list, decode_records
from longtail.annotation_file.document import AnnotationFile, map_annotation_file
from longtail.annotation_file.records import FederatedImage, ImageSize
from longtail.problems import BadInputError, ProblemReport


def file_of(tmp_path: Path, images: str) -> AnnotationFile:
    path = tmp_path / "val.json"
    path.write_text(f'{{"images": {images}}}')
    return map_annotation_file(path)


def image(identifier: str) -> str:
    return f'{{"id": {identifier}, "height": 2, "width": 3, "license": []}}'


def test_both_ways_give_the_same_records(tmp_path: Path) -> None:
    file, report = file_of(tmp_path, f"[{image('7')}, {image('-4')}]"), ProblemReport("")
    expected = [ImageSize(7, 2, 3), ImageSize(-4, 2, 3)]
    assert decode_list(file, "images", ImageSize, report) == expected
    one_by_one = decode_records(file.split("images"), ImageSize, "images", report)
    assert list(one_by_one) == expected
    assert report.errors == []


@pytest.mark.parametrize(
    ("identifier", "what"),
    [
        ("1.0", "Expected `int`, got `float`"),
        ('"1"', "Expected `int`, got `str`"),
        ("null", "Expected `int`, got `null`"),
        (str(2**63), "Expected `int` <= 9223372036854775807"),
    ],
)
def test_ids_are_whole_numbers_of_64_bits(identifier: str, what: str, tmp_path: Path) -> None:
    file, report = file_of(tmp_path, f"[{image('7')}, {image(identifier)}]"), ProblemReport("")
    assert decode_list(file, "images", ImageSize, report) == [ImageSize(7, 2, 3)]
    (problem,) = report.errors
    assert (problem.field, problem.what, problem.offenders) == ("images.id", what, ("images[1]",))


def test_misfits_of_one_kind_are_told_together(tmp_path: Path) -> None:
    file, report = file_of(tmp_path, f"[{image('7')}, {image('8')}]"), ProblemReport("")
    assert decode_list(file, "images", FederatedImage, report) == []
    (problem,) = report.errors
    assert problem.field == "images.neg_category_ids" and problem.what == "missing"
    assert problem.offenders == ("images[0]", "images[1]")
    assert "LVIS's federated lists" in problem.remedy


def test_no_list_ends_the_reading(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="images: Expected `array`, got `object`"):
        decode_list(file_of(tmp_path, "{}"), "images", ImageSize, ProblemReport(""))


def test_faults_of_one_kind_are_one_problem() -> None:
    faults, report = Faults(), ProblemReport("val.json")
    for offender in ("annotation 1", "annotation 2"):
        faults.add("annotations.area", "negative", offender, "mend it")
    faults.report_to(report)
    assert [problem.offenders for problem in report.errors] == [("annotation 1", "annotation 2")]
