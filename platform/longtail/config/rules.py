"""What a challenge allowed to learn from besides its own annotations."""

from typing import Annotated, Literal

from pydantic import BeforeValidator


def _as_text(value: object) -> object:
    """A year on the command line is read as a number."""
    return str(value) if type(value) is int else value


Rules = Annotated[Literal["none", "2019", "2020"], BeforeValidator(_as_text)]
"""`2019`: the LVIS challenge that allowed other annotations; `2020`: LVIS is the only annotated
source, lvisTraveler 2020 report, section 3.1; `none`: no submission is meant."""


def check_rules(rules: str, external_data: bool) -> None:
    """Hold a variant against the rules that it names.

    Args:
        rules: Of which challenge.
        external_data: Whether the variant learned from annotations other than the training file's.

    Raises:
        ValueError: It did, and the rules forbid it.
    """
    if rules == "2020" and external_data:
        raise ValueError(
            "external_data: true, but rules 2020 allow no annotations besides those of LVIS; leave"
            " them out and set external_data=false, or set rules=2019 or rules=none"
        )
