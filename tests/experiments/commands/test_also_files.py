"""The words of `--also`."""

from pathlib import Path

import pytest

from experiments.commands.also_files import check_used, parse_also, stages_with_files
from longtail.config.other_data.joined import JoinedFile
from longtail.config.stages import Stage
from longtail.config.variant import Variant

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
