"""Brasília civil calendar: instants, units of time, Easter, summer time.

Every instant is a `datetime` in America/Sao_Paulo built from a civil reading, so that adding days
adds civil days. `CivilError` names a date that does not exist, in both languages.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from ons_platform.catalog.model import Text

BRASILIA = ZoneInfo("America/Sao_Paulo")
YEARS = range(1900, 2101)
MONTHS_OF = {"month": 1, "bimester": 2, "quarter": 3, "quadrimester": 4, "half": 6, "year": 12}
MONTHS_OF |= {"decade": 120}
DAYS_OF = {"day": 1, "week": 7, "weekend": 7, "tenday": 10, "fortnight": 15}

Interval = tuple[datetime | None, datetime | None]
Bounds = tuple[datetime, datetime]


class CivilError(Exception):
    """A civil date or time that does not exist; `text` says which, in both languages."""

    def __init__(self, pt: str, en: str) -> None:
        super().__init__(en)
        self.text = Text(pt=pt, en=en)


def instant(year: int, month: int = 1, day: int = 1, hour: int = 0, minute: int = 0) -> datetime:
    """The civil reading as an instant; hour 24 is midnight at the day's end."""
    if year not in YEARS:
        raise CivilError(f"o ano {year} está fora do alcance", f"year {year} is out of range")
    if not 1 <= month <= 12:
        raise CivilError(f"o mês {month} não existe", f"there is no month {month}")
    if not 1 <= day <= monthrange(year, month)[1]:
        said = f"{day:02d}/{month:02d}/{year}"
        raise CivilError(f"a data {said} não existe", f"there is no date {said} (dd/mm/yyyy)")
    if not (0 <= hour <= 23 and 0 <= minute <= 59) and (hour, minute) != (24, 0):
        said = f"{hour:02d}:{minute:02d}"
        raise CivilError(f"o horário {said} não existe", f"there is no time {said}")
    start = datetime(year, month, day, tzinfo=BRASILIA)
    return start + timedelta(hours=hour, minutes=minute)


def midnight(moment: datetime) -> datetime:
    """The start of the civil day of `moment`."""
    return instant(moment.year, moment.month, moment.day)


def brasilia(moment: datetime) -> datetime:
    """`moment` in Brasília; a reading without a zone is taken as Brasília's."""
    if moment.tzinfo is None:
        return moment.replace(tzinfo=BRASILIA)
    return moment.astimezone(BRASILIA)


def add_months(moment: datetime, count: int) -> datetime:
    """The same day `count` months later, or the last of that month."""
    index = moment.year * 12 + moment.month - 1 + count
    year, month = index // 12, index % 12 + 1
    if year not in YEARS:
        raise CivilError(f"o ano {year} está fora do alcance", f"year {year} is out of range")
    return moment.replace(year=year, month=month, day=min(moment.day, monthrange(year, month)[1]))


def add_days(moment: datetime, count: int) -> datetime:
    """The same reading `count` civil days later."""
    try:
        later = moment + timedelta(days=count)
    except OverflowError:
        raise CivilError("data fora do alcance", "date out of range") from None
    if later.year not in YEARS:
        raise CivilError("data fora do alcance", "date out of range")
    return later


def add_hours(moment: datetime, hours: float) -> datetime:
    """So many elapsed hours later, whatever the clocks did meanwhile."""
    return (moment.astimezone(UTC) + timedelta(hours=hours)).astimezone(BRASILIA)


def add_units(moment: datetime, unit: str, count: int) -> datetime:
    """`count` units later, elapsed for hours and minutes, civil for the rest."""
    if unit in ("hour", "minute"):
        if abs(count) > 1_000_000:
            raise CivilError("data fora do alcance", "date out of range")
        return add_hours(moment, count if unit == "hour" else count / 60)
    if unit in DAYS_OF:
        return add_days(moment, count * DAYS_OF[unit])
    return add_months(moment, count * MONTHS_OF[unit])


def unit_of(moment: datetime, unit: str, shift: int = 0) -> Bounds:
    """The unit that holds `moment`, or the one `shift` units away; weeks start on Monday."""
    if unit in ("hour", "minute"):
        whole = moment.replace(second=0, microsecond=0)
        whole = whole.replace(minute=0) if unit == "hour" else whole
        start = add_units(whole, unit, shift)
        return start, add_hours(start, 1)
    day = midnight(moment)
    if unit == "day":
        return add_days(day, shift), add_days(day, shift + 1)
    if unit in ("week", "weekend"):
        coming = unit == "weekend" and shift > 0 and day.weekday() < 5
        monday = add_days(day, (shift - coming) * 7 - day.weekday())
        return add_days(monday, 5 if unit == "weekend" else 0), add_days(monday, 7)
    if unit in ("fortnight", "tenday"):
        return _part_of_month(day, 2 if unit == "fortnight" else 3, shift)
    size = MONTHS_OF[unit]
    index = (day.year * 12 + day.month - 1) // size + shift
    first = instant(index * size // 12, index * size % 12 + 1)
    return first, add_months(first, size)


def _part_of_month(day: datetime, pieces: int, shift: int) -> Bounds:
    """Halves (1-15, 16-) or thirds (1-10, 11-20, 21-) of months, counted on from that of `day`."""
    size = 30 // pieces
    here = min((day.day - 1) // size, pieces - 1)
    index = here + shift
    first = add_months(day.replace(day=1), index // pieces)
    start = add_days(first, index % pieces * size)
    last = index % pieces == pieces - 1
    return start, add_months(first, 1) if last else add_days(start, size)


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (the anonymous algorithm of 1876)."""
    a, b, c = year % 19, year // 100, year % 100
    d = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    e = (32 + 2 * (b % 4) + 2 * (c // 4) - d - c % 4) % 7
    m = (a + 11 * d + 22 * e) // 451
    month, day = divmod(d + e - 7 * m + 114, 31)
    return date(year, month, day + 1)


def summer_time(year: int) -> Bounds:
    """Daylight saving time that began in the second half of `year`."""
    days = [instant(year, 7) + timedelta(days=count) for count in range(300)]
    inside = [day for day in days if (day + timedelta(hours=12)).dst()]
    if not inside:
        said = f"{year}/{year + 1}"
        raise CivilError(
            f"não houve horário de verão em {said}", f"there was no daylight saving time in {said}"
        )
    return inside[0], inside[-1] + timedelta(days=1)
