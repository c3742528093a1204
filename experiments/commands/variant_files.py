"""Variants that a command line names: those of the reports, and files that hold one."""

from pathlib import Path

from pydantic import ValidationError

from experiments.commands.run_request import RunRequest
from experiments.variants import VARIANTS
from longtail.config.variant import Variant
from longtail.path_options import shared_path
from longtail.problems import BadInputError

ENDING = ".json"
SHOWN_FAULTS = 3


def names_file(word: str) -> bool:
    """Whether a word names a file and not a variant."""
    return word.endswith(ENDING)


def find_variant(option: str, word: str, run: RunRequest) -> Variant:
    """The variant of that name, at the scale that is asked for, or of that file, as it is.

    Args:
        option: The words of the command line to begin an error with.
        word: A name, or the path of a JSON file.
        run: Says the scale.

    Raises:
        ValueError: No variant has the name, or a submitted job cannot find the file.
        BadInputError: The file cannot be used.
    """
    if names_file(word):
        shared_path(Path(word))
        return read_variant(Path(word))
    if word not in VARIANTS:
        raise ValueError(
            f"{option}: {word!r} is unknown; there are {', '.join(VARIANTS)};"
            " or give a file that ends in .json"
        )
    return run.scaled(VARIANTS[word])


def read_variant(path: Path) -> Variant:
    """Read the best.json of a sweep, the variant.json of an evaluation, or one written by hand.

    Raises:
        BadInputError: It is not there, or not a variant.
    """
    try:
        return Variant.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise BadInputError(
            f"{path}: no such file; a sweep leaves runs/sweeps/NAME/best.json, an evaluation"
            " variant.json"
        ) from None
    except ValidationError as error:
        faults = [
            f"{'.'.join(map(str, fault['loc'])) or 'the whole file'}: {fault['msg']}"
            for fault in error.errors()
        ]
        more = f" and {len(faults) - SHOWN_FAULTS} more" if len(faults) > SHOWN_FAULTS else ""
        raise BadInputError(
            f"{path}: not the JSON of a variant: {'; '.join(faults[:SHOWN_FAULTS])}{more};"
            " give the best.json of a sweep or the variant.json of an evaluation"
        ) from None
