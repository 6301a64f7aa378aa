"""Small plots, drawn on the server as SVG without styles of their own."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

WIDTH, HEIGHT, GAP = 132, 28, 2


def bars(counts: Sequence[int], label: str) -> Markup:
    """Return a bar for each count, the newest at the right.

    Args:
        counts: What is plotted.
        label: What it shows, for those who do not see it.
    """
    most = max([*counts, 1])
    step = WIDTH / max(len(counts), 1)
    drawn = []
    for place, count in enumerate(counts):
        height = max(round(count / most * (HEIGHT - 2), 1), 3) if count else 1.5
        kind = "bar" if count else "bar none"
        drawn.append(
            Markup(
                '<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{}" rx="1"/>'
            ).format(kind, place * step, HEIGHT - height, step - GAP, height)
        )
    return Markup(
        '<svg class="plot" viewBox="0 0 {} {}" width="{}" height="{}" role="img" aria-label="{}">'
        "{}</svg>"
    ).format(WIDTH, HEIGHT, WIDTH, HEIGHT, label, Markup("").join(drawn))


def meter(used: int, limit: int, label: str) -> Markup:
    """Return how much of a limit is used."""
    share = min(used / limit, 1.0) if limit else 0.0
    kind = "fill full" if share >= 0.9 else "fill"
    return Markup(
        '<svg class="meter" viewBox="0 0 100 6" preserveAspectRatio="none" role="img" '
        'aria-label="{}"><rect class="rail" width="100" height="6" rx="3"/>'
        '<rect class="{}" width="{:.1f}" height="6" rx="3"/></svg>'
    ).format(label, kind, share * 100)
