"""What sandboxed frames say: a browser gives them processes, whose console its driver lacks."""

import json
from contextlib import closing
from typing import Any
from urllib.request import ProxyHandler, build_opener

from support.browser.browser import Browser

ASKED = ("Log.enable", "Runtime.enable", "Runtime.evaluate")
"""The first two tell all lines since the frame was loaded, and the last one that these are all."""


def frame_lines(browser: Browser) -> list[str]:
    """Lines of the console and violations of the policy of all frames, since they were loaded."""
    address = browser.driver.capabilities["goog:chromeOptions"]["debuggerAddress"]
    with closing(build_opener(ProxyHandler({})).open(f"http://{address}/json")) as answer:
        targets = json.load(answer)
    frames = [of["webSocketDebuggerUrl"] for of in targets if of["type"] == "iframe"]
    assert frames, "no frame has a process of its own"
    return [line for frame in frames for line in _lines(frame)]


def _lines(address: str) -> list[str]:
    from websocket import create_connection

    lines = []
    with closing(create_connection(address, suppress_origin=True)) as connection:
        for number, method in enumerate(ASKED):
            values = {"expression": "0"} if method == "Runtime.evaluate" else {}
            connection.send(json.dumps({"id": number, "method": method, "params": values}))
        while (told := json.loads(connection.recv())).get("id") != len(ASKED) - 1:
            lines += _line(told.get("method"), told.get("params", {}))
    return lines


def _line(method: str | None, values: dict[str, Any]) -> list[str]:
    match method:
        case "Log.entryAdded":
            return [str(values["entry"]["text"])]
        case "Runtime.consoleAPICalled":
            return [" ".join(str(of.get("value")) for of in values["args"])]
        case "Runtime.exceptionThrown":
            return [str(values["exceptionDetails"]["text"])]
        case _:
            return []
