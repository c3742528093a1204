"""A place for the token of a local Ray cluster where there is no home for it.

Ray keeps it in `~/.ray/auth_token` and fails where it cannot. `RAY_AUTH_TOKEN_PATH` names another
file, which nobody but this user may read.
"""

import os
import secrets
import stat
from pathlib import Path

from longtail.caches import can_be_made, private_folder
from longtail.files import write_if_absent

VARIABLES = ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")
NAME = "ray_auth_token"


def settle_token() -> None:
    """Before a local cluster starts: name a token that is kept below the temporary folder.

    Raises:
        OSError: There is no safe place; the message says what to set.
    """
    usual = Path(os.path.expanduser("~/.ray/auth_token"))
    is_asked_for = os.environ.get("RAY_AUTH_MODE") == "token"
    if not is_asked_for or any(os.environ.get(variable) for variable in VARIABLES):
        return
    if usual.is_absolute() and (os.access(usual, os.R_OK) or can_be_made(usual.parent)):
        return
    path = private_folder() / NAME
    if not path.exists():
        write_if_absent(path, secrets.token_hex(32).encode(), stat.S_IRUSR | stat.S_IWUSR)
    os.environ["RAY_AUTH_TOKEN_PATH"] = str(path)
