"""The folder of a merge: what it holds, whether it is finished, and whether it may be replaced.

`merge.json` (settings and digests of the inputs) is written first and `result.json` (SHA-256 of
every other file) last, both sealed: a folder without `result.json` was interrupted. The same
request goes on there with what it finds in the merged store and in `.work`; another one starts
anew.
"""

import json
import shutil
from pathlib import Path
from typing import Any

from longtail.files import sha256_of
from longtail.sealed import DamagedError, read_sealed_json, write_sealed_json

MERGE, MERGE_FILE, STATS = "merge.json", "merge.yaml", "stats.json"
MERGED, BOXES = "merged", "merged_boxes"
MATCHES = "matches"
"""Folder of the merge's own matches, for comparisons with any other result."""
EVALUATION, RESULT, REPORT = "evaluation.json", "result.json", "report.html"
SUBMISSION, ZIPPED = "submission.json", "submission.zip"
BOX_SUBMISSION, BOX_ZIPPED = "submission_box.json", "submission_box.zip"
# What follows merge.json and the store, as it is written; the last one vouches for all.
FILES = (
    MERGE_FILE,
    STATS,
    EVALUATION,
    SUBMISSION,
    ZIPPED,
    BOX_SUBMISSION,
    BOX_ZIPPED,
    RESULT,
)
WORK = ".work"
# Counted up when a change of this program makes other bytes of the same request.
FORMAT = 5


def is_finished(out: Path, request: dict[str, Any], force: bool) -> bool:
    """Whether a folder holds the finished result of a request (settings and inputs).

    Args:
        out: The folder, there or not.
        request: What merge.json would hold; paths of the inputs do not count, their digests do.
        force: Merge again, whatever merge the folder holds.

    Raises:
        ValueError: The folder holds the finished result of another request and `force` is not
            given, or it holds files that are not a merge's.
        DamagedError: Whose result the folder holds cannot be read.
    """
    if not any(out.glob("[!.]*")):
        return False
    if not (out / MERGE).is_file():
        raise ValueError(f"{out} holds files that no merge wrote; give --out an empty folder")
    if force or not (out / RESULT).is_file():
        return False
    before = _request_of(out, "give another --out, or replace it with --force")
    after = _comparable(json.loads(json.dumps(request)))
    if changed := sorted(key for key in after if before.get(key) != after[key]):
        raise ValueError(
            f"{out} holds a finished merge with other {' and '.join(changed)} (see "
            f"{out / MERGE}); give another --out, or replace it with --force"
        )
    return True


def begin(out: Path, request: dict[str, Any], force: bool = False) -> bool:
    """Clear a folder of what an earlier merge finished, and write down the request.

    Returns:
        Whether an interrupted merge of the same request goes on.
    """
    out.mkdir(parents=True, exist_ok=True)
    is_same = _read_request(out) == _comparable(json.loads(json.dumps(request)))
    goes_on = is_same and not force and not (out / RESULT).exists() and (out / WORK).is_dir()
    # result.json goes first, so that an interruption leaves no folder that looks finished.
    for name in (REPORT, *reversed(FILES)):
        (out / name).unlink(missing_ok=True)
        for partial in out.glob(f".{name}*"):
            partial.unlink()
    if not goes_on:
        for folder in (out / MERGED, out / BOXES, out / WORK):
            shutil.rmtree(folder, ignore_errors=True)
    # They follow from the work, and what is not written again must not stay.
    shutil.rmtree(out / MATCHES, ignore_errors=True)
    for stores in (MERGED, BOXES):
        for partial in out.glob(f"{stores}/.*"):
            partial.unlink()
    write_sealed_json(out / MERGE, request)
    (out / WORK).mkdir(exist_ok=True)
    return goes_on


def finish(out: Path) -> None:
    """Write result.json: the folder is finished."""
    shutil.rmtree(out / WORK)
    digests = {str(name): sha256_of(out / name) for name in _files(out)}
    write_sealed_json(out / RESULT, {"files": digests})


def damaged_files(out: Path) -> list[str]:
    """The files of a finished folder that are missing or not what result.json vouches for."""
    try:
        digests: dict[str, str] = read_sealed_json(out / RESULT, "merge again")["files"]
    except DamagedError:
        return [RESULT]
    return [
        name
        for name, digest in digests.items()
        if not (out / name).is_file() or sha256_of(out / name) != digest
    ]


def _read_request(out: Path) -> dict[str, Any]:
    try:
        return _request_of(out, "it is written anew")
    except (OSError, DamagedError):
        return {}


def _request_of(out: Path, remedy: str) -> dict[str, Any]:
    return _comparable(read_sealed_json(out / MERGE, remedy))


def _comparable(request: dict[str, Any]) -> dict[str, Any]:
    """What decides about bytes: contents of files, not where they lie."""
    sources = [
        {key: value for key, value in source.items() if key not in ("path", "categories")}
        for source in request["sources"]
    ]
    settings = {key: value for key, value in request["settings"].items() if key != "calibration"}
    return {
        "settings": settings,
        "annotations": request["annotations"]["sha256"],
        "sources": sources,
        "calibration": request["calibration"],
        "format": request["format"],
    }


def _files(out: Path) -> list[Path]:
    names = (MERGE, *FILES[:-1])
    folders = (MERGED, BOXES, MATCHES)
    held = [path for name in folders for path in sorted(out.glob(f"{name}/*"))]
    paths = [*(out / name for name in names), *held]
    return [path.relative_to(out) for path in paths if path.is_file()]
