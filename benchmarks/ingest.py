"""Files -> lake against raw conversions to Parquet, in one run on one machine.

    python benchmarks/ingest.py --megabytes 1000 [--large 4000] [--xlsx-rows 200000]
                                [--backfill 25] [--repeat 2] [--workdir DIR]

`platform` does all a processor does: recognise, normalise, check, flag, deduplicate, hash the
object, write and merge monthly lake files, ledger and quality report. The others copy the columns
as they are to Parquet files by month (zstd), which is the floor. Each runs in a process of its own
on the same file, which was just written or read and is in the page cache; seconds are the best of
the repetitions, memory is the peak resident set of the process. On a machine that does other things
too, CPU seconds say more. The platform's stages overlap in threads: they do not add up; `start` is
importing its code and the catalogue, which a running platform did before.

With `--large` the platform also takes a CSV of that size, to show that memory does not grow. Then a
1.5 MB file is sent to a running platform until a question about it is answered, and with
`--backfill` so many yearly files are sent by `ons backfill`. 0 leaves a part out.
The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from contenders import CONTENDERS, Absent
from generate import generate, generate_sheet
from upload import upload_to_queryable
from yearly import backfill

NAME = "GERACAO_USINA-2_2022"
STAGES = ("start", "upload", "hash", "read", "normalise", "write", "merge", "record")


def run_here(name: str, source: Path, target: Path) -> None:
    """In the contender's own process: run it and print its figures."""
    start = time.perf_counter()
    try:
        stages = CONTENDERS[name](source, target)
    except Absent as reason:
        print(json.dumps({"absent": str(reason)}))
        return
    seconds = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_SELF)
    figures = {
        "seconds": round(seconds, 2),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 2),
        "peak_mib": round(used.ru_maxrss / 1024),
        **({"stages": stages} if stages else {}),
    }
    print(json.dumps(figures))


def run_apart(name: str, source: Path, workdir: Path) -> dict[str, Any]:
    """Start the contender in a fresh process with a fresh target."""
    with tempfile.TemporaryDirectory(dir=workdir) as target:
        command = [sys.executable, __file__, "--contender", name, str(source), target]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr}")
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def measure(source: Path, workdir: Path, repeat: int) -> dict[str, dict[str, Any]]:
    """Best seconds (with their stages) and highest memory of each contender, in turns."""
    found: dict[str, dict[str, Any]] = {}
    for _ in range(repeat):
        for name in CONTENDERS:
            new = run_apart(name, source, workdir)
            if "absent" not in new and name in found:
                old = found[name]
                peak = max(old["peak_mib"], new["peak_mib"])
                cpu = min(old["cpu_seconds"], new["cpu_seconds"])
                best = min(old, new, key=lambda item: item["seconds"])
                new = {**best, "cpu_seconds": cpu, "peak_mib": peak}
            found[name] = new
    return found


def compare(title: str, source: Path, rows: int, workdir: Path, repeat: int) -> dict[str, Any]:
    """Measure, print the table, and return the figures."""
    figures = measure(source, workdir, repeat)
    others = [item for name, item in figures.items() if name != "platform" and "seconds" in item]
    fastest = min(item["seconds"] for item in others)
    size = source.stat().st_size / 1e6
    print(f"\n{title}: {size:,.0f} MB, {rows:,} rows")
    print(f"{'':10} {'seconds':>8} {'x fastest':>10} {'MB/s':>8} {'CPU s':>8} {'peak MiB':>9}")
    for name, item in figures.items():
        if "absent" in item:
            print(f"{name:10} {item['absent']}")
            continue
        seconds, cpu, peak = item["seconds"], item["cpu_seconds"], item["peak_mib"]
        ratio, rate = seconds / fastest, size / seconds
        print(f"{name:10} {seconds:8.2f} {ratio:10.2f} {rate:8.1f} {cpu:8.2f} {peak:9.0f}")
    ours = figures["platform"]
    print("stages    ", *(f"{name} {ours['stages'].get(name, 0):.2f}" for name in STAGES))
    return {
        "megabytes": round(size),
        "rows": rows,
        "contenders": figures,
        "ratio_to_fastest": round(ours["seconds"] / fastest, 2),
        "megabytes_per_second": round(size / ours["seconds"], 1),
        "peak_mib": ours["peak_mib"],
        "stages": ours["stages"],
    }


def grown(source: Path, megabytes: int, small: dict[str, Any], workdir: Path) -> dict[str, Any]:
    """The platform alone on a larger CSV."""
    generate(source, megabytes)
    large = run_apart("platform", source, workdir)
    growth = large["peak_mib"] / small["peak_mib"]
    print(f"\nplatform at {megabytes} MB: {large['seconds']} s, {large['peak_mib']} MiB")
    return {"megabytes": megabytes, **large, "peak_ratio": round(growth, 2)}


def run(arguments: argparse.Namespace, workdir: Path) -> dict[str, Any]:
    """Every part that was asked for."""
    result: dict[str, Any] = {}
    if arguments.megabytes:
        source = workdir / f"{NAME}.csv"
        rows = generate(source, arguments.megabytes)
        result |= compare("CSV", source, rows, workdir, arguments.repeat)
        if arguments.large:
            result["large"] = grown(source, arguments.large, result, workdir)
        source.unlink()
    if arguments.xlsx_rows:
        source = workdir / f"{NAME}.xlsx"
        generate_sheet(source, arguments.xlsx_rows)
        result["xlsx"] = compare("XLSX", source, arguments.xlsx_rows, workdir, arguments.repeat)
    result["upload"] = upload = upload_to_queryable(workdir)
    print(
        f"\nupload -> queryable, {upload['bytes'] / 1e6:.1f} MB: first "
        f"{upload['first_seconds']} s, warm (best, median, worst) {upload['warm_seconds']} s"
    )
    if arguments.backfill:
        result["backfill"] = done = backfill(workdir, arguments.backfill)
        print(
            f"backfill, {done['files']} files, {done['rows']:,} rows: {done['seconds']} s "
            f"({done['cpu_seconds']} CPU s); again, nothing to do: {done['again_seconds']} s"
        )
    return result


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--large", type=int, default=0, help="size of the second CSV")
    parser.add_argument("--xlsx-rows", type=int, default=200_000, help="rows of the spreadsheet")
    parser.add_argument("--backfill", type=int, default=25, help="number of yearly files")
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--workdir", type=Path, default=None)
    parser.add_argument("--contender", nargs=3, metavar=("NAME", "SOURCE", "TARGET"))
    arguments = parser.parse_args()
    if arguments.contender:
        name, source, target = arguments.contender
        run_here(name, Path(source), Path(target))
        return
    with tempfile.TemporaryDirectory(dir=arguments.workdir, prefix="ons-benchmark-") as workdir:
        print(json.dumps(run(arguments, Path(workdir))))


if __name__ == "__main__":
    main()
