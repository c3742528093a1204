import gzip
import json
import random
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools.mask import toBbox

from longtail.categories import CategoryTable
from longtail.predictions.checks.warnings import warnings_of
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.image_set import ImageSet
from longtail.predictions.result_json import stream as json_stream
from longtail.predictions.result_json.read import JsonReading, import_json, open_predictions
from longtail.predictions.store import PredictionStore, Source, StoreWriter, is_store
from longtail.problems import BadInputError
from longtail.rle.bitmaps import encode_bitmap
from longtail.rle.codec import decode, encode
from longtail.rle.validation import find_fault

Write = Callable[[Any], Path]
Import = Callable[..., PredictionStore]

BITMAP = np.zeros((20, 30), dtype=bool)
BITMAP[4:9, 10:12] = True
COUNTS = encode_bitmap(BITMAP).decode()
MASK = {"size": [20, 30], "counts": COUNTS}
SOUND = {
    "image_id": 2,
    "category_id": 3,
    "score": 0.123456789012345,
    "bbox": [10.25, 4.0, 1.5, 5.0],
    "segmentation": MASK,
}


def changed(**fields: Any) -> dict[str, Any]:
    """A sound record with other fields; a field of None is left out."""
    record = {**SOUND, **fields}
    return {key: value for key, value in record.items() if value is not None}


def mask(**fields: Any) -> dict[str, Any]:
    return changed(segmentation={**MASK, **fields})


def as_text(record: dict[str, Any], old: str, new: str) -> bytes:
    """A record as JSON with some text replaced, for what json.dumps does not write."""
    return json.dumps(record).replace(old, new).encode()


def contents_of(store: PredictionStore) -> dict[str, bytes]:
    """The bytes of a store's files by their names."""
    return {path.name: path.read_bytes() for path in store.directory.iterdir()}


def assert_equal(a: DetectionColumns, b: DetectionColumns) -> None:
    for field in fields(DetectionColumns):
        assert np.array_equal(getattr(a, field.name), getattr(b, field.name)), field.name


@pytest.fixture
def do_import(tmp_path: Path, images: ImageSet, categories: CategoryTable) -> Import:
    def run(path: Path, **options: Any) -> PredictionStore:
        return import_json(path, images, categories, tmp_path / "out", Source("a"), **options)

    return run


