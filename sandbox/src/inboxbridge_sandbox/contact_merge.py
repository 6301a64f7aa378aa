"""What becomes of the data of several contacts when they are merged into one.

Source: section 2.7 of the Wix reference: the target's data is never overwritten, lists are unioned,
earlier sources win.
"""

from __future__ import annotations

from typing import Any

from .contact_form import custom_fields, items_of

Json = dict[str, Any]
_UNIONED = ("emails", "phones", "addresses", "labelKeys", "locations")


def own_info(contact: Json) -> Json:
    """`info` without the extended fields that Wix derives from it."""
    info = dict(contact["info"])
    custom = custom_fields(info)
    info["extendedFields"] = {"items": custom}
    if not custom:
        del info["extendedFields"]
    return info


def union(target: Json, source: Json) -> Json:
    whole = {**source, **target}
    if "name" in source:
        whole["name"] = {**source["name"], **target.get("name", {})}
    for plural in _UNIONED:
        have, more = items_of(target, plural), items_of(source, plural)
        known = {_value(item) for item in have}
        items = have + [item for item in more if _value(item) not in known]
        if items:
            whole[plural] = {"items": items}
    custom = {**custom_fields(source), **custom_fields(target)}
    if custom:
        whole["extendedFields"] = {"items": custom}
    return whole


def _value(item: Any) -> str:
    if isinstance(item, str):
        return item
    email = item.get("email", "").lower()
    return email or item.get("e164Phone") or item.get("phone") or str(item.get("address"))
