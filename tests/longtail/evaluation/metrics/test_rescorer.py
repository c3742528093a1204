"""The re-scorer against lvis-api on results with the new scores, to the last digit."""

import json
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.distinct_records import distinct
from support.places import SHARED

from longtail.evaluation.annotations.ground_truth import read_ground_truth
from longtail.evaluation.lvis import evaluate
from longtail.evaluation.metrics.cap import within_cap
from longtail.evaluation.metrics.rescorer import Rescorer
from longtail.evaluation.metrics.sorting import rank_detections
from longtail.evaluation.metrics.summary import summarize
from longtail.predictions.result_json.read import import_json
from longtail.predictions.store import PredictionStore, Source
from longtail.problems import BadInputError
from longtail.sealed import write_sealed_json

Record = dict[str, Any]
MakeProblem = Callable[..., tuple[Record, list[Record]]]
LvisApi = Callable[..., dict[str, float]]
Write = Callable[[Record, list[Record]], tuple[Path, Path]]
Perturb = Callable[..., list[Record]]
Kind = Literal["segm", "box"]

OFFICIAL_KIND = {"segm": "segm", "box": "bbox"}
GROUPS = ("AP", "APr", "APc", "APf")


def build(paths: tuple[Path, Path], kind: Kind, max_dets: int = 300) -> Rescorer:
    truth = read_ground_truth(paths[0])
    return Rescorer.build(truth, open_store(paths), kind, max_dets)


def open_store(paths: tuple[Path, Path]) -> PredictionStore:
    out = paths[0].with_name("store")
    if out.exists():
        return PredictionStore.open(out)
    truth = read_ground_truth(paths[0])
    source = Source("test")
    return import_json(paths[1], truth.images, truth.categories, out, source, allow_empty=True)


def rescored(results: list[Record], scores: NDArray[np.float64]) -> list[Record]:
    """The results with new scores; a store holds them by image, else in the file's order."""
    images = [result["image_id"] for result in results]
    order = np.argsort(images, kind="stable")
    new = list(results)
    for row, position in enumerate(order.tolist()):
        new[position] = results[position] | {"score": float(scores[row])}
    return new


def assert_official(
    paths: tuple[Path, Path], lvis_api: LvisApi, max_dets: int = 300, decimals: int = 8
) -> None:
    """Own scores and two vectors of new ones give lvis-api's metrics."""
    results = json.loads(paths[1].read_text())
    kinds: tuple[Kind, ...] = ("segm", "box")
    for kind in kinds:
        rescorer = build(paths, kind, max_dets)
        rng = np.random.default_rng(len(results))
        new = [np.round(rng.random(len(results)), decimals), rng.integers(-2, 3, len(results)) / 2]
        for scores in (rescorer.scores, *new):
            official = lvis_api(paths[0], rescored(results, scores), OFFICIAL_KIND[kind], max_dets)
            assert rescorer.evaluate(scores) == official
            assert rescorer.fast(scores) == {name: official[name] for name in GROUPS}


@pytest.mark.parametrize("seed", range(6))
def test_random_federated_problems_equal_lvis_api(
    seed: int, make_problem: MakeProblem, write: Write, lvis_api: LvisApi
) -> None:
    assert_official(write(*make_problem(seed)), lvis_api)


@pytest.mark.slow
@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    seed=st.integers(100, 10_000),
    num_images=st.integers(1, 10),
    num_categories=st.integers(1, 12),
    copies=st.integers(1, 8),
    decimals=st.integers(0, 3),
    max_dets=st.sampled_from([-1, 1, 2, 7, 300]),
)
def test_problems_of_any_shape_equal_lvis_api(
    seed: int,
    num_images: int,
    num_categories: int,
    copies: int,
    decimals: int,
    max_dets: int,
    make_problem: MakeProblem,
    lvis_api: LvisApi,
    tmp_path: Path,
) -> None:
    annotations, results = make_problem(seed, num_images, num_categories, copies, decimals)
    assume(annotations["annotations"] and results)
    directory = tmp_path / f"{len(list(tmp_path.iterdir()))}"
    directory.mkdir()
    paths = directory / "annotations.json", directory / "results.json"
    for path, content in zip(paths, (annotations, results), strict=True):
        path.write_text(json.dumps(content))
    assert_official(paths, lvis_api, max_dets, decimals)


