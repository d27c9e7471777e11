"""The virus scanner, asked over a socket in clamd's own words; and what becomes of a file when it finds something or is silent."""

from __future__ import annotations

import socketserver
import struct
import threading
from contextlib import contextmanager

import pytest

from app.connectors import scanner
from app.services import files
from app.services.refusals import RuleBroken
from tests.trust.test_figures import a_pdf

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


class Clamd(socketserver.BaseRequestHandler):
    """Answers INSTREAM as clamd does: finds EICAR's mark."""

    answer = b""

    def handle(self):
        heard = b""
        while not heard.endswith(b"\0") or len(heard) < 10:
            heard += self.request.recv(1)
        assert heard == b"zINSTREAM\0"
        content = b""
        while length := struct.unpack("!L", self.exactly(4))[0]:
            content += self.exactly(length)
        found = b"stream: Eicar-Test-Signature FOUND\0" if b"EICAR-STANDARD" in content else b"stream: OK\0"
        self.request.sendall(type(self).answer or found)

    def exactly(self, size):
        read = b""
        while len(read) < size:
            read += self.request.recv(size - len(read))
        return read


@contextmanager
def clamd(answer=b""):
    handler = type("Answering", (Clamd,), {"answer": answer})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield scanner.Clamd(f"127.0.0.1:{server.server_address[1]}")
        server.shutdown()
        thread.join()


def test_it_says_what_it_found_also_over_a_large_file():
    with clamd() as asked:
        assert asked.found_in(b"harmless" * 100_000) == ""
        assert asked.found_in(b"x" * 200_000 + EICAR) == "Eicar-Test-Signature"


@pytest.mark.parametrize("answer", [b"INSTREAM size limit exceeded. ERROR\0", b"\0", b"hello" * 2_000, b"stream: \xff\xfe\0"])
def test_an_answer_in_other_words_is_no_answer(answer):
    with clamd(answer) as asked, pytest.raises(scanner.Unavailable):
        asked.found_in(b"x")


def test_a_scanner_that_is_not_there_is_no_answer(tmp_path):
    for place in ("127.0.0.1:1", str(tmp_path / "no.socket")):
        with pytest.raises(scanner.Unavailable):
            scanner.Clamd(place).found_in(b"x")


def test_a_file_that_carries_something_or_cannot_be_looked_at_is_not_kept(house, monkeypatch):
    with house.test_request_context("/", headers={"Accept-Language": "en"}), clamd() as asked:
        monkeypatch.setattr(scanner, "chosen", asked)
        assert files.keep("card.pdf", a_pdf()).filename == "card.pdf"
        infected = a_pdf().replace(b"startxref", b"%" + EICAR.replace(b"%", b"") + b"\nstartxref")
        with pytest.raises(RuleBroken, match="virus"):
            files.keep("card.pdf", infected)
        monkeypatch.setattr(scanner, "chosen", scanner.Clamd("127.0.0.1:1"))
        with pytest.raises(RuleBroken, match="cannot be checked"):
            files.keep("card.pdf", a_pdf())
