"""Opening predictions for matching, which reads every block of them once and checks it then."""

from pathlib import Path

from longtail.evaluation.annotations.ground_truth import GroundTruth
from longtail.evaluation.matching.match_store import kinds_of
from longtail.evaluation.matching.shard_files import Inputs
from longtail.files import sha256_of
from longtail.predictions.manifest import MANIFEST_NAME
from longtail.predictions.result_json.read import open_predictions
from longtail.predictions.sound_store import sound_store
from longtail.predictions.store import PredictionStore
from longtail.problems import BadInputError


def open_set(
    path: Path, truth: GroundTruth, work_dir: Path | None, *, lasting: bool = False
) -> PredictionStore:
    """Open a store, or import a result JSON to `work_dir`, which must not exist, and open that.

    The categories of a store are checked where its blocks are matched. Scores only rank, so any
    finite ones will do, as they do for lvis-api. A store with repeats is copied to `work_dir`
    without them. Only a `lasting` import is a store that other processes can open, with the digests
    of the one that `ensemble.convert` makes.

    Raises:
        BadInputError: The predictions are faulty, or of other images; or a store has repeats, and
            no copy is wanted.
    """
    if not path.is_dir():
        assert work_dir is not None, "an import needs a place"
        of = truth.images, truth.categories
        return open_predictions(path, *of, work_dir, temporary=not lasting, max_score=None)
    store = PredictionStore.open(path, verify=True)
    check_images(store, truth)
    return sound_store(store, work_dir, max_score=None)


def check_images(store: PredictionStore, truth: GroundTruth) -> None:
    """Check that a store is of the images of an annotation file.

    Raises:
        BadInputError: It is not.
    """
    if store.images.digest() != truth.images.digest():
        raise BadInputError(
            f"{store.directory}: made for {len(store.images)} images, which are not the "
            f"{len(truth.images)} of {truth.path}; name the file that it was made for"
        )


def inputs_of(truth: GroundTruth, store: PredictionStore) -> Inputs:
    """What a part of the matching of these is made of."""
    return Inputs(
        annotations=sha256_of(truth.path),
        predictions=sha256_of(store.directory / MANIFEST_NAME),
        kinds=list(kinds_of(truth)),
        num_images=len(truth.images),
        num_categories=len(truth.categories),
        num_instances=truth.num_instances,
        exhaustive=truth.exhaustive,
    )