def test_tied_scores_equal_lvis_api(
    make_problem: MakeProblem, write: Write, lvis_api: LvisApi
) -> None:
    assert_official(write(*make_problem(20, copies=6, decimals=1)), lvis_api, decimals=1)


@pytest.mark.parametrize("max_dets", [1, 5, 20])
def test_a_binding_cap_with_ties_equals_lvis_api(
    max_dets: int, make_problem: MakeProblem, write: Write, lvis_api: LvisApi
) -> None:
    assert_official(write(*make_problem(31, copies=6)), lvis_api, max_dets, decimals=1)


@pytest.mark.slow
def test_more_than_300_detections_in_an_image_equal_lvis_api(
    make_problem: MakeProblem, write: Write, lvis_api: LvisApi
) -> None:
    paths = write(*make_problem(30, num_images=6, copies=120))
    assert np.diff(build(paths, "box").overlaps.image_starts).max() > 300
    assert_official(paths, lvis_api)
    assert_official(paths, lvis_api, max_dets=-1)


def test_no_cap_equals_lvis_api(make_problem: MakeProblem, write: Write, lvis_api: LvisApi) -> None:
    assert_official(write(*make_problem(32)), lvis_api, max_dets=-1)


def test_one_category_equals_lvis_api(
    make_problem: MakeProblem, write: Write, lvis_api: LvisApi
) -> None:
    assert_official(write(*make_problem(33, num_categories=1)), lvis_api)


def test_more_than_one_block_of_images_equals_lvis_api(
    make_problem: MakeProblem, write: Write, lvis_api: LvisApi
) -> None:
    assert_official(write(*make_problem(34, num_images=70, num_categories=40)), lvis_api)


def test_empty_masks_take_slots_and_boxes_without_area_too(
    make_problem: MakeProblem, write: Write, lvis_api: LvisApi
) -> None:
    import pycocotools.mask

    annotations, results = make_problem(36, num_images=4)
    for result in results[::4]:
        empty = np.zeros(result["segmentation"]["size"], dtype=np.uint8, order="F")
        counts = pycocotools.mask.encode(empty)["counts"].decode()
        result["segmentation"] = result["segmentation"] | {"counts": counts}
        result["score"] = 1.0
    for result in results[1::4]:
        result["bbox"] = [*result["bbox"][:2], 0.0, result["bbox"][3]]
        result["score"] = 1.0
    assert_official(write(annotations, results), lvis_api, max_dets=6)


