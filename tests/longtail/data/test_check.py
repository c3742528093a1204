import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support.commands.in_process import exit_code
from support.pictures.files import write_picture
from support.places import SHARED

from longtail.data.check import main
from longtail.path_options import short_path

REAL_200 = SHARED / "real200"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGTAIL_CACHE", str(tmp_path / "cache"))


def annotation_file(tmp_path: Path, area: float = 25) -> Path:
    box = {"bbox": [0, 0, 5, 5], "area": area}
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


def check(*words: object) -> tuple[int, str]:
    """How the command ends, and its page."""
    result = CliRunner().invoke(main, [str(word) for word in words], standalone_mode=False)
    assert result.exception is None, result.output
    return int(result.return_value), result.output


def change(path: Path, **fields: Any) -> Path:
    """The file with other top-level fields; None takes one out."""
    tree = {**json.loads(path.read_text()), **fields}
    path.write_text(json.dumps({key: value for key, value in tree.items() if value is not None}))
    return path


def without_lists(path: Path) -> Path:
    """The file without federated lists."""
    images = json.loads(path.read_text())["images"]
    kept = [
        {key: value for key, value in image.items() if not key.endswith("category_ids")}
        for image in images
    ]
    return change(path, images=kept)


def test_a_sound_file_is_counted(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    code, page = check(annotation_file(tmp_path), "--json", report)
    assert code == 0
    assert "images without annotations" in page
    assert page.splitlines()[-1].endswith(
        "train.json: fit for training and evaluation (pictures were not looked at)"
    )
    content = json.loads(report.read_text())
    assert content["fit_for"] == {"training": True, "evaluation": True}
    assert content["errors"] == []
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


def test_a_faulty_file_ends_with_exit_code_3_and_its_report(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    code, page = check(annotation_file(tmp_path, area=-1), "--json", report)
    assert code == 3
    assert page.startswith("errors:\n  annotations")
    verdict = "fit for neither training (1 kind of error) nor evaluation (1 kind of error)"
    assert page.splitlines()[-1].endswith(verdict)
    content = json.loads(report.read_text())
    [error] = content["errors"]
    assert error["field"].startswith("annotations") and "negative" in error["what"]
    assert error["unfit_for"] == ["training", "evaluation"]
    assert content["summary"] is None


def test_what_is_no_annotation_file_is_told_on_the_page(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"images": [')
    code, page = check(path)
    assert code == 3
    assert page.startswith("errors:\n  file: not JSON") and "fix: the file is cut off" in page


def test_pictures_are_part_of_the_same_list(tmp_path: Path) -> None:
    for number in (1, 2):
        write_picture(tmp_path / f"{number}.jpg", (9, 9))
    path = without_lists(annotation_file(tmp_path))
    code, page = check(path, "--images", tmp_path)
    assert code == 3
    assert f"images.file_name: no such file under {short_path(tmp_path)}" in page
    assert "at image 3: 3.jpg" in page and "images.neg_category_ids" in page
    assert "pictures: RGB 2" in page
    assert "not looked at" not in page


def test_pictures_of_a_file_that_cannot_be_opened_are_checked_all_the_same(
    tmp_path: Path,
) -> None:
    for number in (1, 3):
        write_picture(tmp_path / f"{number}.jpg", (9, 9))
    code, page = check(annotation_file(tmp_path, area=-1), "--images", tmp_path)
    assert code == 3
    assert "negative" in page and "at image 2: 2.jpg" in page
    assert "nor evaluation (2 kinds of error)" in page.splitlines()[-1]


def test_an_image_without_a_name_is_told_once(tmp_path: Path) -> None:
    for number in (1, 2):
        write_picture(tmp_path / f"{number}.jpg", (9, 9))
    path = annotation_file(tmp_path)
    images = json.loads(path.read_text())["images"]
    del images[2]["file_name"]
    _, page = check(change(path, images=images), "--images", tmp_path)
    assert page.count("neither file_name nor coco_url") == page.count("at image 3\n") == 1


def test_each_role_has_its_own_verdict(tmp_path: Path) -> None:
    path = without_lists(annotation_file(tmp_path))
    code, page = check(path)
    assert code == 3 and "errors for evaluation alone:" in page
    verdict = page.splitlines()[-1]
    assert "fit for training (" in verdict
    assert "; not fit for evaluation: images.neg_category_ids" in verdict
    assert check(path, "--for", "training")[0] == 0
    code, page = check(path, "--for", "evaluation")
    assert code == 3 and page.startswith("errors:\n") and "fit for training" not in page


def test_exhaustive_labels_need_no_lists(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    path = without_lists(annotation_file(tmp_path))
    code, page = check(path, "--for", "evaluation", "--exhaustive", "--json", report)
    assert code == 0
    assert "judged: 100 % of all pairs" in page and "give --exhaustive" not in page
    assert json.loads(report.read_text())["judging"] == {
        "images": 3,
        "images_with_absent": 3,
        "pairs": 6,
        "judged_pairs": 6,
    }


def test_what_is_judged_is_said_with_the_remedy(tmp_path: Path) -> None:
    _, page = check(annotation_file(tmp_path))
    assert "judged: 83.3 % of all pairs" in page
    assert "3 of 3 images have verified-absent categories" in page
    assert "give --exhaustive" not in page
    path = annotation_file(tmp_path)
    images = json.loads(path.read_text())["images"]
    change(path, images=[{**image, "neg_category_ids": []} for image in images])
    _, page = check(path)
    assert "AP looks too good" in page and "as in COCO, give --exhaustive" in page


def test_examples_are_few_and_the_json_has_all(tmp_path: Path) -> None:
    path = annotation_file(tmp_path)
    annotations = json.loads(path.read_text())["annotations"]
    many = [{**annotations[0], "id": number, "category_id": 9} for number in range(1, 31)]
    report = tmp_path / "report.json"
    _, page = check(change(path, annotations=[*annotations, *many][2:]), "--json", report)
    assert "annotation 1: 9, annotation 2: 9" in page and "annotation 30: 9" not in page
    assert ", ... (30 in all)" in page
    [error] = json.loads(report.read_text())["errors"]
    assert error["count"] == 30
    assert error["offenders"] == [f"annotation {number}: 9" for number in range(1, 31)]


def test_the_worst_comes_first_and_errors_before_warnings(tmp_path: Path) -> None:
    path = annotation_file(tmp_path)
    images = json.loads(path.read_text())["images"]
    images[0]["neg_category_ids"] = [2]
    change(path, images=images)
    write_picture(tmp_path / "1.jpg", (9, 10))
    _, page = check(path, "--images", tmp_path)
    places = [page.index(text) for text in ("no such file", "of another size", "take it off")]
    assert places == sorted(places)
    assert places[1] < page.index("warnings:") < places[2]


def test_a_damaged_cache_is_mended(tmp_path: Path) -> None:
    path = annotation_file(tmp_path)
    check(path)
    [column] = (tmp_path / "cache").rglob("areas.npy")
    column.write_bytes(bytes(len(column.read_bytes())))
    assert check(path)[0] == 0
    assert any(column.read_bytes())


def test_a_test_file_is_fit_for_neither(tmp_path: Path) -> None:
    path = tmp_path / "test.json"
    images = [{"id": 1, "file_name": "1.jpg", "height": 9, "width": 9}]
    path.write_text(json.dumps({"images": images, "categories": [{"id": 1, "name": "one"}]}))
    code, page = check(path, "--for", "evaluation")
    assert code == 3
    assert "group" not in page
    assert "not fit for evaluation: annotations: empty" in page.splitlines()[-1]


@pytest.mark.skipif(not REAL_200.exists(), reason="needs ../shared/data/real200")
def test_the_real_set_is_sound_with_its_images(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    arguments = [str(REAL_200 / "train.json"), "--images", str(REAL_200 / "images")]
    assert check(*arguments, "--json", report)[0] == 0
    groups = json.loads(report.read_text())["summary"]["groups"]
    assert [groups[letter]["categories"] for letter in "rcf"] == [37, 25, 18]
    assert groups["all"]["instances"] == 740


def test_a_report_never_replaces_a_file_unasked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = annotation_file(tmp_path)
    before = path.read_bytes()
    assert exit_code(main, str(path), "--json", str(path)) == 2
    assert "is no file of this command's" in " ".join(capsys.readouterr().err.split())
    assert path.read_bytes() == before


def test_a_coco_file_is_told_the_command_that_makes_it_an_lvis_file(tmp_path: Path) -> None:
    path = annotation_file(tmp_path)
    change(path, categories=[{"id": 1, "name": "one"}])
    assert "python -m longtail.data.convert coco" in check(path)[1]


def test_control_characters_of_names_are_shown_as_escapes(tmp_path: Path) -> None:
    path = annotation_file(tmp_path)
    images = json.loads(path.read_text())["images"]
    images[0]["file_name"] = "a\x1b[2J\nb.jpg"
    page = check(change(path, images=images), "--images", tmp_path)[1]
    assert "a\\x1b[2J\\nb.jpg" in page
