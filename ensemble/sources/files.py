"""The files that a user names as a source, and their digests."""

import glob
import hashlib
from pathlib import Path

from ensemble.sources.spec import SourceSpec
from longtail.files import sha256_of
from longtail.predictions.manifest import MANIFEST_NAME, no_store
from longtail.predictions.store import is_store
from longtail.problems import BadInputError

EXPECTED = (
    "a source is a result JSON (.json, .json.gz, .zip), detectron2's instances_predictions.pth, "
    "the directory of a prediction store, or a pattern of such"
)


def files_of(spec: SourceSpec) -> list[Path]:
    """The file or store of a source, or those that its pattern stands for, by name.

    Raises:
        BadInputError: There is none.
    """
    if spec.path.exists():
        return [spec.path]
    found = sorted(map(Path, glob.glob(str(spec.path), recursive=True)))
    if not found:
        raise BadInputError(f"{spec.path}: no such file; {EXPECTED}")
    return found


def digest_of(path: Path) -> str:
    """SHA-256 of an input: of the file, or of a store's manifest, which holds its shards'.

    Raises:
        BadInputError: There is no such file or store.
    """
    if path.is_dir() and not is_store(path):
        raise no_store(path)
    file = path / MANIFEST_NAME if path.is_dir() else path
    if not file.is_file():
        raise BadInputError(f"{file}: no such file; {EXPECTED}")
    return sha256_of(file)


def digest_of_source(spec: SourceSpec) -> str:
    """SHA-256 of a source: of its one file, or of the digests of its files.

    Raises:
        BadInputError: There is no such file or store.
    """
    digests = [digest_of(path) for path in files_of(spec)]
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()