FAULTY_RECORDS = [
    pytest.param(
        changed(image_id=3), "image_id: is not in the annotation file", "(3)", id="unknown image"
    ),
    pytest.param(
        changed(category_id=2),
        "category_id: is not in the annotation",
        "(2)",
        id="unknown category",
    ),
    pytest.param(
        changed(image_id="2"), "image_id: expected `int`, got `str`", "", id="image id text"
    ),
    pytest.param(
        changed(image_id=True), "image_id: expected `int`, got `bool`", "", id="image id true"
    ),
    pytest.param(
        changed(image_id=2.5), "image_id: expected `int`, got `float`", "", id="image id 2.5"
    ),
    pytest.param(
        changed(image_id=2**70), "image_id: expected `int` <=", "", id="image id of 71 bits"
    ),
    pytest.param(changed(score=None), "missing required field `score`", "", id="no score"),
    pytest.param(changed(score="high"), "score: expected `float`, got `str`", "", id="score text"),
    pytest.param(
        as_text(changed(score=0.5), "0.5", "null"),
        "score: expected `float`, got `null`",
        "",
        id="score null",
    ),
    pytest.param(
        changed(score=float("nan")), "score: is not a finite number", "(nan)", id="score NaN"
    ),
    pytest.param(
        changed(score=float("inf")), "score: is not a finite number", "(inf)", id="score infinite"
    ),
    pytest.param(
        as_text(changed(score=0.5), "0.5", "1e999"),
        "score: is not a finite number",
        "(inf)",
        id="score beyond float64",
    ),
    pytest.param(
        changed(bbox=[1, 1, -2, 3]), "bbox: has a negative width or", "-2.0", id="negative width"
    ),
    pytest.param(
        changed(bbox=[1, 1, 2, float("nan")]), "bbox: is not finite", "nan", id="box with NaN"
    ),
    pytest.param(
        changed(bbox=[1, 2, 3]), "bbox: expected `array` of length 4", "", id="box of three"
    ),
    pytest.param(changed(bbox=[1, "2", 3, 4]), "bbox: expected `float`", "", id="box with text"),
    pytest.param(
        changed(bbox=[1e9, 0, 3, 4]), "bbox: is far off the image", "1000000000.0", id="box far off"
    ),
    pytest.param(
        mask(size=[20, 31]),
        "segmentation.size: is not the size of the image",
        "([20, 31] where the image has [20, 30])",
        id="size of another image",
    ),
    pytest.param(
        mask(size=[30, 20]), "size: height and width are swapped", "([30, 20]", id="size swapped"
    ),
    pytest.param(mask(size=[200_000] * 2), "size: is not the size", "200000", id="hostile size"),
    pytest.param(
        mask(size=[20]), "size: expected `array` of length 2", "", id="size of one number"
    ),
    pytest.param(mask(size=["20", 30]), "size: expected `int`, got `str`", "", id="size with text"),
    pytest.param(mask(counts=COUNTS[:-1] + "P"), "counts: counts is truncated", "", id="truncated"),
    pytest.param(mask(counts=COUNTS[:2]), "fewer pixels", "", id="short counts"),
    pytest.param(mask(counts=COUNTS + "1111"), "more pixels", "", id="long counts"),
    pytest.param(mask(counts="~~~"), "characters that COCO", "", id="foreign characters"),
    pytest.param(mask(counts="5\u0663"), "characters that COCO", "", id="characters beyond ASCII"),
    pytest.param(mask(counts="O"), "run of negative length", "", id="negative run"),
    pytest.param(mask(counts=""), "counts: counts is empty", "", id="empty counts"),
    pytest.param(mask(counts=[100, 50]), "list of runs is negative", "", id="short list of runs"),
    pytest.param(
        mask(counts=[-600, 1200]), "list of runs is negative", "", id="negative in the list"
    ),
    pytest.param(mask(counts=7), "counts: expected `str | array`", "", id="counts a number"),
    pytest.param(changed(segmentation=5), "segmentation: expected", "", id="segmentation a number"),
    pytest.param(
        changed(segmentation=[[1, 2, 3, 4]]), "polygons are unusable", "4 numbers", id="two points"
    ),
    pytest.param(
        changed(segmentation=[[], [1, 2, 3, 4, 5, 6]]),
        "polygons are unusable",
        "0 numbers",
        id="polygon without a point beside another",
    ),
    pytest.param(
        changed(segmentation=[[1, 2, 3, 4, 1e9, 7]]),
        "polygons are",
        "far off",
        id="polygon far off",
    ),
    pytest.param(
        changed(bbox=None, segmentation=None), "neither segmentation nor bbox", "", id="neither"
    ),
    pytest.param(
        changed(bbox=[], segmentation=[]), "neither segmentation nor bbox", "", id="both empty"
    ),
    pytest.param(b"7", "record: expected `object`, got `int`", "", id="record a number"),
]


@pytest.mark.parametrize(("record", "text", "value"), FAULTY_RECORDS)
def test_a_faulty_record_is_named_with_field_value_and_remedy(
    write: Write, do_import: Import, tmp_path: Path, record: Any, text: str, value: str
) -> None:
    faulty = record if isinstance(record, bytes) else json.dumps(record).encode()
    path = write(b"[" + json.dumps(SOUND).encode() + b", " + faulty + b"]")
    with pytest.raises(BadInputError) as error:
        do_import(path)
    message = str(error.value)
    assert message.startswith(f"{path}: 1 kind of problem")
    assert text in message and value in message
    assert "record 1" in message
    assert "fix: write" in message or "fix: predict" in message
    assert [p.name for p in tmp_path.iterdir()] == ["result.json"]


@pytest.mark.parametrize(("record", "text", "value"), FAULTY_RECORDS)
def test_a_faulty_record_can_be_dropped_and_is_counted(
    write: Write, do_import: Import, record: Any, text: str, value: str
) -> None:
    faulty = record if isinstance(record, bytes) else json.dumps(record).encode()
    sound = json.dumps(SOUND).encode()
    other = json.dumps(changed(image_id=1)).encode()
    path = write(b"[" + sound + b", " + faulty + b", " + other + b"]")
    store = do_import(path, on_invalid="drop")
    assert store.num_detections == 2
    assert store.manifest.notes["dropped records"] == 1
    [fault] = [note for note in store.manifest.notes if note.startswith("dropped, ")]
    assert text in fault


