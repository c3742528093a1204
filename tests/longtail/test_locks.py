"""A lock is of one process at a time, and of none that is gone."""

import errno
import fcntl
import math
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
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


@pytest.mark.parametrize("patience", [60.0, math.inf])
def test_a_lock_is_waited_for(tmp_path: Path, patience: float) -> None:
    lock = tmp_path / "node.lock"
    order: list[str] = []

    def wait() -> None:
        with held(lock, patience):
            order.append("had by who waited")

    with ThreadPoolExecutor(1) as pool:
        with held(lock, 0):
            waiting = pool.submit(wait)
            with pytest.raises(TimeoutError):
                waiting.result(2 * locks.POLL_SECONDS)
            order.append("given up")
        waiting.result()
    assert order == ["given up", "had by who waited"]


def test_a_lock_is_given_up_when_the_work_fails(tmp_path: Path) -> None:
    lock = tmp_path / "node.lock"
    with pytest.raises(RuntimeError), held(lock, 0):
        raise RuntimeError
    with held(lock, 0):
        pass


def test_the_file_is_made_with_its_folder_and_stays(tmp_path: Path) -> None:
    lock = tmp_path / "deep" / "node.lock"
    with held(lock, 0):
        assert lock.is_file()
    assert lock.is_file()


def test_a_file_system_that_cannot_lock_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_fd: int, _operation: int) -> None:
        raise OSError(errno.ENOSYS, "no flock here")

    monkeypatch.setattr(fcntl, "flock", missing)
    with pytest.raises(OSError, match="no flock here"), held(tmp_path / "node.lock", 0):
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
