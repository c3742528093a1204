import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.square_masks import MASK, SIDE, detections, image_set

from ensemble.sources.files import digest_of, digest_of_source
from ensemble.sources.open import NOT_SHARED, OpenedSource, open_source
from ensemble.sources.spec import SourceSpec, parse_sources
from longtail.categories import CategoryTable
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.image_set import ImageSet
from longtail.predictions.store import PredictionStore, Source, StoreWriter
from longtail.problems import BadInputError


def category_table() -> CategoryTable:
    """Ids 7, 8, 9 are rare, common, frequent."""
    records = [
        {"id": i, "name": f"c{i}", "frequency": letter, "image_count": 1, "instance_count": 1}
        for i, letter in zip((7, 8, 9), "rcf", strict=True)
    ]
    return CategoryTable.from_records(records, "test")


def store(path: Path, images: ImageSet, columns: DetectionColumns, **source: Any) -> Path:
    writer = StoreWriter(path, images, Source(path.name, **source))
    writer.write_shard(0, [columns.take(np.isin(columns.image_id, ids)) for ids in images.blocks()])
    writer.finish()
    return path


def result_file(path: Path, image_ids: list[int], category_id: int = 7, score: float = 0.5) -> Path:
    """A detection for each id; where an id comes again, with half the score."""
    segmentation = {"size": [SIDE, SIDE], "counts": MASK.decode()}
    records = [
        {
            "image_id": i,
            "category_id": category_id,
            "score": score / 2 ** image_ids[:place].count(i),
            "segmentation": segmentation,
        }
        for place, i in enumerate(image_ids)
    ]
    path.write_text(json.dumps(records))
    return path


def opened(word: str, folder: Path, num_images: int = 3, **options: Any) -> OpenedSource:
    (spec,) = parse_sources([word])
    return open_source(spec, image_set(num_images), category_table(), folder / "work", **options)


def rows(directory: Path) -> list[tuple[int, int]]:
    columns = PredictionStore.open(directory).read_all(with_masks=False)
    return list(zip(columns.image_id.tolist(), columns.category_id.tolist(), strict=True))


def test_digest_of_a_store_changes_with_its_detections(tmp_path: Path) -> None:
    images = image_set(2)
    paths = [tmp_path / "a", tmp_path / "b" / "a", tmp_path / "c" / "a"]
    for path, ids in zip(paths, ([1, 2], [1, 2], [2, 2]), strict=True):
        store(path, images, detections(ids))
    digests = [digest_of(path) for path in paths]
    assert digests[0] == digests[1] != digests[2]


def test_digest_of_several_files_changes_with_each(tmp_path: Path) -> None:
    spec = SourceSpec("a", tmp_path / "part*.json")
    for number in (1, 2):
        result_file(tmp_path / f"part{number}.json", [number])
    before = digest_of_source(spec)
    result_file(tmp_path / "part2.json", [3])
    assert digest_of_source(spec) != before


@pytest.mark.parametrize(
    ("path", "message"), [("none.json", "no such file"), ("empty", "is no prediction store")]
)
def test_input_that_is_not_there_is_bad_input(tmp_path: Path, path: str, message: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInputError, match=message):
        digest_of(tmp_path / path)


def test_pattern_without_a_file_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="no such file"):
        opened(f"a={tmp_path}/*.json", tmp_path)


def test_folder_of_an_evaluator_names_the_file_to_give(tmp_path: Path) -> None:
    (tmp_path / "coco_instances_results.json").write_text("[]")
    with pytest.raises(BadInputError, match=f"give {tmp_path}/coco_instances_results.json"):
        digest_of(tmp_path)


def test_store_of_other_images_is_refused(tmp_path: Path) -> None:
    store(tmp_path / "a", image_set(3), detections([1]))
    with pytest.raises(BadInputError, match="made for 3 images"):
        opened(f"a={tmp_path}/a", tmp_path, num_images=2)


