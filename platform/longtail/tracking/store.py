"""The SQLite file that MLflow keeps its records in: there whole or not at all.

MLflow makes its tables in some sixty steps in the file itself. Two processes that do so at once, or
one that is killed or kept out meanwhile, leave a file that no MLflow opens again. So it is made
under a name of its own by the one process that holds a lock, and then renamed.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from longtail.commands import InfrastructureError
from longtail.files import replacing
from longtail.locks import held
from longtail.tracking.address import sqlite_file

PATIENCE_SECONDS = 300.0
"""For another process that makes the store, or a run in it: seconds in all but the worst case."""
LOCKED_SECONDS = 180.0
"""At its end a command waits so long for a store that another process keeps locked."""
STILL_SECONDS = 10.0
"""An unfinished store that did not change for so long was left by a process that is gone."""


@contextmanager
def alone_with(uri: str) -> Iterator[None]:
    """Stand around what one process at a time may do in a store; a server sees to that itself."""
    file = sqlite_file(uri)
    if file is None:
        yield
        return
    with held(file.with_name(f"{file.name}.lock"), PATIENCE_SECONDS):
        yield


def make_store(uri: str) -> None:
    """Make the file of an SQLite store if it is not there; others make theirs when they start."""
    file = sqlite_file(uri)
    if file is None or file.exists():
        return
    with alone_with(uri):
        if not file.exists():
            _make(file.resolve())


def check_store(uri: str) -> None:
    """Refuse a store that was left half-made. Takes a millisecond once a store has runs.

    Raises:
        InfrastructureError: It is one, and nothing is in it; or it is no store at all.
    """
    file = sqlite_file(uri)
    if file is None or not file.exists() or _may_have_runs(file):
        return
    # MLflow itself, as `mlflow ui` does, may be at work on it just now.
    while not _is_whole(file):
        if time.time() - file.stat().st_mtime > STILL_SECONDS:
            raise InfrastructureError(
                f"{file}: MLflow's store was left half-made by a process that ended while it made"
                f" it; no run is in it: remove it (rm {file}) and run the same command again"
            )
        time.sleep(0.2)


def is_locked(uri: str) -> bool:
    """Whether another process keeps everybody from writing an SQLite store just now."""
    file = sqlite_file(uri)
    if file is None or not file.exists():
        return False
    try:
        with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        return "locked" in str(error)
    except sqlite3.Error:
        return False
    return False


def wait_until_free(uri: str) -> None:
    """Wait for the end of a lock that another process has on the store, but not for ever."""
    deadline = time.monotonic() + LOCKED_SECONDS
    while is_locked(uri) and time.monotonic() < deadline:
        time.sleep(0.5)


def _make(file: Path) -> None:
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    for left_behind in file.parent.glob(f".{file.name}.*"):
        left_behind.unlink()
    artifacts = str(file.with_name("artifacts"))
    with replacing(file) as making:
        store = SqlAlchemyStore(f"sqlite:///{making}", artifacts)  # type: ignore[no-untyped-call]
        store.engine.dispose()


def _may_have_runs(file: Path) -> bool:
    """Whether the file has runs, or cannot be read at present."""
    try:
        with closing(sqlite3.connect(file, timeout=0)) as connection:
            return bool(connection.execute("SELECT EXISTS (SELECT 1 FROM runs)").fetchone()[0])
    except sqlite3.OperationalError as error:
        return "no such table" not in str(error)
    except sqlite3.DatabaseError as error:
        raise InfrastructureError(
            f"{file}: MLflow cannot keep its records there ({error}); move that file away"
        ) from None


def _is_whole(file: Path) -> bool:
    """Whether MLflow made all of its tables, or that cannot be known at present."""
    from mlflow.exceptions import MlflowException
    from mlflow.store.db import utils
    from sqlalchemy.exc import OperationalError

    engine = utils.create_sqlalchemy_engine(f"sqlite:///{file}")  # type: ignore[no-untyped-call]
    try:
        utils._verify_schema(engine)  # type: ignore[no-untyped-call]
        return bool(utils._all_tables_exist(engine))  # type: ignore[no-untyped-call]
    except MlflowException:
        return False
    except OperationalError:
        return True
    finally:
        engine.dispose()
