"""A strict receiver of OTLP/HTTP traces in JSON: what the specification does not know it answers with 400, and notes."""
import collections
import http.server
import json
import re
import threading
import time

from .receiver import _Server

Span = collections.namedtuple("Span", "trace id parent name kind start end attributes failed resource flags")


class Fault(Exception):
    pass


def check(holds, *what):
    if not holds:
        raise Fault(" ".join(map(str, what)))


def members(value, known, where):
    check(type(value) is dict, where, "is no object")
    unknown = set(value) - set(known)
    check(not unknown, where, "has unknown fields", unknown)
    return value


def each(value, where):
    check(type(value) is list, where, "is no list")
    return value


def text(value, where):
    check(type(value) is str, where, "is no text")
    return value


def integer(value, where, least=0, most=2**32 - 1):
    check(type(value) is int and least <= value <= most, where, "is no number of its range:", value)
    return value


def int64(value, where):
    check(type(value) is str and re.fullmatch(r"-?(0|[1-9][0-9]*)", value), where, "is no 64-bit number as text:", value)
    check(-2**63 <= int(value) < 2**64, where, "is out of range")
    return int(value)


def hex_id(value, size, where):
    check(type(value) is str and re.fullmatch(r"[0-9a-f]*", value) and len(value) == 2 * size, where, "is no id:", value)
    check(set(value) != {"0"}, where, "is all zeros")
    return value


def any_value(value, where):
    members(value, ("stringValue", "boolValue", "intValue", "doubleValue", "arrayValue", "kvlistValue", "bytesValue"), where)
    check(len(value) == 1, where, "has not just one value")
    (kind, it), = value.items()
    if kind == "stringValue":
        return text(it, where)
    if kind == "intValue":
        return int64(it, where)
    if kind == "boolValue":
        check(type(it) is bool, where, "is neither true nor false")
        return it
    if kind == "doubleValue":
        check(type(it) in (int, float), where, "is no number")
        return it
    raise Fault(where, "has a value that is not expected here:", kind)


def attributes(value, where):
    found = {}
    for number, one in enumerate(each(value, where)):
        place = f"{where}[{number}]"
        members(one, ("key", "value"), place)
        check(set(one) == {"key", "value"}, place, "lacks key or value")
        key = text(one["key"], place)
        check(key and key not in found, place, "has no key, or one that was there before:", key)
        found[key] = any_value(one["value"], place)
    return found


def scope(value, where):
    members(value, ("name", "version", "attributes", "droppedAttributesCount"), where)
    text(value.get("name", ""), where)
    text(value.get("version", ""), where)
    attributes(value.get("attributes", []), where)


def status(value, where):
    members(value, ("code", "message"), where)
    text(value.get("message", ""), where)
    return integer(value.get("code", 0), where + ".code", 0, 2) == 2


def span(value, resource, where):
    members(value, ("traceId", "spanId", "traceState", "parentSpanId", "flags", "name", "kind", "startTimeUnixNano",
                    "endTimeUnixNano", "attributes", "droppedAttributesCount", "events", "droppedEventsCount", "links",
                    "droppedLinksCount", "status"), where)
    for needed in ("traceId", "spanId", "name", "startTimeUnixNano", "endTimeUnixNano"):
        check(needed in value, where, "lacks", needed)
    parent = value.get("parentSpanId")
    made = Span(hex_id(value["traceId"], 16, where + ".traceId"), hex_id(value["spanId"], 8, where + ".spanId"),
                None if parent is None else hex_id(parent, 8, where + ".parentSpanId"), text(value["name"], where + ".name"),
                integer(value.get("kind", 0), where + ".kind", 1, 5), int64(value["startTimeUnixNano"], where + ".start"),
                int64(value["endTimeUnixNano"], where + ".end"), attributes(value.get("attributes", []), where + ".attributes"),
                status(value.get("status", {}), where + ".status"), resource, integer(value.get("flags", 0), where + ".flags"))
    check(made.name, where, "has no name")
    check(made.end >= made.start > 0, where, "ends before it starts")
    check(made.id != made.parent, where, "is its own parent")
    return made


def read_export(body):
    """The spans of an ExportTraceServiceRequest. Errors: Fault."""
    try:
        value = json.loads(body)
    except ValueError as error:
        raise Fault(f"no JSON: {error}") from None
    found = []
    members(value, ("resourceSpans",), "the request")
    for one in each(value.get("resourceSpans", []), "resourceSpans"):
        members(one, ("resource", "scopeSpans", "schemaUrl"), "resourceSpans[]")
        resource = members(one.get("resource", {}), ("attributes", "droppedAttributesCount"), "resource")
        resource = attributes(resource.get("attributes", []), "resource.attributes")
        for part in each(one.get("scopeSpans", []), "scopeSpans"):
            members(part, ("scope", "spans", "schemaUrl"), "scopeSpans[]")
            scope(part.get("scope", {}), "scope")
            found += [span(it, resource, "span") for it in each(part.get("spans", []), "spans")]
    return found


class Collector:
    """answer(first, …): statuses for the next requests; then 200 for good ones, 400 for others."""

    def __init__(self, port=0):
        self.spans = []
        self.faults = []
        self.requests = []
        self._statuses = []
        self._seen = set()
        self._changed = threading.Condition()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                outer._handle(self)

            def log_message(self, *_):
                pass

        self._server = _Server(("127.0.0.1", port), Handler)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()

    def answer(self, *statuses):
        with self._changed:
            self._statuses = list(statuses)

    def _take(self, handler, body):
        check(handler.path == "/v1/traces", "the path is", handler.path)
        check(handler.headers.get_all("Content-Type") == ["application/json"], "the type is", handler.headers["Content-Type"])
        check("Content-Encoding" not in handler.headers, "the body is packed")
        found = read_export(body)
        check(found, "there is no span")
        for one in found:
            check((one.trace, one.id) not in self._seen, "a span came before:", one)
            self._seen.add((one.trace, one.id))
        return found

    def _handle(self, handler):
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        with self._changed:
            self.requests.append(handler.headers)
            code = self._statuses.pop(0) if self._statuses else 200
            if code == 200:
                try:
                    self.spans += self._take(handler, body)
                except Fault as fault:
                    self.faults.append(str(fault))
                    code = 400
            self._changed.notify_all()
        handler.send_response(code)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", "2")
        handler.end_headers()
        handler.wfile.write(b"{}")

    def wait(self, count, timeout=20, **wanted):
        """The spans that are so (trace="…", step="publish") once there are `count`, in the order of their start."""
        def fits(one):
            values = one._asdict() | {"step": one.name.split()[0], "event": one.attributes["messaging.message.id"]}
            return all(values[name] == value for name, value in wanted.items())
        deadline = time.monotonic() + timeout
        with self._changed:
            while True:
                found = sorted(filter(fits, self.spans), key=lambda one: (one.start, one.end))
                if len(found) >= count:
                    return found
                left = deadline - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"{len(found)} of {count} spans that are {wanted} came within {timeout} s; "
                                         f"faults: {self.faults}; {[one.name for one in found]}")
                self._changed.wait(left)

    def close(self):
        self._server.shutdown()
        self._server.server_close()
