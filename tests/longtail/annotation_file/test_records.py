import msgspec
import pytest

from longtail.annotation_file.records import JudgedAnnotation


@pytest.mark.parametrize(
    ("segmentation", "has_mask"),
    [
        ("", False),
        (', "segmentation": null', False),
        (', "segmentation": []', False),
        (', "segmentation": [\n    ]', False),
        (', "segmentation": [[]]', True),
        (', "segmentation": {"size": [1, 1], "counts": "1"}', True),
    ],
)
def test_an_outline_may_be_left_out_null_or_an_empty_list(
    segmentation: str, has_mask: bool
) -> None:
    text = '{"id": 1, "image_id": 2, "category_id": 3, "bbox": [0, 0, 1, 1], "area": 1%s}'
    assert msgspec.json.decode(text % segmentation, type=JudgedAnnotation).has_mask is has_mask
