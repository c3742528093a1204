"""Where files are kept that only spare time: annotations, a page's library, compiled kernels.

In a container neither the home nor the sources may be writable, and numba then refuses to import a
module. Both caches move to a folder below the temporary one, which is told. Compiled kernels are
code, so nobody but this user may be able to write there.
"""

import logging
import os
import stat
import tempfile
from pathlib import Path

ANNOTATIONS, KERNELS = "LONGTAIL_CACHE", "NUMBA_CACHE_DIR"
REMEDY = f"set {ANNOTATIONS} (annotations) and {KERNELS} (compiled kernels) to folders of yours"
# Not the prefix of Ray's temporary folders, which are removed when nobody holds their lock.
FOLDER = "longtail_caches"
COMPILED = (
    "rle",
    "predictions",
    "predictions/checks",
    "predictions/result_json",
    "evaluation/matching",
    "evaluation/metrics",
    "evaluation/uncertainty",
)
"""Folders with kernels: numba keeps what it compiles beside the sources if it can."""

logger = logging.getLogger(__name__)


def settle_caches() -> None:
    """Choose a place for every cache that has none; child processes inherit it.

    Raises:
        OSError: There is no safe place; the message says what to set.
    """
    if not os.path.isabs(os.path.expanduser("~")):
        # Without HOME, under a number that no account has: Ray cannot even be imported.
        os.environ["HOME"] = str(private_folder())
        logger.warning("this user has no home: %s is used; %s", os.environ["HOME"], REMEDY)
    homeless = [
        variable
        for variable, has_place in ((ANNOTATIONS, _has_annotations), (KERNELS, _has_kernels))
        if not has_place()
    ]
    if not homeless:
        return
    folder = private_folder()
    for variable in homeless:
        os.environ[variable] = str(folder)
    logger.warning(
        "neither the home nor the installation can be written to: %s is used for caches; %s to "
        "keep them elsewhere",
        folder,
        REMEDY,
    )


def cache_folder(name: str) -> Path:
    """`name` in $LONGTAIL_CACHE, or in ~/.cache/longtail; not made."""
    root = os.environ.get(ANNOTATIONS) or Path.home() / ".cache" / "longtail"
    return Path(root) / name


def private_folder() -> Path:
    """A folder of this user alone below the temporary one, made if absent.

    Raises:
        OSError: There is none, or others could have written to it.
    """
    try:
        parent = Path(tempfile.gettempdir())
    except FileNotFoundError:
        raise OSError(f"there is no folder for temporary files; {REMEDY}, or TMPDIR") from None
    folder = parent / f"{FOLDER}_{os.geteuid()}"
    try:
        folder.mkdir(mode=stat.S_IRWXU)
    except FileExistsError:
        pass
    if not (_is_private(folder.lstat()) and _keeps_owners(parent.stat())):
        raise PermissionError(f"{folder}: others may have written to it; remove it, or {REMEDY}")
    return folder


def _has_annotations() -> bool:
    if os.environ.get(ANNOTATIONS):
        return True
    return can_be_made(Path(os.path.expanduser("~/.cache/longtail")))


def _has_kernels() -> bool:
    named = os.environ.get(KERNELS)
    if named:
        if not can_be_made(Path(named).absolute()):
            raise PermissionError(f"{named}: cannot be written to; set {KERNELS} to another folder")
        return True
    sources = [Path(__file__).parent / name for name in COMPILED]
    if all(can_be_made(folder / "__pycache__") for folder in sources):
        return True
    user_wide = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return can_be_made(Path(user_wide) / "numba")


def can_be_made(folder: Path) -> bool:
    """Whether it is a writable folder, or can become one; a home that is not known is neither."""
    if not folder.is_absolute():
        return False
    for place in (folder, *folder.parents):
        try:
            place.stat()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            return False
        return place.is_dir() and os.access(place, os.W_OK | os.X_OK)
    return False


def _is_private(found: os.stat_result) -> bool:
    shared = found.st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not shared


def _keeps_owners(found: os.stat_result) -> bool:
    """Whether nobody else can put another folder in the place of ours."""
    if found.st_mode & stat.S_ISVTX:
        return True
    mine = found.st_uid in (0, os.geteuid())
    return mine and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
