#!/usr/bin/env python3
"""ClickHouse's HTTP interface over its embedded engine (libchdb), as far as a client of ours can tell:
    clickhouse_http.py LIBCHDB DATA_DIR PORT
queries, parameters, settings, external tables, compressed bodies, exceptions. No package has a server of today.

POST /faults sets a list of faults, each used once by the first query that has `match` in its text; the answer is the
list as it was. A fault is {"match": TEXT} and any of
    "delay": SECONDS           before anything is done
    "status": N, "code": N     answered instead of the truth: HTTP status, exception code
    "tail": TEXT               a good answer with this appended
    "drop": true               the connection is cut instead of an answer
    "after": true              the query is carried out first
    "swallow": true            a good, empty answer, and nothing is done
    "times": N                 used so often, not once"""
import ctypes
import gzip
import json
import os
import queue
import re
import signal
import socket
import socketserver
import sys
import threading
import time
import uuid
from urllib.parse import parse_qsl, urlsplit

CONNECTIONS = 8
NOT_SETTINGS = {"query", "database", "user", "password", "default_format", "query_id", "session_id", "quota_key", "role",
                "wait_end_of_query", "buffer_size", "enable_http_compression", "compress", "decompress"}
STATUS_OF = {404: (16, 46, 47, 50, 56, 60, 81, 115), 403: (192, 193, 194, 497, 516), 408: (159,), 501: (48,),
             400: (6, 10, 26, 27, 33, 36, 38, 41, 42, 43, 53, 62, 72, 73, 117, 130, 131, 386, 456, 457)}
# INSERT INTO table [(columns)] [SETTINGS …] FORMAT name: rows follow, after it or in the body.
INSERT = re.compile(rb"\s*(INSERT\s+INTO\s+[^;]*?)(\s+SETTINGS\s+[^;]*?)?\s+FORMAT\s+(\w+)\s*", re.I | re.S)


class EngineError(Exception):
    def __init__(self, text):
        super().__init__(text)
        found = re.search(r"Code: (\d+)", text)
        self.code = int(found.group(1)) if found else 1002


class Engine:
    """The library, and some connections to the one database that it opens."""

    def __init__(self, library, path):
        self.library = ctypes.CDLL(os.path.abspath(library))
        self.path = path
        text, size, handle = ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p
        lists = (ctypes.POINTER(text), ctypes.POINTER(size))
        self.connect = self._function("chdb_connect", ctypes.POINTER(handle), ctypes.c_int, ctypes.POINTER(text))
        self.close = self._function("chdb_close_conn", None, ctypes.POINTER(handle))
        self.query = self._function("chdb_query_with_params_n", handle, handle, text, size, text, size, *lists, *lists,
                                    size)
        self.error = self._function("chdb_result_error", text, handle)
        self.buffer = self._function("chdb_result_buffer", handle, handle)
        self.length = self._function("chdb_result_length", size, handle)
        self.free = self._function("chdb_destroy_query_result", None, handle)
        self.figures = {name: self._function(f"chdb_result_{function}", ctypes.c_uint64, handle) for name, function in (
            ("read_rows", "storage_rows_read"), ("read_bytes", "storage_bytes_read"), ("written_rows", "rows_written"),
            ("written_bytes", "bytes_written"), ("result_rows", "rows_read"), ("result_bytes", "bytes_read"))}
        os.makedirs(path, exist_ok=True)
        self.idle = queue.SimpleQueue()
        for _ in range(CONNECTIONS):
            words = (text * 2)(b"clickhouse", b"--path=" + path.encode())
            connection = self.connect(2, words)
            if not connection or not connection[0]:
                raise RuntimeError("the engine does not open " + path)
            self.idle.put(connection)

    def _function(self, name, result, *arguments):
        function = getattr(self.library, name)
        function.restype, function.argtypes = result, arguments
        return function

    def run(self, connection, sql, form=b"TabSeparated", parameters=()):
        names = [name.encode() for name, _ in parameters]
        values = [value for _, value in parameters]
        texts, sizes = ctypes.c_char_p * max(len(names), 1), ctypes.c_size_t * max(len(names), 1)
        result = self.query(connection[0], sql, len(sql), form, len(form), texts(*names), sizes(*map(len, names)),
                            texts(*values), sizes(*map(len, values)), len(names))
        if not result:
            raise EngineError("Code: 1001. DB::Exception: no result")
        try:
            failed = self.error(result)
            if failed:
                raise EngineError(failed.decode(errors="replace"))
            length = self.length(result)
            return ctypes.string_at(self.buffer(result), length) if length else b"", {
                name: str(figure(result)) for name, figure in self.figures.items()}
        finally:
            self.free(result)


