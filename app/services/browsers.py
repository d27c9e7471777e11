"""What a browser says of itself, in words short enough for a list of devices."""

from __future__ import annotations

PROGRAMS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("FxiOS", "Firefox"), ("CriOS", "Chrome"), ("Chrome", "Chrome"), ("Safari", "Safari"))
SYSTEMS = (("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Mac OS", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux"))


def words_of(user_agent: str) -> str:
    """ "Firefox, Windows"; an empty text for what says nothing known."""
    found = [next((name for mark, name in table if mark in user_agent), "") for table in (PROGRAMS, SYSTEMS)]
    return ", ".join(each for each in found if each)
