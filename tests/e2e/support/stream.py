"""Reads server-sent events in a thread, and comes back after a break without missing any."""
import http.client
import json
import threading
import time
import urllib.parse


class Fired:
    def __init__(self, sequence, name, message):
        self.at = time.time()
        self.sequence = sequence
        self.name = name
        self.message = message

    @property
    def event_id(self):
        return self.message["event_id"]


class StreamReader:
    """events: what came, in order. gaps: what the server said it no longer has. With `after`, begins there (0: all)."""

    def __init__(self, server, topics=(), after=None, headers=None, reconnect=True):
        self.server = server
        self.events = []
        self.gaps = []
        self.last_id = after
        self._topics = list(topics)
        self._headers = dict(headers or {})
        self._reconnect = reconnect
        self._closed = False
        self._connection = None
        self._changed = threading.Condition()
        self._open = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()

    def opened(self, timeout=10):
        """Waits until the server has answered: what fires from then on is seen."""
        if not self._open.wait(timeout):
            raise AssertionError("the stream was not opened")
        return self

    def _run(self):
        while not self._closed:
            try:
                self._read()
            except (OSError, http.client.HTTPException, ValueError, AttributeError):
                pass
            if not self._reconnect:
                return
            self._open.clear()
            time.sleep(0.05)

    def _read(self):
        query = urllib.parse.urlencode({"topic": self._topics}, doseq=True)
        headers = dict(self._headers)
        if self.last_id is not None:
            headers["Last-Event-ID"] = str(self.last_id)
        connection = http.client.HTTPConnection(self.server.host, self.server.port, timeout=60)
        self._connection = connection
        connection.request("GET", "/api/v1/events/stream" + ("?" + query if query else ""), headers=headers)
        response = connection.getresponse()
        if response.status != 200:
            raise ValueError(response.status)
        fields = {}
        for raw in iter(response.readline, b""):
            line = raw.decode().rstrip("\n")
            if not line:
                self._take(fields)
                fields = {}
                continue
            if line.startswith("retry:") or line.startswith(":"):
                self._open.set()
            name, _, value = line.partition(":")
            if name:
                fields[name] = value.removeprefix(" ")

    def _take(self, fields):
        if "data" not in fields:
            return
        with self._changed:
            if fields.get("event") == "gap" and "id" not in fields:
                self.gaps.append(fields["data"])
            else:
                self.events.append(Fired(fields.get("id"), fields.get("event"), json.loads(fields["data"])))
            if "id" in fields:
                self.last_id = fields["id"]
            self._changed.notify_all()

    def ids(self):
        with self._changed:
            return [event.event_id for event in self.events]

    def wait(self, wanted, timeout=15):
        """`wanted`: a number of events, or a function of one. Answers all of them, or the first that fits."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while True:
                if callable(wanted):
                    found = next((event for event in self.events if wanted(event)), None)
                else:
                    found = list(self.events) if len(self.events) >= wanted else None
                if found is not None:
                    return found
                left = deadline - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"the stream did not bring it within {timeout} s; {len(self.events)} came")
                self._changed.wait(left)

    def wait_id(self, event_id, timeout=15):
        return self.wait(lambda event: event.event_id == event_id, timeout)

    def close(self):
        self._closed = True
        connection = self._connection
        if connection is not None and connection.sock is not None:
            try:
                connection.sock.shutdown(2)
            except OSError:
                pass
