import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ensemble.convert import main
from longtail.commands import ExitCode, run
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.image_set import ImageSet
from longtail.predictions.store import PredictionStore, Source, StoreWriter

Convert = Callable[..., tuple[int, str]]
BOX = {"bbox": [0.1, 0.2, 1.3, 1.4]}
MASK = {"segmentation": {"size": [2, 3], "counts": "06"}}


def record(**fields: Any) -> dict[str, Any]:
    return {"image_id": 1, "category_id": 5, "score": 0.1 + 0.2, **BOX, **MASK, **fields}


@pytest.fixture
def convert(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Convert:
    """Run the command from one name of tmp_path to another."""
    category = {"id": 5, "name": "a", "frequency": "r", "image_count": 1, "instance_count": 1}
    images = [{"id": i, "height": 2, "width": 3} for i in (1, 2)]
    (tmp_path / "ann.json").write_text(json.dumps({"images": images, "categories": [category]}))

    def run_command(file: str, to: str, out: str, *options: str) -> tuple[int, str]:
        paths = [str(tmp_path / file), "--out", str(tmp_path / out)]
        arguments = [*paths, "--ann", str(tmp_path / "ann.json"), "--to", to, *options]
        with pytest.raises(SystemExit) as exit_:
            run(main, arguments)
        captured = capsys.readouterr()
        assert isinstance(exit_.value.code, int)
        return exit_.value.code, captured.out + captured.err

    return run_command


@pytest.fixture
def write(tmp_path: Path) -> Callable[[Any], None]:
    """Write records to in.json."""

    def write_records(records: Any) -> None:
        (tmp_path / "in.json").write_text(json.dumps(records))

    return write_records


Write = Callable[[Any], None]


def test_to_a_store_and_back_changes_nothing(
    convert: Convert, write: Write, tmp_path: Path
) -> None:
    records = [record(), record(image_id=2, score=1e-9)]
    write(records)
    assert convert("in.json", "store", "new/store")[0] == ExitCode.DONE
    assert convert("new/store", "json", "out.json", "--with-bbox")[0] == ExitCode.DONE
    assert json.loads((tmp_path / "out.json").read_text()) == records


def test_boxes_stay_out_of_json_unless_asked_for(
    convert: Convert, write: Write, tmp_path: Path
) -> None:
    write([record()])
    convert("in.json", "json", "out.json")
    assert "bbox" not in json.loads((tmp_path / "out.json").read_text())[0]


def test_detectron2_predictions_become_json(convert: Convert, write: Write, tmp_path: Path) -> None:
    instances = [deepcopy(record(category_id=0, score=score)) for score in (0.1 + 0.2, 1e-9)]
    torch.save([{"image_id": 1, "instances": instances}], tmp_path / "in.pth")
    assert convert("in.pth", "json", "out.json", "--with-bbox")[0] == ExitCode.DONE
    records = [instance | {"category_id": 5} for instance in instances]
    assert json.loads((tmp_path / "out.json").read_text()) == records


@pytest.mark.parametrize("to", ["store", "json"])
def test_folder_of_an_evaluator_names_the_file_to_give(
    convert: Convert, tmp_path: Path, to: str
) -> None:
    (tmp_path / "inference").mkdir()
    torch.save([], tmp_path / "inference" / "instances_predictions.pth")
    code, text = convert("inference", to, "out")
    assert code == ExitCode.BAD_INPUT
    assert f"give {tmp_path}/inference/instances_predictions.pth" in text


def test_the_source_is_what_the_options_say(convert: Convert, write: Write, tmp_path: Path) -> None:
    write([record()])
    convert("in.json", "store", "store", "--name", "r50", "--scale", "800", "--flip")
    source = PredictionStore.open(tmp_path / "store").source
    assert source == Source("r50", node=None, scale=800, flip=True)


def test_a_faulty_record_stops_the_conversion(
    convert: Convert, write: Write, tmp_path: Path
) -> None:
    write([record(), record(score=2)])
    code, text = convert("in.json", "store", "store")
    assert code == ExitCode.BAD_INPUT and "record 1 (2.0)" in text
    assert not (tmp_path / "store").exists()


def test_faulty_records_are_dropped_on_request_and_counted(
    convert: Convert, write: Write, tmp_path: Path
) -> None:
    write([record(), record(score=float("nan"))])
    code, text = convert("in.json", "json", "out.json", "--drop-invalid")
    assert code == ExitCode.DONE
    assert "dropped records: 1" in text and "dropped, score: is not a finite number: 1" in text
    assert len(json.loads((tmp_path / "out.json").read_text())) == 1


def test_scores_over_1_are_never_dropped_and_can_be_scaled(
    convert: Convert, write: Write, tmp_path: Path
) -> None:
    write([record(score=90.0), record(score=45.0), record(score=1.5)])
    for option in ("--strict", "--drop-invalid"):
        code, text = convert("in.json", "json", "out.json", option)
        assert code == ExitCode.BAD_INPUT
        assert "the largest is 90.0" in text and "--max-score" in text and "record 2 (1.5)" in text
    assert convert("in.json", "json", "out.json", "--max-score", "90")[0] == ExitCode.DONE
    scores = [r["score"] for r in json.loads((tmp_path / "out.json").read_text())]
    assert scores == [1.0, 0.5, 1.5 / 90]


def test_a_store_is_converted_without_repeats_and_on_the_scale_that_is_named(
    convert: Convert, tmp_path: Path
) -> None:
    images = ImageSet.from_json(tmp_path / "ann.json")
    counts = np.frombuffer(b"0606", np.uint8)
    columns = replace(
        DetectionColumns.empty(),
        image_id=np.array([1, 1]),
        category_id=np.array([5, 5]),
        score=np.array([8.0, 8.0]),
        score_mask=np.array([4.0, 4.0]),
        boxes=np.array([[0.5, 0, 1, 1]] * 2),
        heights=np.array([2, 2]),
        widths=np.array([3, 3]),
        counts=counts,
        counts_offsets=np.array([0, 2, 4]),
    )
    writer = StoreWriter(tmp_path / "given", images, Source("a"))
    writer.write_shard(0, [columns])
    writer.finish()
    code, text = convert("given", "json", "out.json")
    assert code == ExitCode.BAD_INPUT and "--max-score" in text
    code, text = convert("given", "json", "out.json", "--max-score", "8")
    assert code == ExitCode.DONE and "1 records in 1 images repeat another one" in text
    [kept] = json.loads((tmp_path / "out.json").read_text())
    assert kept["score"] == 0.5


def test_an_empty_file_passes_with_a_warning(convert: Convert, write: Write) -> None:
    write([])
    code, text = convert("in.json", "store", "store")
    assert code == ExitCode.DONE and "has no detection in any of" in text


def test_a_file_that_dropping_leaves_empty_needs_to_be_allowed(
    convert: Convert, write: Write
) -> None:
    write([record(score=float("nan"))])
    assert convert("in.json", "store", "store", "--drop-invalid")[0] == ExitCode.BAD_INPUT
    allowed = ("--drop-invalid", "--allow-empty")
    assert convert("in.json", "store", "store", *allowed)[0] == ExitCode.DONE


@pytest.mark.parametrize("name", ["out.json.gz", "out.zip"])
def test_packed_json_is_written_and_read(
    convert: Convert, write: Write, tmp_path: Path, name: str
) -> None:
    records = [record(), record(image_id=2, score=1e-9)]
    write(records)
    assert convert("in.json", "json", name, "--with-bbox")[0] == ExitCode.DONE
    assert (tmp_path / name).read_bytes()[:2] in (b"PK", b"\x1f\x8b")
    assert convert(name, "store", "store")[0] == ExitCode.DONE
    assert convert("store", "json", "again.json", "--with-bbox")[0] == ExitCode.DONE
    assert json.loads((tmp_path / "again.json").read_text()) == records


@pytest.mark.parametrize("to", ["store", "json"])
def test_what_exists_is_not_overwritten(
    convert: Convert, write: Write, tmp_path: Path, to: str
) -> None:
    write([record()])
    (tmp_path / "out").write_text("precious")
    code, text = convert("in.json", to, "out")
    assert code == ExitCode.USAGE and "exists" in text
    assert (tmp_path / "out").read_text() == "precious"


def test_a_store_is_not_converted_to_a_store(convert: Convert, write: Write) -> None:
    write([record()])
    convert("in.json", "store", "store")
    code, text = convert("store", "store", "other")
    assert code == ExitCode.USAGE and "takes a result file" in text


def test_boxes_alone_cannot_become_json_without_boxes(
    convert: Convert, write: Write, tmp_path: Path
) -> None:
    write([{**record(), "segmentation": None}])
    code, text = convert("in.json", "json", "out.json")
    assert code == ExitCode.USAGE and "write boxes too" in text
    assert not (tmp_path / "out.json").exists()


def test_nothing_is_left_beside_the_result(convert: Convert, write: Write, tmp_path: Path) -> None:
    write([record()])
    convert("in.json", "json", "out.json")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["ann.json", "in.json", "out.json"]
