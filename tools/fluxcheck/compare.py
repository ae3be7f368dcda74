"""Holds the platform's own parser of Flux against the reference parser: `make fluxcheck`.

Every query of the fixtures, and mutants of them, must be Flux to both or to neither, and of the
same syntax tree. Differences that are meant are named in `MEANT`, each with its reason; any other
one fails. The reference runs under node, apart from the platform, with a time limit: it can be
made to hang by hostile input.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import yaml

from ons_platform.timeseries.flux import syntax as tree
from ons_platform.timeseries.flux.errors import Refusal
from ons_platform.timeseries.flux.parser import parse
from ons_platform.timeseries.flux.writer import write

HERE = Path(__file__).resolve().parent
FIXTURES = HERE.parents[1] / "tests" / "fixtures" / "queries"
HANGING = "doubling"
"""The group of hostile queries on which the reference itself hangs."""
MUTANTS_EACH = 5
CHUNK = 50
CRUMBS = [
    *'()[]{}.,:=+-*/%^<>!~"$\\|& \n1a@?',
    "|>",
    "=>",
    "<-",
    "${",
    "and",
    "not",
    "if",
    "1h",
    "//",
]

MEANT = {
    "nested more than": "own limit: 40 levels, libflux 80",
    "stand in one chain": "own limit of operations in a row",
}

HALVES = ("|", "@", "!")
PATTERNS = ("regex parse error", "compiled too big")


def main() -> int:
    """Compare, print the counts, say whether all agree."""
    queries = _queries()
    queries += _mutants(queries)
    answers = reference(queries)
    counts: Counter[str] = Counter()
    for query, answer in zip(queries, answers, strict=True):
        outcome = _compare(query, answer)
        counts[outcome] += 1
        if outcome.startswith("DIFFERENT"):
            sys.stdout.write(f"{outcome}\n  {query!r}\n  {answer['errors']}\n")
    for outcome, count in counts.most_common():
        sys.stdout.write(f"{count:6d} {outcome}\n")
    return any(outcome.startswith("DIFFERENT") for outcome in counts)


def _queries() -> list[str]:
    benign = yaml.safe_load((FIXTURES / "flux_benign.yaml").read_text(encoding="utf-8"))
    hostile = yaml.safe_load((FIXTURES / "flux_hostile.yaml").read_text(encoding="utf-8"))
    groups = (queries for name, queries in hostile.items() if name != HANGING)
    return [*benign, *(query for group in groups for query in group)]


def _mutants(queries: list[str]) -> list[str]:
    chance = random.Random(7)  # noqa: S311
    return [_mutant(query, chance) for query in queries for _ in range(MUTANTS_EACH) if query]


def _mutant(query: str, chance: random.Random) -> str:
    for _ in range(chance.randint(1, 3)):
        place = chance.randrange(len(query) + 1)
        length = chance.choice((1, 1, 2, 5))
        kind = chance.randrange(4)
        if kind == 0:
            query = query[:place] + query[place + length :]
        elif kind == 1:
            query = query[:place] + chance.choice(CRUMBS) + query[place:]
        elif kind == 2:
            query = query[:place] + query[place : place + 3 * length] * 2 + query[place + length :]
        else:
            query = query[:place]
    return query


def reference(queries: list[str]) -> list[dict[str, Any]]:
    """The reference's answers; where it dies or hangs it is started again at the next query."""
    answers: list[dict[str, Any]] = []
    while len(answers) < len(queries):
        part = queries[len(answers) : len(answers) + CHUNK]
        lines = "".join(f"{json.dumps(query)}\n" for query in part)
        try:
            done = subprocess.run(
                ["node", "fluxcheck.js"],  # noqa: S607
                cwd=HERE,
                input=lines.encode(),
                capture_output=True,
                timeout=15,
            )
            said = done.stdout
        except subprocess.TimeoutExpired as late:
            said = late.stdout or b""
        found = [json.loads(line) for line in said.splitlines() if line.startswith(b"{")]
        answers += found if len(found) == len(part) else [*found, {"ok": None, "errors": []}]
    return answers


def _compare(query: str, answer: dict[str, Any]) -> str:
    if answer["ok"] is None:
        return "the reference itself failed"
    try:
        own = parse(query)
    except Refusal as refusal:
        return "refused by both" if not answer["ok"] else _refused(query, refusal)
    if not answer["ok"]:
        if all(error.startswith(PATTERNS) for error in _syntax(answer)):
            return "refused by the reference only: patterns are compiled by the server"
        return "DIFFERENT: refused by the reference only"
    if parse(write(own)) != own:
        return "DIFFERENT: not the same when written again"
    if _plain(json.loads(json.dumps(summary(own)))) != _plain(answer["tree"]):
        return f"DIFFERENT: another tree: {summary(own)} {answer['tree']}"
    return "parsed by both to the same tree"


