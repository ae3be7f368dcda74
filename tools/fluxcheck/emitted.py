"""Every Flux the platform writes itself is valid to the reference: syntax, names and types.

    python tools/fluxcheck/emitted.py [--plans 2000]

The plans are those of `tests/integration/test_plan_engines.py`, the templates those of QRY-6.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parents[1] / "tests" / "support"))

from compare import reference  # noqa: E402

from ons_platform.questions.engines.flux import render_flux  # noqa: E402
from ons_platform.questions.engines.flux_whole import render_whole  # noqa: E402
from ons_platform.timeseries.templates import filled, templates  # noqa: E402
from plans import frames, plan  # noqa: E402

SEED = int(os.environ.get("ONS_PLANS_SEED", "20261121"))
START, STOP = datetime(2023, 1, 1, tzinfo=UTC), datetime(2023, 2, 1, tzinfo=UTC)


def written(plans: int) -> Iterator[str]:
    """The query of each plan, that in aggregates where there is one, and the templates."""
    for name in templates():
        yield filled(name, START, STOP)
    rows = frames(SEED)
    for number in range(plans):
        made = plan(SEED, number, rows)
        yield render_flux(made).text
        whole = render_whole(made)
        if whole is not None:
            yield whole.text


def main() -> int:
    """Check, print the counts, say whether all are valid."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plans", type=int, default=2_000)
    queries = list(written(parser.parse_args().plans))
    counts: Counter[str] = Counter()
    for query, answer in zip(queries, reference(queries), strict=True):
        counts["valid" if answer.get("valid") else "INVALID"] += 1
        if not answer.get("valid"):
            sys.stdout.write(f"INVALID {answer['errors']}\n{query}\n\n")
    for outcome, count in counts.most_common():
        sys.stdout.write(f"{count:6d} {outcome}\n")
    return counts["INVALID"] > 0


if __name__ == "__main__":
    sys.exit(main())
