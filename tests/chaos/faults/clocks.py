"""The wall clock of one node is wrong for a while; monotonic time goes on."""
from .. import clock
from . import Fault


class StepClock(Fault):
    name = "step_clock"
    repeats = False

    def __init__(self, seconds, pick, by):
        super().__init__(seconds, pick)
        self.by = by

    def describe(self):
        return {**super().describe(), "by_s": self.by}

    def begin(self, world):
        self.node = world.nodes[self.pick % len(world.nodes)]
        clock.step(world, self.node, self.by)
        return f"node {self.node.number}, {self.by:+d} s"

    def end(self, world):
        clock.step(world, self.node, 0)