@pytest.mark.parametrize(
    ("content", "text"),
    [
        pytest.param(b"", "the file is empty", id="empty file"),
        pytest.param(b"{}", "an object, not a list", id="object"),
        pytest.param(b"[{}", "truncated", id="truncated"),
        pytest.param(
            json.dumps([SOUND]).encode()[:-1] + b",]", "record 1 is not", id="comma at end"
        ),
        pytest.param(b"[,]", "record 0 is not valid JSON", id="comma only"),
        pytest.param(b"[{} {}]", "record 0 is not valid JSON", id="comma missing"),
        pytest.param(b"[{'image_id': 1}]", "record 0 is not valid JSON", id="single quotes"),
        pytest.param(b'[{"image_id": 1]', "truncated|not valid", id="brace missing"),
        pytest.param(b'[{"image_id": "\xff"}]', "record 0 is not valid JSON", id="no UTF-8"),
        pytest.param(b"[" + b"1" * 5000 + b"]", "record 0", id="number of 5000 digits"),
        pytest.param(b"[" * 50, "nested", id="nested"),
    ],
)
def test_what_is_no_list_of_records_is_refused_even_when_dropping(
    write: Write, do_import: Import, content: bytes, text: str
) -> None:
    with pytest.raises(BadInputError, match=text) as error:
        do_import(write(content), on_invalid="drop")
    assert "result.json" in str(error.value)


def test_all_kinds_of_fault_are_told_at_once_with_a_few_records_each(
    write: Write, do_import: Import
) -> None:
    records = [changed(score=2.0)] * 12 + [changed(category_id=2, bbox=[0, 0, -1, 0])]
    with pytest.raises(BadInputError) as error:
        do_import(write(records))
    message = str(error.value)
    assert "3 kinds of problem" in message
    assert "record 4 (2.0), ... (12 in all)" in message and "record 5" not in message


@pytest.mark.parametrize("on_invalid", ["error", "drop"])
@pytest.mark.parametrize(
    ("scores", "texts"),
    [
        ([0.5, 1.5, 90.0, 2.0], ["score: is over 1", "record 2 (90.0)", "the largest is 90.0"]),
        ([0.5, -0.5, -7.0], ["score: is below 0", "record 2 (-7.0)", "smallest is -7.0", "logits"]),
    ],
)
def test_scores_of_another_scale_are_a_fault_of_the_file_and_not_dropped(
    write: Write, do_import: Import, scores: list[float], texts: list[str], on_invalid: str
) -> None:
    with pytest.raises(BadInputError) as error:
        do_import(write([changed(score=score) for score in scores]), on_invalid=on_invalid)
    assert all(text in str(error.value) for text in texts)


def test_the_largest_score_is_named_also_where_it_comes_early(
    write: Write, do_import: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_stream.read_blocks, "__defaults__", (64,))
    scores = [90.0] + [1.5] * 40
    with pytest.raises(BadInputError, match=r"41 in all[\s\S]*largest is 90\.0"):
        do_import(write([changed(score=score) for score in scores]))


def test_scores_are_divided_by_the_one_that_means_1(write: Write, do_import: Import) -> None:
    scores = [100.0, 12.5, 0.0]
    columns = do_import(write([changed(score=s) for s in scores]), max_score=100.0).read_all()
    assert columns.score.tolist() == columns.score_mask.tolist() == [1.0, 0.125, 0.0]


def test_scores_within_a_rounding_error_of_0_to_1_are_cut_and_counted(
    write: Write, do_import: Import
) -> None:
    one_over = float(np.nextafter(np.float32(1), np.float32(2)))
    scores = [one_over, 1.0, -1e-7, 0.25, 1 + 1e-5]
    records = [changed(score=score, bbox=[i, 0, 1, 1]) for i, score in enumerate(scores)]
    store = do_import(write(records))
    assert store.read_all().score.tolist() == [1.0, 1.0, 0.0, 0.25, 1.0]
    assert "3 scores miss 0 to 1" in " ".join(warnings_of(store))


def test_any_finite_score_is_taken_as_it_is_by_readers_that_rank(
    write: Write, do_import: Import
) -> None:
    scores = [1.5, -3.0, 0.5, 1.0000001192092896]
    store = do_import(write([changed(score=score) for score in scores]), max_score=None)
    assert store.read_all().score.tolist() == scores
    assert "3 scores are outside 0 to 1" in " ".join(warnings_of(store))


