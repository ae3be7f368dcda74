"""What a question says about time, before `now` is known: expressions and their containers.

"primeira semana de abril de 2023" is a `part` (week 1) in a `month` (4) in a `year` (2023). An
expression may lack its container ("em marco"): `wants` says of which unit. `fill` gives it that of
a neighbour ("janeiro e julho de 2023"); what still lacks is settled against `now` on resolving.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ons_platform.catalog.model import Text

YEAR_UNITS = frozenset({"year", "years"})


@dataclass(frozen=True)
class Node:
    """An expression over tokens `first` up to but without `last`.

    `args` and `name` mean what `kind` makes of them (see `resolve`); `inner` is the
    container, or the only end of an open range; `other` the right end of a range. A `weak` node
    (a bare "3", "set") only counts together with a companion.
    """

    kind: str
    first: int
    last: int
    unit: str
    args: tuple[int, ...] = ()
    name: str = ""
    inner: Node | None = None
    other: Node | None = None
    wants: str = ""
    weak: bool = False
    error: Text | None = None

    def over(self, first: int, last: int) -> Node:
        """The same over other tokens."""
        return replace(self, first=first, last=last)

    def within(self, container: Node) -> Node:
        """The same in `container`, which stands after it."""
        return replace(self, inner=container, last=max(self.last, container.last))


def missing(node: Node) -> str:
    """The unit of the container that is lacking, "" when none is."""
    if node.kind == "recent":
        return ""
    if node.inner is None:
        return node.wants
    lack = missing(node.inner)
    both = node.other is None or missing(node.other) == lack
    return lack if both else ""


def put(node: Node, container: Node) -> Node:
    """`node` with its lacking container put in; its tokens stay."""
    if node.inner is None:
        return replace(node, inner=container) if node.wants else node
    changed = replace(node, inner=put(node.inner, container))
    if node.kind == "range" and node.other is not None:
        changed = replace(changed, other=put(node.other, container))
    return changed


def find(node: Node | None, units: frozenset[str]) -> Node | None:
    """The expression of one of `units` in the chain of containers (of a range: its last end)."""
    while node is not None:
        if node.unit in units and node.kind not in ("range", "open"):
            return node
        node = node.other or node.inner
    return None


def fill(node: Node, donor: Node) -> Node:
    """`node` with what it lacks taken from `donor`, as far as `donor` says it."""
    lack = missing(node)
    while lack:
        units = YEAR_UNITS if lack == "year" else frozenset({lack})
        container = find(donor, units)
        if container is None or container.weak:
            return node
        node = put(node, container)
        left, lack = lack, missing(node)
        if left == lack:
            return node
    return node


def is_relative(node: Node | None) -> bool:
    """Whether its interval depends on `now`."""
    if node is None:
        return False
    if node.kind in ("shift", "rolling", "recent", "now", "todate", "weekday"):
        return node.inner is None or node.kind in ("recent", "todate") or is_relative(node.inner)
    if node.kind == "open" and node.name in ("since", "after"):
        return True
    if node.kind == "range" and node.inner and node.other:
        ends = [end for end in (node.inner, node.other) if not missing(end)]
        return not ends or any(is_relative(end) for end in ends)
    if node.wants and node.inner is None:
        return True
    return is_relative(node.inner) or is_relative(node.other)


def is_vague(node: Node | None) -> bool:
    """Whether it names no exact interval ("meados de 2023", "ultimos dias")."""
    if node is None:
        return False
    if node.kind in ("edge", "few"):
        return True
    if node.kind in ("range", "open"):
        ends = [end for end in (node.inner, node.other) if end is not None]
        return any(is_vague(end) and not _sharp(end) for end in ends)
    return is_vague(node.inner)


def _sharp(end: Node) -> bool:
    """As an end of a range, the start or end of something is exact."""
    return end.kind == "edge" and end.name != "middle" and not is_vague(end.inner)
