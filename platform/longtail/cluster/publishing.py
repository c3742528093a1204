"""Publishing in the background while nodes run."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from longtail.cluster.publish import Publisher
from longtail.cluster.standings import Standings
from longtail.ray_cluster.watch import at_loss

PUBLISH_SECONDS = 5.0


def prepared(publisher: Publisher) -> None:
    """Have MLflow's store made, which takes seconds, while there is nothing to publish yet."""
    threading.Thread(target=publisher.prepare, daemon=True).start()


@contextmanager
def kept_in_step(publisher: Publisher, standings: Standings) -> Iterator[None]:
    """Publish again and again; what interrupts the work ends its runs as killed.

    A slow or dead MLflow holds up a thread of its own, never the work.
    """
    stop = threading.Event()
    background = threading.Thread(
        target=_publish_until, args=(stop, publisher, standings), daemon=True
    )
    background.start()

    def end() -> None:
        stop.set()
        publisher.publish(standings, "KILLED")

    try:
        with at_loss(end):
            yield
    except BaseException:
        end()
        raise
    stop.set()
    background.join()


def _publish_until(stop: threading.Event, publisher: Publisher, standings: Standings) -> None:
    while not stop.wait(PUBLISH_SECONDS):
        publisher.publish(standings, "RUNNING")
