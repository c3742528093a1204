"""The command: what it refuses to write over, and what it says."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.commands.in_process import exit_code

from longtail.data.convert.__main__ import main

Record = dict[str, Any]
Convert = Callable[..., Record]


@pytest.fixture
def source(coco: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The COCO file, in the working folder."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "coco.json"
    path.write_text(json.dumps(coco))
    return path


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["coco.json"], "is IN itself"),
        (["there.json"], "is there already; give --force to write over it"),
        (["folder"], "is a folder; name a file, or give --val-share"),
        (["new.json.gz"], "OUT is plain JSON"),
        (["there.json", "--val-share", "0.2"], "with --val-share OUT is a folder"),
        (["new.json", "--counts-of", "there.json", "--val-share", "0.2"], "does not go with"),
        (
            ["new.json", "--counts-of", "there.json", "--frequency-limits", "1,2"],
            "does not go with",
        ),
        (["new.json", "--frequency-limits", "9,3"], "two numbers with 1 <= R < C"),
        (["new.json", "--val-share", "1"], "0<x<1"),
    ],
)
def test_usage_errors_write_nothing(
    words: list[str], message: str, source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("there.json").write_text("mine")
    Path("folder").mkdir()
    assert exit_code(main, "coco", str(source), *words) == 2
    assert message in " ".join(capsys.readouterr().err.split())
    assert Path("there.json").read_text() == "mine"
    assert not Path("new.json").exists()


def test_force_writes_over(source: Path) -> None:
    Path("out.json").write_text('{"info": {"description": "LVIS v1"}, "images": []}')
    assert exit_code(main, "coco", str(source), "out.json", "--force") == 2
    assert "LVIS v1" in Path("out.json").read_text()
    Path("out.json").unlink()
    assert exit_code(main, "coco", str(source), "out.json") == 0
    assert exit_code(main, "coco", str(source), "out.json", "--force") == 0
    assert json.loads(Path("out.json").read_text())["categories"][0]["name"] == "cat"


def test_dry_run_says_what_it_would_and_writes_nothing(
    source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(main, "coco", str(source), "new/out.json", "--dry-run") == 0
    assert "would write new/out.json" in capsys.readouterr().out
    assert not Path("new").exists()


def test_next_commands_name_the_files(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("my photos").mkdir()
    assert exit_code(main, "coco", str(source), "data", "--val-share", "0.4") == 0
    printed = capsys.readouterr().out
    assert "data/train.json: fit for training and evaluation" in printed
    assert "longtail.data.check" not in printed
    assert "experiments/grid.py --train data/train.json --val data/val.json" in printed
    assert exit_code(main, "coco", str(source), "v.json", "--counts-of", "data/train.json") == 0
    assert "experiments/grid.py --train data/train.json --val v.json" in capsys.readouterr().out


def test_what_was_written_is_checked(
    coco: Record, source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del coco["annotations"][0]["segmentation"]
    source.write_text(json.dumps(coco))
    assert exit_code(main, "coco", str(source), "mixed.json") == 0
    printed = capsys.readouterr().out
    assert "python -m longtail.data.check mixed.json --images DIR" in printed
    assert "mixed.json: fit for training (pictures were not looked at); not fit for" in printed


def test_page_fits_80_columns(
    coco: Record, source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    coco["annotations"][0] |= {"segmentation": [], "area": None, "id": 0}
    coco["annotations"][3]["iscrowd"] = 1
    source.write_text(json.dumps(coco))
    assert exit_code(main, "coco", str(source), "data", "--val-share", "0.4") == 0
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= 80
    for words in ("1 x crowd (iscrowd 1)", "1 x no area: computed from the box", "warning: in "):
        assert words in printed


def test_limits_that_would_suit_are_named_and_taken(
    coco: Record, source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    coco["categories"].append({"id": 5, "name": "owl"})
    coco["annotations"].append(coco["annotations"][0] | {"id": 10, "image_id": 9})
    for image in (3, 8):
        coco["annotations"].append({**coco["annotations"][3], "id": 10 + image, "image_id": image})
    coco["annotations"][3]["category_id"] = 5
    source.write_text(json.dumps(coco))
    assert exit_code(main, "coco", str(source), "out.json") == 0
    hint = " ".join(capsys.readouterr().out.split())
    assert "the categories are all rare. --frequency-limits 1,2 (or thirds)" in hint
    words = ["coco", str(source), "out.json", "--force", "--frequency-limits", "thirds"]
    assert exit_code(main, *words) == 0
    assert "hint:" not in capsys.readouterr().out
    categories = json.loads(Path("out.json").read_text())["categories"]
    assert [category["frequency"] for category in categories] == ["f", "c", "r"]


def test_thirds_of_equal_numbers_are_refused(
    source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["coco", str(source), "out.json", "--frequency-limits", "thirds"]
    assert exit_code(main, *words) == 3
    assert "give the limits as numbers" in capsys.readouterr().err


def test_misspelt_list_is_named(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tree = json.loads(source.read_text())
    tree["annotation"] = tree.pop("annotations")
    source.write_text(json.dumps(tree))
    assert exit_code(main, "coco", str(source), "out.json") == 3
    assert "`annotations`" in capsys.readouterr().err


def test_a_file_that_is_fit_for_nothing_ends_with_exit_code_3(
    coco: Record, source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # With box and area at hand, the conversion itself never draws the polygon.
    coco["annotations"][0]["segmentation"][0][0] = 1e9
    source.write_text(json.dumps(coco))
    assert exit_code(main, "coco", str(source), "out.json") == 3
    printed = capsys.readouterr().out
    assert "out.json: fit for neither training" in printed
    assert "python -m longtail.data.check out.json" in printed