@pytest.mark.slow
def test_real_annotations_with_crowded_images_equal_lvis_api(
    perturb: Perturb, lvis_api: LvisApi, tmp_path: Path
) -> None:
    path = SHARED / "lvis_val_100.json"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    annotations = json.loads(path.read_text())
    results = perturb(annotations, np.random.default_rng(0), copies=2)
    crowded = [r for r in results if r["image_id"] == results[0]["image_id"]]
    copies = range(1 + 300 // len(crowded))
    results += [r | {"score": 0.5 - copy / 1000} for copy in copies for r in crowded]
    results = distinct(results)
    paths = tmp_path / "annotations.json", tmp_path / "results.json"
    paths[0].write_text(path.read_text())
    paths[1].write_text(json.dumps(results))
    assert_official(paths, lvis_api, decimals=2)


@pytest.mark.parametrize("kind", ["segm", "box"])
def test_zero_detections_have_an_ap_of_0_as_in_evaluate(
    kind: Kind, make_problem: MakeProblem, write: Write
) -> None:
    paths = write(make_problem(37)[0], [])
    rescorer = build(paths, kind)
    assert len(rescorer.scores) == 0
    evaluation = evaluate(*paths)
    expected = evaluation.segm if kind == "segm" else evaluation.box
    assert rescorer.evaluate(rescorer.scores) == expected
    assert rescorer.fast(rescorer.scores)["AP"] == 0


def test_categories_without_detections_or_ground_truth_equal_evaluate(
    make_problem: MakeProblem, write: Write
) -> None:
    annotations, results = make_problem(38, num_categories=40)
    paths = write(annotations, results[: len(results) // 3])
    evaluation = evaluate(*paths)
    rescorer = build(paths, "segm")
    ap = rescorer.ap_per_category(rescorer.scores)
    assert ap.tolist() == [record.segm_ap for record in evaluation.per_category]
    assert -1 in ap and 0 in ap


def test_a_score_margin_for_all_changes_nothing(make_problem: MakeProblem, write: Write) -> None:
    rescorer = build(write(*make_problem(39)), "segm", max_dets=8)
    assert rescorer.evaluate(rescorer.scores + 1) == rescorer.evaluate(rescorer.scores)


def test_scores_of_another_length_or_not_finite_are_refused(
    make_problem: MakeProblem, write: Write
) -> None:
    rescorer = build(write(*make_problem(40)), "box")
    with pytest.raises(ValueError, match="finite numbers are needed"):
        rescorer.fast(rescorer.scores[1:])
    with pytest.raises(ValueError, match="finite numbers are needed"):
        rescorer.fast(np.full(len(rescorer.scores), np.nan))


def test_a_cap_of_0_and_an_unknown_kind_are_refused(
    make_problem: MakeProblem, write: Write
) -> None:
    paths = write(*make_problem(41))
    with pytest.raises(ValueError, match="max_dets is 0"):
        build(paths, "box", max_dets=0)
    with pytest.raises(ValueError, match="kind is 'bbox'"):
        build(paths, "bbox")  # type: ignore[arg-type]


def test_masks_are_not_evaluated_where_none_is(make_problem: MakeProblem, write: Write) -> None:
    annotations, results = make_problem(42)
    for result in results:
        del result["segmentation"]
    with pytest.raises(BadInputError, match="no detection has a mask"):
        build(write(annotations, results), "segm")


def test_a_saved_re_scorer_gives_the_same_metrics(
    make_problem: MakeProblem, write: Write, tmp_path: Path
) -> None:
    rescorer = build(write(*make_problem(43)), "segm", max_dets=7)
    rescorer.save(tmp_path / "rescorer")
    loaded = Rescorer.load(tmp_path / "rescorer")
    scores = np.random.default_rng(0).random(len(rescorer.scores))
    assert loaded.evaluate(scores) == rescorer.evaluate(scores)
    assert loaded.evaluate(loaded.scores) == rescorer.evaluate(rescorer.scores)
    assert (loaded.kind, loaded.max_dets, loaded.inputs) == ("segm", 7, rescorer.inputs)
    with pytest.raises(ValueError, match="exists already"):
        rescorer.save(tmp_path / "rescorer")


def fast_of_saved(directory: Path, seed: int) -> dict[str, float]:
    rescorer = Rescorer.load(directory)
    return rescorer.fast(np.random.default_rng(seed).random(len(rescorer.scores)))


@pytest.mark.slow
def test_processes_share_a_saved_re_scorer(
    make_problem: MakeProblem, write: Write, tmp_path: Path
) -> None:
    directory = tmp_path / "rescorer"
    build(write(*make_problem(44)), "box").save(directory)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        found = list(processes.map(fast_of_saved, [directory] * 4, range(4)))
    assert found == [fast_of_saved(directory, seed) for seed in range(4)]


def test_a_damaged_re_scorer_is_refused(
    make_problem: MakeProblem, write: Write, tmp_path: Path
) -> None:
    directory = tmp_path / "rescorer"
    with pytest.raises(BadInputError, match="is no re-scorer"):
        Rescorer.load(directory)
    build(write(*make_problem(45)), "box").save(directory)
    array = directory / "overlap_bits.npy"
    array.write_bytes(array.read_bytes()[:-2])
    with pytest.raises(BadInputError, match=r"overlap_bits\.npy: missing, or not the"):
        Rescorer.load(directory)
    (directory / "rescorer.json").write_text('{"schema_version": 2')
    with pytest.raises(BadInputError, match=r"rescorer\.json: does not end in its SHA"):
        Rescorer.load(directory)


def test_a_changed_byte_of_a_saved_re_scorer_is_found_where_asked_for(
    make_problem: MakeProblem, write: Write, tmp_path: Path
) -> None:
    directory = tmp_path / "rescorer"
    build(write(*make_problem(46)), "box").save(directory)
    array = directory / "overlap_truth.npy"
    content = bytearray(array.read_bytes())
    content[-8] ^= 1
    array.write_bytes(content)
    with pytest.raises(BadInputError, match=r"overlap_truth\.npy: damaged, it does not match"):
        Rescorer.load(directory)
    Rescorer.load(directory, verify=False)


@pytest.mark.parametrize("version", [1, 3])
def test_a_re_scorer_of_an_earlier_version_is_to_be_built_again(
    version: int, make_problem: MakeProblem, write: Write, tmp_path: Path
) -> None:
    directory = tmp_path / "rescorer"
    build(write(*make_problem(47)), "box").save(directory)
    written = {"schema_version": version, "rescorer": {}, "categories": [], "array_bytes": {}}
    write_sealed_json(directory / "rescorer.json", written)
    with pytest.raises(BadInputError, match=rf"is {version} and this program reads 4; build the"):
        Rescorer.load(directory)


def test_rows_that_are_left_out_are_as_if_they_were_not_there(
    make_problem: MakeProblem, write: Write, lvis_api: LvisApi
) -> None:
    annotations, results = make_problem(48)
    results.sort(key=lambda result: result["image_id"])
    rescorer = build(write(annotations, results), "segm", max_dets=-1)
    kept = np.random.default_rng(0).random(len(results)) < 0.5
    found = summarize(rescorer.curves(rescorer.scores, kept), rescorer.categories, -1)
    chosen = [result for result, stays in zip(results, kept, strict=True) if stays]
    assert found == lvis_api(write(annotations, chosen)[0], chosen, "segm", -1)


@pytest.mark.parametrize("max_dets", [1, 3, 10])
def test_the_cap_keeps_the_best_and_of_equals_the_earlier(max_dets: int) -> None:
    scores = np.random.default_rng(max_dets).integers(0, 4, 40) / 4
    starts = np.array([0, 0, 15, 18, 40])
    expected = np.zeros(40, dtype=np.bool_)
    for start, end in pairwise(starts.tolist()):
        ranked = sorted(range(start, end), key=lambda row: -scores[row])
        expected[ranked[:max_dets]] = True
    assert np.array_equal(within_cap(scores, starts, max_dets), expected)


def test_kept_detections_are_ranked_by_category_score_and_order() -> None:
    scores = np.array([0.1, 0.5, 0.5, 0.9, 0.2, 0.3])
    kept = np.array([True, True, True, False, True, True])
    order, starts = rank_detections(scores, kept, np.array([0, 4, 4, 6]))
    assert order.tolist() == [1, 2, 0, 5, 4]
    assert starts.tolist() == [0, 3, 3, 5]


SCORES: dict[str, Callable[[np.random.Generator], NDArray[np.float64]]] = {
    "even": lambda rng: rng.random(3000),
    "most nearly 0": lambda rng: rng.random(3000) ** 20,
    "tied": lambda rng: rng.integers(0, 4, 3000) / 4,
    "equal": lambda rng: np.zeros(3000),
    "one far away": lambda rng: np.append(rng.random(2999), 1e300),
    "as far apart as can be": lambda rng: rng.choice([-1.7e308, 0.0, 1.7e308], 3000),
    "next to each other": lambda rng: rng.integers(0, 9, 3000) * 5e-324,
}


@pytest.mark.parametrize("name", SCORES)
def test_any_distribution_of_scores_is_ranked_as_by_a_stable_sort(name: str) -> None:
    rng = np.random.default_rng(3)
    scores, kept = SCORES[name](rng), rng.random(3000) < 0.9
    starts = np.array([0, 0, 1, 40, 3000])
    order, order_starts = rank_detections(scores, kept, starts)
    labels = np.repeat(np.arange(4), np.diff(starts))
    expected = np.lexsort((-scores, labels))
    expected = expected[kept[expected]]
    assert np.array_equal(order, expected)
    assert np.array_equal(order_starts, np.searchsorted(labels[expected], np.arange(5)))
