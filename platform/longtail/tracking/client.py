"""MLflow's client, without its bars, questions and addresses; imported when it is first made."""

import logging
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow import MlflowClient

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "15")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
# It would print the server's address, with a password that is part of it.
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")


def quieten() -> None:
    """MLflow tells of every table of a new SQLite store, and of each refusal what it was about to
    write, before it raises."""
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)


def client_of(uri: str) -> "MlflowClient":
    """A client of a tracking URI; MLflow takes seconds to import, and opens the store."""
    from mlflow import MlflowClient

    quieten()
    return MlflowClient(uri)
