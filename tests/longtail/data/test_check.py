import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.places import SHARED

from longtail.commands import run
from longtail.data.check import main

REAL_200 = SHARED / "real200"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGTAIL_CACHE", str(tmp_path / "cache"))


def annotation_file(tmp_path: Path, box_width: int = 5) -> Path:
    box = {"bbox": [0, 0, box_width, 5], "area": 25}
    counts = {"image_count": 3, "instance_count": 12}
    lists = {"neg_category_ids": [4], "not_exhaustive_category_ids": []}
    images = [
        {"id": i, "file_name": f"{i}.jpg", "height": 9, "width": 9, **lists} for i in (1, 2, 3)
    ]
    content = {
        "images": images,
        "annotations": [{"id": i, "image_id": i, "category_id": 2, **box} for i in (1, 2)],
        "categories": [
            {"id": 2, "name": "two", "frequency": "c", **counts},
            {"id": 4, "name": "four", "frequency": "r", **counts},
        ],
    }
    path = tmp_path / "train.json"
    path.write_text(json.dumps(content))
    return path


def test_a_sound_file_is_counted(tmp_path: Path) -> None:
    report = tmp_path / "reports" / "report.json"
    arguments = [str(annotation_file(tmp_path)), "--json", str(report)]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0
    assert "images without annotations" in result.output
    content = json.loads(report.read_text())
    assert content["fault"] is None
    summary = content["summary"]
    assert summary["images"] == 3
    assert summary["images_without_annotations"] == 1
    assert summary["instances"] == summary["box_only_instances"] == 2
    assert summary["neg_category_ids_per_image"] == {"smallest": 1, "median": 1, "largest": 1}
    assert summary["groups"]["c"] == {
        "categories": 1,
        "annotated": 1,
        "instances": 2,
        "bins": {"0001-0009": 0, "0010-0099": 1, "0100-0999": 0, "1000-inf": 0},
    }
    assert summary["groups"]["r"]["annotated"] == 0
    assert summary["groups"]["all"]["categories"] == 2


def test_a_faulty_file_ends_with_exit_code_3_and_its_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "report.json"
    with pytest.raises(SystemExit) as exit_info:
        run(main, [str(annotation_file(tmp_path, box_width=-1)), "--json", str(report)])
    assert exit_info.value.code == 3
    assert "annotations.bbox: negative width or height" in capsys.readouterr().err
    content = json.loads(report.read_text())
    assert "annotations.bbox" in content["fault"]
    assert content["summary"] is None


def test_missing_images_are_listed_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "2.jpg").touch()
    with pytest.raises(SystemExit) as exit_info:
        run(main, [str(annotation_file(tmp_path)), "--images", str(tmp_path)])
    assert exit_info.value.code == 3
    error = capsys.readouterr().err
    assert f"images.file_name: no file below {tmp_path}" in error
    assert "image 1: 1.jpg, image 3: 3.jpg" in error


def test_a_damaged_cache_is_mended(tmp_path: Path) -> None:
    path = annotation_file(tmp_path)
    CliRunner().invoke(main, [str(path)])
    [column] = (tmp_path / "cache").rglob("areas.npy")
    column.write_bytes(bytes(len(column.read_bytes())))
    assert CliRunner().invoke(main, [str(path)]).exit_code == 0
    assert any(column.read_bytes())


def test_a_test_file_without_counts_has_no_groups(tmp_path: Path) -> None:
    path = tmp_path / "test.json"
    images = [{"id": 1, "file_name": "1.jpg", "height": 9, "width": 9}]
    path.write_text(json.dumps({"images": images, "categories": [{"id": 1, "name": "one"}]}))
    result = CliRunner().invoke(main, [str(path)])
    assert result.exit_code == 0
    assert "group" not in result.output


@pytest.mark.skipif(not REAL_200.exists(), reason="needs ../shared/data/real200")
def test_the_real_set_is_sound_with_its_images(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    arguments = [str(REAL_200 / "train.json"), "--images", str(REAL_200 / "images")]
    assert CliRunner().invoke(main, [*arguments, "--json", str(report)]).exit_code == 0
    groups = json.loads(report.read_text())["summary"]["groups"]
    assert [groups[letter]["categories"] for letter in "rcf"] == [37, 25, 18]
    assert groups["all"]["instances"] == 740
