"""Chart specifications drawn as SVG: no script, no foreign font, every text escaped."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree as Xml

import pygal
from pygal.style import Style

from ons_platform.api.chartlabels import number_format, readable
from ons_platform.questions.answer import ChartSpec

# pygal leaves a finder of its plugins in the import system, of a kind Python no longer knows; this
# process has no such plugins, and every later import would be warned about.
sys.meta_path[:] = [finder for finder in sys.meta_path if hasattr(finder, "find_spec")]

WIDTH, HEIGHT = 960, 440
_LABELS_SHOWN = 9
_TICKS = 5
_BARS_PRINTED = 12
_DOTS_SHOWN = 62
_LETTERS_ACROSS = 100
_BUCKETS = 800
_NAME_LENGTH = 28
_SVG = "http://www.w3.org/2000/svg"

_CSS = (
    "inline:.title{fill:#41525c} .plot_title{font-size:17px;font-weight:600;fill:#16232b}"
    " .series .line{stroke-width:2.2;stroke-linejoin:round}"
)
_LYING_CSS = "inline:.text-overlay text.value{text-anchor:start;translate:5px 0}"
_STYLE = Style(
    background="#ffffff",
    plot_background="#ffffff",
    foreground="#41525c",
    foreground_strong="#16232b",
    foreground_subtle="#8a9aa4",
    guide_stroke_color="#e3e9ec",
    major_guide_stroke_color="#e3e9ec",
    guide_stroke_dasharray="none",
    major_guide_stroke_dasharray="none",
    opacity="1",
    opacity_hover="1",
    font_family="system-ui, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif",
    title_font_size=14,
    label_font_size=13,
    major_label_font_size=13,
    legend_font_size=14,
    value_font_size=13,
    colors=("#00796b", "#e08a00", "#3f6fb5", "#b5443f", "#7a5ea8", "#5f8f3e", "#8d6e63", "#607d8b"),
)
_COMMON: dict[str, Any] = {
    "style": _STYLE,
    "width": WIDTH,
    "height": HEIGHT,
    "margin": 16,
    "js": [],
    "no_prefix": True,
    "dots_size": 3,
    "print_values_position": "top",
    "truncate_label": _NAME_LENGTH,
    "css": ["file://style.css", "file://graph.css", _CSS],
    "truncate_legend": _NAME_LENGTH,
    "legend_at_bottom": True,
    "legend_box_size": 12,
}


def thinned(values: Sequence[float | None], buckets: int = _BUCKETS) -> list[float | None]:
    """At most two values per bucket, its lowest and highest in their order: extremes stay."""
    if len(values) <= 2 * buckets:
        return list(values)
    kept: list[float | None] = []
    for index in range(buckets):
        part = values[index * len(values) // buckets : (index + 1) * len(values) // buckets]
        known = [item for item in part if item is not None]
        low, high = (min(known), max(known)) if known else (None, None)
        kept += [low, high] if part.index(low) <= part.index(high) else [high, low]
    return kept


def ticks(low: float, high: float, *, from_zero: bool = False) -> list[float]:
    """Round steps that span the values."""
    if from_zero:
        low, high = min(low, 0.0), max(high, 0.0)
    size = max(abs(low), abs(high))
    span = high - low if high - low > max(size * 1e-6, 1e-6) else max(size, 1.0)
    magnitude = 10.0 ** math.floor(math.log10(span / _TICKS))
    step = next(
        item * magnitude for item in (1, 2, 2.5, 5, 10) if span / _TICKS <= item * magnitude
    )
    first, last = math.floor(low / step), math.ceil(high / step)
    return [round(index * step, 10) for index in range(first, max(last, first + 1) + 1)]


def render(spec: ChartSpec, language: str) -> str:
    """SVG of `WIDTH` x `HEIGHT`, free to scale, of at least one value.

    Labels that are ISO 8601 (civil time) become readable dates. `language` chooses month names and
    the decimal mark.
    """
    values = [item for row in spec.series.values() for item in row if item is not None]
    marks = ticks(min(values, default=0.0), max(values, default=0.0), from_zero=spec.kind == "bar")
    labels = readable(spec.labels, language)
    options: dict[str, Any] = {
        **_COMMON,
        "title": spec.title,
        "y_title": spec.unit,
        "y_labels": marks,
        "range": (marks[0], marks[-1]),
        "show_legend": len(spec.series) > 1,
        "legend_at_bottom_columns": min(len(spec.series), 4) or 1,
        "show_dots": len(labels) <= _DOTS_SHOWN,
        "value_formatter": number_format(marks[1] - marks[0], language),
    }
    series = [(name, list(row)) for name, row in spec.series.items()]
    if spec.kind == "line":
        chart = pygal.Line(x_labels=_spaced(labels), **options)
        series = [(name, thinned(row)) for name, row in series]
    else:
        options["print_values"] = len(labels) * len(series) <= _BARS_PRINTED
        chart, series = _bars(labels, series, options)
    for name, row in series:
        chart.add(name, row)
    return _without_scripts(chart)


def _bars(
    names: Sequence[str], series: list[tuple[str, list[float | None]]], options: Any
) -> tuple[Any, list[tuple[str, list[float | None]]]]:
    """Upright bars, or lying ones (first on top) when the names would not fit side by side."""
    if sum(len(name[:_NAME_LENGTH]) for name in names) <= _LETTERS_ACROSS:
        return pygal.Bar(x_labels=list(names), **options), series
    lying = {**options, "x_title": options["y_title"], "y_title": None}
    lying["css"] = [*options["css"], _LYING_CSS]
    chart = pygal.HorizontalBar(x_labels=list(reversed(names)), **lying)
    return chart, [(name, row[::-1]) for name, row in series]


def _spaced(labels: Sequence[str]) -> list[str]:
    """One label per drawn point, all but some blank; a text shown is not repeated."""
    count = min(len(labels), 2 * _BUCKETS)
    drawn = [labels[index * len(labels) // count] for index in range(count)]
    step = max(math.ceil(count / _LABELS_SHOWN), 1)
    shown = [text if index % step == 0 else "" for index, text in enumerate(drawn)]
    return [
        "" if text and index and text == shown[max(index - step, 0)] else text
        for index, text in enumerate(shown)
    ]


def _without_scripts(chart: Any) -> str:
    """The drawing as text; pygal's own script and comments are left out."""
    chart.uuid = "chart"
    root = chart.render_tree()
    for parent in list(root.iter()):
        for child in list(parent):
            if not isinstance(child.tag, str) or child.tag.rpartition("}")[2] == "script":
                parent.remove(child)
    return Xml.tostring(root, encoding="unicode")
