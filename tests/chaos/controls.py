"""Controls: the program built without one of its guards has to be caught by the verdict, and the whole one has to pass the
same scenario. Else the harness proves nothing."""
import pathlib
import subprocess

from . import drive
from .scenarios import SCENARIOS

ROOT = pathlib.Path(__file__).resolve().parents[2]


def build(guard):
    """One further build, of the program alone."""
    folder = ROOT / "build" / f"without-{guard}"
    subprocess.run(["cmake", "--preset", "release", "-B", folder, f"-DSCHEDULES_WITHOUT_GUARD={guard}", "-DSCHEDULES_TESTS=OFF",
                    "-DSCHEDULES_BENCH=OFF"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", folder, "schedules"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return folder / "schedules"


def run(binary, options_of, say, only=None):
    """One line a control: {guard, scenario, whole: held, without: broken…, good}."""
    found = []
    for scenario in SCENARIOS.values():
        guard = scenario.control_of
        if not guard or (only and only != guard):
            continue
        say(f"building without {guard}")
        without = build(guard)
        whole = drive.run(scenario, binary, options_of(scenario), say)
        say(drive.table(whole))
        broken = drive.run(scenario, without, options_of(scenario), say)
        say(drive.table(broken))
        found.append({"guard": guard, "scenario": scenario.name, "seed": whole["seed"], "whole_held": whole["held"],
                      "without_broken": broken["broken"], "good": whole["held"] and not broken["held"],
                      "whole": whole["promises"], "without": broken["promises"]})
    return found
