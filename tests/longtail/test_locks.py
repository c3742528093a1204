"""A lock is of one process at a time, and of none that is gone."""

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from longtail import locks
from longtail.locks import held


def test_a_held_lock_is_refused(tmp_path: Path) -> None:
    lock = tmp_path / "node.lock"
    with held(lock, 0), pytest.raises(TimeoutError, match="another process holds it"):
        with held(lock, 0):
            pass
    with held(lock, 0):
        pass


def test_a_lock_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = tmp_path / "node.lock"
    with ExitStack() as holder:
        holder.enter_context(held(lock, 0))
        monkeypatch.setattr(locks.time, "sleep", lambda _: holder.close())
        with held(lock, 60):
            pass


def test_a_lock_ends_with_the_process_that_held_it(tmp_path: Path) -> None:
    lock = tmp_path / "node.lock"
    code = (
        "import sys; from pathlib import Path; from longtail.locks import held\n"
        "with held(Path(sys.argv[1]), 0): print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == b"held\n"
        with pytest.raises(TimeoutError), held(lock, 0):
            pass
        holder.kill()
        holder.wait()
        with held(lock, 0):
            pass
