"""What people see: tables, panels and progress, by rich. Data go to stdout, the rest to stderr."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console, Group
from rich.panel import Panel
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from ons_local.uploads import FileResult

_STYLES = {
    "completed": "green",
    "unchanged": "cyan",
    "superseded": "yellow",
    "failed": "bold red",
}
_STATUS_TITLES = {
    "no_data": "no data",
    "needs_clarification": "please say more",
    "out_of_scope": "out of scope",
}
_SHOWN_SOURCES = 4
_PIPE_WIDTH = 160


def out() -> Console:
    """For results."""
    return _console(stderr=False)


def err() -> Console:
    """For progress and messages."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    """A terminal has its own width; a file or pipe gets room enough not to break lines."""
    console = Console(stderr=stderr, highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _PIPE_WIDTH
    return console


def print_json(value: Any) -> None:
    """One JSON document on stdout and nothing else."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def progress_bar(console: Console) -> Progress:
    """A bar that counts steps, gone when they are done; nothing where there is no terminal."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )


class UploadProgress:
    """A bar over all files on stderr, and one line per file as it ends; a `Watcher`."""

    def __init__(self, files: int, *, quiet: bool) -> None:
        self._console = err()
        self._quiet = quiet
        self._progress = progress_bar(self._console)
        self._task = self._progress.add_task("uploading", total=files)
        self._files, self._ended = files, 0

    def __enter__(self) -> UploadProgress:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def started(self, path: Path, size: int) -> None:
        """Name the file under way."""
        self._progress.update(self._task, description=f"{path.name} ({_bytes(size)})")

    def sent(self, path: Path, count: int) -> None:
        """Bytes are too quick on one machine to be worth a bar of their own."""

    def waiting(self, path: Path, status: str) -> None:
        """Show what the platform is doing with it."""
        self._progress.update(self._task, description=f"{path.name}: {status}")

    def ended(self, path: Path, result: FileResult) -> None:
        """Advance, and say how the file ended."""
        self._progress.advance(self._task)
        self._ended += 1
        if not self._quiet:
            line = _file_line(path, result)
            if not self._console.is_terminal and self._files > 1:
                place = f"{self._ended:>{len(str(self._files))}}/{self._files} "
                line = Text(place) + line
            self._console.print(line)


def _file_line(path: Path, result: FileResult) -> Text:
    line = Text.assemble(
        (f"{result.status:<10}", _STYLES.get(result.status, "")), " ", (path.name, "bold")
    )
    if result.status in ("completed", "superseded"):
        line.append(f"  {result.dataset}  {result.rows_written:,} rows")
        if result.rows_flagged:
            line.append(f"  {result.rows_flagged:,} flagged", "yellow")
        months = len(result.partitions)
        line.append(f"  {months} partition{'s' * (months > 1)}  {result.seconds:.1f} s", "dim")
    if result.reason:
        line.append(f"  {told(result.reason)}", "red" if not result.ok else "")
    return line


def told(reason: Mapping[str, Any] | None, language: str | None = None) -> str:
    """Why something was refused, in that language; without one in the terminal's own."""
    english = str((reason or {}).get("message", ""))
    portuguese = (language or spoken()).startswith("pt")
    return str((reason or {}).get("message_pt") or english) if portuguese else english


def spoken() -> str:
    """The language of the terminal as its environment says it, in lower case."""
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    return next((value for name in names if (value := os.environ.get(name))), "").lower()


def backfill_report(summary: Mapping[str, Any]) -> Group:
    """How a backfill went: the sums, then each file that was refused or left out, and why."""
    statuses = ", ".join(f"{count} {name}" for name, count in summary["statuses"].items())
    sums = Text.assemble(
        (f"{summary['files']} files", "bold"),
        f" ({statuses}): {summary['rows']:,} rows new, {summary['flagged']:,} flagged; "
        f"{_bytes(summary['bytes'])} in {summary['seconds']:.1f} s, "
        f"{summary['megabytes_per_second']:.1f} MB/s",
    )
    lines = [sums]
    for item in summary["refused"]:
        why = told(item["reason"])
        lines.append(Text.assemble(("refused ", "bold red"), item["file"], "  ", (why, "red")))
    lines += [
        Text.assemble(("left out ", "yellow"), item["file"], "  ", (item["why"], "dim"))
        for item in summary["skipped"]
    ]
    if summary["left"]:
        text = f"interrupted: {len(summary['left'])} files left; the same command again goes on"
        lines.append(Text(text, "yellow"))
    return Group(*lines)


