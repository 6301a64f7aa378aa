"""The part of Wix's query language that inboxbridge's client speaks, for contacts.

Everything else is refused with the code that Wix's SDK declares for it.

Sources: https://dev.wix.com/docs/rest/api-reference/contacts/contacts/contact-v4/sort-filter-and-search,
https://dev.wix.com/docs/api-reference/articles/work-with-wix-apis/data-retrieval/about-the-wix-api-query-language.md
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from inboxbridge_sandbox.clock import parse_moment
from inboxbridge_sandbox.contact_form import items_of
from inboxbridge_sandbox.errors import query_error

Json = dict[str, Any]
Matches = Callable[[Json], bool]
Values = Callable[[Json], list[str]]

_EQUALITY: Final = ("$eq", "$in")


@dataclass(frozen=True, slots=True)
class Field:
    """One field that a filter may name.

    `values` gives what a contact holds there, none or many. `index` names the shelf of
    `ContactIndex` that answers equality.
    """

    values: Values
    operators: tuple[str, ...] = _EQUALITY
    index: str | None = None


def _of_items(plural: str, key: str) -> Values:
    return lambda contact: [
        item[key] for item in items_of(contact["info"], plural) if item.get(key)
    ]


def _of_name(key: str) -> Values:
    return lambda contact: [
        value for value in [contact["info"].get("name", {}).get(key)] if value is not None
    ]


FIELDS: Final[dict[str, Field]] = {
    "id": Field(lambda contact: [contact["id"]], index="id"),
    "createdDate": Field(lambda contact: [contact["createdDate"]], ("$gte",)),
    "info.name.first": Field(_of_name("first")),
    "info.name.last": Field(_of_name("last")),
    "info.emails.email": Field(_of_items("emails", "email"), index="email"),
    "info.phones.phone": Field(_of_items("phones", "phone"), index="phone"),
    "info.phones.e164Phone": Field(_of_items("phones", "e164Phone"), index="e164Phone"),
}


@dataclass(frozen=True, slots=True)
class Filter:
    """A compiled filter.

    `lookup` is a shelf of the contact index with the values wanted from it: every match is among
    those it finds. `None` means that all contacts must be looked at.
    """

    matches: Matches
    lookup: tuple[str, list[str]] | None


def compile_filter(source: Json) -> Filter:
    """Turn a filter object into a `Filter`; raises the `400` Wix gives for what it cannot do.

    Conditions beside each other are ANDed, and so are the filters in `$and`, as Wix's SDK sends
    two conditions.
    """
    tests: list[Matches] = []
    lookup: tuple[str, list[str]] | None = None
    for path, condition in source.items():
        if path.startswith("$"):
            tests += _conjunction(path, condition)
            continue
        field = FIELDS.get(path)
        if field is None:
            raise query_error(
                "UNSUPPORTED_FILTER_FIELD_UNKNOWN", f"Field '{path}' is not declared as filterable"
            )
        operators = condition if isinstance(condition, dict) else {"$eq": condition}
        if not operators:
            raise query_error(
                "MALFORMED_FILTER", f"Field '{path}' has a condition without an operator"
            )
        for operator, operand in operators.items():
            if operator not in field.operators:
                raise query_error(
                    "UNSUPPORTED_FILTER_OPERATOR",
                    f"Operator '{operator}' is not supported for field '{path}'",
                )
            if operator == "$gte":
                tests.append(_created_since(path, operand))
                continue
            wanted = _wanted(path, operator, operand)
            tests.append(_any_of(path, field, wanted))
            if field.index is not None and lookup is None:
                lookup = field.index, wanted
    return Filter(lambda contact: all(test(contact) for test in tests), lookup)


def _conjunction(operator: str, operand: Any) -> list[Matches]:
    if operator != "$and":
        raise query_error("UNSUPPORTED_FILTER_OPERATOR", f"Operator '{operator}' is not supported")
    if not isinstance(operand, list) or not all(isinstance(each, dict) for each in operand):
        raise query_error("MALFORMED_FILTER", "Operator '$and' takes a list of filters")
    return [compile_filter(each).matches for each in operand]


def _wanted(path: str, operator: str, operand: Any) -> list[str]:
    values = operand if operator == "$in" else [operand]
    if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
        expected = "a list of strings" if operator == "$in" else "a string"
        raise query_error(
            "UNSUPPORTED_FILTER_VALUE_TYPE",
            f"Operator '{operator}' of field '{path}' takes {expected}",
        )
    return values


def _created_since(path: str, operand: Any) -> Matches:
    try:
        start = parse_moment(operand)
    except (TypeError, ValueError):
        raise query_error(
            "UNSUPPORTED_FILTER_VALUE_TYPE",
            f"Operator '$gte' of field '{path}' takes an ISO 8601 date",
        ) from None
    return lambda contact: parse_moment(contact["createdDate"]) >= start


def _any_of(path: str, field: Field, wanted: list[str]) -> Matches:
    """Wix does not publish how it compares addresses; here their case does not matter."""
    if path == "info.emails.email":
        lowered = {each.lower() for each in wanted}
        return lambda contact: any(each.lower() in lowered for each in field.values(contact))
    exact = set(wanted)
    return lambda contact: not exact.isdisjoint(field.values(contact))


def sorted_contacts(contacts: Iterable[Json], sort: Json | None) -> list[Json]:
    """Return contacts by `createdDate`, the one field to sort by here; by default oldest first."""
    path = sort["fieldName"] if sort else "createdDate"
    if path != "createdDate":
        raise query_error("UNSUPPORTED_SORT_FIELD", f"Field '{path}' is not declared as sortable")
    newest_first = bool(sort and sort.get("order") == "DESC")
    return sorted(
        contacts, key=lambda each: parse_moment(each["createdDate"]), reverse=newest_first
    )
