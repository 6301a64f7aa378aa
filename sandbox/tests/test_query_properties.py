"""The filter language against a naive model of it, on random contacts and filters."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inboxbridge_sandbox.contact_form import seed_document
from inboxbridge_sandbox.contact_index import ContactIndex
from inboxbridge_sandbox.query import compile_filter

pytestmark = pytest.mark.slow

AT = "2026-03-04T09:15:27.418Z"

emails = st.sampled_from(["a@x.org", "A@X.org", "b@x.org", "ab@x.org", "c@y.org"])
phones = st.sampled_from(["1", "12", "415 555 0132"])
names = st.sampled_from(["Dana", "dana", "Noa", "Dan"])
moments = st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", AT])


def items(key: str, values: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.lists(values.map(lambda value: {key: value}), max_size=3).map(
        lambda found: {"items": found}
    )


infos = st.fixed_dictionaries(
    {},
    optional={
        "name": st.fixed_dictionaries({}, optional={"first": names}),
        "emails": items("email", emails),
        "phones": items("phone", phones),
    },
)
FIELDS: dict[str, tuple[st.SearchStrategy[Any], list[str]]] = {
    "info.emails.email": (emails, ["$eq", "$in"]),
    "info.phones.phone": (phones, ["$eq", "$in"]),
    "info.name.first": (names, ["$eq", "$in"]),
    "createdDate": (moments, ["$gte"]),
}


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, Any]:
    path = draw(st.sampled_from(sorted(FIELDS)))
    values, operators = FIELDS[path]
    operator = draw(st.sampled_from(operators))
    if operator == "$in":
        return {path: {operator: draw(st.lists(values, max_size=3))}}
    return {path: {operator: draw(values)}}


filters = st.recursive(
    st.lists(conditions(), max_size=3).map(
        lambda found: {key: value for each in found for key, value in each.items()}
    ),
    lambda inner: st.lists(inner, max_size=3).map(lambda found: {"$and": found}),
    max_leaves=5,
)


def naive_values(contact: dict[str, Any], path: str) -> list[Any]:
    info = contact["info"]
    if path == "info.emails.email":
        return [each["email"].lower() for each in info.get("emails", {}).get("items", [])]
    if path == "info.phones.phone":
        return [each["phone"] for each in info.get("phones", {}).get("items", [])]
    if path == "info.name.first":
        return [each for each in [info.get("name", {}).get("first")] if each]
    return [naive_moment(contact["createdDate"])]


def naive_moment(text: str) -> str:
    return {"2026-01-01T01:00:00+01:00": "2026-01-01T00:00:00Z"}.get(text, text)


def naive_matches(contact: dict[str, Any], source: dict[str, Any]) -> bool:
    return all(naive_condition(contact, path, value) for path, value in source.items())


def naive_condition(contact: dict[str, Any], path: str, condition: Any) -> bool:
    if path == "$and":
        return all(naive_matches(contact, each) for each in condition)
    [(operator, operand)] = condition.items()
    values = naive_values(contact, path)
    if path.endswith("email"):
        operand = [e.lower() for e in operand] if operator == "$in" else operand.lower()
    if path == "createdDate":
        operand = naive_moment(operand)
    if operator == "$gte":
        return any(value >= operand for value in values)
    wanted = operand if operator == "$in" else [operand]
    return bool(set(values) & set(wanted))


@st.composite
def kept_contacts(draw: st.DrawFn) -> list[dict[str, Any]]:
    contacts = []
    for number, info in enumerate(draw(st.lists(infos, max_size=6))):
        seed = {"id": f"c{number}", "createdDate": draw(moments), "info": info}
        contacts.append(seed_document(seed, AT, lambda: "item"))
    return contacts


@settings(deadline=None, max_examples=300)
@given(kept_contacts(), filters)
def test_a_filter_finds_what_the_naive_model_finds(
    contacts: list[dict[str, Any]], source: dict[str, Any]
) -> None:
    """The way through the index gives the same contacts as looking at all of them."""
    index = ContactIndex()
    for each in contacts:
        index.put(each)

    compiled = compile_filter(source)
    candidates = contacts if compiled.lookup is None else index.find(*compiled.lookup)
    found = {each["id"] for each in candidates if compiled.matches(each)}

    assert found == {each["id"] for each in contacts if naive_matches(each, source)}


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), infos), max_size=12))
def test_the_index_finds_exactly_the_holders_after_any_changes(
    changes: list[tuple[int, dict[str, Any]]],
) -> None:
    """Each change replaces a contact; an empty one removes it."""
    index, model = ContactIndex(), {}
    for number, info in changes:
        contact_id = f"c{number}"
        if info:
            model[contact_id] = seed_document({"id": contact_id, "info": info}, AT, lambda: "item")
            index.put(model[contact_id])
        else:
            model.pop(contact_id, None)
            index.remove(contact_id)

    for email in ("a@x.org", "b@x.org"):
        holders = {
            key for key, each in model.items() if email in naive_values(each, "info.emails.email")
        }
        assert {each["id"] for each in index.find("email", [email])} == holders