def test_flipped_bit_in_a_store_is_noticed(tmp_path: Path) -> None:
    path = store(tmp_path / "a", image_set(3), detections([1, 2]))
    shard = next(path.glob("*.parquet"))
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 1
    shard.write_bytes(content)
    with pytest.raises(BadInputError, match="SHA-256"):
        opened(f"a={tmp_path}/a", tmp_path)


def test_scale_is_the_store_s_unless_given(tmp_path: Path) -> None:
    store(tmp_path / "a", image_set(3), detections([1]), scale=800)
    assert opened(f"a={tmp_path}/a", tmp_path).spec.scale == 800
    assert opened(f"a={tmp_path}/a,scale=1000", tmp_path).spec.scale == 1000


def test_groups_limit_what_a_source_knows(tmp_path: Path) -> None:
    store(tmp_path / "a", image_set(3), detections([1]))
    source = opened(f"a={tmp_path}/a,groups=r,f", tmp_path)
    assert source.trusted_categories.tolist() == [True, False, True]


def test_files_of_a_pattern_are_one_source(tmp_path: Path) -> None:
    result_file(tmp_path / "part1.json", [3, 3])
    result_file(tmp_path / "part0.json", [1, 2])
    source = opened(f"a={tmp_path}/part*.json", tmp_path)
    assert rows(source.directory) == [(1, 7), (2, 7), (3, 7), (3, 7)]
    assert PredictionStore.open(source.directory).manifest.notes["records"] == 4


@pytest.mark.parametrize(("ids", "score"), [([2], 0.25), ([2, 2], 0.5), ([2, 2, 2], 0.5)])
def test_files_of_one_source_hold_different_images(
    tmp_path: Path, ids: list[int], score: float
) -> None:
    result_file(tmp_path / "part0.json", [1, 2] if len(ids) < 3 else [1, 2, 2])
    result_file(tmp_path / "part1.json", ids, score=score)
    with pytest.raises(BadInputError, match=r"part1\.json: has detections of image 2, as .*part0"):
        opened(f"a={tmp_path}/part*.json", tmp_path)


def test_images_that_padding_gave_to_two_ranks_count_once(tmp_path: Path) -> None:
    result_file(tmp_path / "rank0.json", [1, 1, 3])
    result_file(tmp_path / "rank1.json", [2, 1, 1])
    result_file(tmp_path / "rank2.json", [3])
    source = opened(f"a={tmp_path}/rank*.json", tmp_path)
    assert rows(source.directory) == [(1, 7), (1, 7), (2, 7), (3, 7)]
    assert "3 records in 2 images repeat another one" in " ".join(source.warnings)


def test_repeats_within_a_file_and_between_files_are_added_up(tmp_path: Path) -> None:
    for number in (0, 1):
        path = result_file(tmp_path / f"rank{number}.json", [1, number + 2])
        records = json.loads(path.read_text())
        path.write_text(json.dumps([*records, records[1]]))
    source = opened(f"a={tmp_path}/rank*.json", tmp_path)
    assert rows(source.directory) == [(1, 7), (2, 7), (3, 7)]
    assert "3 records in 3 images repeat another one" in " ".join(source.warnings)


def test_a_store_is_read_on_the_scale_that_is_named(tmp_path: Path) -> None:
    columns = detections([1, 2])
    percent = replace(columns, score=100 * columns.score, score_mask=100 * columns.score_mask)
    store(tmp_path / "a", image_set(3), percent)
    with pytest.raises(BadInputError, match=r"is over 1.*max_score="):
        opened(f"a={tmp_path}/a", tmp_path)
    source = opened(f"a={tmp_path}/a,max_score=100", tmp_path)
    read = PredictionStore.open(source.directory).read_all()
    assert read.score.tolist() == pytest.approx(columns.score.tolist(), rel=1e-15)


def test_scores_of_another_scale_are_never_dropped(tmp_path: Path) -> None:
    result_file(tmp_path / "a.json", [1, 2, 2], score=80.0)
    for strict in (True, False):
        with pytest.raises(
            BadInputError, match=r"score: is over 1[\s\S]*largest is 80\.0[\s\S]*max_score="
        ):
            opened(f"a={tmp_path}/a.json", tmp_path, strict=strict)
    source = opened(f"a={tmp_path}/a.json,max_score=80", tmp_path)
    assert PredictionStore.open(source.directory).read_all().score.tolist() == [1, 1, 0.5]


