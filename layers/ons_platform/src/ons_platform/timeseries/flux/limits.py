"""How much a raw Flux query may ask of the server. Each figure was tried on a real one."""

from __future__ import annotations

from dataclasses import dataclass

from ons_platform.timeseries.points import RETENTION_SECONDS

MAX_CHARACTERS = 20_000
MAX_NODES = 4_000
MAX_TREE_DEPTH = 160
"""Of the syntax tree, chains included."""
MAX_STEPS = 30_000
"""Expressions evaluated, calls of the query's own functions followed each time."""
MAX_CALLS = 400
"""Calls of the query's own functions."""
MAX_ROW_CALLS = 16
"""Those within functions of rows: the server compiles each anew for every table."""
MAX_SIZE = 5_000
"""Parts of one value: what a type is made of doubles with each nested use."""
MAX_OPERATIONS = 120
"""Functions on tables."""
MAX_READS = 24
"""Buckets read, four for `energy_data`."""
MAX_RESULTS = 20
MAX_JOINS = 4
MAX_FINDS = 5
"""`findColumn` and its like: each runs a query of its own."""
MAX_WINDOWS = 100_000
"""Windows of one series: the range divided by `every`."""
MAX_OVERLAP = 800
"""How many windows one instant may be in: `period` divided by `every`."""
MAX_COPIES = 1_000_000
"""Windows times overlap."""
MAX_ITEMS = 5_000
"""Of an array, however it comes about."""
MAX_BINS = 1_000
MAX_COUNT = 1_000_000
"""Of `limit(n:)` and its like."""
MAX_LETTERS = 20_000
"""Of a text made by the query, at most."""
STORED_LETTERS = 96
"""What a text from the store is taken to have."""
MAX_LOOPS = 20_000
"""Calls of functions nested in `array.map`, per row or at all."""
MAX_PATTERNS = 40
MAX_PATTERN = 200
"""Letters of a regular expression."""
MAX_REPEAT = 100
"""Product of the counted repetitions in one regular expression."""
FUTURE_SECONDS = 2 * 366 * 86_400
"""How far past now a range may reach: programmed values and forecasts."""


@dataclass(frozen=True)
class FluxLimits:
    """What differs by caller and store: rows per result, and how far back the store holds data."""

    max_rows: int = 1_000
    retention_seconds: int = RETENTION_SECONDS
