"""Lets a test that is another process, such as a C++ one, do to its server what only the parent can: one line in, `ok` or a
reason out, over TCP. Words: kill, stop, start, pause, resume; where a server is several processes, followed by the number
of one of its nodes."""
import socket
import threading


class Control:
    """Listens until the process ends. One thread for all: a server dies with the thread that started it."""

    WORDS = ("kill", "stop", "start", "pause", "resume")

    def __init__(self, server):
        self.server = server
        self.listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def address(self):
        return f"127.0.0.1:{self.listener.getsockname()[1]}"

    def _serve(self):
        while True:
            connection, _ = self.listener.accept()
            with connection, connection.makefile("rw") as lines:
                for line in lines:
                    lines.write(self._obey(line.strip()) + "\n")
                    lines.flush()

    def _obey(self, line):
        word, _, node = line.partition(" ")
        if word not in self.WORDS:
            return f"unknown word {word!r}; there are {', '.join(self.WORDS)}"
        try:
            server = self.server.nodes[int(node)] if node else self.server
            if word == "start" and server.alive():
                return "ok"
            getattr(server, word)()
            return "ok"
        except Exception as error:  # noqa: BLE001 - told to the test
            return f"{word} failed: {error!r}".replace("\n", " ")
