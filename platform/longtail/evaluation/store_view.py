"""A prediction store seen through a change of its rows, without writing a second one."""

from collections.abc import Callable

from longtail.predictions.columns import DetectionColumns
from longtail.predictions.store import PredictionStore

BlockChange = Callable[[int, DetectionColumns], DetectionColumns]
"""Takes a block's number and its rows, with or without masks; returns the rows to show."""


class StoreView(PredictionStore):
    """A store of which every block is changed as it is read."""

    def __init__(self, store: PredictionStore, change: BlockChange, num_detections: int) -> None:
        super().__init__(store.directory, store.manifest)
        self._store = store
        self._change = change
        self._num_detections = num_detections

    @property
    def num_detections(self) -> int:
        """Rows of all blocks after the change."""
        return self._num_detections

    def read_block(
        self, block: int, with_masks: bool = True, with_soft_masks: bool = False
    ) -> DetectionColumns:
        """The rows of one block after the change."""
        return self._change(block, self._store.read_block(block, with_masks, with_soft_masks))