def test_repeats_of_a_store_count_once(tmp_path: Path) -> None:
    columns = detections([1, 2])
    store(tmp_path / "a", image_set(3), columns.take(np.array([0, 0, 1, 1])))
    source = opened(f"a={tmp_path}/a", tmp_path)
    assert [image for image, _ in rows(source.directory)] == [1, 2]
    assert "2 records in 2 images repeat another one" in " ".join(source.warnings)


def test_a_part_without_a_detection_passes_and_so_does_a_source(tmp_path: Path) -> None:
    result_file(tmp_path / "part0.json", [1])
    result_file(tmp_path / "part1.json", [])
    store(tmp_path / "part2", image_set(3), DetectionColumns.empty())
    source = opened(f"a={tmp_path}/part*", tmp_path)
    assert rows(source.directory) == [(1, 7)] and source.warnings == ()
    (tmp_path / "empty").mkdir()
    for number, name in enumerate(("part1.json", "part2", "part[12]*")):
        (spec,) = parse_sources([f"e{number}={tmp_path}/{name}"])
        empty = open_source(spec, image_set(3), category_table(), tmp_path / "empty")
        assert rows(empty.directory) == []


def test_an_import_is_found_again(tmp_path: Path) -> None:
    result_file(tmp_path / "a.json", [1])
    first = opened(f"a={tmp_path}/a.json", tmp_path).directory
    written = (first / "manifest.json").stat().st_mtime_ns
    again = opened(f"a={tmp_path}/a.json", tmp_path).directory
    assert again == first and (first / "manifest.json").stat().st_mtime_ns == written


def test_records_that_cannot_be_used_are_dropped_on_request(tmp_path: Path) -> None:
    result_file(tmp_path / "a.json", [1, 2, 99])
    with pytest.raises(BadInputError, match="record 2"):
        opened(f"a={tmp_path}/a.json", tmp_path)
    source = opened(f"a={tmp_path}/a.json", tmp_path, strict=False)
    assert rows(source.directory) == [(1, 7), (2, 7)]


@pytest.fixture
def categories(tmp_path: Path) -> Path:
    """Two categories of an expert: 70 is c9 of ours, 71 is not shared."""
    path = tmp_path / "categories.json"
    path.write_text(json.dumps([{"id": 70, "name": "C9"}, {"id": 71, "name": "other"}]))
    return path


@pytest.mark.parametrize("is_store", [False, True])
def test_expert_s_categories_are_translated(
    tmp_path: Path, categories: Path, is_store: bool
) -> None:
    if is_store:
        columns = detections([1, 2, 3], category_id=70)
        columns = replace(columns, category_id=np.array([70, 71, 70]))
        store(tmp_path / "e", image_set(3), columns)
    else:
        path = result_file(tmp_path / "e", [1, 3], category_id=70)
        other = result_file(tmp_path / "other", [2], category_id=71)
        path.write_text(json.dumps(json.loads(path.read_text()) + json.loads(other.read_text())))
    source = opened(f"e={tmp_path}/e,categories={categories}", tmp_path)
    assert rows(source.directory) == [(1, 9), (3, 9)]
    assert source.trusted_categories.tolist() == [False, False, True]
    assert rows(source.seen_in) == [(1, 70), (2, 71), (3, 70)]
    notes = PredictionStore.open(source.directory).manifest.notes
    assert notes[NOT_SHARED] == 1


def test_expert_with_unknown_ids_is_bad_input(tmp_path: Path, categories: Path) -> None:
    store(tmp_path / "e", image_set(3), detections([1]))
    with pytest.raises(BadInputError, match=r"unknown category ids: 7.*trained with"):
        opened(f"e={tmp_path}/e,categories={categories}", tmp_path)
