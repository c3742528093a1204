"""Where a merge is recorded: the experiment of the grid whose rows are its sources."""

import json
from pathlib import Path

import pytest

from ensemble.outputs.recording_place import RecordingPlace, recording_place
from ensemble.sources.spec import SourceSpec


def row(runs: Path, grid: str, experiment: str | None) -> SourceSpec:
    folder = runs / "grids" / grid
    folder.mkdir(parents=True, exist_ok=True)
    told = {} if experiment is None else {"experiment": experiment}
    (folder / "table.json").write_text(json.dumps(told))
    return SourceSpec(grid, folder / "r50" / "predictions")


def ignore(_: str) -> None:
    pass


def test_rows_of_grids_of_one_experiment_say_where(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    specs = [row(runs, "one", "lvis"), row(runs, "two", "lvis")]
    specs.append(SourceSpec("file", tmp_path / "a.json"))
    assert recording_place(specs, None, ignore) == RecordingPlace("lvis", runs)
    assert recording_place(specs, "other", ignore) == RecordingPlace("other", runs)


@pytest.mark.parametrize("experiment", [None, "asked"])
def test_files_and_tables_without_an_experiment_say_nothing(
    experiment: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LONGTAIL_RUNS", "mine")
    specs = [row(tmp_path, "old", None), SourceSpec("file", tmp_path / "grids" / "a.json")]
    found = recording_place(specs, experiment, ignore)
    assert found == (None if experiment is None else RecordingPlace(experiment, Path("mine")))


def test_several_experiments_leave_the_choice_to_the_user(tmp_path: Path) -> None:
    specs = [row(tmp_path, "one", "a"), row(tmp_path, "two", "b")]
    said: list[str] = []
    assert recording_place(specs, None, said.append) is None
    (warning,) = said
    assert "a of " in warning and "b of " in warning and "--experiment" in warning
    assert recording_place(specs, "b", ignore) == RecordingPlace("b", tmp_path)