class Call:
    """One query on one connection, which is left as it was found."""

    def __init__(self, engine, connection):
        self.engine, self.connection = engine, connection
        self.undo, self.files = [], []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for sql in self.undo:
            try:
                self.engine.run(self.connection, sql)
            except EngineError:
                pass
        for path in self.files:
            os.unlink(path)

    def prepare(self, sql, undo):
        self.undo.append(undo)
        self.engine.run(self.connection, sql)

    def file(self, data):
        """The engine reads rows from files only: rows inside its text end at an empty line."""
        place = "/dev/shm" if os.path.isdir("/dev/shm") else self.engine.path
        path = os.path.join(place, f"schedules-clickhouse-{os.getpid()}-{uuid.uuid4().hex}")
        self.files.append(path)
        with open(path, "wb") as out:
            out.write(data)
        return path.encode()

    def use(self, database):
        self.prepare(b"USE `%s`" % database.replace("`", "").encode(), b"USE default")

    def set(self, name, value):
        if not re.fullmatch(r"\w+", name):
            raise EngineError(f"Code: 115. DB::Exception: Setting {name} is neither a builtin setting nor started with "
                              "the prefix. (UNKNOWN_SETTING)")
        value = value.replace("\\", "\\\\").replace("'", "\\'")
        self.prepare(f"SET {name}='{value}'".encode(), f"SET {name}=DEFAULT".encode())

    def external(self, name, form, structure, data):
        if not re.fullmatch(r"\w+", name + form):
            raise EngineError("Code: 36. DB::Exception: bad external table")
        self.prepare(f"CREATE TEMPORARY TABLE {name} ({structure}) ENGINE = Memory".encode(),
                     f"DROP TEMPORARY TABLE IF EXISTS {name}".encode())
        self.engine.run(self.connection, b"INSERT INTO %s FROM INFILE '%s' COMPRESSION 'none' FORMAT %s" % (
            name.encode(), self.file(data), form.encode()))

    def insert_from_file(self, sql, body):
        found = INSERT.match(sql)
        if not found or found.group(3).upper() == b"VALUES" or re.search(rb"\bSELECT\b", found.group(1), re.I):
            return sql + b"\n" + body if body else sql
        return b"%s FROM INFILE '%s' COMPRESSION 'none'%s FORMAT %s" % (
            found.group(1), self.file(sql[found.end():] + body), found.group(2) or b"", found.group(3))


class Faults:
    def __init__(self):
        self.lock, self.waiting = threading.Lock(), []

    def replace(self, new):
        with self.lock:
            old, self.waiting = self.waiting, new
        return old

    def take(self, sql):
        with self.lock:
            for fault in self.waiting:
                if fault.get("match", "").encode() in sql:
                    fault["times"] = fault.get("times", 1) - 1
                    if fault["times"] <= 0:
                        self.waiting.remove(fault)
                    return fault
        return {}


def unzstd(data):
    library = ctypes.CDLL("libzstd.so.1")
    library.ZSTD_getFrameContentSize.restype = ctypes.c_ulonglong
    library.ZSTD_decompress.restype = ctypes.c_size_t
    size = library.ZSTD_getFrameContentSize(data, ctypes.c_size_t(len(data)))
    out = ctypes.create_string_buffer(max(size, 1))
    got = library.ZSTD_decompress(out, ctypes.c_size_t(size), data, ctypes.c_size_t(len(data)))
    if got != size:
        raise ValueError("the body is not zstd")
    return out.raw[:size]


def parts_of(body, boundary):
    """name → data of a multipart form."""
    found = {}
    for part in body.split(b"\r\n--" + boundary):
        head, separator, data = part.partition(b"\r\n\r\n")
        name = re.search(rb'name="(\w+)"', head)
        if separator and name:
            found[name.group(1).decode()] = data
    return found


