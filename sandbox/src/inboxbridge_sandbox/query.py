"""The filter language of Query Contacts, and its sorting.

Several conditions are ANDed; a bare value means equality; a field with many values matches when any
of them does, and `$ne` / `$nin` when none does. An unsupported field or operator is a `400`.

Sources: https://dev.wix.com/docs/rest/api-reference/contacts/contacts/contact-v4/sort-filter-and-search,
https://dev.wix.com/docs/api-reference/articles/work-with-wix-apis/data-retrieval/about-the-wix-api-query-language.md
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from .clock import parse_moment
from .errors import WixError, query_error
from .query_fields import Field, field_named

Json = dict[str, Any]
Matches = Callable[[Json], bool]
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Language:
    """What one site's queries may say.

    `data_type` gives the type of a custom extended field by its key, `None` for an unknown one.
    """

    data_type: Callable[[str], str | None]
    strict_email_case: bool = False
    logical_operators: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """A compiled filter.

    `lookup` is a shelf of the contact index with the values wanted from it: every match is among
    those it finds. `None` means that all contacts must be looked at.
    """

    matches: Matches
    lookup: tuple[str, list[str]] | None


def compile_filter(source: Json, language: Language) -> Filter:
    """Turn a filter object into a `Filter`; raises the `400` Wix gives for what it cannot do."""
    tests: list[Matches] = []
    lookup: tuple[str, list[str]] | None = None
    for path, condition in source.items():
        if path.startswith("$"):
            tests.append(_logical(path, condition, language))
            continue
        field = field_named(path, language.data_type)
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
            tests.append(_test(path, field, operator, operand, language))
            lookup = lookup or _lookup(field, operator, operand)
    return Filter(_all_of(tests), lookup)


def _all_of(tests: list[Matches]) -> Matches:
    if len(tests) == 1:
        return tests[0]
    return lambda contact: all(test(contact) for test in tests)


def _lookup(field: Field, operator: str, operand: Any) -> tuple[str, list[str]] | None:
    if field.index is None:
        return None
    if operator == "$eq":
        return field.index, [operand]
    return (field.index, operand) if operator == "$in" else None


def _logical(operator: str, operand: Any, language: Language) -> Matches:
    known = ("$and", "$or", "$not") if language.logical_operators else ("$and",)
    if operator not in known:
        raise query_error("UNSUPPORTED_FILTER_OPERATOR", f"Operator '{operator}' is not supported")
    if operator == "$not":
        if not isinstance(operand, dict):
            raise query_error("MALFORMED_FILTER", "Operator '$not' takes a filter")
        inner = compile_filter(operand, language).matches
        return lambda contact: not inner(contact)
    if not isinstance(operand, list) or not all(isinstance(each, dict) for each in operand):
        raise query_error("MALFORMED_FILTER", f"Operator '{operator}' takes a list of filters")
    parts = [compile_filter(each, language).matches for each in operand]
    if operator == "$and":
        return _all_of(parts)
    return lambda contact: any(part(contact) for part in parts)


def _test(path: str, field: Field, operator: str, operand: Any, language: Language) -> Matches:
    if operator not in field.operators:
        raise query_error(
            "UNSUPPORTED_FILTER_OPERATOR",
            f"Operator '{operator}' is not supported for field '{path}'",
        )
    values = field.values
    if operator == "$exists":
        if not isinstance(operand, bool):
            raise _bad_operand(path, operator, "true or false")
        return lambda contact: bool(values(contact)) is operand
    if operator == "$startsWith":
        if not isinstance(operand, str):
            raise _bad_operand(path, operator, "a string")
        start = operand.lower()
        return lambda contact: any(each.lower().startswith(start) for each in values(contact))
    comparable = _comparable(field.kind, language)
    if operator in ("$in", "$nin", "$hasSome", "$hasAll"):
        return _list_test(path, operator, operand, values, comparable)
    wanted = comparable(operand)
    if wanted is None:
        raise _bad_operand(path, operator, _EXPECTED[field.kind])
    compare = _COMPARE[operator]
    if operator == "$ne":
        return lambda contact: not any(comparable(each) == wanted for each in values(contact))
    return lambda contact: any(compare(comparable(each), wanted) for each in values(contact))


def _list_test(
    path: str,
    operator: str,
    operand: Any,
    values: Callable[[Json], list[Any]],
    comparable: Callable[[Any], Any],
) -> Matches:
    wanted = {comparable(each) for each in operand} if isinstance(operand, list) else {None}
    if None in wanted:
        raise _bad_operand(path, operator, "a list of values")
    if operator == "$hasAll":
        return lambda contact: wanted <= {comparable(each) for each in values(contact)}
    if operator == "$nin":
        return lambda contact: not any(comparable(each) in wanted for each in values(contact))
    return lambda contact: any(comparable(each) in wanted for each in values(contact))


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "$eq": lambda value, wanted: value == wanted,
    "$ne": lambda value, wanted: value != wanted,
    "$gt": lambda value, wanted: value is not None and value > wanted,
    "$lt": lambda value, wanted: value is not None and value < wanted,
    "$gte": lambda value, wanted: value is not None and value >= wanted,
    "$lte": lambda value, wanted: value is not None and value <= wanted,
}
_EXPECTED = {
    "text": "a string",
    "email": "a string",
    "moment": "an ISO 8601 date",
    "day": "a date as YYYY-MM-DD",
    "number": "a number",
}


def _comparable(kind: str, language: Language) -> Callable[[Any], Any]:
    """How values of a kind are made comparable; `None` for one that is not of that kind."""
    if kind == "moment":
        return lambda value: parse_moment(value) if isinstance(value, str) else None
    if kind == "number":
        return lambda value: value if type(value) in (int, float) else None
    if kind == "day":
        return lambda value: value if isinstance(value, str) and _DAY.fullmatch(value) else None
    if kind == "email" and not language.strict_email_case:
        return lambda value: value.lower() if isinstance(value, str) else None
    return lambda value: value if isinstance(value, str) else None


def _bad_operand(path: str, operator: str, expected: str) -> WixError:
    text = f"Operator '{operator}' of field '{path}' takes {expected}"
    return query_error("UNSUPPORTED_FILTER_VALUE_TYPE", text)


def sorted_contacts(contacts: Iterable[Json], sort: Json | None, language: Language) -> list[Json]:
    """Contacts in the order asked for, by default oldest first; those without a value come last."""
    path = sort["fieldName"] if sort else "createdDate"
    field = field_named(path, language.data_type)
    if field is None or not field.sortable:
        raise query_error("UNSUPPORTED_SORT_FIELD", f"Field '{path}' is not declared as sortable")
    comparable = _comparable(field.kind, language)
    keyed: list[tuple[Any, Json]] = []
    without: list[Json] = []
    for contact in contacts:
        key = next((comparable(value) for value in field.values(contact)), None)
        if key is None:
            without.append(contact)
        else:
            keyed.append((key, contact))
    keyed.sort(key=lambda pair: pair[0], reverse=bool(sort and sort.get("order") == "DESC"))
    return [contact for _, contact in keyed] + without
