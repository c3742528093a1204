"""The folder of a merge: what it holds, whether it is finished, and whether it may be replaced.

`merge.json` (settings and digests of the inputs) is written first and `result.json` (SHA-256 of
every other file) last: a folder without `result.json` was interrupted and is made again.
"""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

MERGE, MERGED, STATS = "merge.json", "merged", "stats.json"
EVALUATION, SUBMISSION, RESULT = "evaluation.json", "submission.json", "result.json"
# What follows merge.json and the store, as it is written; the last one vouches for all.
FILES = (STATS, EVALUATION, SUBMISSION, RESULT)
WORK_PREFIX = ".sources-"


def is_finished(out: Path, request: dict[str, Any], force: bool) -> bool:
    """Whether a folder holds the finished result of a request (settings and inputs).

    Args:
        out: The folder, there or not.
        request: What merge.json would hold; paths of the inputs do not count, their digests do.
        force: Merge again, whatever merge the folder holds.

    Raises:
        ValueError: The folder holds the finished result of another request and `force` is not
            given, or it holds files that are not a merge's.
    """
    if not any(out.glob("[!.]*")):
        return False
    if not (out / MERGE).is_file():
        raise ValueError(f"{out} holds files that no merge wrote; give --out an empty folder")
    if force or not (out / RESULT).is_file():
        return False
    before = _read_request(out)
    after = _comparable(json.loads(json.dumps(request)))
    if changed := sorted(key for key in after if before.get(key) != after[key]):
        raise ValueError(
            f"{out} holds a finished merge with other {' and '.join(changed)} (see "
            f"{out / MERGE}); give another --out, or replace it with --force"
        )
    return True


def begin(out: Path, request: dict[str, Any]) -> None:
    """Clear a folder of an earlier merge and write down the request."""
    out.mkdir(parents=True, exist_ok=True)
    # result.json goes first, so that an interruption leaves no folder that looks finished.
    for name in reversed(FILES):
        (out / name).unlink(missing_ok=True)
        for partial in out.glob(f".{name}*"):
            partial.unlink()
    for folder in [*out.glob(MERGED), *out.glob(f"{WORK_PREFIX}*")]:
        shutil.rmtree(folder)
    write_json(out / MERGE, request)


def finish(out: Path) -> None:
    """Write result.json: the folder is finished."""
    write_json(out / RESULT, {"files": {str(name): _sha256(out / name) for name in _files(out)}})


def damaged_files(out: Path) -> list[str]:
    """The files of a finished folder that are missing or not what result.json vouches for."""
    try:
        digests: dict[str, str] = json.loads((out / RESULT).read_text())["files"]
    except (ValueError, KeyError):
        return [RESULT]
    return [
        name
        for name, digest in digests.items()
        if not (out / name).is_file() or _sha256(out / name) != digest
    ]


def write_json(path: Path, tree: Any) -> None:
    """Write a JSON file by renaming."""
    partial = path.with_name(f".{path.name}")
    partial.write_text(json.dumps(tree, indent=2, allow_nan=False) + "\n")
    partial.replace(path)


def _read_request(out: Path) -> dict[str, Any]:
    try:
        return _comparable(json.loads((out / MERGE).read_text()))
    except (ValueError, KeyError, TypeError):
        return {}


def _comparable(request: dict[str, Any]) -> dict[str, Any]:
    sources = [
        {key: value for key, value in source.items() if key != "path"}
        for source in request["sources"]
    ]
    return {
        "settings": request["settings"],
        "annotations": request["annotations"]["sha256"],
        "sources": sources,
    }


def _files(out: Path) -> list[Path]:
    names = (MERGE, STATS, EVALUATION, SUBMISSION)
    paths = [*(out / name for name in names), *sorted((out / MERGED).iterdir())]
    return [path.relative_to(out) for path in paths if path.is_file()]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
