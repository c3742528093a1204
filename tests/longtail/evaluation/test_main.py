"""The command: what it prints and how it ends."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from longtail.commands import run
from longtail.evaluation import lvis
from longtail.evaluation.__main__ import main
from longtail.evaluation.metrics.summary import Summary

Record = dict[str, Any]
MakeProblem = Callable[..., tuple[Record, list[Record]]]
Write = Callable[[Record, list[Record]], tuple[Path, Path]]


def exit_code(*arguments: object) -> int:
    with pytest.raises(SystemExit) as stopped:
        run(main, [str(argument) for argument in arguments])
    code = stopped.value.code
    assert isinstance(code, int)
    return code


def test_an_evaluation_writes_its_files_and_agrees_with_lvis_api(
    make_problem: MakeProblem, write: Write, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    paths = write(*make_problem(1))
    files = tmp_path / "ap.json", tmp_path / "ap.csv", tmp_path / "ap.html"
    options = ("--json", files[0], "--per-category", files[1], "--plot", files[2])
    assert exit_code(*paths, *options, "--official", "--work-dir", tmp_path) == 0
    tree = json.loads(files[0].read_text())
    assert tree["official"] == {"segm": tree["segm"], "box": tree["box"]}
    printed = capfd.readouterr().out
    assert f"{100 * tree['segm']['AP']:.2f}" in printed
    assert "agrees to the last digit" in printed
    assert "Average Precision" not in printed
    expected = {"annotations.json", "results.json", *(file.name for file in files)}
    assert {path.name for path in tmp_path.iterdir()} == expected


def test_a_plot_of_no_known_format_is_refused_before_anything_is_evaluated(
    make_problem: MakeProblem, write: Write, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    paths = write(*make_problem(1))
    assert exit_code(*paths, "--plot", tmp_path / "ap.gif") == 2
    said = " ".join(capfd.readouterr().err.replace("│", " ").split())
    assert "give a name that ends with .html, .svg, .pdf or .png" in said
    assert not (tmp_path / "ap.gif").exists()


def test_all_that_can_be_asked_for_is_written_and_shown(
    make_problem: MakeProblem, write: Write, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    paths = write(*make_problem(8))
    names = ("ap.json", "ap.tex", "ap.md", "ap.csv")
    files = [tmp_path / name for name in names]
    options = ("--json", files[0], "--latex", files[1], "--markdown", files[2], "--csv", files[3])
    also = [word for extra in ("pool", "headroom", "proposals") for word in ("--also", extra)]
    assert exit_code(*paths, *options, *also, "--bootstrap", 20, "--compare", paths[1]) == 0
    tree = json.loads(files[0].read_text())
    for key in ("segm_fixed", "box_fixed", "pool", "headroom", "proposals", "gap_by_group", "cap"):
        assert tree[key], key
    assert tree["intervals"]["segm"]["metrics"]["AP"]["low"] <= tree["segm"]["AP"]
    assert tree["comparison"]["box"]["metrics"]["AP"]["difference"] == 0
    rows = [line.split(",")[0] for line in files[3].read_text().splitlines()]
    assert rows == ["name", "mask", "box", "mask fixed", "box fixed", "headroom"]
    assert files[1].read_text().startswith("\\begin{tabular}")
    assert files[2].read_text().startswith("|  | AP |")
    printed = capfd.readouterr().out
    assert "95% intervals" in printed
    assert "PRED2 minus PREDICTIONS, in points (20 resamples" in printed


def test_too_few_resamples_end_with_code_2(make_problem: MakeProblem, write: Write) -> None:
    assert exit_code(*write(*make_problem(9)), "--bootstrap", 3) == 2


def test_a_missing_package_for_an_extra_ends_with_code_2(
    make_problem: MakeProblem,
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("longtail.evaluation.metrics.boundary.find_spec", lambda _: None)
    assert exit_code(*write(*make_problem(10)), "--also", "boundary") == 2
    assert "pip install" in capfd.readouterr().err


def test_a_store_gives_the_numbers_of_its_json(
    make_problem: MakeProblem, write: Write, tmp_path: Path
) -> None:
    from longtail.categories import CategoryTable
    from longtail.predictions.image_set import ImageSet
    from longtail.predictions.result_json.read import import_json
    from longtail.predictions.store import Source

    annotations, results = write(*make_problem(2))
    of_file = ImageSet.from_json(annotations), CategoryTable.from_json(annotations)
    import_json(results, *of_file, tmp_path / "store", Source("test"))
    for predictions, name in ((results, "a.json"), (tmp_path / "store", "b.json")):
        assert exit_code(annotations, predictions, "--json", tmp_path / name) == 0
    assert (tmp_path / "a.json").read_text() == (tmp_path / "b.json").read_text()


def test_a_disagreement_with_lvis_api_ends_with_code_1(
    make_problem: MakeProblem,
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(lvis, "lvis_api_metrics", lambda *_: {"box": {"AP": 0.5}})
    assert exit_code(*write(*make_problem(3)), "--official") == 1
    assert "lvis-api disagrees" in capfd.readouterr().out


def test_a_hostile_mask_is_refused_with_its_record_and_field(
    make_problem: MakeProblem, write: Write, capfd: pytest.CaptureFixture[str]
) -> None:
    annotations, results = make_problem(4)
    results[3]["segmentation"]["counts"] = "````"
    assert exit_code(*write(annotations, results)) == 3
    error = capfd.readouterr().err
    assert "record 3" in error
    assert "segmentation.counts" in error


def test_annotations_without_labels_end_with_code_3(
    make_problem: MakeProblem, write: Write, capfd: pytest.CaptureFixture[str]
) -> None:
    annotations, results = make_problem(5)
    assert exit_code(*write(annotations | {"annotations": []}, results)) == 3
    assert "evaluation needs annotations" in capfd.readouterr().err


def test_a_cap_over_300_ends_with_code_2(make_problem: MakeProblem, write: Write) -> None:
    assert exit_code(*write(*make_problem(6)), "--max-dets", 1000) == 2


def test_shards_of_the_command_make_the_evaluation_of_the_store(
    make_problem: MakeProblem,
    write: Write,
    opened: Callable[..., Any],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    paths = write(*make_problem(11, num_images=70))
    files = paths[0], opened(paths)[1].directory
    (tmp_path / "parts").mkdir()
    for shard in ("2/2", "1/2"):
        part = tmp_path / "parts" / f"{shard[0]}.npz"
        assert exit_code(*files, "--shard", shard, "--part", part) == 0
        assert capfd.readouterr().out == ""
    whole, joined = tmp_path / "whole.json", tmp_path / "joined.json"
    keep = tmp_path / "matches"
    assert exit_code(*files, "--json", whole) == 0
    options = ("--parts", tmp_path / "parts", "--json", joined, "--keep-matches", keep)
    assert exit_code(*files, *options) == 0
    assert joined.read_text() == whole.read_text()
    assert {path.name for path in keep.iterdir()} == {"matches_segm.npz", "matches_box.npz"}
    assert exit_code(*files, "--parts", tmp_path / "parts" / "1.npz") == 3
    assert "blocks 1 to 2 are in no part" in capfd.readouterr().err


def test_options_of_shards_that_do_not_go_together_end_with_code_2(
    make_problem: MakeProblem, write: Write, tmp_path: Path
) -> None:
    paths = write(*make_problem(12))
    part = tmp_path / "part.npz"
    assert exit_code(*paths, "--shard", "1/2") == 2
    assert exit_code(*paths, "--part", part) == 2
    assert exit_code(*paths, "--shard", "1/2", "--part", part, "--parts", tmp_path) == 2
    for shard in ("0/2", "3/2", "2", "a/b"):
        assert exit_code(*paths, "--shard", shard, "--part", part) == 2
    assert exit_code(*paths, "--workers", 0) == 2


def test_ap_that_is_not_the_mean_of_its_groups_ends_with_code_1(
    make_problem: MakeProblem,
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(Summary, "identity_error", lambda *_: 1e-3)
    assert exit_code(*write(*make_problem(13))) == 1
    assert "warning: AP is not the mean of APr, APc and APf" in capfd.readouterr().out


def test_a_missing_output_folder_is_found_before_the_work(
    make_problem: MakeProblem, write: Write, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    options = ("--json", tmp_path / "nowhere" / "ap.json")
    assert exit_code(*write(*make_problem(7)), *options) == 2
    assert "make the folder" in capfd.readouterr().err
