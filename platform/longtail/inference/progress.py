"""How far a prediction is: a small file for each worker, beside the store that it makes.

No result vouches for these files, and nothing that computes reads them.
"""

import time
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec

from longtail.files import write_json

PATTERN = "progress-*.json"
SECONDS_BETWEEN_WRITES = 1.0


@dataclass(frozen=True)
class WorkerProgress:
    """What one worker did since it began.

    Attributes:
        images: Images it is through with.
        of: Images it has to do; those of shards that were there before are none.
        seconds: Since it began.
    """

    images: int
    of: int
    seconds: float


@dataclass(frozen=True)
class ImageProgress:
    """How far all workers are, for a live display.

    Attributes:
        images: Images that are through.
        of: All of them.
        images_per_second: Of all workers together; 0 until there is an image.
        eta_seconds: Until the slowest is through; None while that is unknown.
    """

    images: int
    of: int
    images_per_second: float
    eta_seconds: float | None


class ProgressFile:
    """Counts the images of a worker, and writes that down from time to time and at the end.

    Args:
        directory: Of the node.
        rank: Of the worker.
        of: Images it has to do.
    """

    def __init__(self, directory: Path, rank: int, of: int) -> None:
        self._path = directory / PATTERN.replace("*", str(rank))
        self._images, self._of = 0, of
        self._began = self._wrote = time.monotonic()
        self._write()

    def __call__(self, num_images: int) -> None:
        """Count so many images in."""
        self._images += num_images
        now = time.monotonic()
        if self._images == self._of or now - self._wrote >= SECONDS_BETWEEN_WRITES:
            self._wrote = now
            self._write()

    def _write(self) -> None:
        seconds = time.monotonic() - self._began
        write_json(self._path, asdict(WorkerProgress(self._images, self._of, seconds)))


def forget_progress(directory: Path) -> None:
    """Remove what an earlier attempt wrote, which may have had more workers."""
    for path in directory.glob(PATTERN):
        path.unlink(missing_ok=True)


def read_image_progress(directory: Path) -> ImageProgress | None:
    """The progress of the last attempt in a node's directory; None before its start, and of work
    that sees no image."""
    workers = [of for path in directory.glob(PATTERN) if (of := _read(path)) is not None and of.of]
    if not workers:
        return None
    speeds = [of.images / max(of.seconds, 1e-9) for of in workers]
    left = [
        (of.of - of.images) / speed if speed else None
        for of, speed in zip(workers, speeds, strict=True)
    ]
    known = [seconds for seconds in left if seconds is not None]
    return ImageProgress(
        images=sum(of.images for of in workers),
        of=sum(of.of for of in workers),
        images_per_second=sum(speeds),
        eta_seconds=max(known) if len(known) == len(left) else None,
    )


def _read(path: Path) -> WorkerProgress | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=WorkerProgress)
    except (OSError, msgspec.DecodeError):
        return None
