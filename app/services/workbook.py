"""Reads an Excel workbook from standard input and writes the rows of its first filled sheet as lines of JSON, each cell as text.

Run as a program of its own with a limit on memory and time (services/tables.py): a small workbook can hold a very large sheet.
"""

from __future__ import annotations

import datetime
import io
import json
import resource
import sys

from python_calamine import CalamineError, CalamineWorkbook

MEMORY, SECONDS = 1024**3, 20  # bytes of address space; of processor time


def text_of(value: object) -> str:
    """A cell as somebody would type it: whole numbers without a point, days as 2026-11-21."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == datetime.time() else value.isoformat(" ", "minutes")
    return value.isoformat() if isinstance(value, datetime.date | datetime.time) else str(value)


def main(most: int) -> int:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read()))
        for name in workbook.sheet_names:
            written = 0
            for row in workbook.get_sheet_by_name(name).iter_rows():
                print(json.dumps([text_of(cell) for cell in row]))
                written += 1
                if written >= most:
                    break
            if written:
                return 0
    except (CalamineError, MemoryError, ValueError):
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
