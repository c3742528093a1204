"""AP of finished trials whose detections are cut by score + margin, without predicting again.

The re-scoring of report 003, section 5: rare categories get alpha_r, common ones alpha_c, before
the cut to the detections that count in an image. A margin does not change the order within a
category, so it only decides who is cut, and where nobody is cut it changes nothing.
"""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from longtail.cluster.work.node_runner import predictions_of
from longtail.evaluation.annotations.ground_truth import GroundTruth, read_ground_truth
from longtail.evaluation.margins import Margins
from longtail.evaluation.metrics.rescorer import Rescorer
from longtail.metrics import UNDEFINED
from longtail.predictions.store import PredictionStore
from longtail.problems import BadInputError
from longtail.progress import OnStep, block_progress
from longtail.sweep.analysis.margin_file import (
    COMMON_SHARE,
    METRICS,
    RARE_MARGINS,
    MarginResults,
    TrialMargins,
    read_margins,
    write_margins,
)
from longtail.sweep.request import Sweep
from longtail.sweep.settings import SweepSettings
from longtail.sweep.trial import Trial


def find_margins(sweep: Sweep, trials: Sequence[Trial], settings: SweepSettings) -> MarginResults:
    """Metrics of every finished trial under every margin; those in the sweep's folder are kept.

    Progress goes to standard error. A trial whose predictions cannot be read is named among the
    problems; one without mask AP is left out.

    Args:
        sweep: What was searched.
        trials: Its trials.
        settings: Where the sweep and its nodes are.

    Raises:
        BadInputError: The file of an earlier run is damaged.
    """
    known = read_margins(settings.directory)
    different = {trial.evaluation: trial for trial in trials if _has_ap(trial)}
    left = [trial for name, trial in different.items() if name not in known]
    truth = cache(lambda: read_ground_truth(sweep.data.val, exhaustive=sweep.data.exhaustive))
    problems = []
    with block_progress() as on_block:
        for place, trial in enumerate(left):
            try:
                known[trial.evaluation] = _margins_of(
                    sweep, trial, settings.grid.runs, truth, _part(on_block, place, len(left))
                )
            except BadInputError as error:
                problems.append(f"trial {trial.number}: {error}")
                continue
            write_margins(settings.directory, known)
    found = {name: known[name] for name in different if name in known}
    return MarginResults(found, tuple(problems))


def _has_ap(trial: Trial) -> bool:
    return trial.state == "finished" and trial.metrics.get("AP", UNDEFINED) != UNDEFINED


def _margins_of(
    sweep: Sweep, trial: Trial, runs: Path, truth: Callable[[], GroundTruth], on_block: OnStep
) -> TrialMargins:
    row = sweep.row(trial.number, trial.point)
    max_dets: int = row.evaluation.config["max_dets"]
    store = PredictionStore.open(predictions_of(runs, row), verify=True)
    category_ids, num_over_cap = _read_columns(store, max_dets)
    if num_over_cap == 0:
        plain = {name: trial.metrics.get(name, UNDEFINED) for name in METRICS}
        found = [plain for _ in RARE_MARGINS]
    else:
        rescorer = Rescorer.build(truth(), store, "segm", max_dets, on_block)
        categories = truth().categories
        groups = categories.group_index()[categories.index_of(category_ids)]
        margins = [Margins(rare, COMMON_SHARE * rare) for rare in RARE_MARGINS]
        found = [rescorer.fast(of.keys(rescorer.scores, groups)) for of in margins]
    metrics = {name: tuple(values[name] for values in found) for name in METRICS}
    num_images = len(store.manifest.image_ids)
    return TrialMargins(RARE_MARGINS, max_dets, num_images, num_over_cap, metrics)


def _read_columns(store: PredictionStore, max_dets: int) -> tuple[NDArray[np.int64], int]:
    """(S,) category ids of a store's rows, and how many images have more than `max_dets`."""
    category_ids, num_over_cap = [np.zeros(0, dtype=np.int64)], 0
    for columns in store.blocks(with_masks=False):
        category_ids.append(columns.category_id)
        counts = np.unique(columns.image_id, return_counts=True)[1]
        num_over_cap += int((counts > max_dets).sum())
    return np.concatenate(category_ids), num_over_cap


def _part(on_block: OnStep, place: int, number: int) -> OnStep:
    """Tells of the blocks of one of several equal pieces of work."""
    return lambda done, total: on_block(place * total + done, number * total)
