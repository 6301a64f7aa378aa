"""The contract as connector authors read it, and as pluggy enforces it."""

from __future__ import annotations

import inspect
from typing import Any

import pluggy
import pytest
from inboxbridge import (
    Answer,
    Badge,
    BasicMessage,
    Connector,
    Event,
    NoSignature,
    Signature,
    WebhookRequest,
    hookimpl,
)
from inboxbridge.hookspecs import PROJECT, ConnectorSpec, ObserverSpec


def hooks_of(spec: type) -> dict[str, Any]:
    return {name: hook for name, hook in vars(spec).items() if hasattr(hook, "inboxbridge_spec")}


HOOKS = hooks_of(ConnectorSpec) | hooks_of(ObserverSpec)


@pytest.mark.parametrize("name", HOOKS)
def test_each_hook_says_what_it_gets_and_what_to_return(name: str) -> None:
    hook = HOOKS[name]
    text = inspect.getdoc(hook) or ""
    arguments = [argument for argument in inspect.signature(hook).parameters if argument != "self"]

    assert "Returns:" in text
    assert ("Args:" in text) == bool(arguments)
    for argument in arguments:
        assert f"    {argument}: " in text


@pytest.mark.parametrize("name", HOOKS)
def test_each_hook_is_fully_typed(name: str) -> None:
    signature = inspect.signature(HOOKS[name])

    assert signature.return_annotation is not inspect.Parameter.empty
    for argument, parameter in signature.parameters.items():
        assert argument == "self" or parameter.annotation is not inspect.Parameter.empty


def test_the_hooks_are_these() -> None:
    assert set(hooks_of(ConnectorSpec)) == {
        "parse_event", "to_wix_message", "badge", "signature",
        "handshake", "answer", "enrich", "fetch_attachment", "redact",
    }  # fmt: skip
    assert set(hooks_of(ObserverSpec)) == {
        "event_stored", "message_delivered", "event_parked", "event_dead_lettered",
    }  # fmt: skip


class Brief(Connector[Any]):
    """Leaves out every argument that it does not need."""

    @hookimpl
    def parse_event(self) -> list[Event]:
        return [Event(id="e")]

    @hookimpl
    def to_wix_message(self) -> BasicMessage:
        return BasicMessage(text="hi")

    @hookimpl
    def badge(self) -> Badge:
        return Badge(text="Brief")

    @hookimpl
    def signature(self) -> Signature:
        return NoSignature()

    @hookimpl
    def answer(self, request: WebhookRequest) -> Answer:
        return Answer(body=request.method)


def manager(connector: object) -> pluggy.PluginManager:
    plugins = pluggy.PluginManager(PROJECT)
    plugins.add_hookspecs(ConnectorSpec)
    plugins.add_hookspecs(ObserverSpec)
    plugins.register(connector)
    plugins.check_pending()
    return plugins


def test_an_implementation_may_leave_out_arguments() -> None:
    hook = manager(Brief(Brief.Settings())).hook
    event = Event(id="e")

    assert [event] == hook.parse_event(request=WebhookRequest())
    assert BasicMessage(text="hi") == hook.to_wix_message(event=event)
    assert Badge(text="Brief") == hook.badge(event=event)
    assert Answer(body="POST") == hook.answer(request=WebhookRequest())
    assert hook.signature() == NoSignature()
    assert hook.handshake(request=WebhookRequest()) is None


def test_an_argument_that_the_contract_does_not_know_is_refused() -> None:
    class Odd(Connector[Any]):
        @hookimpl
        def badge(self, evnt: Event) -> Badge:
            raise AssertionError(evnt)

    with pytest.raises(pluggy.PluginValidationError, match="evnt"):
        manager(Odd(Odd.Settings()))


def test_a_hook_that_the_contract_does_not_know_is_refused() -> None:
    class Odd(Brief):
        @hookimpl
        def parse_evnet(self) -> list[Event]:
            raise AssertionError

    with pytest.raises(pluggy.PluginValidationError, match="parse_evnet"):
        manager(Odd(Odd.Settings()))


def test_every_observer_hears() -> None:
    heard = []

    class First:
        @hookimpl
        def event_stored(self, record: object) -> None:
            heard.append(("first", record))

    class Second:
        @hookimpl
        def event_stored(self, record: object) -> None:
            heard.append(("second", record))

    plugins = manager(First())
    plugins.register(Second())

    plugins.hook.event_stored(record="r")

    assert sorted(heard) == [("first", "r"), ("second", "r")]
