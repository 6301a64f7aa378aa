"""``inboxbridge schema``: what editors know of connectors.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

ROOT = Path(__file__).parents[3]
SITE = '[sites.default]\nsite_id = "1"\napi_key = { env = "KEY" }\n'


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    from inboxbridge.cli.schema import schema_of
    from inboxbridge.plugins import installed

    made = schema_of(installed())
    Draft202012Validator.check_schema(made)
    return Draft202012Validator(made)


def faults(validator: Draft202012Validator, text: str) -> list[str]:
    def flat(error: Any) -> list[Any]:
        return [error, *(one for below in error.context or () for one in flat(below))]

    found = [one for error in validator.iter_errors(tomllib.loads(text)) for one in flat(error)]
    return [one.message for one in found]


@pytest.mark.parametrize(
    "text",
    [
        (ROOT / "connectors.toml").read_text(),
        SITE + '[connectors.sms]\nauth_token = { file = "token" }\n',
        SITE + '[connectors.sms]\nauth_token = ["new", { env = "OLD" }]\nrecipients = "+1"\n',
        SITE + '[connectors.sms]\nprovider = "telnyx"\npublic_key = "k"\n',
        SITE + '[connectors.desk]\nplugin = "webhook"\nsecret = "s"\n',
        SITE + '[connectors.sms]\nplugin = "webhook"\nsignature = "none"\n',
        SITE + "[connectors.sms]\nenabled = false\n",
        SITE + '[connectors.shop]\nplugin = "webhook"\nsecret = "s"\nmap = { id = "a.b" }\n',
    ],
    ids=[
        "the project's own",
        "file",
        "several",
        "provider",
        "plugin",
        "other plugin",
        "off",
        "map",
    ],
)
def test_what_can_be_used_is_valid(validator: Draft202012Validator, text: str) -> None:
    assert faults(validator, text) == []


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("[journl]\n", "journl"),
        ('[journal]\nurll = "x"\n', "urll"),
        ("[courier]\nconcurrency = 0\n", "0 is less than the minimum"),
        ('[gateway]\npublic_url = "hooks.example.com"\n', "hooks.example.com"),
        (SITE + 'secret = "x"\n', "secret"),
        (SITE + '[connectors.sms]\nauth_tokn = "t"\n', "auth_tokn"),
        (SITE + "[connectors.sms]\n", "'auth_token' is a required property"),
        (SITE + '[connectors.sms]\nprovider = "telnyx"\nauth_token = "k"\n', "auth_token"),
        (SITE + '[connectors.sms]\nprovider = "nobody"\nauth_token = "k"\n', "nobody"),
        (SITE + '[connectors.desk]\nplugin = "webhook"\nlable = "s"\n', "lable"),
        (SITE + '[connectors.desk]\nsecret = "s"\n', "'plugin' is a required property"),
        (SITE + '[connectors.sms]\nauth_token = "t"\nunmatched = "lose"\n', "lose"),
        (SITE + '[connectors.sms]\nauth_token = { nev = "T" }\n', "nev"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_not(validator: Draft202012Validator, text: str, names: str) -> None:
    assert any(names in fault for fault in faults(validator, text))


def test_the_command_prints_it(workspace: Any) -> None:
    import json

    printed = json.loads(workspace.run("schema").stdout)

    assert printed["$schema"].endswith("/draft/2020-12/schema")
    assert {"facebook", "sms", "webhook"} <= set(printed["properties"]["connectors"]["properties"])
    description = printed["properties"]["gateway"]["properties"]["public_url"]["anyOf"]
    assert {"$ref": "#/$defs/elsewhere"} in description
