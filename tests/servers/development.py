"""Servers that stay up for a developer: dev/servers. What runs is noted in DIR/running.json, the settings that point
there in DIR/environment."""
import json
import os
import pathlib
import shutil
import signal
import sys
import time

from . import kinds

DEFAULT = ("redis", "kafka", "mongo", "clickhouse")


class Running:
    """The note of what runs; survives the process that started it."""

    def __init__(self, directory):
        self.dir = pathlib.Path(directory).resolve()
        self.dir.mkdir(parents=True, exist_ok=True)
        self.note = self.dir / "running.json"
        self.servers = json.loads(self.note.read_text()) if self.note.exists() else {}

    def save(self):
        self.note.write_text(json.dumps(self.servers, indent=2))
        settings = {name: value for one in self.servers.values() for name, value in one["settings"].items()}
        (self.dir / "environment").write_text("".join(f"export {name}='{value}'\n" for name, value in settings.items()))

    def alive(self, name):
        return all(process_alive(pid) for pid in self.servers[name]["pids"])


def process_alive(pid):
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
    except OSError:
        return False
    return state != "Z"  # one that ended stays a zombie until its parent looks


def up(running, names):
    known = kinds()
    for name in names or [one for one in DEFAULT if one in known]:
        if name not in known:
            raise SystemExit(f"dev/servers: no such server: {name}; there are {', '.join(known)}")
        if name in running.servers and running.alive(name):
            continue
        print(f"starting {name} …", file=sys.stderr)
        server = known[name](keep=str(running.dir / name), **({"port": running.servers[name]["port"]}
                                                              if name in running.servers and
                                                              running.servers[name].get("port") else {}))
        server.start()
        nodes = getattr(server, "nodes", [server])
        running.servers[name] = {"pids": [node.process.pid for node in nodes], "settings": server.settings(),
                                 "port": getattr(server, "port", None)}
        running.save()
    status(running)


def down(running, forget):
    for name, one in running.servers.items():
        for pid in one["pids"]:
            if process_alive(pid):
                os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + 10
        while not all(not process_alive(pid) for pid in one["pids"]):
            if time.monotonic() > deadline:
                for pid in one["pids"]:
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)
        print(f"stopped {name}", file=sys.stderr)
    (running.dir / "environment").unlink(missing_ok=True)
    if forget:
        shutil.rmtree(running.dir)


def status(running):
    for name, one in running.servers.items():
        state = "up" if running.alive(name) else "down"
        for setting, value in one["settings"].items():
            print(f"{name:16}{state:6}{setting}={value}")
    if not running.servers:
        print("no servers are up")


def main(arguments):
    directory, *words = arguments
    running = Running(directory)
    if words[:1] == ["up"]:
        os.environ["SCHEDULES_SERVERS_STAY"] = "1"
        up(running, words[1:])
    elif words[:1] == ["down"]:
        down(running, words[1:] == ["--forget"])
    elif words[:1] in ([], ["status"]):
        status(running)
    else:
        raise SystemExit("usage: dev/servers up [NAME…] | down [--forget] | status")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
