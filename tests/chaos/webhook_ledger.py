"""A webhook receiver that notes what came and when it answered: python3 -m chaos.webhook_ledger LEDGER DELAY_MS, until SIGTERM.
Prints its port."""
import http.server
import signal
import socketserver
import sys
import threading
import time

from .ledger import Ledger, ms_of


def handler(ledger, delay):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            at = time.time() * 1000
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if delay:
                time.sleep(delay)  # a slow target; nothing waits for it
            event, due = self.headers["X-Schedules-Event-Id"], ms_of(self.headers["X-Schedules-Due-Time"])
            try:
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()
            finally:
                ledger.add({"id": event, "due": due, "ts": at, "end": time.time() * 1000})

        def log_message(self, *_):
            pass

        def handle(self):
            try:
                super().handle()
            except OSError:
                pass  # a node that was killed
    return Handler


class Receiver(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 256


def main(path, delay_ms):
    ledger = Ledger(path)
    server = Receiver(("127.0.0.1", 0), handler(ledger, float(delay_ms) / 1000))
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print(server.server_address[1], flush=True)
    server.serve_forever(poll_interval=0.2)
    ledger.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
