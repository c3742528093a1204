"""A store's manifest: what it holds, of which images, and the digests that prove it."""

import hashlib
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from longtail.files import write_bytes
from longtail.predictions.image_set import ImageSet
from longtail.problems import BadInputError

SCHEMA_VERSIONS = (1, 2)
"""2 if there are soft masks: programs that read 1 only would not know the column."""
MANIFEST_NAME = "manifest.json"


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where predictions come from.

    Attributes:
        name: What tables call it.
        node: Fingerprint of the node that made it; None for an imported file.
        scale: Short side in pixels of the network's input, where known.
        flip: Whether the images were mirrored.
    """

    name: str
    node: str | None = None
    scale: int | None = None
    flip: bool = False


class ShardEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One Parquet file: its name, rows of each of its blocks, size and SHA-256."""

    file: str
    rows: list[int]
    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Everything about a store but its rows.

    Attributes:
        schema_version: One of `SCHEMA_VERSIONS`.
        source: Where the predictions come from.
        image_ids: Ids of the images, ascending.
        heights: Their heights.
        widths: Their widths.
        shards: The files.
        notes: Counts that the writer wants kept.
        soft_masks: Whether the shards have a column of soft masks; left out where they have not,
            so that a store without them is what it was before there were any.
    """

    schema_version: int
    source: Source
    image_ids: list[int]
    heights: list[int]
    widths: list[int]
    shards: list[ShardEntry]
    notes: dict[str, int]
    soft_masks: bool = False

    @classmethod
    def of(
        cls,
        images: ImageSet,
        source: Source,
        shards: list[ShardEntry],
        notes: dict[str, int],
        soft_masks: bool = False,
    ) -> "Manifest":
        """The manifest of a store that was just written."""
        version = SCHEMA_VERSIONS[soft_masks]
        sizes = images.heights.tolist(), images.widths.tolist()
        return cls(version, source, images.ids.tolist(), *sizes, shards, notes, soft_masks)

    def image_set(self) -> ImageSet:
        """The images the predictions were made for."""
        columns = (self.image_ids, self.heights, self.widths)
        return ImageSet(*(np.array(column, dtype=np.int64) for column in columns))

    def is_consistent(self) -> bool:
        """Whether lists have the lengths they must have, ids ascend, names and version are ours."""
        if self.schema_version != SCHEMA_VERSIONS[self.soft_masks]:
            return False
        if not len(self.image_ids) == len(self.heights) == len(self.widths):
            return False
        if any(later <= earlier for earlier, later in pairwise(self.image_ids)):
            return False
        if [entry.file for entry in self.shards] != [*map(shard_name, range(len(self.shards)))]:
            return False
        images = self.image_set()
        blocks = [len(images.blocks_of_shard(shard)) for shard in range(images.num_shards)]
        return blocks == [len(entry.rows) for entry in self.shards]


class _Envelope(msgspec.Struct, forbid_unknown_fields=True):
    sha256: str
    manifest: msgspec.Raw


def shard_name(shard: int) -> str:
    """The file name of a shard."""
    return f"shard-{shard:05d}.parquet"


def write_manifest(directory: Path, manifest: Manifest) -> None:
    """Write the manifest with its own digest, by renaming."""
    content = msgspec.json.encode(manifest)
    envelope = _Envelope(hashlib.sha256(content).hexdigest(), msgspec.Raw(content))
    write_bytes(directory / MANIFEST_NAME, msgspec.json.encode(envelope))


def read_manifest(directory: Path) -> Manifest:
    """Read a store's manifest.

    Raises:
        BadInputError: It is missing, damaged, or of another schema version.
    """
    path = directory / MANIFEST_NAME
    if not path.is_file():
        raise no_store(directory)
    try:
        envelope = msgspec.json.decode(path.read_bytes(), type=_Envelope)
        _check_version(path, msgspec.json.decode(envelope.manifest))
        manifest = msgspec.json.decode(envelope.manifest, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _damaged(path, str(error)) from None
    if hashlib.sha256(bytes(envelope.manifest)).hexdigest() != envelope.sha256:
        raise _damaged(path, "its content does not match its SHA-256")
    if not manifest.is_consistent():
        raise _damaged(path, "its images do not match its shards")
    return manifest


def no_store(directory: Path) -> BadInputError:
    """The error for a directory without a manifest; it names files of detectron2's evaluators."""
    found = sorted(directory.glob("*_instances_results.json"))
    found += directory.glob("instances_predictions.pth")
    if found:
        return BadInputError(
            f"{directory}: a folder of detectron2's evaluator, not a prediction store; give "
            f"{' or '.join(map(str, found))}"
        )
    return BadInputError(
        f"{directory / MANIFEST_NAME} is missing: {directory} is no prediction store, or was not "
        "finished; make it with `python -m ensemble.convert FILE.json --to store` or finish the "
        "prediction"
    )


def _check_version(path: Path, content: Any) -> None:
    version = content.get("schema_version") if isinstance(content, dict) else None
    if version not in SCHEMA_VERSIONS:
        known = " and ".join(map(str, SCHEMA_VERSIONS))
        raise BadInputError(
            f"{path}: schema_version is {version!r} and this program reads {known}; "
            "export the store to JSON with the version that wrote it and import that"
        )


def _damaged(path: Path, why: str) -> BadInputError:
    return BadInputError(f"{path} is damaged ({why}); copy the store again or make it again")
