"""The words of `--also`."""

from pathlib import Path

import pytest
from support.commands.in_process import exit_code

from experiments.commands.also_files import check_used, parse_also, stages_with_files
from experiments.grid import main as grid
from longtail.config.other_data.joined import JoinedFile
from longtail.config.stages import Stage
from longtail.config.variant import Variant
from longtail.data.synthetic.dataset import Parameters, write_dataset
from longtail.data.synthetic.others import write_others

FILES = {"oi": "boxes_only.json", "all": "all_boxes.json"}
JOINED = Stage(joined=(JoinedFile(file="oi"),))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "oi.json"
    path.write_text("{}")
    return path


def test_a_word_says_file_folder_and_how_it_is_read(file: Path, tmp_path: Path) -> None:
    words = (f"oi={file},images={tmp_path},by=name,exhaustive", f"x={file}")
    first, second = parse_also(words, None)
    assert (first.name, first.path, first.images) == ("oi", file, tmp_path)
    assert first.by_name and first.exhaustive
    assert second.images == tmp_path and not (second.by_name or second.exhaustive)
    folder = tmp_path / "pictures"
    folder.mkdir()
    assert parse_also((f"x={file}",), folder)[0].images == folder


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("{file}", "give NAME=FILE"),
        ("a b={file}", "give NAME=FILE"),
        ("oi=", "give NAME=FILE"),
        ("oi={file},by=id", "'by=id' is none of images=FOLDER, by=name and exhaustive"),
        ("oi={file},images=", "'images=' is none of"),
        ("oi={file}.gz", r"oi\.json\.gz is not there"),
        ("oi={file},images={file}", r"oi\.json is not there"),
    ],
)
def test_another_word_is_refused_with_its_form(file: Path, word: str, said: str) -> None:
    with pytest.raises(ValueError, match=f"--also .*{said}"):
        parse_also((word.format(file=file),), None)


def test_two_files_of_one_name_are_refused(file: Path) -> None:
    with pytest.raises(ValueError, match="--also oi: two files of one name"):
        parse_also((f"oi={file}", f"oi={file}"), None)


def test_a_file_from_which_nothing_learns_is_refused() -> None:
    check_used([Variant(), Variant(stages=(JOINED,), external_data=True)], ("oi=a.json",))
    with pytest.raises(ValueError, match="--also oi: nothing learns from it; leave it out, or"):
        check_used([Variant()], ("oi=a.json",))


def test_stages_that_name_the_same_files_are_looked_at_once() -> None:
    first = Variant(stages=(Stage(), JOINED), external_data=True)
    other = first.replace(seed=1)
    assert list(stages_with_files({"a": first, "b": other, "c": Variant()})) == ["a: stages.1"]


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small set with files beside it."""
    folder, parameters = tmp_path_factory.mktemp("others"), Parameters(6, 3, 2, 4, 64, 0)
    write_dataset(folder, parameters)
    write_others(folder, parameters)
    return folder


def dry_run(folder: Path, runs: Path, *words: str) -> int:
    files = ("--train", "train.json", "--val", "val.json", "--images", "images")
    paths = [word if word.startswith("--") else str(folder / word) for word in files]
    row = ("--variants", "eql_r50", "--scale", "demo", "--resamples", "0")
    return exit_code(grid, *row, *paths, *words, "--runs", str(runs), "--dry-run")


def test_a_dry_run_says_what_of_other_files_is_learned_from(
    others: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    changes = ('joined=[{"file": "oi"}]', 'ignore=[{"file": "all"}]', "external_data=true")
    words = [f"--set=stages.0.{change}" for change in changes[:2]] + [f"--set={changes[2]}"]
    also = [f"--also={name}={others / file}" for name, file in FILES.items()]
    assert dry_run(others, tmp_path, *also, *words) == 0
    assert "3 nodes" in capsys.readouterr().out
    assert "oi: 2 of 2 images" in caplog.text and "left out are" in caplog.text
    assert "ignore boxes in 6 of 6 training images" in caplog.text


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "stages.0.joined: the file oi is not given; add --also oi=FILE,images=FOLDER"),
        (("--also", "oi={folder}/none.json"), 3, "--also oi:"),
        (("--also", "oi={folder}/unlabelled.json"), 2, "has an instance of a category"),
        (("--also", "oi={folder}/boxes_only.json,images={folder}"), 3, "see images="),
        (("--also", "oi={folder}/synthetic.json"), 3, "images"),
    ],
)
def test_a_faulty_file_ends_the_command_before_anything_is_made(
    words: tuple[str, ...],
    code: int,
    said: str,
    others: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    sets = ("--set", 'stages.0.joined=[{"file": "oi"}]', "--set", "external_data=true")
    given = [word.format(folder=others) for word in words]
    assert dry_run(others, tmp_path, *sets, *given) == code
    assert said in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "nodes").exists()


def test_a_word_without_a_file_is_told_its_form_and_a_missing_file_is_bad_input(
    toy_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [f"--{name}={toy_set / name}.json" for name in ("train", "val")]
    asked = ("--variants=sigmoid_r50", *files, f"--images={toy_set / 'images'}", "--dry-run")
    assert exit_code(grid, *asked, f"--runs={tmp_path}", "--also=web") == 2
    assert "--also web: give NAME=FILE" in capsys.readouterr().err
    named = ("--set", 'stages.0.joined=[{"file": "web"}]', "--set", "external_data=true")
    assert exit_code(grid, *asked, f"--runs={tmp_path}", "--also=web=no.json", *named) == 3
    assert "no.json is not there; give the path of a file in LVIS format" in capsys.readouterr().err
