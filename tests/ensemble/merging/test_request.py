"""What a merge is asked for: which files can be evaluated on."""

from pathlib import Path

import pytest

from ensemble.fusion.settings import FusionSettings, MergeSettings
from ensemble.merging.request import Request
from longtail.evaluation.margins import Margins
from longtail.problems import BadInputError


def request_of(tmp_path: Path, text: str) -> Request:
    path = tmp_path / "val.json"
    path.write_text(text)
    return Request([], path, MergeSettings(FusionSettings("nms", 0.5), Margins()), {})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"images": []}', False),
        ('{"annotations": []}', False),
        ('{"annotations": [{}], "images": []}', True),
    ],
)
def test_a_file_with_an_annotation_can_be_evaluated_on(
    text: str, expected: bool, tmp_path: Path
) -> None:
    assert request_of(tmp_path, text).has_annotations() is expected


def test_a_misspelt_list_is_no_test_file(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"val\.json: it has 'annotation', which nothing reads"):
        request_of(tmp_path, '{"annotation": [{}], "images": []}').has_annotations()


@pytest.mark.parametrize("text", ["", '{"annotations": null}', '{"annotations": {}}'])
def test_a_file_of_another_kind_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"val\.json"):
        request_of(tmp_path, text).has_annotations()