def _refused(query: str, refusal: Refusal) -> str:
    """Why our parser alone refuses a query."""
    for words, reason in MEANT.items():
        if words in refusal.message:
            return f"refused here only: {reason}"
    text = query.rstrip()
    if refusal.at >= len(text) - 1 and text[-1:] in HALVES:
        return "refused here only: the reference overlooks half a mark at the end of the text"
    return f"DIFFERENT: refused here only: {refusal.message}"


def _syntax(answer: dict[str, Any]) -> list[str]:
    return [str(error) for error in answer["syntax"]]


def _plain(value: Any) -> Any:
    """Texts of an interpolated string that follow one another as one."""
    if not isinstance(value, list):
        return value
    items = [_plain(item) for item in value]
    if items[:1] != ["interpolated"]:
        return items
    out: list[Any] = ["interpolated"]
    for part in items[1:]:
        if part[0] == "text" and len(out) > 1 and out[-1][0] == "text":
            out[-1] = ["text", out[-1][1] + part[1]]
        else:
            out.append(part)
    return out


def summary(node: tree.Node) -> Any:
    """A tree as nested lists, as `fluxcheck.js` tells the reference's."""
    return _SUMMARIES[type(node)](node)


def _bare(part: tree.Expression) -> tree.Expression:
    """A text within `${}` stands in parentheses in our tree."""
    text = isinstance(part, tree.Parenthesised) and isinstance(part.inner, tree.Text)
    return part.inner if text else part  # type: ignore[union-attr]


def _properties(items: tuple[tree.Property, ...]) -> list[Any]:
    return [[item.key, item.value and summary(item.value)] for item in items]


def _all(nodes: Iterable[tree.Node]) -> list[Any]:
    return [summary(node) for node in nodes]


def _option(node: tree.Option) -> list[Any]:
    name = node.name if node.member is None else f"{node.name}.{node.member}"
    return ["option", name, summary(node.value)]


_SUMMARIES: dict[type[tree.Node], Callable[[Any], list[Any]]] = {
    tree.File: lambda node: ["file", *_all(node.imports), *_all(node.statements)],
    tree.Import: lambda node: ["import", node.alias, node.path],
    tree.Assignment: lambda node: ["assign", node.name, summary(node.value)],
    tree.Evaluation: lambda node: ["evaluate", summary(node.value)],
    tree.Option: _option,
    tree.Return: lambda node: ["return", summary(node.value)],
    tree.Builtin: lambda node: ["builtin", node.name],
    tree.TestCase: lambda node: ["testcase", node.name, summary(node.body)],
    tree.Block: lambda node: ["block", *_all(node.statements)],
    tree.Identifier: lambda node: ["name", node.name],
    tree.Integer: lambda node: ["int", str(node.value)],
    tree.Float: lambda node: ["float", float(node.text)],
    tree.Text: lambda node: ["text", node.value],
    tree.Interpolated: lambda node: ["interpolated", *_all(map(_bare, node.parts))],
    tree.Regex: lambda node: ["regex", node.pattern],
    tree.Duration: lambda node: ["duration", "".join(f"{n}{unit}" for n, unit in node.parts)],
    tree.Instant: lambda _: ["instant"],
    tree.Pipe: lambda _: ["pipe"],
    tree.Label: lambda node: ["label", node.name],
    tree.Array: lambda node: ["array", *_all(node.items)],
    tree.Dictionary: lambda node: ["dictionary", *_all(sum(node.items, ()))],
    tree.Record: lambda node: [
        "record",
        node.base and node.base.name,
        *_properties(node.properties),
    ],
    tree.Function: lambda node: ["function", _properties(node.parameters), summary(node.body)],
    tree.Call: lambda node: ["call", summary(node.callee), *_properties(node.arguments)],
    tree.Piped: lambda node: ["piped", summary(node.source), summary(node.call)],
    tree.Member: lambda node: ["member", summary(node.record), node.key],
    tree.Index: lambda node: ["index", summary(node.array), summary(node.index)],
    tree.Unary: lambda node: ["unary", node.operator, summary(node.operand)],
    tree.Binary: lambda node: ["binary", node.operator, *_all((node.left, node.right))],
    tree.Conditional: lambda node: ["if", *_all((node.test, node.yes, node.no))],
    tree.Parenthesised: lambda node: ["paren", summary(node.inner)],
}


if __name__ == "__main__":
    sys.exit(main())
