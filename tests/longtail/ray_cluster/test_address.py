"""Addresses that no cluster answers at are told before Ray tries them for minutes."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from longtail.commands import InfrastructureError
from longtail.ray_cluster import address as addresses
from longtail.ray_cluster.address import check_answers, host_and_port
from longtail.ray_cluster.connection import connect


@pytest.mark.parametrize("prefix", ["", "ray://"])
@pytest.mark.parametrize("address", ["127.0.0.1:1", "no-such-host.invalid:6379"])
def test_an_address_where_nobody_listens_is_told_at_once(prefix: str, address: str) -> None:
    target = f"{prefix}{address}"
    with pytest.raises(InfrastructureError, match=f"cannot reach a Ray cluster at {target}: "):
        connect(target)


@pytest.fixture
def web_server() -> Iterator[int]:
    """The port of a server that speaks HTTP/1.1, as Ray's web page does."""
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("prefix", ["", "ray://"])
def test_a_server_of_another_kind_is_told_from_ray(prefix: str, web_server: int) -> None:
    with pytest.raises(InfrastructureError, match="something else than Ray listens at this port"):
        connect(f"{prefix}127.0.0.1:{web_server}")


def test_a_server_that_says_nothing_is_told_from_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "CONNECT_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as server:
        with pytest.raises(ConnectionError, match="something else than Ray"):
            check_answers(f"127.0.0.1:{server.getsockname()[1]}")


def test_words_that_are_no_address_are_named() -> None:
    with pytest.raises(InfrastructureError, match="an address is HOST:PORT, as in"):
        connect("head")
    assert host_and_port("ray://[::1]:10001") == ("::1", 10001)
