"""Parts on disk: what is written is read, and what is no part of this evaluation is refused."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from longtail.evaluation.annotations.ground_truth import GroundTruth, read_ground_truth
from longtail.evaluation.lvis import evaluate
from longtail.evaluation.matching.match_shard import write_shard
from longtail.evaluation.matching.match_store import kinds_of, match_store
from longtail.evaluation.matching.prediction_set import inputs_of
from longtail.evaluation.matching.shard_files import read_shard, read_shards, save_shard
from longtail.predictions.result_json.read import import_json
from longtail.predictions.store import PredictionStore, Source
from longtail.problems import BadInputError
from longtail.sealed_arrays import read_arrays, write_arrays

Record = dict[str, Any]
MakeProblem = Callable[..., tuple[Record, list[Record]]]
Write = Callable[[Record, list[Record]], tuple[Path, Path]]
Opened = Callable[[tuple[Path, Path]], tuple[GroundTruth, PredictionStore]]


@pytest.fixture
def problem(
    make_problem: MakeProblem, write: Write, opened: Opened
) -> tuple[GroundTruth, PredictionStore]:
    """Five blocks of images."""
    return opened(write(*make_problem(70, num_images=150, num_categories=12)))


def write_shards(
    problem: tuple[GroundTruth, PredictionStore], directory: Path, num_shards: int
) -> list[Path]:
    truth, store = problem
    directory.mkdir()
    paths = [directory / f"part{shard}.npz" for shard in range(1, num_shards + 1)]
    for shard, path in enumerate(paths, start=1):
        write_shard(truth.path, store.directory, shard, num_shards, path)
    return paths


def changed(path: Path, **arrays: np.ndarray) -> None:
    """Write a part anew with other arrays."""
    write_arrays(path, read_arrays(path, "") | arrays)


def manifest_of(path: Path) -> Record:
    with np.load(path) as file:
        content: Record = json.loads(file["manifest"].tobytes())
    return content


def with_manifest(path: Path, **values: object) -> None:
    text = json.dumps(manifest_of(path) | values).encode()
    changed(path, manifest=np.frombuffer(text, dtype=np.uint8))


@pytest.mark.parametrize("num_shards", [1, 2, 5])
def test_an_evaluation_of_parts_in_any_order_is_that_of_the_store(
    num_shards: int, problem: tuple[GroundTruth, PredictionStore], tmp_path: Path
) -> None:
    truth, store = problem
    paths = write_shards(problem, tmp_path / "parts", num_shards)
    expected = evaluate(truth.path, store.directory, max_dets=3).as_dict()
    for parts in (paths[::-1], [tmp_path / "parts"], [tmp_path / "parts", paths[0]]):
        found = evaluate(truth.path, store.directory, max_dets=3, parts=parts)
        assert found.as_dict() == expected
    assert sorted(tmp_path.glob("parts/.*")) == []


def test_parts_of_the_store_of_a_result_file_fit_to_the_file(
    make_problem: MakeProblem, write: Write, tmp_path: Path
) -> None:
    annotations, results = write(*make_problem(71, num_images=70))
    truth = read_ground_truth(annotations)
    of = truth.images, truth.categories
    store = import_json(results, *of, tmp_path / "store", Source(results.name))
    paths = write_shards((truth, store), tmp_path / "parts", 2)
    expected = evaluate(annotations, results).as_dict()
    assert evaluate(annotations, results, parts=paths).as_dict() == expected
    assert evaluate(annotations, store.directory).as_dict() == expected


def test_no_mask_is_read_again(
    problem: tuple[GroundTruth, PredictionStore], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    truth, store = problem
    write_shards(problem, tmp_path / "parts", 2)

    def refuse(*_: object) -> None:
        raise AssertionError("a block was read")

    monkeypatch.setattr(PredictionStore, "read_block", refuse)
    evaluation = evaluate(truth.path, store.directory, parts=[tmp_path / "parts"], resamples=20)
    assert evaluation.segm["AP"] > 0


def test_boxes_only_make_parts_too(
    make_problem: MakeProblem, write: Write, opened: Opened, tmp_path: Path
) -> None:
    annotations, results = make_problem(71, num_images=70)
    for annotation in annotations["annotations"]:
        del annotation["segmentation"]
    truth, store = opened(write(annotations, results))
    parts = write_shards((truth, store), tmp_path / "parts", 2)
    found = evaluate(truth.path, store.directory, parts=parts)
    assert found.as_dict() == evaluate(truth.path, store.directory).as_dict()
    assert found.segm["AP"] == -1


def test_missing_blocks_are_named(
    problem: tuple[GroundTruth, PredictionStore], tmp_path: Path
) -> None:
    truth, store = problem
    paths = write_shards(problem, tmp_path / "parts", 5)
    for parts, missing in (
        ([paths[0], paths[3], paths[4]], "blocks 1 to 2 are in no part"),
        (paths[1:], "blocks 0 to 0 are"),
        (paths[:3], "blocks 3 to 4 are"),
    ):
        with pytest.raises(BadInputError, match=missing):
            evaluate(truth.path, store.directory, parts=parts)
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInputError, match="empty: blocks 0 to 4 are in no part"):
        evaluate(truth.path, store.directory, parts=[tmp_path / "empty"])


def test_parts_that_overlap_are_named(
    problem: tuple[GroundTruth, PredictionStore], tmp_path: Path
) -> None:
    truth, store = problem
    halves = write_shards(problem, tmp_path / "halves", 2)
    fifths = write_shards(problem, tmp_path / "fifths", 5)
    with pytest.raises(BadInputError, match=r"halves/part1\.npz and .*fifths/part2\.npz both hold"):
        evaluate(truth.path, store.directory, parts=[*halves, fifths[1]])


def test_parts_of_other_files_are_foreign(
    problem: tuple[GroundTruth, PredictionStore],
    make_problem: MakeProblem,
    write: Write,
    opened: Opened,
    tmp_path: Path,
) -> None:
    truth, store = problem
    paths = write_shards(problem, tmp_path / "parts", 2)
    annotations, results = make_problem(70, num_images=150, num_categories=12)
    _, other = opened(write(annotations, results[:-1]))
    with pytest.raises(BadInputError, match=r"part1\.npz: made of another prediction store"):
        evaluate(truth.path, other.directory, parts=paths)
    annotations["annotations"][0]["ignore"] = 1
    write(annotations, results)
    with pytest.raises(BadInputError, match=r"part1\.npz: made of another annotation file"):
        evaluate(truth.path, store.directory, parts=paths)


def test_a_part_of_another_version_or_a_damaged_one_is_refused(
    problem: tuple[GroundTruth, PredictionStore], tmp_path: Path
) -> None:
    truth, store = problem
    (path,) = write_shards(problem, tmp_path / "parts", 1)
    sound, inputs = path.read_bytes(), inputs_of(truth, store)
    with_manifest(path, schema_version=1)
    with pytest.raises(BadInputError, match=r"part1\.npz: schema_version is 1, not this program's"):
        read_shard(path, inputs)
    for end in (0, 10, len(sound) // 2, len(sound) - 1):
        path.write_bytes(sound[:end])
        with pytest.raises(BadInputError, match=r"part1\.npz: .*damaged.*; make the part again"):
            read_shard(path, inputs)
    middle = len(sound) // 2
    path.write_bytes(sound[:middle] + bytes([sound[middle] ^ 1]) + sound[middle + 1 :])
    with pytest.raises(BadInputError, match=r"part1\.npz: .*damaged.*; make the part again"):
        read_shard(path, inputs)
    path.write_text("[]")
    with pytest.raises(BadInputError, match=r"part1\.npz: does not end in"):
        read_shard(path, inputs)


@pytest.mark.parametrize(
    ("name", "change", "problem_text"),
    [
        ("segm_overlap_instance", lambda a: a + 10**6, "segm_overlap_instance has a value outside"),
        ("box_overlap_detection", lambda a: a - 10**6, "box_overlap_detection has a value outside"),
        ("box_row", lambda a: a[:-1], "box_image is int64 of shape"),
        ("label", lambda a: a.astype(np.int32), "label is int32"),
        ("segm_label", lambda a: a + 100, "segm_label has a value outside 0 to 11"),
        ("image_counts", lambda a: a[::-1] * 0, "image_counts add up to 0"),
        ("score", lambda a: np.where(a == a.max(), np.nan, a), "score has a value outside"),
        ("score_mask", lambda a: a + 1.5, "score_mask has a value outside 0.0 to 1.0"),
    ],
)
def test_arrays_that_compiled_code_could_not_trust_are_refused(
    name: str,
    change: Callable[[np.ndarray], np.ndarray],
    problem_text: str,
    problem: tuple[GroundTruth, PredictionStore],
    tmp_path: Path,
) -> None:
    truth, store = problem
    (path,) = write_shards(problem, tmp_path / "parts", 1)
    with np.load(path) as file:
        array = file[name]
    changed(path, **{name: change(array)})
    with pytest.raises(BadInputError, match=problem_text):
        read_shard(path, inputs_of(truth, store))


@pytest.mark.parametrize(
    ("values", "problem_text"),
    [
        ({"first_block": 3, "end_block": 3}, "it holds the blocks 3 to 2"),
        ({"first_block": 1, "end_block": 6}, "block 5 has no image"),
        ({"end_block": 4}, "image_counts is int64 of shape"),
        ({"first_block": "0"}, "Expected `int`"),
    ],
)
def test_a_manifest_that_does_not_fit_its_arrays_is_refused(
    values: Record, problem_text: str, problem: tuple[GroundTruth, PredictionStore], tmp_path: Path
) -> None:
    truth, store = problem
    (path,) = write_shards(problem, tmp_path / "parts", 1)
    with_manifest(path, **values)
    with pytest.raises(BadInputError, match=problem_text):
        read_shard(path, inputs_of(truth, store))


def test_a_failed_write_leaves_nothing(
    problem: tuple[GroundTruth, PredictionStore], tmp_path: Path
) -> None:
    truth, store = problem
    part = match_store(truth, store, kinds_of(truth), blocks=range(1))
    broken = replace(part, score=np.array([object()]))
    with pytest.raises(ValueError, match="allow_pickle"):
        save_shard(tmp_path / "part.npz", broken, inputs_of(truth, store))
    assert not list(tmp_path.glob("*part.npz*"))


def test_a_shard_that_cannot_be_is_refused(
    problem: tuple[GroundTruth, PredictionStore], tmp_path: Path
) -> None:
    truth, store = problem
    files = truth.path, store.directory
    for shard, num_shards, out, why in (
        (0, 2, "p.npz", "numbered 1 to 2"),
        (3, 2, "p.npz", "numbered 1 to 2"),
        (1, 6, "p.npz", "the store has 5 blocks"),
        (1, 2, "p.json", r"must end in \.npz"),
    ):
        with pytest.raises(ValueError, match=why):
            write_shard(*files, shard, num_shards, tmp_path / out)
    with pytest.raises(BadInputError, match="a shard needs a prediction store"):
        write_shard(truth.path, truth.path, 1, 2, tmp_path / "p.npz")


def test_parts_join_whatever_the_files_are_called(
    problem: tuple[GroundTruth, PredictionStore], tmp_path: Path
) -> None:
    truth, store = problem
    paths = write_shards(problem, tmp_path / "parts", 3)
    renamed = [path.rename(tmp_path / f"{9 - i}.npz") for i, path in enumerate(paths)]
    whole = read_shards(renamed, inputs_of(truth, store), store.block_count)
    assert whole.blocks == range(5)
