"""A sweep as its folder remembers it, for those who only look at what it found."""

from pathlib import Path

from longtail.cluster.nodes.plan import DataFiles
from longtail.config.dimensions import from_description
from longtail.config.search_space import SearchSpace
from longtail.config.variant import Variant
from longtail.data.joining.also_file import AlsoFile
from longtail.data.semantic.maps import SemanticMaps
from longtail.problems import BadInputError
from longtail.sweep.journal import REQUEST, REQUEST_REMEDY, TrialEnded, read_events, read_request
from longtail.sweep.request import Sweep
from longtail.sweep.trial import Trial

NOWHERE = Path()
"""A sweep remembers what its files held, not where they lay."""


def recalled_sweep(directory: Path, num_trials: int) -> Sweep:
    """What was searched; it cannot be run, since its data files have no place.

    Args:
        directory: The sweep's folder.
        num_trials: So many ended; how many were wanted is not remembered.

    Raises:
        BadInputError: The folder has no request of a sweep, or one of another version.
        DamagedError: The request is not what was written.
    """
    path = directory / REQUEST
    try:
        tree = read_request(directory)
    except FileNotFoundError:
        raise BadInputError(f"{path}: no sweep began there; give the folder of one") from None
    try:
        dimensions = {name: from_description(of) for name, of in tree["space"].items()}
        data = DataFiles(
            *(NOWHERE, NOWHERE, NOWHERE),
            tree["train"],
            tree["val"],
            exhaustive=tree.get("exhaustive", False),
            semantic=SemanticMaps(NOWHERE, tree["semantic"]) if "semantic" in tree else None,
            also=tuple(
                AlsoFile.recalled(name, identity) for name, identity in tree.get("also", {}).items()
            ),
        )
        return Sweep(
            base=Variant.model_validate(tree["base"]),
            space=SearchSpace(dimensions),
            data=data,
            algorithm=tree["algorithm"],
            num_trials=num_trials,
            metrics=tuple(tree["metrics"]),
            scheduler=tree["scheduler"],
            num_rungs=len(tree["rungs"]),
            reduction=tree["reduction"],
            seed=tree["seed"],
            resamples=tree["resamples"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadInputError(
            f"{path}: not the request of a sweep of this version ({error}); {REQUEST_REMEDY}"
        ) from None


def ended_trials(directory: Path) -> tuple[Trial, ...]:
    """The trials that ended so far, by number; one that was tried again is what it became.

    Raises:
        BadInputError: The journal holds something else, or is damaged.
    """
    ended = {
        of.trial.number: of.trial for of in read_events(directory) if isinstance(of, TrialEnded)
    }
    return tuple(ended[number] for number in sorted(ended))
