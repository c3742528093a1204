"""Importing what needs detectron2, or saying what to do where it is absent."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def needs_detectron2(what: str, otherwise: str) -> Iterator[None]:
    """Stand around the imports from `longtail.engines.detectron2` alone.

    Args:
        what: What needs them; the error begins with it.
        otherwise: What helps without detectron2.

    Raises:
        ValueError: detectron2 is absent, or it cannot be imported.
    """
    try:
        with warnings.catch_warnings():
            # Of detectron2's own use of torch.jit.
            warnings.simplefilter("ignore", FutureWarning)
            yield
    except ImportError as error:
        raise ValueError(f"{what}: {_why_not(error)}, or {otherwise}") from error


def _why_not(error: ImportError) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name == "detectron2":
        return (
            "detectron2 is not installed, and the package registry does not have it: install it by"
            " its own instructions with --no-build-isolation and setuptools<82"
        )
    return f"detectron2 is installed but cannot be imported: {error}; build it anew for this torch"
