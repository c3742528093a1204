"""Every command that the pages tell a reader to type runs, at toy size, as it is written there."""

import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest
from support.documented.folder import write_folder
from support.documented.pages import (
    Written,
    blocks_of,
    commands,
    commands_of,
    mentions,
    python_blocks,
)
from support.documented.running import changed, entry_of, try_command, try_python, unknown_options
from support.documented.table import ABSENT, CHANGES, FIRST, WAYS, Way


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("documented") / "files"
    write_folder(folder)
    return folder


@pytest.fixture
def folder(request: pytest.FixtureRequest, files: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The page's own copy: its later commands read what earlier ones wrote."""
    page: str = request.getfixturevalue("written").page
    copy = files.parent / page.replace("/", "_")
    if not copy.exists():
        absent = shutil.ignore_patterns(*ABSENT.get(page, ()))
        shutil.copytree(files, copy, symlinks=True, ignore=absent)
    monkeypatch.chdir(copy)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    for name in ("LONGTAIL_RUNS", "MLFLOW_TRACKING_URI", "RAY_ADDRESS"):
        monkeypatch.delenv(name, raising=False)
    return copy


# In the order of the pages: a command may read what earlier ones of its page wrote.
@pytest.mark.slow
@pytest.mark.parametrize("written", commands(), ids=str)
def test_a_documented_command_runs(
    written: Written,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = try_command(written)
    errors = capsys.readouterr().err
    if "engine=detectron2" in written.text and find_spec("detectron2") is None:
        assert code == 2
        assert "detectron2 is not installed" in errors
        pytest.skip("detectron2 is not installed; the command says so")
    assert code == 0, f"{written}: {changed(written)}\n{errors}"


@pytest.mark.slow
@pytest.mark.parametrize("written", python_blocks(), ids=str)
def test_documented_python_runs(written: Written, folder: Path) -> None:
    try_python(written)


@pytest.mark.parametrize("command", commands(), ids=str)
def test_a_documented_command_has_a_line_in_the_table(command: Written) -> None:
    entry = entry_of(command)
    assert entry.why or entry.way in (Way.RUN, Way.SHELL)


@pytest.mark.parametrize("written", mentions(), ids=str)
def test_a_sentence_names_options_that_a_command_has(written: Written) -> None:
    assert unknown_options(written.text) == []


def test_every_line_of_the_table_is_of_a_command() -> None:
    used = {entry_of(command) for command in commands()}
    assert [entry for entry in WAYS if entry not in used] == []
    idle = [
        change
        for change in CHANGES
        if not any(change.page == c.page and change.old in c.text for c in commands())
    ]
    assert idle == []
    assert set(FIRST) <= {block.page for block in python_blocks()}


PAGE = """
```
pytest -k "a # b" tests \\
    --quiet    # a remark
# a line of its own
make demo && make ui
```

    python -m ensemble.merge --help

```
image  score
make   0.5
```
"""


def test_commands_are_told_from_output_continuation_and_remarks() -> None:
    found = [c for block in blocks_of("page.md", PAGE) for c in commands_of(block)]
    assert [(command.line, command.text) for command in found] == [
        (3, 'pytest -k "a # b" tests --quiet'),
        (6, "make demo"),
        (6, "make ui"),
        (9, "python -m ensemble.merge --help"),
    ]


def test_a_command_without_a_line_in_the_table_is_named() -> None:
    with pytest.raises(AssertionError, match=r"page\.md:7: no line of WAYS in .*: add one"):
        entry_of(Written("page.md", 7, "docker run longtail"))


def test_an_option_that_no_command_has_is_found() -> None:
    assert unknown_options("python -m ensemble.merge --ann A --anne B") == ["--anne"]
