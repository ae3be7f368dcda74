"""Makes files with rows as ONS writes them: one large one, or one a year.

    python benchmarks/generate.py --megabytes 1000 --out /tmp/GERACAO_USINA-2_2022.csv
    python benchmarks/generate.py --years 25 --out /tmp/years

The large file is of `geracao-usina-2`: one thousand plants an hour, from 2022-01-01 on, twelve
columns, `;`, UTF-8, accents, plants without `id_ons`, negative values (pumping) and, one in five
thousand, an empty value. The yearly ones are of `curva-carga`: four subsystems an hour from 2000
on, 35,000 rows and 1.5 MB each. The same size always gives the same file.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

import numpy as np

HEADER = (
    "din_instante;id_subsistema;nom_subsistema;id_estado;nom_estado;cod_modalidadeoperacao;"
    "nom_tipousina;nom_tipocombustivel;nom_usina;id_ons;ceg;val_geracao\n"
)
PLANTS = 1000
_REGIONS = [
    ("SE", "SUDESTE/CENTRO-OESTE", "SP", "SÃO PAULO"),
    ("SE", "SUDESTE/CENTRO-OESTE", "MG", "MINAS GERAIS"),
    ("S", "SUL", "RS", "RIO GRANDE DO SUL"),
    ("NE", "NORDESTE", "BA", "BAHIA"),
    ("NE", "NORDESTE", "RN", "RIO GRANDE DO NORTE"),
    ("N", "NORTE", "PA", "PARÁ"),
]
_KINDS = [
    ("TIPO I", "HIDROELÉTRICA", "HIDRÁULICA", "UHE"),
    ("TIPO II-A", "TÉRMICA", "GÁS", "UTE"),
    ("TIPO II-C", "EOLIELÉTRICA", "EÓLICA", "EOL"),
    ("TIPO II-C", "FOTOVOLTAICA", "FOTOVOLTAICA", "UFV"),
    ("Pequenas Usinas (Tipo III)", "HIDROELÉTRICA", "HIDRÁULICA", "PCH"),
]


def plants() -> list[str]:
    """The columns between instant and value, one text a plant."""
    texts = []
    for number in range(PLANTS):
        region, region_name, state, state_name = _REGIONS[number % len(_REGIONS)]
        mode, kind, fuel, prefix = _KINDS[number % len(_KINDS)]
        small = prefix == "PCH"
        name = f"PCHS {state} {number:03d}" if small else f"Conj. {number:03d}"
        entity = "" if small else f"CJU_{state}{number:04d}"
        ceg = (
            "-"
            if entity.startswith("CJU") and number % 3
            else f"{prefix}.PH.{state}.{number:06d}-0.01"
        )
        texts.append(
            f"{region};{region_name};{state};{state_name};{mode};{kind};{fuel};{name};{entity};{ceg}"
        )
    return texts


def hours(random: np.random.Generator) -> Iterator[str]:
    """The rows of one hour after the other, without end."""
    fixed = plants()
    moment = datetime(2022, 1, 1)  # noqa: DTZ001 - civil, as in the file
    while True:
        values = random.gamma(0.6, 150.0, PLANTS).round(3)
        values[random.random(PLANTS) < 0.1] = 0.0
        values[random.random(PLANTS) < 0.01] *= -0.01
        texts = [f"{value:.3f}" for value in values]
        for empty in np.flatnonzero(random.random(PLANTS) < 0.0002):
            texts[empty] = ""
        stamp = f"{moment:%Y-%m-%d %H:%M:%S}"
        yield "".join(f"{stamp};{plant};{text}\n" for plant, text in zip(fixed, texts, strict=True))
        moment += timedelta(hours=1)


def generate(path: Path, megabytes: int) -> int:
    """Write the file and return its number of rows."""
    rows = size = 0
    with path.open("wb") as file:
        file.write(HEADER.encode())
        for block in hours(np.random.default_rng(7)):
            encoded = block.encode()
            file.write(encoded)
            rows += PLANTS
            size += len(encoded)
            if size >= megabytes * 1_000_000:
                return rows
    return rows


def generate_sheet(path: Path, rows: int) -> None:
    """Write so many rows of `geracao-usina-2` as a spreadsheet: real dates, numbers, gaps."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("dados")
    sheet.append(HEADER.strip().split(";"))
    lines = (line for block in hours(np.random.default_rng(7)) for line in block.splitlines())
    for line in islice(lines, rows):
        first, *texts, last = line.split(";")
        value = float(last) if last else None
        sheet.append([datetime.fromisoformat(first), *(text or None for text in texts), value])
    book.save(path)


SUBSYSTEMS = [
    ("N", "NORTE", 4_500.0),
    ("NE", "NORDESTE", 9_500.0),
    ("S", "SUL", 10_000.0),
    ("SE", "SUDESTE/CENTRO-OESTE", 34_000.0),
]


def generate_years(folder: Path, years: int, first: int = 2000) -> list[Path]:
    """Write one `CURVA_CARGA_YYYY.csv` a year and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    return [_load_year(folder / f"CURVA_CARGA_{first + n}.csv", first + n) for n in range(years)]


def _load_year(path: Path, year: int) -> Path:
    random = np.random.default_rng(year)
    start = datetime(year, 1, 1)  # noqa: DTZ001 - civil, as in the file
    hours = (datetime(year + 1, 1, 1) - start) // timedelta(hours=1)  # noqa: DTZ001
    shape = 1 + 0.15 * np.sin((np.arange(hours) % 24 - 9) / 24 * 2 * np.pi)
    noise = random.normal(1.0, 0.01, (hours, len(SUBSYSTEMS)))
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write("id_subsistema;nom_subsistema;din_instante;val_cargaenergiahomwmed\n")
        for hour in range(hours):
            stamp = f"{start + timedelta(hours=hour):%Y-%m-%d %H:%M:%S}"
            file.writelines(
                f"{code};{name};{stamp};{base * shape[hour] * noise[hour, place]:.8f}\n"
                for place, (code, name, base) in enumerate(SUBSYSTEMS)
            )
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--years", type=int, default=0, help="yearly files into the folder --out")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    if arguments.years:
        print(f"{len(generate_years(arguments.out, arguments.years))} files in {arguments.out}")
        return
    print(f"{generate(arguments.out, arguments.megabytes)} rows in {arguments.out}")


if __name__ == "__main__":
    main()
