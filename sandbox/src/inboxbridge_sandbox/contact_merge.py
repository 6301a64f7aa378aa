"""What becomes of the data of several contacts when they are merged into one.

Source: section 2.7 of the Wix reference: the target's data is never overwritten, lists are unioned,
earlier sources win.
"""

from __future__ import annotations

from typing import Any

from inboxbridge_sandbox.contact_form import items_of

Json = dict[str, Any]


def union(target: Json, source: Json) -> Json:
    whole = {**source, **target}
    if "name" in source:
        whole["name"] = {**source["name"], **target.get("name", {})}
    for plural in ("emails", "phones"):
        have, more = items_of(target, plural), items_of(source, plural)
        known = {_value(item) for item in have}
        items = have + [item for item in more if _value(item) not in known]
        if items:
            whole[plural] = {"items": items}
    return whole


def _value(item: Json) -> str | None:
    email = item.get("email", "").lower()
    return email or item.get("e164Phone") or item.get("phone")
