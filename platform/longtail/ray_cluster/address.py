"""Addresses of Ray clusters, and whether Ray answers there: Ray itself asks for minutes."""

import os
import socket

CONNECT_SECONDS = 10.0
LOCAL = "local"
AUTO = "auto"
CLIENT = "ray://"
GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
"""How HTTP/2, on which gRPC rests, begins (RFC 9113, 3.4): the preface, and empty settings."""
SETTINGS = 4
"""Type of the frame that a server must answer with."""


def target_of(address: str | None) -> str:
    """What to connect to: an address, else `RAY_ADDRESS` (set inside a submitted job), else a new
    cluster of this machine."""
    return address or os.environ.get("RAY_ADDRESS") or LOCAL


def check_answers(target: str) -> None:
    """Ask for a connection, and whether it is one to a gRPC server as Ray's are.

    Raises:
        ConnectionError: There is none, or something else listens there.
        ValueError: It is no address.
    """
    if target == AUTO or "://" in target.removeprefix(CLIENT):
        # Which cluster that is, or what those services are, Ray alone knows.
        return
    host, port = host_and_port(target)
    try:
        with socket.create_connection((host, port), CONNECT_SECONDS) as connection:
            if not _speaks_grpc(connection):
                raise ConnectionError(
                    "something else than Ray listens at this port; a head's is most often 6379,"
                    " with ray:// 10001, and 8265 is its web page"
                )
    except ConnectionError:
        raise
    except OSError as error:
        raise ConnectionError(str(error)) from None


def host_and_port(target: str) -> tuple[str, int]:
    """Of `HOST:PORT` or `ray://HOST:PORT`.

    Raises:
        ValueError: It is neither.
    """
    host, _, port = target.removeprefix(CLIENT).rpartition(":")
    if not host or not port.isdecimal():
        raise ValueError("an address is HOST:PORT, as in 10.0.0.1:6379, or ray://HOST:10001")
    return host.strip("[]"), int(port)


def _speaks_grpc(connection: socket.socket) -> bool:
    if os.environ.get("RAY_USE_TLS", "0").lower() in ("1", "true"):
        return True
    connection.sendall(GREETING)
    answer = b""
    try:
        while len(answer) < 4 and (more := connection.recv(64)):
            answer += more
    except TimeoutError:
        return False
    return answer[3:4] == bytes([SETTINGS])
