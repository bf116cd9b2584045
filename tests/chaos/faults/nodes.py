"""Nodes that are killed, stopped or stand still."""
from . import Fault


class KillNode(Fault):
    """SIGKILL; started again after a while on the same data."""
    name = "kill_node"
    takes_over = True

    def begin(self, world):
        self.node = world.nodes[self.pick % len(world.nodes)]
        self.node.kill()
        return f"node {self.node.number}"

    def end(self, world):
        self.node.launch()  # it gets ready while others work


class PauseNode(Fault):
    """SIGSTOP for longer than a lease, then SIGCONT: it wakes in the belief that all is as it was."""
    name = "pause_node"
    takes_over = True
    wakes = True

    def begin(self, world):
        self.node = world.nodes[self.pick % len(world.nodes)]
        if not self.node.alive():
            self.node.launch()
        self.node.pause()
        return f"node {self.node.number}"

    def end(self, world):
        self.node.resume()


class RestartNode(Fault):
    """SIGTERM, as where a new version is put in its place: it ends what it has begun and hands its shards over."""
    name = "restart_node"
    repeats = False

    def begin(self, world):
        self.node = world.nodes[self.pick % len(world.nodes)]
        self.node.stop()
        return f"node {self.node.number}"

    def end(self, world):
        self.node.start()
