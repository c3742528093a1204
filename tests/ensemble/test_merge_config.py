"""merge.yaml: what a merge writes, another one repeats."""

from pathlib import Path

import pytest
from support.merge_folder import QUICK, Folder, source

from ensemble.merge import main
from longtail.commands import run


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def merge_with_config(folder: Folder, out: str, *words: str, config: str = "merge.yaml") -> int:
    arguments = [f"--config={folder.path}/{config}", f"--out={folder.path}/{out}", *words]
    with pytest.raises(SystemExit) as ended:
        run(main, arguments)
    assert isinstance(ended.value.code, int)
    return ended.value.code


OPTIONS = (
    *QUICK,
    "--method=nms+soft-nms",
    "--sigma=0.3",
    "--rare-margin=0.2",
    "--max-dets=7",
    "--margin-mode=score",
    "--zip",
    "--drop-invalid",
)


def test_a_merge_can_be_repeated_from_its_file(folder: Folder) -> None:
    words = ("a=a.json,weight=2,groups=r,c", "b=b.json")
    assert folder.merge(*words, options=OPTIONS, out="one") == 0
    assert merge_with_config(folder, "two", config="one/merge.yaml") == 0
    assert folder.bytes_of("submission.zip", "one") == folder.bytes_of("submission.zip", "two")
    assert folder.bytes_of("merge.yaml", "one") == folder.bytes_of("merge.yaml", "two")
    assert folder.read("merge.json", "one") == folder.read("merge.json", "two")
    assert merge_with_config(folder, "one", config="one/merge.yaml") == 0


def test_file_says_what_was_chosen_by_default(folder: Folder) -> None:
    assert folder.merge("a=a.json", "b=b.json", options=QUICK) == 0
    text = (folder.path / "out/merge.yaml").read_text()
    for line in ("method: wbf", "iou_thr: 0.55", "mask: vote", "max_dets: 300", "strict: true"):
        assert f"\n{line}\n" in text
    assert f"- a={folder.path}/a.json\n" in text and f"ann: {folder.ann}\n" in text


def test_options_come_before_the_file(folder: Folder) -> None:
    assert folder.merge("a=a.json", "b=b.json", options=OPTIONS) == 0
    words = ("--method=nms", "--no-evaluate", "--max-dets=300")
    assert merge_with_config(folder, "two", *words, config="out/merge.yaml") == 0
    settings = folder.read("merge.json", "two")["settings"]
    assert (settings["fusion"]["method"], settings["max_dets"]) == ("nms", 300)
    assert (settings["margins"]["rare"], settings["strict"]) == (0.2, False)


def test_a_source_of_the_file_gets_another_path(folder: Folder) -> None:
    assert folder.merge("a=a.json,weight=2", "b=b.json", options=QUICK) == 0
    folder.write("test.json", source(7))
    word = f"--pred=a={folder.path}/test.json"
    assert merge_with_config(folder, "two", word, config="out/merge.yaml") == 0
    assert folder.merge("a=test.json,weight=2", "b=b.json", options=QUICK, out="three") == 0
    assert folder.bytes_of("submission.json", "two") == folder.bytes_of("submission.json", "three")


def test_numbers_may_be_written_in_any_way(folder: Folder) -> None:
    (folder.path / "merge.yaml").write_text(
        f"pred: a={folder.path}/a.json\nann: {folder.ann}\nmin_score: 1e-5\nmethod: soft-nms\n"
        "evaluate: no\nnum_workers: 1\n"
    )
    assert merge_with_config(folder, "out") == 0
    assert folder.read("merge.json")["settings"]["fusion"]["min_score"] == 1e-5


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("iou_threshold: 1", 3, "unknown option iou_threshold; there are address, ann"),
        ("out: x", 3, "unknown option out"),
        ("method: mean", 2, "--method"),
        ("iou_thr: much", 2, "--iou-thr"),
        ("iou_thr: 2", 2, "--iou-thr 2"),
        ("pred: []", 2, "at least one"),
        ("pred: [a]", 2, "expected NAME=PATH"),
        ("- x", 3, "not the settings of a merge"),
    ],
)
def test_a_wrong_file_is_told(
    folder: Folder, text: str, code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder.path / "merge.yaml").write_text(text + f"\nann: {folder.ann}\n" * (text != "- x"))
    word = [] if text.startswith("pred") else [f"--pred=a={folder.path}/a.json"]
    assert merge_with_config(folder, "out", *word) == code
    assert message in capsys.readouterr().err


def test_missing_file_ends_with_3(folder: Folder) -> None:
    assert merge_with_config(folder, "out", config="none.yaml") == 3
