import json
from pathlib import Path

import pytest
from PIL import Image as PilImage
from support.pictures.data_sets import write_set

from longtail.data.lvis.annotations import open_annotations
from longtail.data.pairing import check_pair
from longtail.problems import BadInputError


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGTAIL_CACHE", str(tmp_path / "cache"))


def check(train: Path, val: Path, images: Path) -> None:
    check_pair(open_annotations(train), open_annotations(val), images)


def test_files_that_go_together_pass(tmp_path: Path) -> None:
    train, val = write_set(tmp_path / "t", "a.jpg"), write_set(tmp_path / "v", "a.jpg", info=1)
    check(train, val, tmp_path / "t" / "images")


def test_faults_of_the_pictures_of_both_files_are_listed_together(tmp_path: Path) -> None:
    train, val = write_set(tmp_path / "t", "a.jpg"), write_set(tmp_path / "v", "a.jpg", "b.jpg")
    (tmp_path / "v" / "images" / "a.jpg").write_bytes(b"")
    with pytest.raises(BadInputError) as refused:
        check(train, val, tmp_path / "v" / "images")
    assert [line for line in str(refused.value).splitlines() if ": 1 kind of problem" in line] == [
        f"{train}: 1 kind of problem",
        f"{val}: 1 kind of problem",
    ]
    assert str(refused.value).count("an empty file") == 2


def test_the_validation_file_must_be_one_that_can_be_evaluated(tmp_path: Path) -> None:
    train = write_set(tmp_path, "a.jpg")
    val = write_set(tmp_path / "v", "a.jpg", neg_category_ids=None)
    check(val, train, tmp_path / "images")
    with pytest.raises(BadInputError, match="neg_category_ids") as refused:
        check(train, val, tmp_path / "images")
    assert f"{val}: 1 kind of problem" in str(refused.value)


def test_the_training_file_must_have_something_to_learn(tmp_path: Path) -> None:
    val = write_set(tmp_path, "a.jpg")
    tree = json.loads(val.read_text())
    train = tmp_path / "empty.json"
    train.write_text(json.dumps({**tree, "annotations": []}))
    with pytest.raises(BadInputError, match="no instance that a detector could learn"):
        check(train, val, tmp_path / "images")


def test_what_the_loader_changes_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    train = write_set(tmp_path, "a.png")
    PilImage.new("RGBA", (60, 40)).save(tmp_path / "images" / "a.png")
    check(train, train, tmp_path / "images")
    assert caplog.text.count("an alpha channel") == 1


def test_other_categories_are_refused(tmp_path: Path) -> None:
    train, val = write_set(tmp_path / "t", "a.jpg"), write_set(tmp_path / "v", "a.jpg")
    tree = json.loads(val.read_text())
    tree["categories"].append({**tree["categories"][0], "id": 2, "name": "two"})
    val.write_text(json.dumps(tree))
    with pytest.raises(BadInputError, match="its 2 category ids are not those of"):
        check(train, val, tmp_path / "t" / "images")
