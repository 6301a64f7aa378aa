"""Places that people share, as a line with a link to a map."""

from __future__ import annotations

from inboxbridge.reading import one_line


def place_line(latitude: object, longitude: object, *words: str) -> str:
    """Return ``[location] Union Station https://…``; without the link where it is no place.

    Args:
        latitude: In degrees, as a number or as text.
        longitude: Likewise.
        words: What the place is called, and where it is; each may be empty.
    """
    where = (degrees(latitude), degrees(longitude))
    link = ""
    if None not in where:
        link = f"https://www.google.com/maps/search/?api=1&query={where[0]},{where[1]}"
    name = ", ".join(line for word in words if (line := one_line(word)))
    return " ".join(part for part in ("[location]", name, link) if part)


def degrees(value: object) -> float | None:
    """Return a number of degrees, given as a number or as text; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if -360 <= number <= 360 else None
