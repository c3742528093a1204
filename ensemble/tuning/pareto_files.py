"""The merges that a search ends with, as files: what `ensemble.merge --config` takes.

The winner's lie in the folder itself, those of all Pareto merges in `pareto/NN`, the
winner's among them.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ensemble.calibration.fit import fit_calibration
from ensemble.calibration.fit_settings import FitSettings
from ensemble.calibration.labelled_scores import LabelledScores
from ensemble.calibration.maps import MAP_TYPES
from ensemble.merging.config_file import write_merge_file
from ensemble.merging.options import settings_of
from ensemble.tuning.pareto import Candidate
from ensemble.tuning.request import TuneRequest
from longtail.evaluation.annotations.ground_truth import GroundTruth

MERGE_FILE, CALIBRATION, PARETO = "merge.yaml", "calibration.json", "pareto"
Options = dict[str, Any]


@dataclass(frozen=True)
class ParetoMergeFiles:
    """Writes the files of Pareto merges.

    Attributes:
        request: The search.
        labelled: Judged detections of the half that is tuned on, by source.
        truth: Annotations of that half.
        out: Folder of the search.
    """

    request: TuneRequest
    labelled: Mapping[str, LabelledScores]
    truth: GroundTruth
    out: Path

    def clear(self) -> None:
        """Remove what an earlier end of the same search wrote."""
        shutil.rmtree(self.out / PARETO, ignore_errors=True)
        (self.out / CALIBRATION).unlink(missing_ok=True)

    def write(self, merge: Candidate, number: int) -> Options:
        """Write the files of a merge, those of the first into the folder of the search, too.

        Returns:
            The options of `ensemble.merge` that it stands for.
        """
        folder = self.out / PARETO / f"{number:02d}"
        options = self._write_into(folder, merge)
        return self._write_into(self.out, merge) if number == 0 else options

    def _write_into(self, folder: Path, merge: Candidate) -> Options:
        folder.mkdir(parents=True, exist_ok=True)
        space, point = self.request.space, merge.trial.point
        options = space.options_at(point)
        kind = space.calibration_at(point)
        if kind in MAP_TYPES:
            path = folder / CALIBRATION
            max_scores = {spec.name: spec.max_score for spec in space.specs}
            fit_calibration(self.labelled, self.truth, FitSettings(kind), max_scores).save(path)
            options["calibration"] = path
        options["rare_margin"], options["common_margin"] = merge.rare_margin, merge.common_margin
        specs = space.specs_at(point)
        _, resolved = settings_of(options, len(specs))
        written = {"zip" if key == "zipped" else key: value for key, value in resolved.items()}
        if written["calibration"] is not None:
            written["calibration"] = str(written["calibration"])
        words = {"pred": [spec.word() for spec in specs], "ann": str(self.request.ann)}
        write_merge_file(folder / MERGE_FILE, words | written)
        return options
