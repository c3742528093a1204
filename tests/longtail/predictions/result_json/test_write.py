import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from longtail.categories import CategoryTable
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.image_set import ImageSet
from longtail.predictions.result_json.read import open_predictions
from longtail.predictions.result_json.write import JsonWriter, export_json
from longtail.rle.bitmaps import encode_bitmap

Make = Callable[..., DetectionColumns]
Write = Callable[[Any], Path]
SCORES = st.floats(0, 1)
SIDES = st.floats(0, 15)


@st.composite
def records(draw: st.DrawFn) -> dict[str, Any]:
    bitmap = np.random.default_rng(draw(st.integers(0, 2**32))).random((20, 30)) < 0.5
    return {
        "image_id": draw(st.sampled_from([1, 2, 5, 9])),
        "category_id": draw(st.sampled_from([1, 3, 7])),
        "score": draw(SCORES),
        "bbox": [draw(SIDES) for _ in range(4)],
        "segmentation": {"size": [20, 30], "counts": encode_bitmap(bitmap).decode()},
    }


@settings(
    deadline=None,
    max_examples=30,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(written=st.lists(records(), min_size=1, max_size=8, unique_by=json.dumps))
def test_json_to_store_to_json_changes_nothing_but_the_order_of_images(
    tmp_path_factory: pytest.TempPathFactory,
    images: ImageSet,
    categories: CategoryTable,
    written: list[dict[str, Any]],
) -> None:
    # A file whose boxes all lie within one pixel is refused: they look given as shares.
    assume(any(max(record["bbox"]) >= 2 for record in written))
    folder = tmp_path_factory.mktemp("round")
    (folder / "in.json").write_text(json.dumps(written))
    store = open_predictions(folder / "in.json", images, categories, folder / "store")
    assert export_json(store, folder / "out.json", with_bbox=True) == len(written)
    back = json.loads((folder / "out.json").read_text())
    assert back == sorted(written, key=lambda record: record["image_id"])


@pytest.mark.parametrize("score", [0.1 + 0.2, 1e-7, 5e-324, 1 / 3, 0.0, 1.0, np.nextafter(1, 0)])
def test_scores_read_back_to_the_same_number(
    tmp_path: Path, random_columns: Make, score: float
) -> None:
    columns = random_columns([1])
    columns.score_mask[0] = score
    export_json([columns], tmp_path / "out.json", with_bbox=True)
    assert json.loads((tmp_path / "out.json").read_text())[0]["score"] == score


def test_backslashes_of_masks_are_escaped(tmp_path: Path, random_columns: Make) -> None:
    columns = random_columns([1])
    columns.counts[:] = ord("\\")
    export_json([columns], tmp_path / "out.json")
    [record] = json.loads((tmp_path / "out.json").read_text())
    assert record["segmentation"] == {"size": [20, 30], "counts": "\\" * len(columns.counts)}


def test_boxes_are_written_only_where_asked(tmp_path: Path, random_columns: Make) -> None:
    export_json([random_columns([1, 1])], tmp_path / "out.json")
    keys = {frozenset(record) for record in json.loads((tmp_path / "out.json").read_text())}
    assert keys == {frozenset({"image_id", "category_id", "score", "segmentation"})}


def test_a_detection_without_mask_has_no_segmentation(tmp_path: Path, random_columns: Make) -> None:
    export_json([random_columns([1, 1, 1])], tmp_path / "out.json", with_bbox=True)
    found = ["segmentation" in r for r in json.loads((tmp_path / "out.json").read_text())]
    assert found == [True, True, False]


def test_a_detection_without_mask_cannot_go_without_its_box(
    tmp_path: Path, random_columns: Make
) -> None:
    with pytest.raises(ValueError, match="image 7 has a box and no mask; write boxes too"):
        export_json([random_columns([1, 1, 7])], tmp_path / "out.json")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("sizes", [[], [0], [0, 2, 0, 1]])
def test_blocks_of_any_size_make_one_list(
    tmp_path: Path, random_columns: Make, sizes: list[int]
) -> None:
    path = tmp_path / "out.json"
    with JsonWriter(path, with_bbox=True) as writer:
        for size in sizes:
            writer.write(random_columns([3] * size))
    assert len(json.loads(path.read_text())) == sum(sizes)


def test_an_existing_file_stays_until_the_new_one_is_complete(
    tmp_path: Path, random_columns: Make
) -> None:
    path = tmp_path / "out.json"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), JsonWriter(path) as writer:
        writer.write(random_columns([1]))
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["out.json"]
