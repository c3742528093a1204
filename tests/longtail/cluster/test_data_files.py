"""Data files by path, and by the names that detectron2 knows."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.pictures.files import write_picture
from support.places import ROOT

from longtail.cluster.data_files import find_data_files
from longtail.problems import BadInputError

FIND = """
from pathlib import Path
from longtail.cluster.data_files import find_data_files
train, val, *images = map(Path, sys.argv[1:])
try:
    found = find_data_files(train, val, *images or [None])
    print(found.train, found.val, found.images)
except (ValueError, OSError) as error:
    print(type(error).__name__, error)
"""
ABSENT = """
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name == "detectron2":
            raise ModuleNotFoundError("No module named 'detectron2'", name="detectron2")
sys.meta_path.insert(0, Absent())
"""
SPLITS = {
    "lvis_v1_train": ("lvis_v1_train.json", "train2017"),
    "lvis_v1_val": ("lvis_v1_val.json", "val2017"),
}


@pytest.fixture
def lvis(tmp_path: Path) -> Path:
    """A folder as DETECTRON2_DATASETS names it: LVIS v1, whose pictures have a coco_url alone."""
    root = tmp_path / "datasets"
    (root / "lvis").mkdir(parents=True)
    category = {"id": 1, "name": "cup", "frequency": "f", "image_count": 1, "instance_count": 1}
    annotation = {"id": 1, "image_id": 9, "category_id": 1, "bbox": [1, 1, 4, 4], "area": 16}
    federated: dict[str, list[int]] = {"neg_category_ids": [], "not_exhaustive_category_ids": []}
    for file, folder in SPLITS.values():
        (root / "coco" / folder).mkdir(parents=True)
        write_picture(root / "coco" / folder / "000000000009.jpg", (8, 8))
        url = f"http://images.invalid/{folder}/000000000009.jpg"
        image = {"id": 9, "height": 8, "width": 8, "coco_url": url, **federated}
        tree = {"images": [image], "annotations": [annotation], "categories": [category]}
        (root / "lvis" / file).write_text(json.dumps(tree))
    return root


def find(root: Path, *words: object, before: str = "") -> str:
    """What a new process finds or says, with `root` as the folder of detectron2's data sets."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{before}\n{FIND}", *map(str, words)],
        env={**os.environ, "DETECTRON2_DATASETS": str(root)},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_paths_are_taken_as_they_are(lvis: Path) -> None:
    paths = [lvis / "lvis" / file for file, _ in SPLITS.values()]
    found = find_data_files(*paths, lvis / "coco")
    assert [found.train, found.val, found.images] == [*paths, lvis / "coco"]
    assert len({found.train_digest, found.val_digest}) == 2


def test_paths_need_the_image_folder(lvis: Path) -> None:
    paths = [lvis / "lvis" / file for file, _ in SPLITS.values()]
    with pytest.raises(ValueError, match="--train, --val and --images belong together"):
        find_data_files(*paths, None)


def test_a_validation_file_that_evaluation_would_refuse_is_refused_first(lvis: Path) -> None:
    train, val = (lvis / "lvis" / file for file, _ in SPLITS.values())
    tree = json.loads(val.read_text())
    del tree["images"][0]["neg_category_ids"]
    val.write_text(json.dumps(tree))
    with pytest.raises(BadInputError, match=r"(?s)lvis_v1_val\.json.*neg_category_ids.*--exhaust"):
        find_data_files(train, val, lvis / "coco")


def test_a_training_file_without_its_list_is_refused_with_the_misspelt_key(lvis: Path) -> None:
    train, val = (lvis / "lvis" / file for file, _ in SPLITS.values())
    tree = json.loads(train.read_text())
    tree["annotation"] = tree.pop("annotations")
    train.write_text(json.dumps(tree))
    with pytest.raises(BadInputError, match="the file has 'annotation', which nothing reads"):
        find_data_files(train, val, lvis / "coco")


def test_a_name_needs_detectron2(lvis: Path) -> None:
    message = find(lvis, "lvis_v1_train", "lvis_v1_val", before=ABSENT)
    assert message.startswith(
        "ValueError --train lvis_v1_train: no such file, and data sets by name need detectron2:"
        " detectron2 is not installed"
    )
    assert message.endswith("or give the path of the annotation file")


def test_a_misspelt_path_is_no_name(lvis: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"lvis_v1_trian\.json") as error:
        find_data_files(Path("lvis_v1_trian.json"), Path("lvis_v1_val.json"), lvis)
    assert "detectron2" not in str(error.value)


class TestNames:
    """With detectron2."""

    @pytest.fixture(autouse=True)
    def _needs_detectron2(self) -> None:
        pytest.importorskip("detectron2", reason="detectron2 is not installed")

    def test_both_splits_are_found_with_their_pictures(self, lvis: Path) -> None:
        found = find(lvis, "lvis_v1_train", "lvis_v1_val").split()
        files = [str(lvis / "lvis" / file) for file, _ in SPLITS.values()]
        assert found == [*files, str(lvis / "coco")]

    def test_one_may_be_a_path_and_the_folder_may_be_given(self, lvis: Path) -> None:
        val = lvis / "lvis" / "lvis_v1_val.json"
        assert find(lvis, "lvis_v1_train", val).split()[1:] == [str(val), str(lvis / "coco")]
        elsewhere = lvis.parent / "pictures"
        (lvis / "coco").rename(elsewhere)
        (lvis / "coco").mkdir()
        assert find(lvis, "lvis_v1_train", val, elsewhere).split()[2] == str(elsewhere)

    def test_an_unknown_name_shows_near_ones(self, lvis: Path) -> None:
        message = find(lvis, "lvis_v1_trian", "lvis_v1_val")
        assert message.startswith("ValueError 'lvis_v1_trian': no such file, and no data set")
        assert "near: lvis_v1_train" in message

    def test_an_absent_file_is_named_with_the_variable(self, lvis: Path) -> None:
        (lvis / "lvis" / "lvis_v1_val.json").unlink()
        message = find(lvis, "lvis_v1_train", "lvis_v1_val")
        missing = lvis / "lvis" / "lvis_v1_val.json"
        assert message.startswith(f"BadInputError lvis_v1_val: no {missing}")
        assert "set DETECTRON2_DATASETS" in message

    def test_a_data_set_without_annotation_file_is_refused(self, lvis: Path) -> None:
        message = find(lvis, "voc_2007_train", "lvis_v1_val")
        assert "voc_2007_train: detectron2 knows no annotation file of it" in message

    def test_pictures_of_two_folders_need_one_above_both(self, lvis: Path) -> None:
        coco = lvis / "coco" / "annotations"
        coco.mkdir()
        (coco / "instances_val2017.json").write_text("{}")
        message = find(lvis, "lvis_v1_train", "coco_2017_val")
        assert "--train and --val have their pictures in" in message
        assert "give one folder that holds both with --images" in message
