"""What is done to the system while events are put. A fault is made of numbers alone (from the seed), finds what they mean in
the world when it begins, and is over when end() returns."""


class Fault:
    name = "fault"
    takes_over = False  # whether another node has to take shards over
    wakes = False  # whether the node goes on later with what it had begun
    repeats = True  # whether what is published while it lasts may have to be published again

    def __init__(self, seconds, pick=0):
        self.seconds = seconds
        self.pick = pick

    def describe(self):
        return {"fault": self.name, "seconds": round(self.seconds, 2), "pick": self.pick, "takes_over": self.takes_over,
                "wakes": self.wakes, "repeats": self.repeats}

    def begin(self, world):
        """Answers what it was done to, for the report."""
        raise NotImplementedError

    def end(self, world):
        raise NotImplementedError