def test_values_pass_unchanged_to_the_last_digit(write: Write, do_import: Import) -> None:
    columns = do_import(write([SOUND])).read_all()
    assert columns.score.tolist() == columns.score_mask.tolist() == [SOUND["score"]]
    assert columns.boxes.tolist() == [SOUND["bbox"]]
    assert columns.rles() == [COUNTS.encode()]
    assert (columns.heights.tolist(), columns.widths.tolist()) == ([20], [30])


def test_images_may_come_in_any_order_and_detections_keep_theirs(
    write: Write, do_import: Import
) -> None:
    order = [5, 1, 9, 5, 1, 5]
    records = [changed(image_id=image, score=i / 8) for i, image in enumerate(order)]
    columns = do_import(write(records)).read_all()
    assert columns.image_id.tolist() == [1, 1, 5, 5, 5, 9]
    assert (columns.score * 8).tolist() == [1, 4, 0, 3, 5, 2]


def test_a_file_of_several_pieces_and_shards_arrives_whole(
    write: Write, tmp_path: Path, categories: CategoryTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_stream.read_blocks, "__defaults__", (4096,))
    ids = np.arange(0, 6000, 2)
    images = ImageSet(ids, np.full(3000, 20), np.full(3000, 30))
    chosen = random.Random(0).choices(ids.tolist(), k=500)
    records = [changed(image_id=image, score=i / 1000) for i, image in enumerate(chosen)]
    store = import_json(write(records), images, categories, tmp_path / "out", Source("a"))
    expected = sorted(zip(chosen, range(500), strict=True))
    columns = store.read_all()
    assert columns.image_id.tolist() == [image for image, _ in expected]
    assert columns.score.tolist() == [i / 1000 for _, i in expected]
    assert store.block_count == 94


def test_gzip_gives_the_same_store(write: Write, do_import: Import) -> None:
    assert do_import(write(gzip.compress(json.dumps([SOUND]).encode()))).num_detections == 1


def test_the_order_of_keys_and_unknown_keys_do_not_matter(write: Write, do_import: Import) -> None:
    record = {"extra": [1, {"a": "]"}], **dict(reversed(SOUND.items()))}
    assert do_import(write([record])).read_all().rles() == [COUNTS.encode()]


def test_whole_floats_are_taken_as_ids(write: Write, do_import: Import) -> None:
    columns = do_import(write([changed(image_id=2.0, category_id=3.0)])).read_all()
    assert (columns.image_id.tolist(), columns.category_id.tolist()) == ([2], [3])


def test_a_missing_box_is_computed_from_the_mask(write: Write, do_import: Import) -> None:
    columns = do_import(write([changed(bbox=None), SOUND])).read_all()
    assert columns.boxes.tolist() == [[10, 4, 2, 5], SOUND["bbox"]]


def test_a_detection_may_have_a_box_only(write: Write, do_import: Import) -> None:
    columns = do_import(write([changed(segmentation=None), SOUND])).read_all()
    assert columns.rles() == [b"", COUNTS.encode()]
    assert columns.boxes.tolist() == [SOUND["bbox"]] * 2


def test_null_stands_for_an_absent_box_or_mask(write: Write, do_import: Import) -> None:
    records = [{**SOUND, "bbox": None}, {**SOUND, "segmentation": None}]
    assert do_import(write(records)).read_all().has_mask.tolist() == [True, False]


@pytest.mark.parametrize("nothing", [None, [], [[]]])
def test_an_empty_list_beside_a_box_is_a_box(
    write: Write, do_import: Import, nothing: list[Any] | None
) -> None:
    columns = do_import(write([{**SOUND, "segmentation": nothing}, SOUND])).read_all()
    assert columns.has_mask.tolist() == [False, True]
    assert columns.boxes.tolist() == [SOUND["bbox"]] * 2


@pytest.mark.parametrize("nothing", [None, []])
def test_an_empty_box_beside_a_mask_is_that_of_the_mask_as_pycocotools_has_it(
    write: Write, do_import: Import, nothing: list[Any] | None
) -> None:
    columns = do_import(write([{**SOUND, "bbox": nothing}])).read_all()
    assert columns.boxes.tolist() == [toBbox(MASK).tolist()]
    assert columns.rles() == [COUNTS.encode()]