class Handler(socketserver.StreamRequestHandler):
    wbufsize = -1
    disable_nagle_algorithm = True

    def handle(self):
        while True:
            line = self.rfile.readline()
            if not line.strip():
                return
            method, target, _ = line.decode("latin-1").split(" ", 2)
            self.headers = {}
            while (header := self.rfile.readline().strip()):
                name, _, value = header.decode("latin-1").partition(":")
                self.headers[name.lower()] = value.strip()
            if not self.serve_one(method, urlsplit(target), self.read_body()):
                return

    def read_body(self):
        if "chunked" in self.headers.get("transfer-encoding", ""):
            body = b""
            while (size := int(self.rfile.readline().split(b";")[0], 16)):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
        coding = self.headers.get("content-encoding")
        return gzip.decompress(body) if coding == "gzip" else unzstd(body) if coding == "zstd" else body

    def answer(self, status, body, headers=()):
        if "gzip" in self.headers.get("accept-encoding", "") and self.wants_compression:
            body, headers = gzip.compress(body, 1), [*headers, ("Content-Encoding", "gzip")]
        head = "".join(f"{name}: {value}\r\n" for name, value in [*headers, ("Content-Length", len(body))])
        self.wfile.write(f"HTTP/1.1 {status} -\r\nConnection: Keep-Alive\r\n{head}\r\n".encode() + body)
        self.wfile.flush()
        return self.headers.get("connection", "").lower() != "close"

    def fail(self, status, code, text, headers=()):
        text = text if text.endswith("\n") else text + "\n"
        return self.answer(status, text.encode(), [*headers, ("X-ClickHouse-Exception-Code", code)])

    def serve_one(self, method, url, body):
        query = parse_qsl(url.query, keep_blank_values=True, encoding="latin-1")
        words = dict(query)
        self.wants_compression = words.get("enable_http_compression") == "1"
        if url.path == "/ping" or (method == "GET" and not url.query):
            return self.answer(200, b"Ok.\n")
        if url.path == "/faults":
            return self.answer(200, json.dumps(self.server.faults.replace(json.loads(body or b"[]"))).encode())
        sql = words.get("query", "").encode("latin-1")
        form, _, boundary = self.headers.get("content-type", "").partition("boundary=")
        tables = parts_of(body, boundary.encode()) if form.startswith("multipart/form-data") else {}
        if not sql:
            sql, body = body, b""
        fault = self.server.faults.take(sql)
        time.sleep(fault.get("delay", 0))
        if fault and not fault.get("after"):
            if fault.get("drop"):
                return False
            if fault.get("swallow"):
                return self.answer(200, b"")
            if "status" in fault:
                return self.fail(fault["status"], fault.get("code", 999), f"Code: {fault.get('code', 999)}. "
                                 "DB::Exception: injected. (INJECTED)")
        headers = [("X-ClickHouse-Query-Id", words.get("query_id") or uuid.uuid4())]
        try:
            out, figures = self.execute(sql, {} if tables else body, tables, query, words)
        except EngineError as error:
            status = next((status for status, codes in STATUS_OF.items() if error.code in codes), 500)
            return self.fail(status, error.code, str(error), headers)
        if fault.get("drop"):
            return False
        if "status" in fault:
            return self.fail(fault["status"], fault.get("code", 999), f"Code: {fault.get('code', 999)}. DB::Exception: "
                             "injected. (INJECTED)", headers)
        out += fault.get("tail", "").encode()
        return self.answer(200, out, [*headers, ("X-ClickHouse-Summary", json.dumps(figures, separators=(",", ":")))])

    def execute(self, sql, body, tables, query, words):
        form = words.get("default_format") or self.headers.get("x-clickhouse-format") or "TabSeparated"
        database = words.get("database") or self.headers.get("x-clickhouse-database")
        owned = {f"{name}_{what}" for name in tables for what in ("format", "structure", "types")}
        parameters = [(name[6:], value.encode("latin-1")) for name, value in query if name.startswith("param_")]
        engine = self.server.engine
        connection = engine.idle.get()
        try:
            with Call(engine, connection) as call:
                if database:
                    call.use(database)
                for name, value in query:
                    if name not in NOT_SETTINGS and name not in owned and not name.startswith("param_"):
                        call.set(name, value)
                for name, data in tables.items():
                    call.external(name, words.get(f"{name}_format", "TabSeparated"), words[f"{name}_structure"], data)
                return engine.run(connection, call.insert_from_file(sql, body) if not tables else sql, form.encode(),
                                  parameters)
        finally:
            engine.idle.put(connection)


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], (ConnectionError, socket.timeout)):
            super().handle_error(request, client_address)


def main(library, path, port):
    server = Server(("127.0.0.1", int(port)), Handler, bind_and_activate=False)
    server.engine, server.faults = Engine(library, path), Faults()
    server.server_bind()
    server.server_activate()
    for word in (signal.SIGTERM, signal.SIGINT):
        signal.signal(word, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever(0.1)
    for _ in range(CONNECTIONS):
        server.engine.close(server.engine.idle.get(timeout=30))
    os._exit(0)  # the library's own threads would go on


if __name__ == "__main__":
    main(*sys.argv[1:])
