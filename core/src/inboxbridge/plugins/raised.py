"""Say all of what a connector raised, for its author: nothing is private there."""

from __future__ import annotations

import traceback
from pathlib import Path


def lines_about(error: BaseException | None) -> list[str]:
    """Return the error's type and text, then the places in the connector, the last one innermost.

    Logs and the journal hold the type and the line alone, as a text may quote a customer.

    Args:
        error: What was raised, or an error of ours that was raised from it.
    """
    cause = (error.__cause__ or error) if error is not None else None
    if cause is None or cause.__traceback__ is None:
        return []
    frames = traceback.extract_tb(cause.__traceback__)
    ours = [index for index, frame in enumerate(frames) if _is_machinery(frame)]
    own = frames[ours[-1] + 1 :] if ours else frames
    if not own:
        return []
    lines = "".join(traceback.format_exception_only(cause)).rstrip().splitlines()
    for frame in own:
        lines.append(f"  {_shown(frame.filename)}, line {frame.lineno}, in {frame.name}")
        if frame.line:
            lines.append(f"    {frame.line}")
    return lines


def _is_machinery(frame: traceback.FrameSummary) -> bool:
    """Whether a frame is on the way to the connector's code."""
    path = Path(frame.filename)
    return path.parent.name == "pluggy" or path.is_relative_to(_PLUGINS) or path.parent == _KIT


_PLUGINS = Path(__file__).parent
_KIT = _PLUGINS.parent / "testing"


def _shown(filename: str) -> str:
    path = Path(filename)
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else filename
