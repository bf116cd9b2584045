"""Equipment: nodes whose wall clock a fault can step, by a library that is preloaded (stepped_clock.c)."""
import contextlib
import os
import pathlib
import shutil
import subprocess

SOURCE = pathlib.Path(__file__).with_name("stepped_clock.c")


def why_not():
    return None if shutil.which("gcc") else "the library that steps a clock needs gcc"


@contextlib.contextmanager
def own_clocks(world):
    library = world.dir / "stepped_clock.so"
    subprocess.run(["gcc", "-std=gnu17", "-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-o", library, SOURCE, "-ldl", "-lpthread"],
                   check=True)
    for node in world.nodes:
        node.clock = world.dir / f"clock{node.number}"
        node.clock.write_text("0")
        node.environment_of_its_own.update(LD_PRELOAD=str(library), CHAOS_CLOCK=str(node.clock))
    yield


def step(world, node, seconds):
    """The ledger of faults says what the node's clock is from now on."""
    fresh = node.clock.with_suffix(".new")
    fresh.write_text(str(seconds))
    if seconds > 0:  # said before it can have an effect
        world.note(k="step", node=node.number, offset=seconds)
    os.rename(fresh, node.clock)
    if seconds <= 0:
        world.note(k="step", node=node.number, offset=seconds)
