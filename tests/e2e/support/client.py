"""An HTTP client for JSON over one kept connection for each thread."""
import http.client
import json
import select
import threading
import urllib.parse

API = "/api/v1"
_clients = []


def close_clients():
    for client in _clients:
        client.close_all()
    _clients.clear()


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.body[:600]!r}>"


class Client:
    """Paths are given from /api/v1 on, or whole where they begin with "//" (client.get("//healthz"))."""

    def __init__(self, server, token=None, timeout=30):
        self.server = server
        self.token = token
        self.timeout = timeout
        self._local = threading.local()
        self._lock = threading.Lock()
        self._all = set()  # of every thread
        _clients.append(self)

    def request(self, method, path, body=None, headers=None, **query):
        """`body`: bytes and str go as they are, everything else as JSON."""
        path = path[1:] if path.startswith("//") else API + path
        if query:
            path += "?" + urllib.parse.urlencode(query, doseq=True)
        sent = dict(headers or {})
        if self.token:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        if body is not None:
            if not isinstance(body, (bytes, str)):
                body = json.dumps(body)
            body = body.encode() if isinstance(body, str) else body
            sent.setdefault("Content-Type", "application/json")
        return self._exchange(method, path, body, sent)

    def _exchange(self, method, path, body, headers):
        kept = self._kept()
        if kept is not None:
            try:
                return self._once(kept, method, path, body, headers)
            except (OSError, http.client.HTTPException):
                self.close()
                if method != "GET":
                    raise  # it may have been done
        fresh = http.client.HTTPConnection(self.server.host, self.server.port, timeout=self.timeout)
        self._local.connection, self._local.pid = fresh, self.server.pid
        with self._lock:
            self._all.add(fresh)
        try:
            return self._once(fresh, method, path, body, headers)
        except BaseException:
            self.close()
            raise

    def _kept(self):
        """This thread's connection, unless it is to a process that has been killed since, or was closed while it was idle."""
        connection = getattr(self._local, "connection", None)
        if connection is None:
            return None
        closed = connection.sock is not None and select.select([connection.sock], [], [], 0)[0]
        if not closed and self._local.pid == self.server.pid:
            return connection
        self.close()
        return None

    def _once(self, connection, method, path, body, headers):
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        answer = Answer(response.status, response.headers, response.read())
        if response.will_close:
            self.close()
        return answer

    def get(self, path, headers=None, **query):
        return self.request("GET", path, headers=headers, **query)

    def post(self, path, body=None, headers=None, **query):
        return self.request("POST", path, body, headers, **query)

    def put(self, path, body=None, headers=None, **query):
        return self.request("PUT", path, body, headers, **query)

    def patch(self, path, body=None, headers=None, **query):
        return self.request("PATCH", path, body, headers, **query)

    def delete(self, path, headers=None, **query):
        return self.request("DELETE", path, headers=headers, **query)

    def close(self):
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            with self._lock:
                self._all.discard(connection)
            self._local.connection = None

    def close_all(self):
        with self._lock:
            for connection in self._all:
                connection.close()
            self._all.clear()
