"""A word to the user while kernels are compiled: once after an installation, and it takes long."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from numba.core.event import Listener, install_listener

MESSAGE = "compiling, once on this machine; later runs start at once"


class _Once(Listener):
    """Says the message at the first kernel that is in no cache."""

    def __init__(self, say: Callable[[str], object]) -> None:
        self._say: Callable[[str], object] | None = say

    def on_start(self, event: Any) -> None:
        """A kernel begins to be compiled."""
        say, self._say = self._say, None
        if say is not None:
            say(MESSAGE)

    def on_end(self, event: Any) -> None:
        """It is compiled."""


@contextmanager
def telling_of_compilation(say: Callable[[str], object]) -> Iterator[None]:
    """Say once that kernels are compiled, if any are in this process; those of a cache are not.

    Args:
        say: Takes the message.
    """
    with install_listener("numba:compile", _Once(say)):
        yield
