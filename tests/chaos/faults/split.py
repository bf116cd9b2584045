"""A node that is cut off from every server, both ways or one way, while callers still reach it. What was held back arrives
when the split is over."""
from . import Fault

WAYS = (("out", "in"), ("in",), ("out",))


class Split(Fault):
    name = "split"
    takes_over = True
    wakes = True

    def begin(self, world):
        number = self.pick % len(world.nodes)
        ways = WAYS[self.pick // len(world.nodes) % len(WAYS)]
        self.tunnel = world.tunnels[number]
        self.tunnel.cut(ways)
        return f"node {number}, {' and '.join(ways)}"

    def end(self, world):
        self.tunnel.heal()
