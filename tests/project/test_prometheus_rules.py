"""The alert rules are what Prometheus takes, fire when they should, and name metrics that exist."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from inboxbridge.telemetry.metrics import registry

FOLDER = Path(__file__).parents[2] / "deploy" / "prometheus"
RULES = FOLDER / "inboxbridge.rules.yml"


@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs Debian's prometheus")
@pytest.mark.parametrize(
    "arguments",
    [("check", "rules", RULES.name), ("test", "rules", "inboxbridge.rules.test.yml")],
    ids=" ".join,
)
def test_promtool_takes_the_rules_and_sees_them_fire(arguments: tuple[str, ...]) -> None:
    done = subprocess.run(
        ["promtool", *arguments], cwd=FOLDER, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_rules_name_metrics_that_exist() -> None:
    text = RULES.read_text(encoding="utf-8")
    known = {
        name for metric in registry.collect() for name in (metric.name, f"{metric.name}_total")
    }

    named = set(re.findall(r"\binboxbridge_\w+", text))

    assert named
    assert named <= known
