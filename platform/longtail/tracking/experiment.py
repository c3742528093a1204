"""An experiment as it stands in MLflow: its runs read, its tags and descriptions written."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longtail.commands import InfrastructureError
from longtail.problems import BadInputError
from longtail.tracking.address import redacted, sqlite_file, told
from longtail.tracking.tracker import GRID_TAG

if TYPE_CHECKING:
    from mlflow import MlflowClient

NOTE_TAG = "mlflow.note.content"
"""The description of an experiment or run, in Markdown."""
MOST_RUNS = 1000
"""That one call of MLflow's gives."""
NEWEST_FIRST = "attributes.start_time DESC"


@dataclass(frozen=True)
class SeenRun:
    """A run as MLflow has it.

    Attributes:
        id: Of the run.
        name: What people call it.
        started: Milliseconds since 1970.
        tags: By name.
        params: By name.
        metrics: The last value of each, by name; AP in points.
    """

    id: str
    name: str
    started: int
    tags: Mapping[str, str]
    params: Mapping[str, str]
    metrics: Mapping[str, float]


class Experiment:
    """One experiment of a tracking server, or of an SQLite store.

    Args:
        uri: An MLflow tracking URI.
        name: Of the experiment.

    Raises:
        BadInputError: There is no such experiment, or no store.
        InfrastructureError: MLflow cannot be reached.
    """

    def __init__(self, uri: str, name: str) -> None:
        self._client = _client(uri)
        with _reached(uri):
            found = self._client.get_experiment_by_name(name)
            there = self._client.search_experiments(max_results=20)
        if found is None or found.lifecycle_stage != "active":
            names = [repr(item.name) for item in there]
            raise BadInputError(
                f"no MLflow experiment is called {name!r}; there are {', '.join(names)}"
            )
        self.id, self.name = str(found.experiment_id), name
        self.tags: Mapping[str, str] = dict(found.tags)
        self._is_local = sqlite_file(uri) is not None

    def version(self) -> str | None:
        """Of the MLflow that shows it: the server's own; None where it does not say."""
        import mlflow

        if self._is_local:
            return str(mlflow.__version__)
        store: Any = self._client._tracking_client.store
        try:
            told = store._get_server_version(store.get_host_creds())
        except AttributeError:
            return None
        return None if told is None else str(told)

    def runs(self, condition: str) -> list[SeenRun]:
        """The newest runs, at most `MOST_RUNS`, that a filter of MLflow's lets through."""
        found = self._client.search_runs(
            [self.id], condition, max_results=MOST_RUNS, order_by=[NEWEST_FIRST]
        )
        return [
            SeenRun(
                run.info.run_id,
                run.info.run_name or run.info.run_id,
                int(run.info.start_time or 0),
                dict(run.data.tags),
                dict(run.data.params),
                dict(run.data.metrics),
            )
            for run in found
        ]

    def artifacts(self, run: str) -> list[str]:
        """Names of the files and folders at the top of a run's artifacts."""
        return [item.path for item in self._client.list_artifacts(run)]

    def set_tag(self, key: str, value: str) -> None:
        """Set a tag of the experiment, if it is new or changed."""
        if self.tags.get(key) != value:
            self._client.set_experiment_tag(self.id, key, value)

    def tag_run(self, run: SeenRun, key: str, value: str) -> None:
        """Set a tag of a run, if it is new or changed."""
        if run.tags.get(key) != value:
            self._client.set_tag(run.id, key, value)


def newest_experiment(uri: str) -> str | None:
    """The name of the experiment that has the newest run of ours; None without runs.

    Raises:
        BadInputError: There is no store.
        InfrastructureError: MLflow cannot be reached.
    """
    client = _client(uri)
    ours = f"tags.`{GRID_TAG}` LIKE '%'"
    with _reached(uri):
        names = {str(item.experiment_id): item.name for item in client.search_experiments()}
        found = client.search_runs(list(names), ours, max_results=1, order_by=[NEWEST_FIRST])
    return str(names[found[0].info.experiment_id]) if found else None


@contextmanager
def _reached(uri: str) -> Iterator[None]:
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        raise InfrastructureError(f"MLflow at {redacted(uri)}: {told(error)}") from None


def _client(uri: str) -> "MlflowClient":
    file = sqlite_file(uri)
    if file is not None and not Path(file).is_file():
        raise BadInputError(
            f"{file}: MLflow has no store there; run experiments/grid.py first, or name the runs"
            " folder of one with --runs"
        )
    from mlflow import MlflowClient

    logging.getLogger("mlflow").setLevel(logging.WARNING)
    return MlflowClient(uri)
