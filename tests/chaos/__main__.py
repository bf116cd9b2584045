"""./dev/chaos: see --help."""
import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import types

from . import controls, drive
from .scenarios import SCENARIOS

ROOT = pathlib.Path(__file__).resolve().parents[2]


def say(text):
    print(text, file=sys.stderr, flush=True)


def parse():
    parser = argparse.ArgumentParser(prog="dev/chaos", description="Nodes and servers are killed, paused and cut off while "
                                     "events are put; what arrived is compared with what was acknowledged. The report is one "
                                     "JSON object on stdout; exit 1: a promise was broken. Without words: the standard mix.")
    parser.add_argument("--list", action="store_true", help="the scenarios")
    parser.add_argument("--scenario", default="mix", choices=sorted(SCENARIOS), metavar="NAME")
    parser.add_argument("--short", action="store_true", help="as --scenario short")
    parser.add_argument("--controls", action="store_true", help="builds the program without each guard; each has to be noticed")
    parser.add_argument("--guard", help="of the controls, only this one")
    for name, about in (("seconds", "of load"), ("nodes", "of the program"), ("rate", "events a second"),
                        ("seed", "of the schedule of faults and the load; else a random one")):
        parser.add_argument(f"--{name}", type=int, help=about)
    parser.add_argument("--journal", choices=("auto", "off"), default="auto",
                        help="auto: where the program has one and the scenario Redis; then nothing may come twice into Kafka")
    parser.add_argument("--keep", action="store_true", help="keeps ledgers and logs of a run in which all was held")
    parser.add_argument("--binary", type=pathlib.Path, default=os.environ.get("SCHEDULES_BINARY"),
                        help="the program; else SCHEDULES_BINARY, else build/release/schedules, built first")
    return parser.parse_args()


def options_of(words, scenario, known):
    def chosen(name):
        given = getattr(words, name)
        return getattr(scenario, name) if given is None else given
    seed = random.SystemRandom().randrange(1_000_000) if words.seed is None else words.seed
    return types.SimpleNamespace(seed=seed, keep=words.keep, journal=words.journal == "auto" and "JOURNAL" in known, **{name: chosen(name) for name in ("seconds", "nodes", "rate")})


def settings_of(binary):
    """What the program can be told: the names of its settings."""
    environment = {name: value for name, value in os.environ.items() if not name.lower().startswith("schedules_")}
    listed = subprocess.run([binary, "config"], capture_output=True, text=True, timeout=30, check=True, env=environment).stdout
    return {line.split()[0] for line in listed.splitlines() if line.strip()}


def main():
    words = parse()
    if words.list:
        for scenario in SCENARIOS.values():
            print(f"{scenario.name:18} {scenario.about}")
        return 0
    binary = words.binary
    if binary is None:
        subprocess.run([ROOT / "dev" / "build"], stdout=sys.stderr, check=True)
        binary = ROOT / "build" / "release" / "schedules"
    known = settings_of(binary)
    if words.controls:
        found = controls.run(binary, lambda scenario: options_of(words, scenario, known), say, words.guard)
        print(json.dumps({"controls": found}, indent=1))
        return 0 if found and all(one["good"] for one in found) else 1
    scenario = SCENARIOS["short" if words.short else words.scenario]
    options = options_of(words, scenario, known)
    reason = scenario.why_not(options)
    if reason:
        print(json.dumps({"scenario": scenario.name, "skipped": reason}))
        return 0
    report = drive.run(scenario, binary, options, say)
    say(drive.table(report))
    print(json.dumps(report, indent=1))
    return 0 if report["held"] else 1


if __name__ == "__main__":
    sys.exit(main())
