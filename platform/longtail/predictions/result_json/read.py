"""Result JSON to a prediction store: streaming, every record checked, memory bounded.

The file is read in pieces of 16 MB. Sound records go to a temporary file, in buckets of 256 images,
so they may come in any order; each bucket is then sorted by image and written. Memory holds one
piece and one bucket, whatever the size of the file. detectron2's instances_predictions.pth goes the
same way, but is held as a whole (see `detectron2_import`).
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

import numpy as np

from longtail.categories import CategoryTable
from longtail.files import new_directory
from longtail.predictions.checks.tally import FaultTally, RecordBatch
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.detectron2_import import is_torch_file, read_instances, to_dataset_ids
from longtail.predictions.foreign_files import refuse_foreign
from longtail.predictions.image_set import ImageSet
from longtail.predictions.result_json.blocks import DecodedBlock, decode_block
from longtail.predictions.result_json.checks import RecordChecker
from longtail.predictions.result_json.stream import read_blocks
from longtail.predictions.sound_store import sound_store
from longtail.predictions.spill import REPEATS, Spill
from longtail.predictions.spilled_store import SpilledStore
from longtail.predictions.store import PredictionStore, Source, StoreWriter
from longtail.predictions.store_reader import taken_by
from longtail.problems import BadInputError, ProblemReport

SPILL_NAME = ".spill.arrow"

OnRead = Callable[[int], object]


def ignore(position: int) -> None:
    """What a reading calls when nobody watches."""


@dataclass
class JsonReading:
    """One pass over a result JSON, or an instances_predictions.pth of detectron2.

    Attributes:
        path: The file.
        checker: What its records must fit to.
        tally: The faults of its records.
        notes: Counts of records, boxes and masks, and of unusual ways to write them.
        on_read: Called with the bytes of the file read so far.
    """

    path: Path
    checker: RecordChecker
    tally: FaultTally
    notes: Counter[str]
    on_read: OnRead

    @classmethod
    def of(
        cls,
        path: Path,
        images: ImageSet,
        categories: CategoryTable,
        on_read: OnRead = ignore,
        max_score: float | None = 1.0,
    ) -> "JsonReading":
        """A reading that has not started."""
        notes: Counter[str] = Counter()
        checker = RecordChecker(images, categories, notes, max_score)
        return cls(path, checker, FaultTally(), notes, on_read)

    def columns(self) -> Iterator[DetectionColumns]:
        """The sound detections, block by block, in the order of the file."""
        refuse_foreign(self.path)
        has_class_indices = is_torch_file(self.path)
        blocks = read_instances(self.path) if has_class_indices else self._decoded_json()
        for block in blocks:
            for misfit in block.misfits:
                self.tally.add(misfit.field, misfit.what, [f"record {misfit.index}"])
            batch = RecordBatch(block.columns, block.indices, self.tally)
            if has_class_indices:
                to_dataset_ids(batch, self.checker.categories)
            sound = self.checker.to_columns(batch)
            self.notes["records"] += block.num_records
            self.notes["dropped records"] += block.num_records - len(sound)
            self.on_read(block.file_position)
            yield sound
        self.checker.boxes.tally(self.tally)

    def spill_to(self, spill: Spill) -> None:
        """Read all of the file into a spill, which can be read from then on."""
        for columns in self.columns():
            spill.add(columns)
        spill.close()
        self.notes.update(spill.notes)

    def all_notes(self) -> dict[str, int]:
        """The notes, and the counts of records that were left out by what is wrong with them.

        The count of repeats is there if it is 0, too: it says that somebody looked.
        """
        faults = {f"dropped, {kind}": count for kind, count in self.tally.counts().items()}
        return {**+self.notes, REPEATS: self.notes[REPEATS], **faults}

    def raise_if_unusable(self, on_invalid: Literal["error", "drop"], allow_empty: bool) -> None:
        """Refuse a file that was read, for its faults or because they leave nothing of it.

        A file without a record is what a model writes that found nothing.

        Raises:
            BadInputError: It has faults that are not, or cannot, be dropped; or no sound detection.
        """
        is_strict = on_invalid == "error"
        faults = self.tally.problems() if is_strict else self.tally.problems_of_file()
        ProblemReport(str(self.path), errors=faults).raise_if_errors()
        if not allow_empty and 0 < self.notes["records"] == self.notes["dropped records"]:
            raise BadInputError(
                f"{self.path}: no usable detection in the file, all {self.notes['records']} records"
                " are faulty; mend what wrote it (--strict lists the faults)"
            )

    def _decoded_json(self) -> Iterator[DecodedBlock]:
        return (decode_block(block, str(self.path)) for block in read_blocks(self.path))


def import_json(
    path: Path,
    images: ImageSet,
    categories: CategoryTable,
    out: Path,
    source: Source,
    on_invalid: Literal["error", "drop"] = "error",
    *,
    allow_empty: bool = False,
    on_read: OnRead = ignore,
    max_score: float | None = 1.0,
) -> PredictionStore:
    """Make a prediction store of a result JSON, or an instances_predictions.pth of detectron2.

    Args:
        path: JSON list of detections, plain or gzip, in any order; or the .pth file.
        images: The images that may have detections.
        categories: The categories that detections may have.
        out: Directory of the store; must not exist. It appears when it is complete.
        source: What the predictions are of.
        on_invalid: "error" lists all faults and makes no store; "drop" leaves faulty records out
            and counts them by kind in the store's notes.
        allow_empty: Accept that no record is left after "drop"; a list without any always passes.
        on_read: Called with the bytes of the file read so far, for a progress bar.
        max_score: The score that counts as 1, by which all are divided; None takes any finite
            score as it is.

    Raises:
        BadInputError: The file is no list of detections, or has faulty records.
        ValueError: `out` exists.
    """
    reading = JsonReading.of(path, images, categories, on_read, max_score)
    with new_directory(out, taken_by(out)) as partial:
        _write_store(reading, partial, source)
        reading.raise_if_unusable(on_invalid, allow_empty)
    return PredictionStore.open(out)


def _write_store(reading: JsonReading, directory: Path, source: Source) -> None:
    images = reading.checker.images
    with Spill(directory / SPILL_NAME, images) as spill:
        reading.spill_to(spill)
        writer = StoreWriter(directory, images, source)
        blocks = spill.blocks()
        for shard in range(images.num_shards):
            writer.write_shard(shard, islice(blocks, len(images.blocks_of_shard(shard))))
    writer.finish(reading.all_notes())


def spilled_store(reading: JsonReading, directory: Path, source: Source) -> SpilledStore:
    """The sound detections of a reading, to be read in this process as long as `directory` is.

    It takes half the time of writing a store and reading it again. Faults are left to the reading.
    """
    spill = Spill(directory / SPILL_NAME, reading.checker.images)
    reading.spill_to(spill)
    return SpilledStore(spill, directory, source, reading.all_notes())


def open_predictions(
    path: Path,
    images: ImageSet,
    categories: CategoryTable,
    work_dir: Path,
    *,
    temporary: bool = False,
    max_score: float | None = 1.0,
) -> PredictionStore:
    """Open a store, or import a result file to `work_dir` and open that.

    Args:
        path: The store's directory, a result JSON, or an instances_predictions.pth of detectron2.
        images: The images it must be of.
        categories: The categories it may have.
        work_dir: Where a file is imported to, or a store copied that has to be mended; must not
            exist.
        temporary: A file is imported for this process only, and faster: `work_dir` then holds no
            store that could be opened again.
        max_score: The score that counts as 1, or None (see `import_json`).

    Raises:
        BadInputError: The predictions are faulty, or of other images or categories.
        ValueError: `work_dir` exists and a file has to be imported.
    """
    if path.is_dir():
        store = PredictionStore.open(path, verify=True)
        check_fits(store, images, categories)
        return sound_store(store, work_dir, max_score)
    source = Source(path.name)
    if not temporary:
        return import_json(path, images, categories, work_dir, source, max_score=max_score)
    reading = JsonReading.of(path, images, categories, max_score=max_score)
    with new_directory(work_dir, taken_by(work_dir)) as partial:
        spilled = spilled_store(reading, partial, source)
        reading.raise_if_unusable("error", allow_empty=False)
    return spilled


def check_fits(store: PredictionStore, images: ImageSet, categories: CategoryTable) -> None:
    """Check that a store is of these images and of categories among these.

    Raises:
        BadInputError: It is not.
    """
    if store.images.digest() != images.digest():
        raise BadInputError(
            f"{store.directory}: made for {len(store.images)} images, which are not the "
            f"{len(images)} of the annotation file; name the file that it was made for"
        )
    for columns in store.blocks(with_masks=False):
        unknown = np.setdiff1d(columns.category_id, categories.ids)
        if len(unknown):
            raise BadInputError(
                f"{store.directory}: category_id {unknown[0]} of image "
                f"{columns.image_id[columns.category_id == unknown[0]][0]} is not in the "
                "annotation file; name the file that it was made for"
            )
