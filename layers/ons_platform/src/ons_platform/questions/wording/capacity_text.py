"""Counts and power of generating units, and sums over other registers, as text and rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ons_platform.catalog.model import Metric
from ons_platform.questions.intent import Dimension, Intent, Note, Shape, Unclear
from ons_platform.questions.lexicon import Language
from ons_platform.questions.wording import grammar, texts
from ons_platform.questions.wording.writer import Number, Table, Value

_RUNNERS, _MOST_PLANTS = 3, 4
CAPACITY = "capacity"
"""The metric of generating units; other registers have others."""


@dataclass(frozen=True)
class Written:
    """Value, unit, text and series of an answer about generating units."""

    value: Value
    unit: str | None
    text: str
    rows: tuple[dict[str, Any], ...] = ()
    notes: tuple[Note, ...] = ()


class CapacityWriter:
    """One answer in one language."""

    def __init__(
        self, intent: Intent, plants: tuple[str, ...], language: Language, metric: Metric
    ) -> None:
        self._intent = intent
        self._plants = plants
        self._language = language
        self._metric = metric
        self._main = intent.units[0]
        self._unit, self._factor = self._unit_of()

    def write(self, rows: list[dict[str, Any]]) -> Written:
        """The answer that the statement's rows give."""
        if self._intent.percent and not self._intent.by:
            return self._share(rows[0])
        if not self._intent.by:
            return self._scalars(rows[0])
        return self._groups(self._in_percent(rows) if self._intent.percent else rows)

    def _unit_of(self) -> tuple[str, float]:
        asked = self._intent.unit
        if self._main != "power":
            return texts.word("units_measures", self._main, self._language), 1.0
        own = self._metric.unit
        if self._metric.aggregate == "count":
            return "", 1.0
        if asked is None or asked.base == "%":
            return own, 1.0
        if asked.base != own:
            raise Unclear("unit_mismatch", unit=asked.name, own=own)
        return asked.name, asked.factor

    def _share(self, row: dict[str, Any]) -> Written:
        part, whole = float(row["part"] or 0), float(row["whole"] or 0)
        share = round(100 * part / whole, 6) if whole else 0.0
        return Written(share, "%", self._statement(f"{self._number(share)}%"))

    def _in_percent(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        total = sum(float(row[self._main] or 0) for row in rows)
        self._unit, self._factor = "%", 1.0
        return [{**row, self._main: 100 * float(row[self._main] or 0) / total} for row in rows]

    def _scalars(self, row: dict[str, Any]) -> Written:
        wanted = self._intent.units
        units = {name: texts.word("units_measures", name, self._language) for name in wanted}
        units[self._main] = self._unit
        factors = {name: self._factor if name == "power" else 1.0 for name in wanted}
        values = {name: _plain(row[name] or 0, factors[name]) for name in wanted}
        parts = [f"{self._number(value)} {units[name]}".strip() for name, value in values.items()]
        text = self._sentence(values) or self._statement(", ".join(parts))
        if len(wanted) == 1:
            return Written(values[self._main], self._unit or None, text)
        table: Table = {units[name]: value for name, value in values.items()}
        return Written(table, None, text)

    def _groups(self, rows: list[dict[str, Any]]) -> Written:
        single = self._intent.shape is Shape.LABEL
        kept = rows[:_RUNNERS] if single else rows[: self._intent.limit]
        items = ", ".join(self._item(row) for row in kept)
        series = tuple(self._row(row) for row in kept)
        if not single:
            table: Table = {str(row["label"]): self._amount(row) for row in kept}
            text = texts.text("table", self._language, subject=self._about(), items=items)
            return Written(table, self._unit or None, text, series)
        best = str(rows[0]["label"])
        text = texts.text(
            "label", self._language, label=self._title(best), subject=self._about(), value=items
        )
        tied = [
            self._title(str(row["label"])) for row in rows if row[self._main] == rows[0][self._main]
        ]
        notes = (Note.of("tie", labels=tuple(tied[:6])),) if len(tied) > 1 else ()
        return Written(best, self._unit or None, text, series, notes)

    def _item(self, row: dict[str, Any]) -> str:
        said = f"{self._title(str(row['label']))} {self._number(self._amount(row))} {self._unit}"
        return said.strip()

    def _row(self, row: dict[str, Any]) -> dict[str, Any]:
        tags = {self._intent.by[0].value: str(row["label"])}
        value = self._amount(row)
        return {"timestamp": None, "measurement": self._main, "value": value, "tags": tags}

    def _amount(self, row: dict[str, Any]) -> Number:
        return _plain(row[self._main], self._factor)

    def _title(self, code: str) -> str:
        return texts.title(self._intent.by[0], code, self._language)

    def _number(self, value: Number) -> str:
        return texts.number(value, self._language)

    def _sentence(self, values: dict[str, Number]) -> str | None:
        """One number in words; None where the neutral form is safer (a period, one unit)."""
        filters, language, value = self._intent.filters, self._language, values[self._main]
        kinds = (self._plants, filters.states, filters.regions)
        if self._metric.aggregate == "count" or self._intent.narrowed:
            return None
        several = len(values) > 1 or sum(map(bool, kinds)) > 1 or len(self._plants) > _MOST_PLANTS
        if several or self._intent.periods or self._intent.percent or value == 1:
            return None
        where = self._where(inside=self._main != "power")
        sources = [texts.title(Dimension.SOURCE, code, language) for code in filters.sources]
        source = texts.listed(sources, language)
        if self._main != "power":
            unit = texts.word("units_words", self._main, language)
            about = texts.text("sentence_source", language, source=source) if source else ""
            places = {"value": self._number(value), "unit": unit, "source": about, "where": where}
            return texts.text("sentence_units", language, **places)
        title = self._title_of_main()
        quantity = f"{title} {source}" if language == "pt" else f"{source} {title}"
        noun = texts.word("sentence_nouns", "plain", language).format(
            quantity=quantity.strip(), article=grammar.article(grammar.gender(title) or "f", "the")
        )
        written = f"{self._number(value)} {self._unit}"
        return texts.text("sentence_power", language, noun=noun, where=where, value=written)

    def _where(self, *, inside: bool) -> str:
        """The one kind of place said: " da Bahia", or " na Bahia" for what is inside of it."""
        filters, language = self._intent.filters, self._language
        dimension = Dimension.STATE if filters.states else Dimension.REGION
        if self._plants:
            dimension = Dimension.PLANT
            named = grammar.of_plants(self._plants, "plant", language)
        else:
            named = grammar.of_places(dimension, filters.states or filters.regions, language)
        if inside and language == "pt" and named:
            named = grammar.in_place(named)
        return grammar.where(named, dimension, language)

    def _statement(self, value: str) -> str:
        return texts.text("statement", self._language, subject=self._about(), value=value)

    def _title_of_main(self) -> str:
        if self._main == "power" and self._metric.id != CAPACITY:
            return texts.written(self._metric.title, self._language)
        return texts.word("units_words", self._main, self._language)

    def _about(self) -> str:
        filters, language = self._intent.filters, self._language
        parts = [self._title_of_main()]
        parts += [texts.title(Dimension.SOURCE, code, language) for code in filters.sources]
        parts += list(self._plants[:4])
        parts += [texts.title(Dimension.STATE, code, language) for code in filters.states]
        parts += [texts.title(Dimension.REGION, code, language) for code in filters.regions]
        parts += [texts.written(item, language) for item in self._intent.narrowed]
        line = ", ".join(parts)
        return line[0].upper() + line[1:]


def _plain(value: Any, factor: float) -> Number:
    return value if isinstance(value, int) else round(float(value or 0) / factor, 6)
