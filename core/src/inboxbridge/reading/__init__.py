"""Reads a delivery's fields: a value of the wrong type is named, never trusted.

The strict readers, whose names end in ``_at``, take the object, the key and where the object stands
in the body, for the error: ``text_at(message, "text", "entry[0].messaging[0].message")``. A key
that is absent or null gives the empty value of its type; a value of another type raises
`MalformedBody`, which names the path and never the value.

The tolerant readers (`scalar`, `mapping`, `items`, `whole_seconds` and those of moments) take the
value itself and give an empty one or None for what it is not: for fields that a source may vary
and that a message can do without.

`form_parts` reads forms, also those with files in them.

`read_each` reads the parts of a batch one by one: one that cannot be read is kept as such, and the
others become events.
"""

from inboxbridge.model.text import web_link
from inboxbridge.reading._forms import FormPart, form_parts
from inboxbridge.reading._moments import (
    clock_text,
    date_text,
    iso_moment,
    local_time_text,
    rfc2822,
    unix_time,
)
from inboxbridge.reading._parts import read_each
from inboxbridge.reading._strict import (
    array_at,
    as_object,
    id_at,
    moment_at,
    object_at,
    required,
    text_at,
)
from inboxbridge.reading._texts import event_id, fingerprint, one_line
from inboxbridge.reading._tolerant import (
    form_fields,
    identifier,
    is_json,
    items,
    mapping,
    scalar,
    whole_seconds,
)
from inboxbridge.reading._zones import time_zone

__all__ = [
    "FormPart",
    "array_at",
    "as_object",
    "clock_text",
    "date_text",
    "event_id",
    "fingerprint",
    "form_fields",
    "form_parts",
    "id_at",
    "identifier",
    "is_json",
    "iso_moment",
    "items",
    "local_time_text",
    "mapping",
    "moment_at",
    "object_at",
    "one_line",
    "read_each",
    "required",
    "rfc2822",
    "scalar",
    "text_at",
    "time_zone",
    "unix_time",
    "web_link",
    "whole_seconds",
]
