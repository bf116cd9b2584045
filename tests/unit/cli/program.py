"""Runs the built program, and a scripted HTTP server for it to talk to."""
import http.server
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
import unittest

PROGRAM = os.environ["PROGRAM_UNDER_TEST"]


def run(*arguments, stdin=None, environment=None, folder=None, timeout=30):
    clean = {name: value for name, value in os.environ.items()
             if not name.lower().startswith("schedules_") and name != "SECRET_KEY"}
    clean.update(environment or {})
    return subprocess.run([PROGRAM, *arguments], input=stdin, capture_output=True, text=True, env=clean,
                          cwd=folder, timeout=timeout)


class Case(unittest.TestCase):
    """A test with a folder of its own, in which the program runs."""
    maxDiff = None

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="schedules-cli-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def call(self, *arguments, code=0, **options):
        done = run(*arguments, folder=self.folder, **options)
        self.assertEqual(done.returncode, code, f"{arguments}\nstdout: {done.stdout}\nstderr: {done.stderr}")
        return done

    def file(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return str(path)


class Server:
    """Answers with what `script(request)` gives: (status, body[, headers]); the body is text or JSON.

    A body that is a list of texts is sent piece by piece, then the connection is closed. None closes the
    connection without an answer. `requests` keeps what came."""

    def __init__(self, case, script):
        self.requests = []
        self.connections = 0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                outer.connections += 1

            def answer(self):
                size = int(self.headers.get("Content-Length") or 0)
                request = {"method": self.command, "path": self.path, "headers": dict(self.headers),
                           "body": self.rfile.read(size).decode()}
                outer.requests.append(request)
                given = script(request)
                if given is None:
                    self.close_connection = True
                    self.connection.close()
                    return
                status, body, *more = given
                headers = more[0] if more else {}
                if isinstance(body, list) and all(isinstance(part, str) for part in body) and body:
                    self.stream(status, body, headers)
                    return
                data = (body if isinstance(body, str) else json.dumps(body)).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def stream(self, status, parts, headers):
                self.close_connection = True
                self.send_response(status)
                self.send_header("Connection", "close")
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                for part in parts:
                    self.wfile.write(part.encode())
                    self.wfile.flush()

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

            def log_message(self, *_):
                pass

        class Quiet(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass

        self.server = Quiet(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        case.addCleanup(self.server.server_close)
        case.addCleanup(self.server.shutdown)

    def bodies(self, method=None):
        return [json.loads(r["body"]) for r in self.requests if r["body"] and method in (None, r["method"])]
