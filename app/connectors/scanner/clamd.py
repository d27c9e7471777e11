"""Asking a clamd server by its INSTREAM command (clamd(8)): pieces with their length before them, a length of zero at the end."""

from __future__ import annotations

import socket
import struct

PIECE = 64 * 1024
PATIENCE = 10  # seconds
LONGEST_ANSWER = 4096


class Unavailable(Exception):
    """The scanner does not answer, or not in its own words: nothing is known of the file."""


class Clamd:
    def __init__(self, place: str) -> None:
        self.place = place

    def connect(self) -> socket.socket:
        host, colon, port = self.place.rpartition(":")
        if colon and port.isdecimal():
            return socket.create_connection((host.strip("[]"), int(port)), timeout=PATIENCE)
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(PATIENCE)
            connection.connect(self.place)
        except OSError:
            connection.close()
            raise
        return connection

    def found_in(self, content: bytes) -> str:
        try:
            with self.connect() as connection:
                connection.sendall(b"zINSTREAM\0")
                for start in range(0, len(content), PIECE):
                    piece = content[start : start + PIECE]
                    connection.sendall(struct.pack("!L", len(piece)) + piece)
                connection.sendall(struct.pack("!L", 0))
                answer = self.heard(connection)
        except OSError as silence:
            raise Unavailable(str(silence)) from silence
        words = answer.removeprefix("stream: ")
        if words == "OK":
            return ""
        if words.endswith(" FOUND"):
            return words.removesuffix(" FOUND")
        raise Unavailable(words[:200])

    def heard(self, connection: socket.socket) -> str:
        answer = b""
        while not answer.endswith(b"\0") and len(answer) < LONGEST_ANSWER:
            piece = connection.recv(LONGEST_ANSWER)
            if not piece:
                break
            answer += piece
        return answer.rstrip(b"\0\n").decode(errors="replace").strip()
