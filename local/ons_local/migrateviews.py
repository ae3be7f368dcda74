"""What `ons migrate` shows: progress on stderr, tables on stdout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from ons_local.display import err, progress_bar

if TYPE_CHECKING:
    from ons_platform.timeseries.migration.chunks import Chunk
    from ons_platform.timeseries.migration.journal import Entry

_STYLES = {
    "verified": "green",
    "written": "cyan",
    "different": "bold red",
    "writing": "yellow",
    "rolled_back": "yellow",
}
_SHOWN = 20


class MigrationProgress:
    """A bar over the chunks, with the points of the one under way; a `Watch`."""

    def __init__(self, *, quiet: bool) -> None:
        self._console = err()
        self._quiet = quiet
        self._points = 0
        self._progress = progress_bar(self._console)
        self._task = self._progress.add_task("asking the old store", total=None)

    def __enter__(self) -> MigrationProgress:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def planned(self, chunks: int) -> None:
        """The length of the bar."""
        self._progress.reset(self._task, total=chunks)

    def began(self, chunk: Chunk) -> None:
        """Name the chunk under way."""
        self._name = _range(chunk.as_dict())
        self._points = 0
        self._progress.update(self._task, description=self._name)

    def wrote(self, points: int) -> None:
        """Count its points."""
        self._points += points
        self._progress.update(self._task, description=f"{self._name}: {self._points:,} points")

    def ended(self, entry: Entry) -> None:
        """Advance, and say how the chunk ended."""
        self._progress.advance(self._task)
        if not self._quiet:
            self._console.print(_line(entry))


def _line(entry: Entry) -> Text:
    state = entry.state.value
    line = Text.assemble((f"{state:<11}", _STYLES.get(state, "")), " ")
    line.append(_range(entry.chunk.as_dict()), "bold")
    line.append(f"  {entry.rows:,} rows, {entry.points:,} points")
    if entry.quarantined:
        line.append(f", {entry.quarantined:,} in quarantine", "yellow")
    if found := entry.verification.get("differences"):
        line.append(f", {found} differences", "red")
    return line


def plan_table(planned: Sequence[Mapping[str, Any]]) -> Table:
    """The chunks of a plan and where each stands."""
    table = Table("table", "from", "to", "state")
    for chunk in planned:
        state = chunk["state"]
        table.add_row(chunk["table"], *_ends(chunk), Text(state, _STYLES.get(state, "")))
    return table


def preview_table(found: Sequence[Mapping[str, Any]]) -> Group:
    """What a run would write, with a few lines of each chunk and why rows would be left out."""
    table = Table("table", "from", "to", "rows", "points", "duplicates", "quarantine")
    samples = Text()
    for entry in found:
        figures = (entry["rows"], entry["points"], entry["duplicates"])
        told = ", ".join(f"{count:,} {reason}" for reason, count in entry["refused"].items())
        chunk = entry["chunk"]
        table.add_row(chunk["table"], *_ends(chunk), *(f"{n:,}" for n in figures), told)
        for line in entry["lines"]:
            samples.append(f"{line}\n", "dim")
        for refusal in entry["refusals"]:
            samples.append(f"{refusal['reason']}: {refusal['detail']}\n", "yellow")
    return Group(table, samples)


def report_view(summary: Mapping[str, Any]) -> Group:
    """The sums of each table, and each chunk that wants attention."""
    table = Table(
        "table", "chunks", "verified", "rows", "points", "quarantine", "rows/s", "MB metered", "lag"
    )
    for name, part in {**summary["tables"], "all": summary}.items():
        lag = part["lag_seconds"]
        table.add_row(
            name,
            str(part["chunks"]),
            f"{part['verified_percent']:.1f} %",
            f"{part['rows']:,}",
            f"{part['points']:,}",
            f"{part['quarantined']:,}",
            f"{part['rows_per_second']:,}",
            f"{part['cost'].get('bytes_metered', 0) / 1e6:,.0f}",
            "" if lag is None else f"{lag:,.0f} s",
        )
    return Group(table, *(_attention(item) for item in summary["attention"][:_SHOWN]))


def _attention(item: Mapping[str, Any]) -> Text:
    state = item["state"]
    line = Text.assemble((state, _STYLES.get(state, "")), " ", (_range(item), "bold"))
    for reason, count in item["refused"].items():
        line.append(f"\n  {count:,} rows in quarantine: {reason}", "yellow")
    for found in item["differences"]:
        told = f"\n  {found['what']} of {found['where']}: {found['old']} and now {found['new']}"
        line.append(told, "red")
    return line


def check_view(result: Mapping[str, Any]) -> Text:
    """Whether the old store may go, or why not."""
    if result["ok"]:
        return Text("Everything the old store holds is verified in the new one.", "green")
    line = Text("The old store may not go yet:", "bold red")
    for reason in result["reasons"]:
        where = f"{reason['table']}: " if "table" in reason else ""
        line.append(f"\n  {where}{reason['detail']} ({reason['reason']})", "")
    return line


def _range(chunk: Mapping[str, str]) -> str:
    start, end = _ends(chunk)
    return f"{chunk['table']} {start} to {end}"


def _ends(chunk: Mapping[str, str]) -> tuple[str, str]:
    start, end = (chunk[name].replace("T", " ")[:16].removesuffix(" 00:00") for name in _FROM_TO)
    return start, end


_FROM_TO = ("from", "to")
