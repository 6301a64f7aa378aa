"""JMESPath as the ``map`` tables use it: checked with the settings, run for each delivery."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import jmespath
from jmespath.exceptions import (
    EmptyExpressionError,
    IncompleteExpressionError,
    JMESPathError,
    JMESPathTypeError,
    LexerError,
    ParseError,
)
from jmespath.visitor import Options, TreeInterpreter

from inboxbridge_webhook.functions import MapFunctions, Unusable

Node = Any


class Expression:
    """A compiled JMESPath expression.

    Args:
        text: The expression.

    Raises:
        ValueError: It does not compile, or calls a function that does not exist or with the wrong
            number of arguments. The text says where.
    """

    __slots__ = ("_keys", "_node")

    def __init__(self, text: str) -> None:
        self._node = _compile(text)
        for node in _nodes(self._node):
            _check(node)
        self._keys = _plain_path(self._node)

    def search(self, value: Any, run: Run) -> Any:
        """Return what the expression finds in *value*. Raises `Unusable` where it fails on it."""
        if self._keys is None:
            return run.visit(self._node, value)
        for key in self._keys:
            if not isinstance(value, dict):
                return None
            value = value.get(key)
        return value

    def holds(self, value: Any, run: Run) -> bool:
        """Return whether the expression is true of *value*, as JMESPath sees truth.

        False, null, and empty text, arrays and objects are false; everything else is true.
        """
        result = self.search(value, run)
        return not (result is None or result is False or result in ("", [], {}))


class Run:
    """One delivery's evaluation: the interpreter and what its functions know of the delivery."""

    __slots__ = ("_interpreter", "functions")

    def __init__(self, functions: MapFunctions) -> None:
        self.functions = functions
        self._interpreter: TreeInterpreter | None = None

    def visit(self, node: Node, value: Any) -> Any:
        if self._interpreter is None:
            self._interpreter = TreeInterpreter(Options(custom_functions=self.functions))
        try:
            return self._interpreter.visit(node, value)
        except Unusable:
            raise
        except JMESPathTypeError as error:
            wanted = " or ".join(error.expected_types)
            raise Unusable(
                f"the function {error.function_name}() takes {wanted}, found {error.actual_type}"
            ) from None
        except (ValueError, TypeError, ArithmeticError, AttributeError, RecursionError):
            raise Unusable("the expression fails on this body") from None


def _compile(text: str) -> Node:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", PendingDeprecationWarning)
            return jmespath.compile(text).parsed
    except PendingDeprecationWarning:
        raise ValueError(
            "is not a JMESPath expression: what stands between backticks must be JSON; "
            "text stands between apostrophes"
        ) from None
    except EmptyExpressionError:
        raise ValueError("is empty: expected a JMESPath expression") from None
    except IncompleteExpressionError:
        raise ValueError("is not a JMESPath expression: it ends too early") from None
    except LexerError as error:
        raise _fault(text, error.lexer_position) from None
    except ParseError as error:
        raise _fault(text, error.lex_position) from None
    except (JMESPathError, ValueError) as error:
        raise ValueError(f"is not a JMESPath expression: {error}") from None
    except RecursionError:
        raise ValueError("is not a JMESPath expression: it nests too deeply") from None


def _fault(text: str, position: int) -> ValueError:
    line = text.count("\n", 0, position) + 1
    column = position - (text.rfind("\n", 0, position) + 1) + 1
    place = f"column {column}" if "\n" not in text else f"line {line} column {column}"
    return ValueError(f"is not a JMESPath expression: it breaks at {place}")


def _nodes(node: Node) -> Iterator[Node]:
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(child for child in node["children"] if isinstance(child, dict))


def _check(node: Node) -> None:
    if node["type"] == "slice" and node["children"][2] == 0:
        raise ValueError("is not a JMESPath expression: a slice's step must not be 0")
    if node["type"] == "function_expression":
        MapFunctions.check_call(node["value"], len(node["children"]))


def _plain_path(node: Node) -> tuple[str, ...] | None:
    """Return the keys of a path such as ``order.customer.email``, which needs no interpreter."""
    parts = node["children"] if node["type"] == "subexpression" else [node]
    if any(part["type"] != "field" for part in parts):
        return None
    return tuple(part["value"] for part in parts)
