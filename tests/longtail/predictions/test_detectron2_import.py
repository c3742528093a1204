import gzip
import json
import pickle
import random
import struct
import subprocess
import sys
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from longtail.categories import CategoryTable
from longtail.predictions import detectron2_import
from longtail.predictions.checks.validation import validate
from longtail.predictions.image_set import ImageSet
from longtail.predictions.plain_pickle import load_plain
from longtail.predictions.result_json.read import import_json, open_predictions
from longtail.predictions.store import PredictionStore, Source
from longtail.problems import BadInputError
from longtail.rle.bitmaps import encode_bitmap

BITMAP = np.zeros((20, 30), dtype=bool)
BITMAP[4:9, 10:12] = True
COUNTS = encode_bitmap(BITMAP).decode()
CATEGORY_IDS = (1, 3, 7)
Predictions = list[Any]
Save = Callable[..., Path]
Import = Callable[..., PredictionStore]


def instance(image_id: int = 2, index: int = 1, **fields: Any) -> dict[str, Any]:
    """One detection as detectron2's `instances_to_coco_json` writes it."""
    return {
        "image_id": image_id,
        "category_id": index,
        "bbox": [10.25, 4.0, 1.5, 5.0],
        "score": 0.7310585975646973,
        "segmentation": {"size": [20, 30], "counts": COUNTS},
        **fields,
    }


def image(image_id: int, *instances: dict[str, Any]) -> dict[str, Any]:
    return {"image_id": image_id, "instances": list(instances)}


def many(num_images: int = 4) -> Predictions:
    """Detections in every image but the second, in another order than that of ids."""
    ids = [9, 2, 1, 5][:num_images]
    rng = random.Random(0)
    return [
        image(i, *(instance(i, rng.randrange(3), score=rng.random()) for _ in range(7 * (i != 2))))
        for i in ids
    ]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Write predictions as an evaluator does, in today's or the old format of torch."""

    def write(predictions: Any, is_zip: bool = True) -> Path:
        path = tmp_path / "instances_predictions.pth"
        torch.save(predictions, path, _use_new_zipfile_serialization=is_zip)
        return path

    return write


@pytest.fixture
def do_import(tmp_path: Path, images: ImageSet, categories: CategoryTable) -> Import:
    def run(path: Path, name: str = "out", **options: Any) -> PredictionStore:
        return import_json(path, images, categories, tmp_path / name, Source("a"), **options)

    return run


def shards_of(store: PredictionStore) -> list[str]:
    return [entry.sha256 for entry in store.manifest.shards]


@pytest.mark.parametrize("is_zip", [True, False], ids=["zip", "old format"])
@pytest.mark.parametrize("per_block", [8192, 5])
def test_pth_and_json_of_one_evaluation_make_the_same_store(
    save: Save,
    do_import: Import,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    is_zip: bool,
    per_block: int,
) -> None:
    monkeypatch.setattr(detectron2_import, "RECORDS_PER_BLOCK", per_block)
    predictions = many()
    store = do_import(save(predictions, is_zip))
    records = [
        record | {"category_id": CATEGORY_IDS[record["category_id"]]}
        for entry in predictions
        for record in entry["instances"]
    ]
    (tmp_path / "coco_instances_results.json").write_text(json.dumps(records))
    from_json = do_import(tmp_path / "coco_instances_results.json", "json")
    assert shards_of(store) == shards_of(from_json)
    assert store.num_detections == 21
    assert store.manifest.notes == from_json.manifest.notes


def test_class_index_becomes_the_id_of_that_rank(save: Save, do_import: Import) -> None:
    store = do_import(save([image(2, *(instance(index=index) for index in (2, 0, 1)))]))
    assert store.read_all().category_id.tolist() == [7, 1, 3]


@pytest.mark.parametrize("index", [-1, 3, 2**40])
def test_class_index_outside_the_annotation_file_is_named(
    save: Save, do_import: Import, index: int
) -> None:
    path = save([image(1), image(2, instance(), instance(index=index))])
    with pytest.raises(BadInputError) as error:
        do_import(path)
    text = str(error.value)
    assert str(path) in text and f"record 1 ({index})" in text
    assert "no class index of the annotation file, 0 to 2" in text and "trained on" in text


