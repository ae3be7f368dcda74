"""Texts of refusals and remarks, in both languages, from `reasons.yaml`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal

import yaml

from ons_platform import errors

Language = Literal["en", "pt"]
_SHOWN_PLACES = 3


@dataclass(frozen=True)
class Place:
    """A cell of the file: 1-based row as a spreadsheet counts it, column, text, what would fit.

    `expected` names an entry of `expected` in the YAML; `instant` says when, as the clock in
    Brasília showed it, where that is known.
    """

    row: int
    column: str
    value: str
    expected: str
    instant: str = ""

    def text(self, language: Language) -> str:
        """For people."""
        expected = _texts()["expected"][self.expected]
        return str(
            _texts()["place"][language].format(
                row=self.row,
                column=self.column,
                value=self.value,
                expected=expected["en"],
                expected_pt=expected["pt"],
            )
        )

    def as_dict(self) -> dict[str, Any]:
        """For the quality report."""
        fields = asdict(self)
        if not self.instant:
            del fields["instant"]
        return fields


@dataclass(frozen=True)
class Phrase:
    """A detail that is itself a text in both languages: an entry of `phrases` in the YAML.

    `details` fill the entry's placeholders.
    """

    code: str
    details: Mapping[str, Any] = field(default_factory=dict)

    def text(self, language: Language) -> str:
        """For people."""
        return str(_texts()["phrases"][self.code][language].format(**self.details))


def reject(code: str, **details: Any) -> errors.RejectedFile:
    """The error to raise for a refusal: English message, `message_pt`, `code` and the details.

    `places` (a sequence of `Place`) is shown in the message by its first three.
    """
    entry = _texts()["rejections"][code]
    error: type[errors.RejectedFile] = getattr(errors, entry["error"])
    where = {name: _plain(value) for name, value in details.items()}
    return error(
        _fill(entry["en"], "en", details),
        message_pt=_fill(entry["pt"], "pt", details),
        code=code,
        **where,
    )


def remark(code: str, **details: Any) -> dict[str, Any]:
    """A warning for the quality report, in both languages, with its details."""
    entry = _texts()["remarks"][code]
    texts = {language: _fill(entry[language], language, details) for language in ("en", "pt")}
    return {"code": code, **texts, **details}


def skip_text(reason: str) -> dict[str, str]:
    """Why rows were left out, by language."""
    return dict(_texts()["skips"][reason])


def finding_text(kind: str, count: int) -> dict[str, str]:
    """What a finding of that kind means, by language."""
    entry = _findings()["findings"].get(kind) or _findings()["other"]
    expected = _texts()["expected"].get(kind, {"en": kind, "pt": kind})
    return {
        language: str(entry[language]).format(count=count, expected=expected[language])
        for language in ("en", "pt")
    }


def rule_text(rule: str) -> dict[str, str]:
    """What a rule demands, by language."""
    return dict(_findings()["rules"][rule])


def failure_note(key: str, reason: Mapping[str, Any]) -> str:
    """The text beside a failed object: what was wrong and what to do, in both languages."""
    note = _texts()["failure_note"]
    english = reason.get("message", "")
    shown = {"pt": reason.get("message_pt") or english, "en": english}
    return "\n\n".join(
        str(note[language]).format(key=key, error=reason.get("error", ""), message=shown[language])
        for language in ("pt", "en")
    )


def _fill(template: str, language: Any, details: dict[str, Any]) -> str:
    return template.format(**{name: _shown(value, language) for name, value in details.items()})


def _shown(value: Any, language: Language) -> Any:
    if isinstance(value, Phrase):
        return value.text(language)
    if isinstance(value, Sequence) and not isinstance(value, str):
        if value and isinstance(value[0], Place):
            return "; ".join(place.text(language) for place in value[:_SHOWN_PLACES])
        return ", ".join(str(_shown(item, language)) for item in value) or "-"
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, Phrase):
        return value.text("en") if value.details else value.code
    if isinstance(value, tuple | list):
        return [item.as_dict() if isinstance(item, Place) else _plain(item) for item in value]
    return value


@lru_cache(maxsize=1)
def _texts() -> dict[str, Any]:
    return _loaded("reasons.yaml")


@lru_cache(maxsize=1)
def _findings() -> dict[str, Any]:
    return _loaded("findings.yaml")


def _loaded(name: str) -> dict[str, Any]:
    text = files("ons_platform.ingest").joinpath(name).read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded
