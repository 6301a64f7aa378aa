"""Pages about what a connector author uses: hooks, models, errors, signatures."""

from __future__ import annotations

import ast
import dataclasses
import inspect
from pathlib import Path
from typing import Any

import inboxbridge
from inboxbridge import connector, errors, model, signing
from inboxbridge import reading as untrusted
from inboxbridge.hookspecs import API_VERSION, ConnectorSpec, ObserverSpec
from inboxbridge.model.records import EventRecord
from pydantic import BaseModel

from .text import attribute_docs, code, constant_docs, doc_of, markdown, table

EXAMPLES = Path(__file__).parents[1] / "examples"

_MODELS = (
    model.Event,
    model.Person,
    model.Attachment,
    model.BasicMessage,
    model.MinimalMessage,
    model.Badge,
    model.Answer,
    model.UnreadablePart,
    model.IgnoredPart,
    model.Download,
)
_CLASSES = (
    inboxbridge.WebhookRequest,
    inboxbridge.Headers,
    EventRecord,
    inboxbridge.Connector,
    inboxbridge.ConnectorSettings,
    inboxbridge.Providers,
)
_FUNCTIONS = (inboxbridge.normalize_phone, inboxbridge.clean_text)


def hooks() -> str:
    """Every hook: signature, specification, example."""
    parts = [
        "# Hooks\n",
        f"The contract between a connector and inboxbridge, version {API_VERSION} "
        "(`inboxbridge.API_VERSION`). Mark each implementation with `@hookimpl`. "
        "An implementation may leave out arguments that it does not need.\n",
        "Connector hooks are called for one connection. All but `enrich` and `fetch_attachment` "
        "are plain functions: no network, no clock, no files, the same input gives the same "
        "output. One that takes longer than five seconds is cut off.\n",
    ]
    for spec, title in ((ConnectorSpec, "Connector hooks"), (ObserverSpec, "Observer hooks")):
        parts.append(f"## {title}\n")
        parts.append(_paragraphs(doc_of(spec).lead))
        for name, function in vars(spec).items():
            if inspect.isfunction(function):
                parts.append(_hook(name, function))
    return "\n".join(parts)


def _hook(name: str, function: Any) -> str:
    doc = doc_of(function)
    kind = "async def" if inspect.iscoroutinefunction(function) else "def"
    parts = [
        f"### {name}\n",
        f"```text\n{kind} {name}{_signature(function)}\n```\n",
        _paragraphs(doc.lead),
    ]
    for argument, meaning in doc.items("Args").items():
        parts.append(f"- {code(argument)}: {meaning}")
    returns = " ".join(doc.sections["Returns"].split())
    parts.append(f"- returns: {markdown(returns)}")
    for error, meaning in doc.items("Raises").items():
        parts.append(f"- raises {code(error)}: {meaning}")
    example = (EXAMPLES / f"{name}.py").read_text(encoding="utf-8").strip()
    parts.append(f"\n```python\n{example}\n```\n")
    return "\n".join(parts)


def models() -> str:
    """The models, the request, the records and the errors."""
    parts = [
        "# Models\n",
        "All of these come from `inboxbridge`. The models are frozen; change one with "
        "`model_copy(update={…})`. Their texts are cleaned as they are made: control characters "
        "and lone surrogates go, white space around goes.\n",
    ]
    for one in _MODELS:
        parts.append(_model(one))
    for cls in _CLASSES:
        parts.append(_class(cls))
    for function in _FUNCTIONS:
        doc = doc_of(function)
        parts.append(f"## {function.__name__}\n")
        parts.append(f"```text\n{function.__name__}{_signature(function)}\n```\n")
        parts.append(_paragraphs(doc.lead))
        items = doc.items("Args").items()
        parts.append("\n".join(f"- {code(name)}: {meaning}" for name, meaning in items) + "\n")
    parts.append("## Types\n")
    docs = {**constant_docs(model.events), **constant_docs(connector)}
    rows = [(code(name), docs[name]) for name in inboxbridge.__all__ if name in docs]
    parts.append(table(("type", "what"), rows) + "\n")
    parts.append("## Errors\n")
    tree = inspect.cleandoc(errors.__doc__ or "").split("::", 1)[1]
    parts.append(f"```text\n{inspect.cleandoc(tree)}\n```\n")
    return "\n".join(parts)


def _model(one: type[BaseModel]) -> str:
    doc = doc_of(one)
    meanings = doc.items("Attributes")
    types = _annotations(one)
    rows = []
    for name, field in one.model_fields.items():
        value = field.get_default(call_default_factory=True)
        default = "required" if field.is_required() else code(repr(value))
        rows.append((code(name), code(types[name]), default, meanings[name]))
    header = ("field", "type", "default", "meaning")
    return f"## {one.__name__}\n\n{_paragraphs(doc.lead)}\n{table(header, rows)}\n"


