"""One caller's kept connections to every node: what one node does not answer the next one is asked, with the same words."""
import http.client
import json
import time

ATTEMPT_SECONDS = 6
PATIENCE_SECONDS = 40


class NoAnswer(Exception):
    """Nobody answered; some node may have done it all the same."""


class FrontDoors:
    """Of one thread."""

    def __init__(self, ports, first):
        self._ports = ports
        self._at = first % len(ports)
        self._connections = {}

    def once(self, method, path, body=None):
        """(status, JSON) of the present node. OSError, HTTPException, ValueError: it may or may not have been done."""
        port = self._ports[self._at]
        connection = self._connections.get(port)
        if connection is None:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ATTEMPT_SECONDS)
            self._connections[port] = connection
        try:
            sent = None if body is None else json.dumps(body).encode()
            connection.request(method, "/api/v1" + path, sent, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text else None
        except (OSError, http.client.HTTPException, ValueError):
            self._connections.pop(port).close()
            raise

    def next_node(self):
        self._at = (self._at + 1) % len(self._ports)

    def ask(self, method, path, body=None, patience=PATIENCE_SECONDS):
        """The first answer that is one: neither a broken connection nor "not now". Says too whether an earlier attempt's
        end is unknown."""
        deadline = time.monotonic() + patience
        doubtful = False
        while True:
            try:
                status, answer = self.once(method, path, body)
                if status < 500 and status != 429:
                    return status, answer, doubtful
            except ConnectionRefusedError:
                pass  # certainly not done
            except (OSError, http.client.HTTPException, ValueError):
                doubtful = True
            if time.monotonic() > deadline:
                raise NoAnswer(f"{method} {path}")
            self.next_node()
            time.sleep(0.05)

    def close(self):
        for connection in self._connections.values():
            connection.close()
