"""Workflows do nothing but call actions and scripts of the repository, with few rights."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

_PINNED = re.compile(r"[\w.-]+/[\w./-]+@(v\d+(\.\d+)*|release/v\d+|[0-9a-f]{40})")
_TEST_COMMAND = re.compile(r"^(scripts/test)$", re.MULTILINE)
_MAY_WRITE = {("release.yml", "publish", "id-token")}


def load(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return found


def steps(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for job in document["jobs"].values():
        yield from job.get("steps", [])


def test_each_command_of_a_workflow_is_a_script_that_runs_elsewhere_too(
    workflow: Path, root: Path
) -> None:
    for step in steps(load(workflow)):
        assert ("run" in step) != ("uses" in step)
        if "run" not in step:
            continue
        assert "${{" not in step["run"], "a value from outside would be run"
        assert not re.search(r"[\n;|&<>`]", step["run"].strip())
        script = root / shlex.split(step["run"])[0]

        assert script.parent == root / "scripts"
        assert script.is_file()
        assert os.access(script, os.X_OK)
        assert script.read_text(encoding="utf-8").startswith("#!/usr/bin/env ")


def test_a_workflow_may_only_read_and_names_what_it_may(workflow: Path) -> None:
    document = load(workflow)

    assert document["permissions"] in ({}, {"contents": "read"})
    for name, job in document["jobs"].items():
        for right, access in job.get("permissions", {}).items():
            allowed = (right, access) == ("contents", "read")
            assert allowed or (workflow.name, name, right) in _MAY_WRITE


def test_a_checkout_leaves_no_password_behind(workflow: Path) -> None:
    for step in steps(load(workflow)):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


def test_actions_are_pinned_at_least_by_their_major_version(workflow: Path, root: Path) -> None:
    document = load(workflow)
    used = [step["uses"] for step in steps(document) if "uses" in step]
    used += [job["uses"] for job in document["jobs"].values() if "uses" in job]
    for action in used:
        if action.startswith("./"):
            assert (root / action).is_file()
        else:
            assert _PINNED.fullmatch(action), action


def test_no_job_runs_for_hours_unnoticed(workflow: Path) -> None:
    for name, job in load(workflow)["jobs"].items():
        assert "uses" in job or job["timeout-minutes"] <= 90, name


def test_ci_runs_the_readmes_test_command_on_each_python_that_the_packages_name(
    root: Path, project: dict[str, Any]
) -> None:
    readme = (root / "README.md").read_text(encoding="utf-8")
    job = load(root / ".github" / "workflows" / "ci.yml")["jobs"]["test"]
    (command,) = [step["run"] for step in job["steps"] if "run" in step]
    prefix = "Programming Language :: Python :: 3."
    named = [f"3.{one.removeprefix(prefix)}" for one in project["classifiers"] if prefix in one]

    assert _TEST_COMMAND.findall(readme) == [command]
    assert job["strategy"]["matrix"]["python"] == named
    assert project["requires-python"] == f">={named[0]}"


def test_every_script_is_run_by_a_workflow_or_is_known_to_be_for_people(
    root: Path,
) -> None:
    workflows = sorted((root / ".github" / "workflows").iterdir())
    run = {shlex.split(s["run"])[0] for file in workflows for s in steps(load(file)) if "run" in s}
    for_people = {"scripts/demo", "scripts/set-repository", "scripts/setup"}
    there = {f"scripts/{file.name}" for file in (root / "scripts").iterdir() if file.is_file()}

    assert there == run | for_people


def test_hooks_before_a_commit_are_scripts_of_the_repository(root: Path) -> None:
    (entry,) = load(root / ".pre-commit-config.yaml")["repos"]

    assert entry["repo"] == "local"
    assert [hook["entry"] for hook in entry["hooks"]] == [
        f"scripts/check {part}" for part in ("style", "types", "imports", "files")
    ]