def preview_table(steps: Sequence[Mapping[str, Any]]) -> Table:
    """What a backfill would do, in its order."""
    table = Table(header_style="bold")
    table.add_column("file", overflow="fold")
    table.add_column("size", justify="right")
    table.add_column("would", overflow="fold")
    for step in steps:
        table.add_row(step["file"], _bytes(step["bytes"]), step["would"])
    return table


def answer_panel(answer: Mapping[str, Any]) -> Panel:
    """An answer with its value, unit, period, sources and the query that produced it."""
    answered = answer["status"] == "answered"
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim")
    facts.add_column(overflow="fold")
    if answer.get("value") is not None:
        facts.add_row("value", Text(_value(answer["value"], answer.get("unit")), "bold cyan"))
    if answer.get("period"):
        facts.add_row("period", f"{answer['period']['start']} → {answer['period']['end']}")
    for source in (answer.get("sources") or [])[:_SHOWN_SOURCES]:
        facts.add_row("source", str(source.get("document", "")))
    hidden = len(answer.get("sources") or []) - _SHOWN_SOURCES
    if hidden > 0:
        facts.add_row("", f"and {hidden} more")
    for name in ("notices", "assumptions", "suggestions"):
        for text in answer.get(name) or []:
            facts.add_row(name[:-1], str(text))
    parts: list[Any] = [Text(str(answer["answer"]), "bold"), Text(""), facts]
    if answer.get("query_used"):
        language = str(answer.get("query_language") or "sql")
        parts += [Text(""), Syntax(str(answer["query_used"]), language, word_wrap=True)]
    status = str(answer["status"])
    return Panel(
        Group(*parts),
        title=str(answer.get("question", "")) or None,
        title_align="left",
        subtitle=_STATUS_TITLES.get(status, str(answer.get("dataset") or "")),
        subtitle_align="right",
        border_style="green" if answered else "yellow",
        padding=(1, 2),
    )


def _value(value: Any, unit: str | None) -> str:
    suffix = f" {unit}" if unit else ""
    if isinstance(value, Mapping):
        return "\n".join(
            f"{label}: {_value(item, '%' if 'percent' in label else unit)}"
            for label, item in value.items()
        )
    if isinstance(value, float):
        return f"{value:,.2f}{suffix}"
    return f"{value}{suffix}" if isinstance(value, int) else str(value)


def rows_table(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> Table:
    """Rows of a raw query."""
    table = Table(header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*("" if row[name] is None else str(row[name]) for name in columns))
    return table


def objects_table(entries: Sequence[Mapping[str, Any]]) -> Table:
    """Ledger entries, one line each."""
    table = Table(header_style="bold")
    for name in ("status", "key", "dataset"):
        table.add_column(name, overflow="fold")
    for name in ("rows", "flagged"):
        table.add_column(name, justify="right")
    table.add_column("reason", overflow="fold")
    for entry in entries:
        status = entry["status"]
        table.add_row(
            Text(status, _STYLES.get(status, "")),
            entry["version"]["key"],
            entry["dataset"] or "",
            f"{entry['rows_written']:,}",
            f"{entry['rows_flagged']:,}",
            told(entry["reason"]),
        )
    return table


def facts_table(facts: Mapping[str, Any]) -> Table:
    """Names and values, one line each; nested values as JSON."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, value in facts.items():
        nested = isinstance(value, dict | list)
        table.add_row(name, json.dumps(value, ensure_ascii=False) if nested else str(value))
    return table


def _bytes(size: float) -> str:
    for unit in ("B", "KB", "MB"):
        if size < 1024:
            return f"{size:.0f} {unit}"
        size /= 1024
    return f"{size:.1f} GB"
