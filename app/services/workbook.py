"""Reads an Excel workbook from standard input and writes the rows of its first filled sheet as lines of JSON: the row's number and
its cells as text.

Run as a program of its own with a limit on memory and time (services/tables.py): a small workbook can hold a very large sheet.
"""

from __future__ import annotations

import datetime
import io
import json
import resource
import sys
from decimal import Decimal

from python_calamine import CalamineError, CalamineWorkbook

MEMORY, SECONDS = 512 * 1024**2, 20  # bytes of address space; of processor time
LARGEST = 50_000_000  # characters written
EXACT = 10**15  # Excel keeps fifteen digits of a number
UNREADABLE, TOO_LARGE, ROUNDED = 1, 2, 3  # how it ends when it does not end well


class Rounded(Exception):
    """A number that Excel no longer knows exactly."""


def text_of(value: object) -> str:
    """A cell as somebody would type it: whole numbers without a point, days as 2026-11-21."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int | float):
        if abs(value) >= EXACT:
            raise Rounded
        return format(Decimal(f"{value:.15g}"), "f")
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == datetime.time() else value.isoformat(" ", "minutes")
    return value.isoformat() if isinstance(value, datetime.date | datetime.time) else str(value)


def main(most_rows: int, most_cells: int, longest: int) -> int:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read()))
        for name in workbook.sheet_names:
            filled = written = 0
            for number, row in enumerate(workbook.get_sheet_by_name(name).iter_rows(), 1):
                cells = [text_of(cell)[:longest] for cell in row[:most_cells]]
                if not any(cells):
                    continue
                line = json.dumps([number, cells])
                print(line)
                filled, written = filled + 1, written + len(line)
                if written > LARGEST:
                    return TOO_LARGE
                if filled >= most_rows:
                    break
            if filled:
                return 0
    except Rounded:
        print(json.dumps([number, []]))
        return ROUNDED
    except (CalamineError, MemoryError, ValueError):
        return UNREADABLE
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:4])))