_SPELLED = {
    "Text": "str", "OptionalText": "str | None", "Key": "str", "OptionalKey": "str | None",
    "Moment": "datetime", "Moment | None": "datetime | None", "Data": "dict of JSON values",
    "Kind": '"message" | "activity"', "Direction": '"inbound" | "outbound"',
    'Literal["image", "file"]': '"image" | "file"',
}  # fmt: skip


def _annotations(one: type) -> dict[str, str]:
    """The types of a class's fields as they are written, without what they are checked by."""
    tree = ast.parse(inspect.getsource(one))
    found = {}
    for statement in ast.walk(tree):
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            written = statement.annotation
            if isinstance(written, ast.Subscript) and ast.unparse(written.value) == "Annotated":
                written = written.slice.elts[0]  # type: ignore[attr-defined]
            spelled = ast.unparse(written).replace("'", '"')
            spelled = _SPELLED.get(spelled, spelled)
            found[statement.target.id] = spelled
    return found


def _class(cls: type) -> str:
    doc = doc_of(cls)
    parts = [f"## {cls.__name__}\n", _paragraphs(doc.lead)]
    for section in ("Attributes", "Args"):
        items = doc.items(section)
        if items:
            parts.append(table((section.lower()[:-1], "meaning"), _named(items)) + "\n")
    rows = []
    for name, member in vars(cls).items():
        if name.startswith("_"):
            continue
        if isinstance(member, property):
            rows.append((code(name), _first(member)))
        elif inspect.isfunction(member):
            rows.append((code(f"{name}{_signature(member)}"), _first(member)))
    if rows:
        parts.append(table(("method or property", "what"), rows) + "\n")
    return "\n".join(parts)


def _named(items: dict[str, str]) -> list[tuple[str, str]]:
    return [(code(name), meaning) for name, meaning in items.items()]


def _first(member: Any) -> str:
    lead = " ".join(doc_of(member).lead.split())
    raises = doc_of(member).items("Raises")
    told = [f"Raises {code(name)}: {meaning}" for name, meaning in raises.items()]
    return " ".join([markdown(lead), *told])


def signatures() -> str:
    """The signature schemes and their arguments."""
    doc = inspect.cleandoc(signing.__doc__ or "")
    parts = ["# Signature schemes\n", _paragraphs(doc)]
    parts.append(
        "`secrets` is a secret or a list of them: texts, or the `Secrets` of your settings.\n"
    )
    for name in signing.__all__:
        scheme = getattr(signing, name)
        if not inspect.isclass(scheme):
            continue
        parts.append(f"## {name}\n")
        parts.append(_paragraphs(doc_of(scheme).lead))
        if dataclasses.is_dataclass(scheme):
            rows = _arguments(scheme)
            if rows:
                parts.append(table(("argument", "default", "meaning"), rows) + "\n")
        else:
            methods = [
                (code(f"{method}{_signature(member)}"), _first(member))
                for method, member in vars(scheme).items()
                if inspect.isfunction(member)
            ]
            parts.append(table(("method", "what"), methods) + "\n")
    return "\n".join(parts)


def reading() -> str:
    """The helpers for untrusted JSON."""
    doc = inspect.cleandoc(untrusted.__doc__ or "")
    functions = [getattr(untrusted, name) for name in untrusted.__all__]
    rows = [(code(f"{one.__name__}{_signature(one)}"), _first(one)) for one in functions]
    lead = "All of these come from `inboxbridge.reading`.\n"
    return "\n".join(["# Reading\n", lead, _paragraphs(doc), table(("function", "what"), rows)])


def _arguments(scheme: Any) -> list[tuple[str, str, str]]:
    meanings = attribute_docs(scheme)
    rows = []
    for field in dataclasses.fields(scheme):
        if field.init:
            missing = field.default is dataclasses.MISSING
            default = "required" if missing else code(repr(field.default))
            rows.append((code(field.name), default, meanings[field.name]))
    return rows


def _signature(function: Any) -> str:
    signature = inspect.signature(function)
    kept = [one for name, one in signature.parameters.items() if name != "self"]
    return str(signature.replace(parameters=kept)).replace("'", "")


def _paragraphs(text: str) -> str:
    paragraphs = (" ".join(one.split()) for one in text.split("\n\n"))
    return "\n\n".join(markdown(one) for one in paragraphs) + "\n"