def test_uncompressed_runs_and_polygons_become_compressed_masks(
    write: Write, do_import: Import
) -> None:
    runs = decode(COUNTS.encode()).tolist()
    polygon = [10.0, 4.0, 12.0, 4.0, 12.0, 9.0, 10.0, 9.0]
    store = do_import(write([mask(counts=runs), changed(image_id=5, segmentation=[polygon])]))
    assert store.read_all().rles() == [COUNTS.encode()] * 2
    assert store.manifest.notes["masks with uncompressed runs"] == 1
    assert store.manifest.notes["masks given as polygons"] == 1


def test_a_mask_without_a_pixel_is_kept(write: Write, do_import: Import) -> None:
    empty = encode(np.array([600])).decode()
    record = changed(bbox=None, segmentation={"size": [20, 30], "counts": empty})
    columns = do_import(write([record])).read_all()
    assert columns.rles() == [empty.encode()] and columns.boxes.tolist() == [[0, 0, 0, 0]]


def test_more_than_300_detections_are_kept(write: Write, do_import: Import) -> None:
    assert do_import(write([changed(score=i / 400) for i in range(301)])).num_detections == 301


def test_exact_repeats_count_once_and_are_told(write: Write, do_import: Import) -> None:
    others = [changed(score=0.25), changed(bbox=[1.0, 2.0, 3.0, 4.0]), changed(category_id=7)]
    other_mask = encode_bitmap(~BITMAP).decode()
    others += [mask(counts=other_mask), changed(segmentation=None), changed(image_id=9)]
    records = [SOUND, *others, SOUND, changed(image_id=9), *reversed(others)]
    store = do_import(write(records))
    expected = sorted([SOUND, *others], key=lambda record: record["image_id"])
    columns = store.read_all()
    assert columns.score.tolist() == [record["score"] for record in expected]
    assert columns.boxes.tolist() == [record["bbox"] for record in expected]
    assert "8 records in 2 images repeat another one" in " ".join(warnings_of(store))


def test_an_empty_list_is_a_source_that_found_nothing(write: Write, do_import: Import) -> None:
    store = do_import(write([]))
    assert (store.num_detections, store.block_count) == (0, 1)


def test_dropping_every_record_is_an_error(write: Write, do_import: Import) -> None:
    with pytest.raises(BadInputError, match="no usable detection"):
        do_import(write([changed(score=float("nan"))]), on_invalid="drop")


def test_an_existing_directory_is_not_overwritten(write: Write, do_import: Import) -> None:
    do_import(write([SOUND]))
    with pytest.raises(ValueError, match="out holds a prediction store already; remove it"):
        do_import(write([SOUND]))


def test_a_store_or_a_file_can_be_opened(
    write: Write, tmp_path: Path, images: ImageSet, categories: CategoryTable
) -> None:
    store = open_predictions(write([SOUND]), images, categories, tmp_path / "work")
    again = open_predictions(tmp_path / "work", images, categories, tmp_path / "unused")
    assert store.num_detections == again.num_detections == 1
    assert store.source.name == "result.json" and not (tmp_path / "unused").exists()


def test_an_opened_file_is_the_store_of_an_import_and_a_temporary_one_reads_alike(
    write: Write, tmp_path: Path, images: ImageSet, categories: CategoryTable
) -> None:
    records = [SOUND, changed(image_id=9), changed(segmentation=None), mask(counts=COUNTS)]
    path = write([{**r, "score": i / 50} for i in range(40) for r in records])
    of = path, images, categories
    made = import_json(*of, tmp_path / "made", Source(path.name))
    lasting = open_predictions(*of, tmp_path / "lasting")
    assert contents_of(lasting) == contents_of(made)
    temporary = open_predictions(*of, tmp_path / "temporary", temporary=True)
    assert temporary.manifest.notes == made.manifest.notes
    assert (temporary.source, temporary.images.digest()) == (made.source, images.digest())
    assert temporary.num_detections == 120
    assert_equal(temporary.read_all(), made.read_all())
    assert_equal(temporary.read_all(with_masks=False), made.read_all(with_masks=False))
    assert not is_store(tmp_path / "temporary")


