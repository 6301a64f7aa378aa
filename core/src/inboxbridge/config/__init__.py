"""connectors.toml: its tables, how they are read, and what is wrong with them."""

from inboxbridge.config.problems import Problem, nearest, validation_problems
from inboxbridge.config.reading import (
    Config,
    config_from,
    find_config,
    load_config,
    read_config,
)

__all__ = [
    "Config",
    "Problem",
    "config_from",
    "find_config",
    "load_config",
    "nearest",
    "read_config",
    "validation_problems",
]