def test_boxes_without_masks_and_keypoints_are_read(save: Save, do_import: Import) -> None:
    boxes = instance(keypoints=[0.5, 1.0, 2.0])
    del boxes["segmentation"]
    columns = do_import(save([image(2, boxes)])).read_all()
    assert columns.boxes.tolist() == [[10.25, 4.0, 1.5, 5.0]] and not columns.has_mask.any()


def test_images_without_instances_make_an_empty_store(save: Save, do_import: Import) -> None:
    assert do_import(save([image(1), image(2)])).num_detections == 0


def test_records_are_checked_as_those_of_json(save: Save, do_import: Import) -> None:
    faulty = [
        (instance(3), "image_id: is not in the annotation file"),
        (instance(score=float("nan")), "score: is not a finite number"),
        (instance(score="high"), "score: expected `float`, got `str`"),
        (instance(score=10**400), "score: number out of range"),
        (instance(image_id=True), "image_id: expected `int`, got `bool`"),
        (instance(index=1.5), "category_id: expected `int`, got `float`"),  # type: ignore[arg-type]
        (instance(bbox=[1.0, 2.0, 3.0, 4.0, 90.0]), "bbox: expected `array` of length 4"),
        (instance(segmentation={"size": [30, 20], "counts": COUNTS}), "width are swapped"),
        (instance(segmentation={"size": [20, 30], "counts": "~~"}), "characters that COCO"),
        (instance(segmentation={"size": [20, 30], "counts": "\ud800"}), "characters that COCO"),
        (instance(**{"\ud800": 1}), "record: a text in it is no Unicode"),
        ({**instance(), 1: 2}, "record: a key in it is no text"),
        ({"score": 0.5}, "missing required field"),
        (None, "record: expected `object`, got `null`"),
    ]
    path = save([image(2, instance()), image(2, *(record for record, _ in faulty))])
    with pytest.raises(BadInputError) as error:
        do_import(path)
    for number, (_, text) in enumerate(faulty, start=1):
        assert text in str(error.value) and f"record {number}" in str(error.value)
    store = do_import(path, on_invalid="drop")
    assert store.num_detections == 1 and store.manifest.notes["dropped records"] == len(faulty)


def test_file_opens_as_predictions_of_an_evaluation(
    save: Save, tmp_path: Path, images: ImageSet, categories: CategoryTable
) -> None:
    store = open_predictions(save(many()), images, categories, tmp_path / "store")
    assert store.num_detections == 21 and store.source.name == "instances_predictions.pth"


def test_validation_says_that_the_file_is_no_submission(
    save: Save, images: ImageSet, categories: CategoryTable
) -> None:
    report = validate(save([image(2, instance())]), images, categories).report
    assert not report.errors
    assert [warning.field for warning in report.warnings] == ["bbox", "file"]


def test_folder_of_an_evaluator_names_the_files_to_give(
    save: Save, tmp_path: Path, images: ImageSet, categories: CategoryTable
) -> None:
    path = save(many())
    (tmp_path / "lvis_instances_results.json").write_text("[]")
    with pytest.raises(BadInputError) as error:
        open_predictions(tmp_path, images, categories, tmp_path / "store")
    assert f"give {tmp_path}/lvis_instances_results.json or {path}" in str(error.value)


def test_progress_ends_at_the_size_of_the_file(
    save: Save, do_import: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detectron2_import, "RECORDS_PER_BLOCK", 1)
    told: list[int] = []
    path = save(many())
    do_import(path, on_read=told.append)
    assert told == sorted(told) and told[-1] == path.stat().st_size and len(told) > 2


