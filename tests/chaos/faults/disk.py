"""A disk that is full for a while."""
import errno

from . import Fault

BLOCK = b"x" * (1 << 20)


class FullDisk(Fault):
    name = "full_disk"
    repeats = False

    def begin(self, world):
        node = world.nodes[self.pick % len(world.nodes)]
        self.ballast = node.data_dir.parent / "ballast"
        with open(self.ballast, "wb", buffering=0) as file:
            for size in (len(BLOCK), 4096, 64):
                try:
                    while True:
                        file.write(BLOCK[:size])
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
        return f"node {node.number}"

    def end(self, world):
        self.ballast.unlink()
