"""A network for each node: a namespace whose loopback leads to the servers only through a tunnel of ours, under the same
addresses. What a tunnel holds back is delivered late, as a real network would after a split."""
import asyncio
import contextlib
import ctypes
import os
import shutil
import socket
import subprocess
import threading

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def why_not():
    """Why namespaces cannot be made here; None where they can."""
    if not shutil.which("ip"):
        return "network namespaces need iproute2's ip"
    made = subprocess.run(["ip", "netns", "add", f"chaos-probe-{os.getpid()}"], capture_output=True, text=True)
    if made.returncode != 0:
        return f"network namespaces are not allowed here: {made.stderr.strip()}"
    subprocess.run(["ip", "netns", "delete", f"chaos-probe-{os.getpid()}"], check=True)
    return None


@contextlib.contextmanager
def inside(name):
    """This thread's new sockets belong to that namespace."""
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{name}", os.O_RDONLY)
    try:
        if _libc.setns(there, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
        yield
    finally:
        _libc.setns(home, CLONE_NEWNET)
        os.close(home)
        os.close(there)


class Tunnel:
    """Between one node's namespace and the rest. A thread of its own forwards; cut() and heal() are called from any thread."""

    def __init__(self, name, node_port, server_ports):
        self.name = name
        self._node_port = node_port
        self._server_ports = server_ports
        subprocess.run(["ip", "netns", "add", name], check=True)
        subprocess.run(["ip", "netns", "exec", name, "ip", "link", "set", "lo", "up"], check=True)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._listening = threading.Event()
        self._thread.start()
        if not self._listening.wait(20):
            raise RuntimeError(f"the tunnel {name} does not listen")

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._flow = {"out": asyncio.Event(), "in": asyncio.Event()}
        for flow in self._flow.values():
            flow.set()
        self._loop.run_until_complete(self._listen())
        self._listening.set()
        self._loop.run_forever()

    async def _listen(self):
        with inside(self.name):
            inner = [socket.create_server(("127.0.0.1", port), backlog=128) for port in self._server_ports]
        for port, listener in zip(self._server_ports, inner):
            await asyncio.start_server(lambda r, w, port=port: self._serve(r, w, port, "out"), sock=listener)
        await asyncio.start_server(lambda r, w: self._serve(r, w, self._node_port, "in"), "127.0.0.1", self._node_port)

    async def _serve(self, reader, writer, port, direction):
        """A connection that came from the node goes `out`, one to the node `in`; callers' own path to the node stays."""
        where = contextlib.nullcontext() if direction == "out" else inside(self.name)
        with where:
            far = socket.socket()
        far.setblocking(False)
        try:
            if direction == "out":
                await self._flow["out"].wait()
            await self._loop.sock_connect(far, ("127.0.0.1", port))
            far_reader, far_writer = await asyncio.open_connection(sock=far)
        except OSError:
            far.close()
            writer.close()
            return
        cut = direction == "out"
        await asyncio.gather(self._pump(reader, far_writer, "out" if cut else None),
                             self._pump(far_reader, writer, "in" if cut else None))

    async def _pump(self, reader, writer, direction):
        try:
            while data := await reader.read(65536):
                if direction:
                    await self._flow[direction].wait()
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    def _set(self, names, flowing):
        def change():
            for name in names:
                (self._flow[name].set if flowing else self._flow[name].clear)()
        self._loop.call_soon_threadsafe(change)

    def cut(self, directions):
        """`out`: what the node sends is held back; `in`: what it should get."""
        self._set(directions, False)

    def heal(self):
        self._set(("out", "in"), True)

    def close(self):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        subprocess.run(["ip", "netns", "delete", self.name], check=False)


@contextlib.contextmanager
def own_networks(world):
    """Equipment: every node of the world gets one."""
    try:
        for node in world.nodes:
            name = f"chaos-{os.getpid()}-{node.number}"
            world.tunnels[node.number] = Tunnel(name, node.port, sorted(world.ports_of_servers()))
            node.prefix = ["ip", "netns", "exec", name]
        yield
    finally:
        for node in world.nodes:
            node.kill()
        for tunnel in world.tunnels.values():
            tunnel.close()
