#!/usr/bin/python3
"""What traces cost: throughput with every trace recorded, and with one of a hundred, beside that without; one JSON line for
each workload: `./dev/bench traces`.

Rounds of off, 0.01, off, 1, off; what is traced is compared with the runs before and after it. The collector takes everything
and looks at nothing; it shares the machine."""
import argparse
import importlib.machinery
import importlib.util
import json
import pathlib
import statistics
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
loader = importlib.machinery.SourceFileLoader("bench", str(ROOT / "dev" / "bench"))
bench = importlib.util.module_from_spec(importlib.util.spec_from_loader("bench", loader))
loader.exec_module(bench)

ORDER = ("off", "0.01", "off", "1", "off")
WORKLOADS = {"ingest-batch": ("events_per_s", 500_000), "ingest-single": ("events_per_s", 100_000),
             "burst": ("delivered_per_s", 50_000)}


def rounds(harness, name, collector, repeat, quick):
    """The figure of each run, by what was traced, and the cost of each traced run in per cent."""
    figure, events = WORKLOADS[name]
    values, costs = {}, {}
    for _ in range(repeat):
        row = []
        for share in ORDER:
            settings = {} if share == "off" else {"OTLP_ENDPOINT": collector, "TRACE_SAMPLE": share}
            run, = harness.one_load(name, settings=settings, events=events // 10 if quick else events)
            row.append(run[figure])
            values.setdefault(share, []).append(run[figure])
        for at in (1, 3):
            beside = (row[at - 1] + row[at + 1]) / 2
            costs.setdefault(ORDER[at], []).append(100 * (1 - row[at] / beside))
    return values, costs


def main():
    parser = argparse.ArgumentParser(prog="dev/bench traces", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="of " + " ".join(WORKLOADS) + "; none: all")
    parser.add_argument("--repeat", type=int, default=3, metavar="K", help="rounds; medians of them are printed")
    parser.add_argument("--quick", action="store_true", help="a tenth of the work: does it run, not how fast")
    options = parser.parse_args()
    options.build, options.dir = bench.BUILD, pathlib.Path(tempfile.gettempdir())
    harness = bench.Bench(options)
    responder = subprocess.Popen([str(harness.bin / "schedules_load"), "respond"], stdout=subprocess.PIPE, text=True)
    try:
        collector = json.loads(responder.stdout.readline())["http"]
        for name in options.names or WORKLOADS:
            values, costs = rounds(harness, name, collector, options.repeat, options.quick)
            print(json.dumps({"bench": "traces_" + name.replace("-", "_"), "figure": WORKLOADS[name][0],
                              **{share: round(statistics.median(all_of)) for share, all_of in values.items()},
                              **{f"cost_percent_{share}": round(statistics.median(all_of), 1) for share, all_of in costs.items()},
                              "off_range": [min(values["off"]), max(values["off"])], "rounds": options.repeat}), flush=True)
    finally:
        responder.terminate()
        responder.wait()


if __name__ == "__main__":
    main()