@pytest.mark.parametrize(
    ("predictions", "message"),
    [
        ({"model": 1}, "holds a value of type dict, not a list of images"),
        ([image(1), 5], "image entry 1: expected .* found a value of type int"),
        ([{"image_id": 1}], "image entry 0: expected .* found keys \\['image_id'\\]"),
        ([{"image_id": 1, "instances": {}}], "image entry 0: expected"),
        ([instance()], "image entry 0: expected"),
    ],
)
def test_other_content_is_refused(
    save: Save, do_import: Import, predictions: Any, message: str
) -> None:
    with pytest.raises(BadInputError, match=message):
        do_import(save(predictions))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (torch.ones(2), "torch._utils._rebuild_tensor_v2' \\(a tensor, as in model weights"),
        (np.float32(0.5), "numpy._core.multiarray.scalar' \\(a NumPy value"),
        (b"abc", "_codecs.encode' \\(bytes"),
        (OrderedDict(), "collections.OrderedDict' \\(an object"),
    ],
)
@pytest.mark.parametrize("is_zip", [True, False], ids=["zip", "old format"])
def test_values_that_are_not_plain_are_refused_with_a_remedy(
    save: Save, do_import: Import, value: Any, message: str, is_zip: bool
) -> None:
    with pytest.raises(BadInputError, match=message) as error:
        do_import(save([image(2, instance(score=value))], is_zip))
    assert ".tolist()" in str(error.value) and "_instances_results.json" in str(error.value)


