"""MLflow's server for a while: where it listens, and that nothing of it is left."""

import socket
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from dashboards.views.server import HOST, free_port, served
from longtail.commands import InfrastructureError


def test_the_next_port_is_taken_where_one_is_in_use() -> None:
    with closing(socket.socket()) as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        found = free_port(port)
    assert found > port


@pytest.mark.slow
def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    store = tmp_path / "mlflow.db"
    store.write_text("no database at all, but long enough to be looked at as one" * 10)
    with served(store, free_port(5100)) as server:
        with pytest.raises(InfrastructureError, match=r"did not start:\n(.|\n)*database"):
            server.wait_until_ready()
    assert not psutil.pid_exists(server.process.pid)
