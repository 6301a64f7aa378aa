"""A wrong setting stops the start with a text that names the key and says what to write."""

from __future__ import annotations

from typing import Any

import pytest
from inboxbridge_webhook import WebhookConnector
from pydantic import ValidationError

MAP = {"id": "id", "text": "text", "email": "email"}


def fault(**settings: Any) -> str:
    """Return the place and text of the only fault in *settings*."""
    with pytest.raises(ValidationError) as caught:
        WebhookConnector.Settings(**settings)
    [error] = caught.value.errors()
    return ".".join(map(str, error["loc"])) + ": " + error["msg"]


def test_neither_secret_nor_signature_says_what_to_write():
    text = fault()

    assert 'secret = { env = "NAME" }' in text
    assert 'signature = "none"' in text


SIGNATURES: list[tuple[dict[str, Any], str]] = [
    ({"signature": "hmac-sha256"}, 'signature = "hmac-sha256" needs secret'),
    ({"signature": "none", "secret": "x"}, "remove one of the two"),
    ({"signature": "md5", "secret": "x"}, "hmac-sha256"),
    ({"signature": "standard-webhooks", "secret": "not base64!"}, "not base64"),
    ({"signature": "token", "secret": "x"}, "needs signature_header"),
    ({"signature": "timestamped-hmac-sha256", "secret": "x"}, "needs signature_header"),
    (
        {"signature": "standard-webhooks", "secret": "MfKQ9r8G", "signature_prefix": "v1="},
        'signature_prefix has no meaning with signature = "standard-webhooks"',
    ),
    ({"signature": "none", "signature_header": "X"}, "signature_header has no meaning"),
    ({"secret": "x", "signature_content": "{url}"}, "must name {body}"),
    ({"secret": "x", "signature_content": "{timestamp}.{body}"}, "give both or neither"),
    ({"secret": "x", "signature_timestamp_header": "X-Time"}, "give both or neither"),
    ({"secret": " "}, "secret.0: Value error, must not be empty"),
    ({"secret": []}, "secret: "),
    ({"secret": "x", "tolerance_seconds": 0}, "tolerance_seconds: "),
]


@pytest.mark.parametrize(("settings", "text"), SIGNATURES)
def test_a_half_given_signature_is_refused(settings, text):
    assert text in fault(**settings)


OTHERS: list[tuple[dict[str, Any], str]] = [
    ({"label": ""}, "label: "),
    ({"label": "x" * 51}, "label: "),
    ({"icon_url": "icon.png"}, "icon_url: "),
    ({"region": "usa"}, "region: "),
    ({"timezone": "Denver"}, "timezone: Value error, is not a time zone: expected a name such as"),
    ({"labl": "Shop"}, "labl: Extra inputs are not permitted"),
    ({"map": MAP, "maps": [MAP]}, "give either one map or several maps"),
    ({"maps": []}, "maps: "),
]


@pytest.mark.parametrize(("settings", "text"), OTHERS)
def test_a_wrong_setting_is_named(settings, text):
    assert text in fault(signature="none", **settings)


MAPS: list[tuple[dict[str, Any], str]] = [
    ({**MAP, "text": "order..total"}, "map.text: Value error, is not a JMESPath expression"),
    ({**MAP, "text": "order..total"}, "it breaks at column 7"),
    ({**MAP, "text": "a.\nb..c"}, "it breaks at line 2 column 3"),
    ({**MAP, "text": "`paid`"}, "what stands between backticks must be JSON"),
    ({**MAP, "text": "join(', ', names"}, "it ends too early"),
    ({**MAP, "text": "a # b"}, "it breaks at column 3"),
    ({**MAP, "text": ""}, "map.text: Value error, is empty"),
    ({**MAP, "text": "(" * 5000 + "a" + ")" * 5000}, "nests too deeply"),
    ({**MAP, "text": "jion(', ', names)"}, "unknown function jion(); did you mean join()?"),
    ({**MAP, "text": "a[0].lower(b)"}, "unknown function lower()"),
    ({**MAP, "text": "join(names)"}, "calls join() with 1 arguments; it takes 2"),
    ({**MAP, "text": "not_null()"}, "it takes at least 1"),
    ({**MAP, "text": "a[::0]"}, "step must not be 0"),
    ({**MAP, "when": "type =="}, "map.when: "),
    ({**MAP, "items": "["}, "map.items: "),
    ({**MAP, "name_template": "{first} {last"}, "has a { that is never closed, at column 9"),
    ({**MAP, "name_template": "first} last"}, "has a } without a { at column 6"),
    ({**MAP, "name_template": "Hi {a..b}"}, "placeholder at column 4 is not a JMESPath expression"),
    ({**MAP, "name_template": "{}"}, "placeholder at column 1 is empty"),
    ({**MAP, "txet": "a"}, "map.txet: Extra inputs are not permitted"),
    ({**MAP, "occurred_at_unit": "minutes"}, "map.occurred_at_unit: "),
    ({**MAP, "text_template": "{text}"}, "give either text or text_template"),
    ({**MAP, "direction": "a", "outbound_when": "b"}, "give either direction or outbound_when"),
    ({"text": "a", "email": "b"}, "map: Value error, id is missing"),
    ({"id": "a", "email": "b"}, "map: Value error, text is missing"),
    ({"id": "a", "text": "b"}, "map: Value error, give at least one of email, phone"),
]  # fmt: skip


@pytest.mark.parametrize(("table", "text"), MAPS)
def test_a_wrong_map_is_named_with_key_and_position(table, text):
    assert text in fault(signature="none", map=table)


def test_one_of_several_maps_is_named_by_its_place():
    text = fault(signature="none", maps=[MAP, {**MAP, "text": "a..b"}])

    assert text.startswith("maps.1.text: ")


def test_no_secret_is_ever_quoted():
    with pytest.raises(ValidationError) as caught:
        WebhookConnector.Settings(secret="s3cr3t", signature="none", label="")
    with pytest.raises(ValidationError) as caught_later:
        WebhookConnector.Settings(secret="s3cr3t", signature="none")

    assert "s3cr3t" not in str(caught.value)
    assert "s3cr3t" not in str(caught_later.value)
    assert "s3cr3t" not in repr(WebhookConnector.Settings(secret="s3cr3t"))