def test_a_faulty_file_opened_for_a_while_is_refused_with_the_same_words_and_leaves_nothing(
    write: Write, tmp_path: Path, images: ImageSet, categories: CategoryTable
) -> None:
    def message_of(path: Path, **options: bool) -> str:
        with pytest.raises(BadInputError) as error:
            open_predictions(path, images, categories, tmp_path / "work", **options)
        return str(error.value)

    path = write([SOUND, changed(score=2.0), mask(size=[30, 20])])
    assert message_of(path, temporary=True) == message_of(path)
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]


def test_what_is_read_fast_makes_the_store_that_the_careful_reader_makes(
    write: Write, tmp_path: Path, images: ImageSet, categories: CategoryTable
) -> None:
    rng = random.Random(0)
    records = [
        changed(image_id=rng.choice([1, 2, 5, 9]), score=rng.random(), bbox=box)
        for box in [None, [rng.random() * 20, rng.random() * 30, 1, 2.5]] * 50
    ]
    stores = []
    for name, extra in (("usual", {}), ("unusual", {"note": "a"}), ("mixed", None)):
        content = [
            {**record, **(extra if extra is not None else {"note": "a"} if i % 3 else {})}
            for i, record in enumerate(records)
        ]
        out = tmp_path / name
        stores.append(import_json(write(content), images, categories, out, Source("a")))
    usual, unusual, mixed = map(contents_of, stores)
    assert usual == unusual == mixed


def test_a_store_of_other_images_is_refused(
    write: Write, tmp_path: Path, images: ImageSet, categories: CategoryTable
) -> None:
    open_predictions(write([SOUND]), images, categories, tmp_path / "work")
    others = ImageSet(images.ids, images.heights + 1, images.widths)
    with pytest.raises(BadInputError, match="made for 4 images, which are not the 4"):
        open_predictions(tmp_path / "work", others, categories, tmp_path / "unused")


def test_a_store_of_other_categories_is_refused(
    write: Write, tmp_path: Path, images: ImageSet, categories: CategoryTable
) -> None:
    open_predictions(write([SOUND]), images, categories, tmp_path / "work")
    counts = {"frequency": "f", "image_count": 9, "instance_count": 9}
    other = CategoryTable.from_records([{"id": 1, "name": "a", **counts}], "other")
    with pytest.raises(BadInputError, match="category_id 3 of image 2 is not in"):
        open_predictions(tmp_path / "work", images, other, tmp_path / "unused")


def test_an_interrupted_import_leaves_nothing(
    write: Write, do_import: Import, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(StoreWriter, "write_shard", interrupt)
    with pytest.raises(KeyboardInterrupt):
        do_import(write([SOUND]))
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]


def mutations(content: bytes, count: int, seed: int) -> list[bytes]:
    """Copies with one to three bytes changed, removed or doubled."""
    rng = random.Random(seed)
    mutated = []
    for _ in range(count):
        copy = bytearray(content)
        for _ in range(rng.randint(1, 3)):
            position = rng.randrange(len(copy))
            replacement = [bytes([rng.randrange(256)]), b"", copy[position : position + 1] * 2]
            copy[position : position + 1] = rng.choice(replacement)
        mutated.append(bytes(copy))
    return mutated


def test_mutated_files_are_refused_or_read_as_sound_masks(
    write: Write, images: ImageSet, categories: CategoryTable
) -> None:
    polygon = changed(segmentation=[[1.0, 1.0, 5.0, 1.0, 5.0, 7.0]])
    listed = mask(counts=decode(COUNTS.encode()).tolist())
    content = json.dumps([SOUND, changed(bbox=None), polygon, listed]).encode()
    for mutated in mutations(content, 600, seed=0):
        reading = JsonReading.of(write(mutated), images, categories)
        try:
            rows = [columns for columns in reading.columns() if len(columns)]
        except BadInputError:
            continue
        for columns in rows:
            assert np.isfinite(columns.boxes).all() and columns.score.max() <= 1
            assert all(find_fault(rle, 20, 30) is None for rle in columns.rles() if rle)


@pytest.mark.slow
def test_mutated_gzip_files_never_end_in_a_traceback(
    write: Write, tmp_path: Path, images: ImageSet, categories: CategoryTable
) -> None:
    content = gzip.compress(json.dumps([SOUND] * 20).encode(), mtime=0)
    for number, mutated in enumerate(mutations(content, 400, seed=1)):
        out = tmp_path / f"out{number}"
        try:
            import_json(write(mutated), images, categories, out, Source("a"), "drop")
        except BadInputError as error:
            assert "result.json" in str(error)
