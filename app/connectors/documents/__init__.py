"""PDFs from Typst templates. Data goes in as JSON, never as source, and the compiler runs in a child process with limits."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

TEMPLATES = Path(__file__).resolve().parents[2] / "templates" / "documents"
SECONDS, MEMORY = 20, 1024 * 1024 * 1024
CHILD = f"""
import resource, sys, typst
resource.setrlimit(resource.RLIMIT_CPU, ({SECONDS}, {SECONDS}))
resource.setrlimit(resource.RLIMIT_AS, ({MEMORY}, {MEMORY}))
sys.stdout.buffer.write(typst.compile(sys.argv[1], root=sys.argv[2], sys_inputs={{"data": sys.stdin.read()}}, pdf_standards=["a-2b"]))
"""


class NotRendered(Exception):
    """The template or its data did not make a document."""


def render(template: str, data: dict[str, Any]) -> bytes:
    """The PDF of templates/documents/<template>.typ with `data`; raises NotRendered."""
    command = [sys.executable, "-c", CHILD, str(TEMPLATES / f"{template}.typ"), str(TEMPLATES)]
    try:
        done = subprocess.run(command, input=json.dumps(data, ensure_ascii=False).encode(), capture_output=True, timeout=SECONDS, check=False)  # noqa: S603 - our own interpreter and template
    except subprocess.TimeoutExpired as late:
        raise NotRendered(template) from late
    if done.returncode or not done.stdout.startswith(b"%PDF"):
        raise NotRendered(f"{template}: {done.stderr.decode(errors='replace')[-500:]}")
    return done.stdout
