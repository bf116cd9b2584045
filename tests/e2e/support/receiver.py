"""A webhook receiver which notes what comes and answers as scripted."""
import http.server
import json
import threading
import time


class Received:
    def __init__(self, path, headers, body):
        self.at = time.time()
        self.path = path
        self.headers = headers
        self.body = body

    @property
    def message(self):
        return json.loads(self.body)

    @property
    def event_id(self):
        return self.headers["X-Schedules-Event-Id"]

    @property
    def attempt(self):
        return int(self.headers["X-Schedules-Attempt"])


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request, client_address):
        pass  # a server under test that is killed breaks its connections


class Receiver:
    """answer(path, first, …): statuses to answer with, one a request, the last one for ever after; an entry may be a
    status, (status, headers), or a function of the Received that gives one of these. hold(path) keeps requests waiting
    until release(path). Everything else is answered 200."""

    def __init__(self):
        self.received = []
        self.most_at_once = 0
        self._at_once = 0
        self._scripts = {}
        self._gates = {}
        self._changed = threading.Condition()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self):
                outer._handle(self)

            def log_message(self, *_):
                pass

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()

    def url(self, path="/"):
        return f"http://127.0.0.1:{self.port}{path}"

    def target(self, path="/"):
        return {"type": "webhook", "url": self.url(path)}

    def answer(self, path, *script):
        with self._changed:
            self._scripts[path] = list(script)

    def hold(self, path):
        with self._changed:
            self._gates[path] = threading.Event()

    def release(self, path):
        with self._changed:
            gate = self._gates.pop(path, None)
        if gate is not None:
            gate.set()

    def _handle(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        received = Received(handler.path, handler.headers, body)
        with self._changed:
            self.received.append(received)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            gate = self._gates.get(handler.path)
            script = self._scripts.get(handler.path)
            entry = 200 if not script else script.pop(0) if len(script) > 1 else script[0]
            self._changed.notify_all()
        if gate is not None:
            gate.wait(60)
        if callable(entry):
            entry = entry(received)
        status, headers = entry if isinstance(entry, tuple) else (entry, {})
        with self._changed:
            self._at_once -= 1
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    def of(self, path):
        with self._changed:
            return [one for one in self.received if one.path == path]

    def wait(self, path, count=1, timeout=15):
        """The requests to `path` once there are `count`; fails the test after `timeout`."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while True:
                found = [one for one in self.received if one.path == path]
                if len(found) >= count:
                    return found
                left = deadline - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"{path}: {len(found)} of {count} webhooks came within {timeout} s")
                self._changed.wait(left)

    def close(self):
        for path in list(self._gates):
            self.release(path)
        self._server.shutdown()
        self._server.server_close()
