"""PDFs from Typst templates. Data goes in as JSON, never as source, and the compiler runs in a child process with limits."""

from __future__ import annotations

import json
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

from anyascii import anyascii

TEMPLATES = Path(__file__).resolve().parents[2] / "templates" / "documents"
SECONDS, MEMORY = 20, 1024 * 1024 * 1024
CHILD = f"""
import resource, sys, typst
resource.setrlimit(resource.RLIMIT_CPU, ({SECONDS}, {SECONDS}))
resource.setrlimit(resource.RLIMIT_AS, ({MEMORY}, {MEMORY}))
sys.stdout.buffer.write(typst.compile(sys.argv[1], root=sys.argv[2], sys_inputs={{"data": sys.stdin.read()}}, pdf_standards=["a-3a"]))
"""


# What a PDF says about itself: every object is looked at, whatever its names are disguised as and however it is packed.
READER = f"""
import io, logging, resource, sys
resource.setrlimit(resource.RLIMIT_CPU, ({SECONDS}, {SECONDS}))
resource.setrlimit(resource.RLIMIT_AS, ({MEMORY}, {MEMORY}))
logging.disable(logging.CRITICAL)
from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject
ACTIVE = {{"/JS", "/JavaScript", "/Launch", "/EmbeddedFile", "/EmbeddedFiles", "/SubmitForm", "/ImportData", "/RichMedia", "/XFA"}}
reader = PdfReader(io.BytesIO(sys.stdin.buffer.read()))
assert not reader.is_encrypted and len(reader.pages) > 0
seen, waiting, found = {{}}, [reader.trailer], "plain"
while waiting:
    thing = waiting.pop()
    thing = thing.get_object() if hasattr(thing, "get_object") else thing
    if id(thing) in seen:
        continue
    seen[id(thing)] = thing
    if isinstance(thing, DictionaryObject):
        if ACTIVE & set(thing) or thing.get("/S") in ACTIVE or thing.get("/Type") in ACTIVE:
            found = "program"
        waiting.extend(thing.raw_get(key) for key in thing)
    elif isinstance(thing, ArrayObject):
        waiting.extend(list.__iter__(thing))
print(found)
"""


class NotRendered(Exception):
    """The template or its data did not make a document."""


def render(template: str, data: dict[str, Any]) -> bytes:
    """The PDF of templates/documents/<template>.typ with `data`; raises NotRendered. Control characters are left out, and where no
    font of this machine knows a letter (PDF/A wants all of them), everything is written in plain Latin letters."""
    shown = each_text(data, printable)
    try:
        return compiled(template, shown)
    except NotRendered as fault:
        if "could not be displayed" not in str(fault):
            raise
    return compiled(template, each_text(shown, anyascii))


def each_text(data: Any, change: Callable[[str], str]) -> Any:
    if isinstance(data, str):
        return change(data)
    if isinstance(data, dict):
        return {key: each_text(value, change) for key, value in data.items()}
    return [each_text(value, change) for value in data] if isinstance(data, list) else data


def printable(text: str) -> str:
    return "".join(each for each in text if each in "\n\t" or unicodedata.category(each) not in ("Cc", "Cn", "Co", "Cs"))


def compiled(template: str, data: dict[str, Any]) -> bytes:
    command = [sys.executable, "-c", CHILD, str(TEMPLATES / f"{template}.typ"), str(TEMPLATES)]
    try:
        done = subprocess.run(command, input=json.dumps(data, ensure_ascii=False).encode(), capture_output=True, timeout=SECONDS, check=False)  # noqa: S603 - our own interpreter and template
    except subprocess.TimeoutExpired as late:
        raise NotRendered(template) from late
    if done.returncode or not done.stdout.startswith(b"%PDF"):
        raise NotRendered(f"{template}: {done.stderr.decode(errors='replace')[-500:]}")
    return done.stdout


def look_into_pdf(content: bytes) -> str:
    """ "plain", "program" for a PDF that runs or carries something, "unreadable" for what cannot be read within the limits."""
    try:
        done = subprocess.run([sys.executable, "-c", READER], input=content, capture_output=True, timeout=SECONDS, check=False)  # noqa: S603 - our own interpreter
    except subprocess.TimeoutExpired:
        return "unreadable"
    said = done.stdout.decode(errors="replace").strip()
    return said if done.returncode == 0 and said in ("plain", "program") else "unreadable"
