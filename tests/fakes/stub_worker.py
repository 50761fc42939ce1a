"""A replacement for a worker that obeys the channel and does nothing else: `python stub_worker.py CHANNEL`. It only
imports the standard library, so it starts at once. It reports every received command to the test, as a "told" message.
"""

import json
import socket
import sys

FACTS = {"place": {"path": None, "host": "127.0.0.1", "port": 0}, "listen": "", "url": "", "drain_seconds": 0}


def main() -> None:
    end = socket.socket(fileno=int(sys.argv[-1]))
    settings = json.loads(_line(end))["settings"]
    if settings == "dies before it takes the sockets":
        _say(end, {"prepared": {**FACTS, "workers": 1}})
        return
    _say(end, {"prepared": {**FACTS, "workers": int(settings.split()[0])}})
    socket.recv_fds(end, 1024, 253)
    if "refuses" in settings:
        _say(end, {"refused": "no such store"})
        return
    is_old = "old" in settings  # and does not know of pings
    _say(end, {"ready": True} if is_old else {"ready": True, "pongs": True})
    while line := _line(end):
        message = json.loads(line)
        if "ping" in message and not is_old:
            _say(end, {"pong": True})
        elif "end" in message:
            return
        else:
            _say(end, {"told": message})


def _line(end: socket.socket) -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        byte = end.recv(1)
        if not byte:
            return b""
        line += byte
    return line


def _say(end: socket.socket, message: object) -> None:
    end.sendall(json.dumps(message).encode() + b"\n")


if __name__ == "__main__":
    main()