class Harmful:
    """Unpickled, it makes the file whose name it holds."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return open, (str(self.path), "w")


@pytest.mark.parametrize("is_zip", [True, False], ids=["zip", "old format"])
def test_nothing_that_a_file_names_is_run(
    save: Save, do_import: Import, tmp_path: Path, is_zip: bool
) -> None:
    with pytest.raises(BadInputError, match=r"open' \(an object\) at byte"):
        do_import(save([image(2, instance(score=Harmful(tmp_path / "harm")))], is_zip))
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize("protocol", [0, 4, 5])
def test_pickles_of_other_protocols_are_refused(protocol: int) -> None:
    with pytest.raises(BadInputError, match=r"the operation [A-Z0-9]+ at byte"):
        load_plain(pickle.dumps(many(), protocol), 0, "a.pth")


@pytest.mark.parametrize("protocol", [2, 3])
def test_plain_values_survive(protocol: int) -> None:
    values = [None, True, -1, 255, 65_535, 2**31 - 1, -(2**70), 0.1, "a", "\u0663" * 40, {}, []]
    values += [{"a": [{}]}, {1: 2, None: 3}, list(range(3000))]
    data = pickle.dumps(values, protocol)
    assert load_plain(b"in front" + data + b"behind", len("in front"), "a.pth") == values


HOSTILE = {
    "memo of 2**31 entries": b"\x80\x02]r\xff\xff\xff\x7f.",
    "text of 2**31 bytes": b"\x80\x02X\xff\xff\xff\x7fabc.",
    "list of itself": b"\x80\x02]q\x00h\x00a.",
    "one image a thousand times": pickle.dumps([image(2, instance())] * 1000, 2),
    "one text in two records": pickle.dumps([[text := "0" * 100, text]], 2),
    "get before put": b"\x80\x02h\x00.",
    "jump in the memo": b"\x80\x02]q\x05.",
    "bytes of 2**60": b"\x80\x04\x8e" + struct.pack("<Q", 2**60),
    "append to nothing": b"\x80\x02a.",
    "mark without end": b"\x80\x02(((.",
    "list as a key": b"\x80\x02}]]s.",
    "append to a number": b"\x80\x02K\x01K\x02a.",
    "tuples so deep that their hash overflows the stack": (
        b"\x80\x02}K\x01" + b"\x85" * 10**6 + b"K\x02s."
    ),
    "no value": b"\x80\x02.",
    "persistent id": b"\x80\x02K\x01Q.",
    "object": b"\x80\x02cos\nsystem\n(X\x04\x00\x00\x00trueR.",
    "name without end": b"\x80\x02c" + b"x" * 300,
    "text that is no UTF-8": b"\x80\x02X\x02\x00\x00\x00\xff\xfe.",
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_hostile_pickles_are_refused(data: bytes) -> None:
    with pytest.raises(BadInputError, match=r"a\.pth"):
        load_plain(data, 0, "a.pth")


def test_deep_lists_are_no_records(save: Save, do_import: Import, tmp_path: Path) -> None:
    depth = 10**6
    deep = b"]" * depth + b"a" * (depth - 1)
    image = pickle.dumps({"image_id": 2, "instances": []}, 2)[2:-1].replace(b"]q\x03", deep)
    path = zipped(tmp_path, {"a/data.pkl": b"\x80\x02](" + image + b"e."})
    with pytest.raises(BadInputError, match="record: expected `object`, got `array`"):
        do_import(path)


def test_dense_pickle_takes_memory_in_proportion_to_its_size() -> None:
    """In a process of its own, as the peak of memory never falls."""
    code = (
        "import resource, longtail.predictions.plain_pickle as p\n"
        "p.load_plain(b'\\x80\\x02].', 0, 'a')\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "p.load_plain(b'\\x80\\x02](' + b'}' * 2**20 + b'e.', 0, 'a')\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    per_byte = int(done.stdout) * 1024 / 2**20
    assert per_byte < 110


def zipped(tmp_path: Path, entries: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> Path:
    path = tmp_path / "a.pth"
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def test_compressed_pickle_is_refused(do_import: Import, tmp_path: Path) -> None:
    path = zipped(tmp_path, {"archive/data.pkl": b"\x80\x02]."}, zipfile.ZIP_DEFLATED)
    with pytest.raises(BadInputError, match="is compressed or encrypted"):
        do_import(path)


def test_zip_of_something_else_is_refused(do_import: Import, tmp_path: Path) -> None:
    path = zipped(tmp_path, {"submission.json": b"[]"})
    with pytest.raises(BadInputError, match=r"with 0 data\.pkl.* unpack it"):
        do_import(path)


@pytest.mark.parametrize("content", [b"", b"[]", gzip.compress(b"[]", mtime=0), pickle.dumps([])])
def test_pth_that_is_no_file_of_torch_is_refused(
    do_import: Import, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "a.pth").write_bytes(content)
    with pytest.raises(BadInputError, match="neither of the two formats"):
        do_import(tmp_path / "a.pth")


def test_torch_file_is_known_by_its_content(save: Save, do_import: Import, tmp_path: Path) -> None:
    for is_zip in (True, False):
        path = save(many(), is_zip).rename(tmp_path / "predictions.pt")
        assert do_import(path, str(is_zip)).num_detections == 21


@pytest.mark.parametrize("is_zip", [True, False], ids=["zip", "old format"])
def test_truncated_file_is_refused_at_any_length(
    save: Save, do_import: Import, tmp_path: Path, is_zip: bool
) -> None:
    content = save([image(1), image(2, instance())], is_zip).read_bytes()
    # The old format ends with keys of tensors, which are not read.
    whole = len(content) if is_zip else content.rindex(b".\x80")
    for length in range(0, whole, 7):
        (tmp_path / "a.pth").write_bytes(content[:length])
        with pytest.raises(BadInputError):
            do_import(tmp_path / "a.pth", "cut")


@pytest.mark.parametrize("is_zip", [True, False], ids=["zip", "old format"])
def test_damaged_file_ends_in_an_error_of_ours_or_is_read(
    save: Save, images: ImageSet, categories: CategoryTable, tmp_path: Path, is_zip: bool
) -> None:
    content = save([image(1), image(2, instance(), instance())], is_zip).read_bytes()
    rng = random.Random(0)
    refused = 0
    for number in range(200):
        damaged = bytearray(content)
        for _ in range(rng.randrange(1, 4)):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        (tmp_path / "a.pth").write_bytes(damaged)
        try:
            open_predictions(tmp_path / "a.pth", images, categories, tmp_path / str(number))
        except BadInputError:
            refused += 1
    assert refused > 50


def test_damaged_pickle_never_makes_anything_but_plain_values() -> None:
    content, rng = pickle.dumps(many(), 2), random.Random(1)
    for _ in range(3000):
        damaged = bytearray(content)
        damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        try:
            value = load_plain(bytes(damaged), 0, "a.pth")
        except BadInputError:
            continue
        json.dumps(value, default=repr, skipkeys=True)
