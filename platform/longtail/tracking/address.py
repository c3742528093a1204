"""Where MLflow keeps its records, and what may be said of that: never a password.

Imports nothing heavy.
"""

import os
import re
from pathlib import Path
from urllib.parse import unquote

from longtail.problems import BadInputError

URI = "MLFLOW_TRACKING_URI"
SECRETS = ("MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN")
SQLITE = "sqlite:///"
HIDDEN = "***"
DEFAULT_EXPERIMENT = "longtail"
"""Of grids, sweeps and searches, if no other is given."""
SHORTEST_SECRET = 4
"""Characters: a shorter password alone is part of any text; in its address it is hidden too."""

_USER = re.compile(r"(?<=://)[^\s/]*@")
_PARAMETER = re.compile(r"(?i)([?&](?:password|passwd|pwd|token|secret|api_key)=)[^&\s'\")]*")


def tracking_uri(runs: Path) -> str:
    """`MLFLOW_TRACKING_URI`, or an SQLite file in the runs folder."""
    return os.environ.get(URI) or f"{SQLITE}{runs.resolve()}/mlflow.db"


def sqlite_file(uri: str) -> Path | None:
    """The file of an SQLite store; None for any other address, and for a store in memory."""
    if not uri.startswith(SQLITE):
        return None
    name = uri.removeprefix(SQLITE).partition("?")[0]
    return Path(name) if name not in ("", ":memory:") else None


def artifact_folder(uri: str, runs: Path) -> Path | None:
    """Where artifacts of a new experiment go; None leaves it to a server."""
    return runs / "artifacts" if uri.startswith("sqlite") else None


def redacted(text: object) -> str:
    """A text as it may be printed, logged or stored: without credentials of MLflow's.

    Those of an address (user and password before the `@`, passwords and tokens among its
    parameters) are hidden wherever one stands; those that this process was given, in
    `MLFLOW_TRACKING_URI` or variables of their own, also where they stand alone.
    """
    said = str(text)
    users = _users()
    passwords = [user.partition(":")[2] for user in users]
    given = [*passwords, *(os.environ.get(name, "") for name in SECRETS)]
    for user in users:
        said = said.replace(f"{user}@", f"{HIDDEN}@")
    for secret in sorted(_forms(given), key=len, reverse=True):
        said = said.replace(secret, HIDDEN)
    said = _USER.sub(f"{HIDDEN}@", said)
    return _PARAMETER.sub(rf"\g<1>{HIDDEN}", said)


def check_experiment(name: str) -> None:
    """Refuse a name that MLflow takes for none.

    Raises:
        ValueError: It is empty.
    """
    if not name.strip():
        raise ValueError(f"--experiment {name!r}: give the name of an MLflow experiment")


def told(error: BaseException) -> str:
    """What is said of an error while MLflow is brought up to date."""
    if isinstance(error, BadInputError):
        return redacted(str(error))
    return redacted(f"{type(error).__name__}: {error}")


def _users() -> list[str]:
    """What may stand before the @ of the address: a password may hold one, and a slash, as it is,
    and so may what follows."""
    rest = os.environ.get(URI, "").partition("://")[2]
    found = {rest.rpartition("@")[0], rest.partition("@")[0] if "@" in rest else ""}
    return sorted(found - {""}, key=len, reverse=True)


def _forms(secrets: list[str]) -> set[str]:
    forms = {form for secret in secrets for form in (secret, unquote(secret))}
    return {form for form in forms if len(form) >= SHORTEST_SECRET}
