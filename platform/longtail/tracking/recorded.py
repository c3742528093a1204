"""Runs that an experiment has, with some of their artifacts, for who shows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from longtail.commands import InfrastructureError
from longtail.problems import BadInputError
from longtail.tracking.address import redacted, sqlite_file, told
from longtail.tracking.client import client_of
from longtail.tracking.store import check_store

MOST = 1000


@dataclass(frozen=True)
class RecordedRun:
    """A finished run.

    Attributes:
        name: The run's.
        tags: All of them.
        folder: Holds its artifacts, by their own names.
    """

    name: str
    tags: Mapping[str, str]
    folder: Path


def finished_runs(
    uri: str, experiment: str, tags: Mapping[str, str], artifacts: Sequence[str], folder: Path
) -> list[RecordedRun]:
    """The finished runs of an experiment that have some tags, oldest first.

    Args:
        uri: An MLflow tracking URI.
        experiment: Name of the experiment.
        tags: Values that a run's tags have.
        artifacts: Files to fetch of each run, where it has them.
        folder: Takes them, in a folder for each run; those that are there are not fetched again.

    Raises:
        BadInputError: There is no such experiment, or no store of MLflow's.
        InfrastructureError: MLflow cannot be reached.
    """
    store = sqlite_file(uri)
    if store is not None and not store.is_file():
        # Asking would make one.
        raise BadInputError(
            f"MLflow experiment {experiment!r}: there is no store {store}; give --runs, or set"
            " MLFLOW_TRACKING_URI"
        )
    check_store(uri)
    from mlflow.exceptions import MlflowException

    client = client_of(uri)
    try:
        of = client.get_experiment_by_name(experiment)
        if of is None:
            known = ", ".join(sorted(item.name for item in client.search_experiments()))
            raise BadInputError(
                f"MLflow experiment {experiment!r}: not in {redacted(uri)}; it has: {known}"
            )
        words = [f"tags.`{key}` = '{value}'" for key, value in tags.items()]
        query = " and ".join([*words, "attributes.status = 'FINISHED'"])
        runs = client.search_runs(
            [of.experiment_id], query, max_results=MOST, order_by=["attributes.start_time ASC"]
        )
        found = []
        for run in runs:
            place = folder / run.info.run_id
            there = {item.path for item in client.list_artifacts(run.info.run_id)}
            for name in artifacts:
                if name in there and not (place / name).is_file():
                    place.mkdir(parents=True, exist_ok=True)
                    # What is fetched appears whole: a cut one would be taken for the artifact.
                    with TemporaryDirectory(dir=place) as fetched:
                        client.download_artifacts(run.info.run_id, name, fetched)
                        (Path(fetched) / name).replace(place / name)
            found.append(RecordedRun(run.info.run_name, dict(run.data.tags), place))
        return found
    except MlflowException as error:
        raise InfrastructureError(f"MLflow at {redacted(uri)}: {told(error)}") from None
