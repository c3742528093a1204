"""Records of a list, all at once and one by one."""

from pathlib import Path

import pytest

from longtail.annotation_file.decoding import Faults, decode_list, decode_records
from longtail.annotation_file.document import AnnotationFile, map_annotation_file
from longtail.annotation_file.records import ImageRecord, ImageSize
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
    ("identifier", "what", "remedy"),
    [
        ("1.5", "not a whole number", "write a whole number"),
        ("1e300", "not a whole number", "write a whole number"),
        ('"1"', "a text in place of a whole number", "write the whole number without quotes"),
        ("NaN", "NaN or Infinity in place of a whole number", "write a whole number, or leave"),
        ("-Infinity", "NaN or Infinity in place of a whole number", "write a whole number, or"),
        ("null", "null in place of a whole number", "write a whole number"),
        (str(2**63), "Expected `int` <= 9223372036854775807", "correct the value"),
    ],
)
def test_ids_are_whole_numbers_of_64_bits(
    identifier: str, what: str, remedy: str, tmp_path: Path
) -> None:
    file, report = file_of(tmp_path, f"[{image('7')}, {image(identifier)}]"), ProblemReport("")
    assert decode_list(file, "images", ImageSize, report) == [ImageSize(7, 2, 3)]
    (problem,) = report.errors
    assert (problem.field, problem.what, problem.offenders) == ("images.id", what, ("images[1]",))
    assert problem.remedy.startswith(remedy)


def test_whole_numbers_may_be_written_with_a_point(tmp_path: Path) -> None:
    record = '{"id": 139.0, "height": 2.0, "width": 3, "neg_category_ids": [5.0], "x": NaN}'
    file, report = file_of(tmp_path, f"[{record}]"), ProblemReport("")
    [image_record] = decode_list(file, "images", ImageRecord, report)
    assert (image_record.id, image_record.height, image_record.neg_category_ids) == (139, 2, [5])
    assert report.errors == []


def test_no_number_is_told_by_its_place_in_the_record(tmp_path: Path) -> None:
    record = '{"id": 1, "height": 2, "width": 3, "neg_category_ids": [5, NaN]}'
    file, report = file_of(tmp_path, f"[{record}]"), ProblemReport("")
    assert decode_list(file, "images", ImageRecord, report) == []
    (problem,) = report.errors
    assert problem.field == "images.neg_category_ids[]"
    assert problem.what == "NaN or Infinity in place of a whole number"


def test_misfits_of_one_kind_are_told_together(tmp_path: Path) -> None:
    file, report = file_of(tmp_path, '[{"id": 7}, {"id": 8}]'), ProblemReport("")
    assert decode_list(file, "images", ImageSize, report) == []
    (problem,) = report.errors
    assert problem.field == "images.height" and problem.what == "missing"
    assert problem.offenders == ("images[0]", "images[1]")


def test_no_list_ends_the_reading(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="images: Expected `array`, got `object`"):
        decode_list(file_of(tmp_path, "{}"), "images", ImageSize, ProblemReport(""))


def test_faults_of_one_kind_are_one_problem() -> None:
    faults, report = Faults(), ProblemReport("val.json")
    for offender in ("annotation 1", "annotation 2"):
        faults.add("annotations.area", "negative", offender, "mend it")
    faults.report_to(report)
    assert [problem.offenders for problem in report.errors] == [("annotation 1", "annotation 2")]
