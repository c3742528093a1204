"""What a classifier is taught, counted category by category while it trains.

R RoIs, K categories, background is label K. Everything is summed where the model computes: a step
makes no transfer from the device, and the loss and its gradients are only looked at.
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, distributed

from longtail.models.classifiers.base import ClassificationTargets, Classifier
from longtail.training.telemetry_window import TelemetryWindow

_OF_OWN_ROIS = ("positives", "positive_scores", "positive_gradient", "valid_positives")
_OF_OTHER_ROIS = (
    "scores",
    "foreground_negative_gradient",
    "background_negative_gradient",
    "valid_foreground_negatives",
    "valid_background_negatives",
)
_COUNTS = (
    "positives",
    "valid_positives",
    "valid_foreground_negatives",
    "valid_background_negatives",
)


class Telemetry:
    """Counts the RoIs, gradients and scores of each category since the last `window`.

    Args:
        num_categories: K.
        device: Where the classifier is.
    """

    def __init__(self, num_categories: int, device: torch.device) -> None:
        self._steps = 0
        # Rows as named above. What RoIs of the background add to their own column, K, is of no use
        # but for their number.
        rows = len(_OF_OWN_ROIS) + len(_OF_OTHER_ROIS)
        self._sums = torch.zeros(rows, num_categories + 1, dtype=torch.float64, device=device)
        self._own_scores, self._own_gradients = self._sums[:2], self._sums[2:4]
        others = self._sums[4:, :-1]
        self._scores, self._gradients, self._valid = others[0], others[1:3], others[3:]

    @torch.no_grad()
    def watch(self, classifier: Classifier, logits: Tensor, targets: ClassificationTargets) -> None:
        """Count a step in; its gradients are counted once they are computed.

        To be called once a step, with the logits that the loss is then computed from. Without
        gradients, as where the classifier is frozen, no RoI is valid.

        Args:
            classifier: Its `scores` and `category_logits` are used.
            logits: (R, any), with gradient.
            targets: Of the same R.
        """
        self._steps += 1
        labels = targets.labels
        scores = classifier.scores(logits.detach())
        own = scores.gather(1, labels[:, None])[:, 0].double()
        self._own_scores.index_add_(1, labels, torch.stack([torch.ones_like(own), own]))
        self._scores += scores[:, :-1].sum(dim=0)
        if logits.requires_grad:
            hook = partial(self._count_gradient, classifier.category_logits, labels)
            logits.register_hook(hook)  # type: ignore[no-untyped-call]

    def window(self) -> TelemetryWindow:
        """What was counted on all workers together; counting starts anew.

        Every worker calls it, after the same steps.
        """
        sums, steps = self._sums.clone(), self._steps
        self._sums.zero_()
        self._steps = 0
        if distributed.is_available() and distributed.is_initialized():
            distributed.all_reduce(sums)
        table = sums.cpu().numpy()
        rows = dict(zip((*_OF_OWN_ROIS, *_OF_OTHER_ROIS), table[:, :-1], strict=True))
        rois = int(table[_OF_OWN_ROIS.index("positives")].sum())
        fields = {
            name: row.astype("int64") if name in _COUNTS else row.copy()
            for name, row in rows.items()
        }
        return TelemetryWindow(steps=steps, rois=rois, **fields)

    @torch.no_grad()
    def _count_gradient(
        self, of_categories: Callable[[Tensor], Tensor], labels: Tensor, gradient: Tensor
    ) -> None:
        size = of_categories(gradient).abs()
        num_rois, num_categories = size.shape
        is_foreground = labels < num_categories
        place = labels.clamp(max=num_categories - 1)[:, None]
        found = size.gather(1, place)
        own = (found[:, 0] * is_foreground).double()
        of_own = torch.stack([own * num_rois, (own != 0).double()])
        self._own_gradients.index_add_(1, labels, of_own)

        # Each RoI's own category is left out of the negatives, by a gradient of 0.
        size.scatter_(1, place, found * ~is_foreground[:, None])
        kinds = torch.stack([is_foreground, ~is_foreground]).to(size.dtype)
        with torch.autocast(size.device.type, enabled=False):
            self._gradients += (kinds @ size) * num_rois
            self._valid += kinds @ (size != 0).to(size.dtype)
