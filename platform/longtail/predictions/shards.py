"""One Parquet file of a store: a row group a block, read and written as columns."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from longtail.files import replacing
from longtail.predictions.arrow_tables import SCHEMA, SOFT_MASK, SOFT_SCHEMA, from_table, to_table
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.soft_masks import MAX_BLOCK_BYTES
from longtail.problems import BadInputError

REPEATING_COLUMNS = ["image_id", "category_id", "height", "width"]
COMPRESSION_LEVEL = 1


@contextmanager
def new_shard_file(
    path: Path, schema: pa.Schema = SCHEMA
) -> Iterator[Callable[[DetectionColumns], None]]:
    """Yield a function that writes a block as a row group, an empty one too.

    The file has a temporary name until the `with` block ends well.
    """
    with (
        replacing(path) as partial,
        pq.ParquetWriter(
            partial,
            schema,
            compression="zstd",
            compression_level=COMPRESSION_LEVEL,
            use_dictionary=REPEATING_COLUMNS,
            write_page_checksum=True,
        ) as writer,
    ):
        yield lambda block: writer.write_table(
            to_table(block, schema), row_group_size=max(len(block), 1)
        )


class ShardReader:
    """An open shard; every way it can be damaged is a `BadInputError`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            # A row group is read at once, so reading ahead would only copy it.
            self._file = pq.ParquetFile(path, page_checksum_verification=True, pre_buffer=False)
            schema = self._file.schema_arrow
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise self._damaged(error) from None
        if not (schema.equals(SCHEMA) or schema.equals(SOFT_SCHEMA)):
            raise self._damaged("its columns are not those of a prediction store")
        self.has_soft_masks = bool(schema.equals(SOFT_SCHEMA))

    @property
    def rows(self) -> list[int]:
        """Rows of each row group."""
        metadata = self._file.metadata
        return [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]

    def read(self, group: int, with_masks: bool, with_soft_masks: bool = False) -> DetectionColumns:
        """The rows of one row group; soft masks come with masks only, and where there are any."""
        columns = from_table(self.read_table(group, with_masks, with_soft_masks))
        if columns.soft is not None and (problem := columns.soft.problem(columns.has_mask)):
            raise self._damaged(problem)
        return columns

    def read_table(self, group: int, with_masks: bool, with_soft_masks: bool = False) -> pa.Table:
        """The same as an Arrow table; grids are not looked at."""
        names = SCHEMA.names if with_masks else SCHEMA.names[:-1]
        try:
            if with_masks and with_soft_masks and self.has_soft_masks:
                self._check_size(group)
                names = SOFT_SCHEMA.names
            return self._file.read_row_group(group, columns=names, use_threads=False)
        except (pa.ArrowException, OSError, IndexError) as error:
            raise self._damaged(error) from None

    def _check_size(self, group: int) -> None:
        """Refuse grids that would not fit into memory before any is unpacked."""
        metadata = self._file.metadata.row_group(group)
        size = metadata.column(SOFT_SCHEMA.get_field_index(SOFT_MASK)).total_uncompressed_size
        if size > MAX_BLOCK_BYTES:
            raise self._damaged(
                f"the soft masks of row group {group} take {size} bytes, over {MAX_BLOCK_BYTES}"
            )

    def _damaged(self, why: object) -> BadInputError:
        return BadInputError(
            f"{self.path} is damaged ({why}); copy the store again or make it again"
        )
