"""Notes of what a store has; a file stands for it: its size and time are all that is asked."""

from pathlib import Path

import pytest

from longtail.tracking.noted import PUBLISHED, StoreNote, notes_kept


@pytest.fixture
def uri(tmp_path: Path) -> str:
    (tmp_path / "mlflow.db").write_bytes(b"store")
    return f"sqlite:///{tmp_path}/mlflow.db"


def note_of(runs: Path, uri: str, name: str) -> StoreNote:
    return StoreNote(runs / PUBLISHED / name, uri, {"name": name})


def grow(runs: Path) -> None:
    with (runs / "mlflow.db").open("ab") as store:
        store.write(b" and more")


def test_notes_that_hold_are_kept_over_what_is_added(tmp_path: Path, uri: str) -> None:
    old, new = note_of(tmp_path, uri, "old.json"), note_of(tmp_path, uri, "new.json")
    views = note_of(tmp_path, uri, "views/x.json")
    old.write("old")
    grow(tmp_path)
    new.write({"has": 2})
    views.write("apart")
    with notes_kept(tmp_path, uri):
        grow(tmp_path)
    assert new.read() == {"has": 2}
    # One that had lapsed stays so, and so does one of something else.
    assert old.read() is None and views.read() is None
    grow(tmp_path)
    assert new.read() is None


def test_a_note_of_something_else_says_nothing(tmp_path: Path, uri: str) -> None:
    note_of(tmp_path, uri, "a.json").write(1)
    assert StoreNote(tmp_path / PUBLISHED / "a.json", uri, {"name": "b"}).read() is None


def test_damaged_notes_and_other_stores_are_passed_over(tmp_path: Path, uri: str) -> None:
    note, other = note_of(tmp_path, uri, "a.json"), note_of(tmp_path, uri, "damaged.json")
    note.write(1)
    other.write(2)
    other.file.write_bytes(other.file.read_bytes().replace(b"2", b"3"))
    with notes_kept(tmp_path, "http://127.0.0.1:5000"):
        grow(tmp_path)
    assert note.read() is None and other.read() is None
    with notes_kept(tmp_path, f"sqlite:///{tmp_path}/none.db"):
        pass
    assert not (tmp_path / "none.db").exists()


def test_a_store_that_is_lost_meanwhile_leaves_no_note_that_holds(tmp_path: Path, uri: str) -> None:
    note = note_of(tmp_path, uri, "a.json")
    note.write(1)
    with notes_kept(tmp_path, uri):
        (tmp_path / "mlflow.db").unlink()
    assert note.read() is None
