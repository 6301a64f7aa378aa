"""connectors.toml: every fault in one go, where it is, what was expected; never a secret."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inboxbridge.config import Config, Problem, config_from, find_config, load_config, read_config
from inboxbridge.errors import ConfigError

GOOD = """\
[gateway]
public_url = "https://hooks.example.com/"

[sites.default]
site_id = "site-1"
api_key = { env = "WIX_API_KEY" }

[connectors.shop]
plugin = "webhook"
secret = { env = "SHOP_SECRET" }
"""
ENVIRONMENT = {"WIX_API_KEY": "the-api-key", "SHOP_SECRET": "the-shop-secret"}

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(text: str) -> Path:
        path = tmp_path / "connectors.toml"
        path.write_text(text)
        return path

    return written


def loaded(path: Path, **environment: str) -> Config:
    return load_config(path, {**ENVIRONMENT, **environment})


def faults(path: Path, **environment: str) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        loaded(path, **environment)
    return str(refused.value).replace(f"{path}", "FILE").splitlines()


def test_a_good_file_has_no_fault(write: Write) -> None:
    config = loaded(write(GOOD))

    assert config.connections["shop"].own == {"secret": "the-shop-secret"}
    assert config.connections["shop"].site == "default"
    assert config.hook_url("shop") == "https://hooks.example.com/hooks/shop"


def test_an_unset_secret_stops_the_start_and_is_named(write: Write) -> None:
    path = write(GOOD)

    with pytest.raises(ConfigError) as refused:
        load_config(path, {"WIX_API_KEY": "the-api-key"})

    assert str(refused.value) == (
        f"{path}:10 [connectors.shop] secret: the environment variable SHOP_SECRET is not set. "
        "Set SHOP_SECRET before starting"
    )


@pytest.mark.parametrize("value", ["", "  ", "\n"])
def test_a_blank_secret_is_an_unset_one(write: Write, value: str) -> None:
    [fault] = faults(write(GOOD), SHOP_SECRET=value)

    assert "SHOP_SECRET is not set" in fault


def test_all_faults_come_in_one_go(write: Write) -> None:
    path = write(
        """\
[jornal]
url = "sqlite:///x.db"

[courier]
concurency = 5
retry_base_seconds = "soon"

[sites.default]
site_id = "site-1"
api_key = { env = "UNSET_KEY" }
base_ulr = "http://127.0.0.1:1"

[sites.other]
app_id = "a"

[connectors.shop]
plugin = "webhook"
unmatched = "destroy"

[connectors.shop.map]
id = "order"

[connectors.desk]
plugin = "chat"
secret = { file = "nowhere" }
site = "defualt"

[connectors."not a name"]
[connectors.wix]
"""
    )

    found = faults(path)

    assert sorted(found) == sorted(
        [
            "FILE:1 [jornal]: unknown table. Did you mean 'journal'?",
            "FILE:5 [courier] concurency: unknown key. Did you mean 'concurrency'?",
            "FILE:6 [courier] retry_base_seconds: input should be a valid number, unable to parse "
            "string as a number",
            "FILE:10 [sites.default] api_key: the environment variable UNSET_KEY is not set. "
            "Set UNSET_KEY before starting",
            "FILE:11 [sites.default] base_ulr: unknown key. Did you mean 'base_url'?",
            "FILE:13 [sites.other]: app_secret and instance_id missing: give site_id and api_key, "
            "or app_id, app_secret and instance_id",
            "FILE:18 [connectors.shop] unmatched: input should be 'create', 'park' or 'drop'",
            "FILE:25 [connectors.desk] secret: the file nowhere cannot be read: "
            "No such file or directory",
            "FILE:26 [connectors.desk] site: there is no site called 'defualt'. "
            "Did you mean 'default'?",
            "FILE:28 [connectors.not a name]: 'not a name' cannot be part of a webhook URL. "
            "Use letters, digits, - and _; the name wix is taken",
            "FILE:29 [connectors.wix]: 'wix' cannot be part of a webhook URL. "
            "Use letters, digits, - and _; the name wix is taken",
        ]
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('[ sites . default ]\nsite_id = "s"\napi_key="k"\nbase_ulr = "x"\n', 4),
        ('[sites."default"]\nsite_id = "s"\napi_key="k"\nbase_ulr = "x"\n', 4),
        ('[sites]\ndefault.site_id = "s"\ndefault.api_key="k"\ndefault.base_ulr = "x"\n', 4),
        ('[sites]\n\ndefault = {site_id = "s", api_key="k", base_ulr = "x"}\n', 3),
        ('[courier]\nbase_ulr = 1\n[sites.default]\nsite_id="s"\napi_key="k"\nbase_ulr = "x"', 6),
    ],
)
def test_the_line_is_found_however_the_table_is_written(write: Write, text: str, line: int) -> None:
    found = [fault for fault in faults(write(text)) if "[sites.default] base_ulr" in fault]

    assert found == [f"FILE:{line} [sites.default] base_ulr: unknown key. Did you mean 'base_url'?"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[sites\n", "is not valid TOML: "),
        ('x = "\\ud800"', "is not valid TOML: "),
        ("[[connectors]]\n", "expected tables. Write [connectors.NAME]"),
        ("[connectors]\nshop = 5\n", "expected a table. Write [connectors.shop]"),
        ("journal = 5\n", "expected a table. Write [journal]"),
    ],
)
def test_what_is_no_configuration_is_said_to_be_so(write: Write, text: str, said: str) -> None:
    assert said in "\n".join(faults(write(text)))


def test_a_file_that_is_not_there_or_not_text_is_said_to_be_so(tmp_path: Path) -> None:
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")

    with pytest.raises(ConfigError, match="there is no such file"):
        load_config(tmp_path / "none.toml", {})
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path / "binary.toml", {})
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path, {})


def test_a_secret_may_stand_in_a_file_beside_the_configuration(
    write: Write, tmp_path: Path
) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "shop").write_text("from-a-file\n")
    path = write(GOOD.replace('{ env = "SHOP_SECRET" }', '[{ file = "secrets/shop" }, "old"]'))

    assert loaded(path).connections["shop"].own["secret"] == ["from-a-file", "old"]


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff"])
def test_an_empty_or_unreadable_secret_file_is_named(
    write: Write, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "shop").write_bytes(content)
    path = write(GOOD.replace('{ env = "SHOP_SECRET" }', '{ file = "shop" }'))

    [fault] = faults(path)

    assert fault.startswith("FILE:10 [connectors.shop] secret: the file shop ")


def test_a_misspelt_kind_of_secret_is_named(write: Write) -> None:
    [fault] = faults(write(GOOD.replace('{ env = "SHOP_SECRET" }', '{ evn = "SHOP_SECRET" }')))

    assert fault == (
        "FILE:10 [connectors.shop] secret: { evn = … } is not a secret. Did you mean 'env'?"
    )


def test_any_setting_may_come_from_the_environment(write: Write) -> None:
    config = loaded(
        write(GOOD),
        INBOXBRIDGE__SITES__DEFAULT__BASE_URL="http://127.0.0.1:8090",
        INBOXBRIDGE__SITES__DEFAULT__CALLS_PER_MINUTE="0",
        INBOXBRIDGE__GATEWAY__MAX_BODY_BYTES="2048",
        INBOXBRIDGE__CONNECTORS__SHOP__SECRET='["new", {"env": "SHOP_SECRET"}]',
        INBOXBRIDGE__CONNECTORS__SHOP__UNMATCHED="park",
        INBOXBRIDGE__CONNECTORS__EXTRA__PLUGIN="webhook",
        INBOXBRIDGE_CONFIG="elsewhere.toml",
    )

    assert config.sites["default"].base_url == "http://127.0.0.1:8090"
    assert config.sites["default"].calls_per_minute == 0
    assert config.gateway.max_body_bytes == 2048
    assert config.connections["shop"].own["secret"] == ["new", "the-shop-secret"]
    assert config.connections["shop"].unmatched == "park"
    assert config.connections["extra"].plugin == "webhook"


def test_an_override_finds_the_name_as_the_file_spells_it(write: Write) -> None:
    path = write(GOOD.replace("connectors.shop", "connectors.My-Shop"))

    config = loaded(path, INBOXBRIDGE__CONNECTORS__MY_SHOP__ENABLED="false")

    assert list(config.connections) == ["My-Shop"]
    assert config.connections["My-Shop"].enabled is False


@pytest.mark.parametrize(
    "name", ["INBOXBRIDGE__SITES__DEFAULT__SITE_ID__X", "INBOXBRIDGE__GATEWAY", "INBOXBRIDGE__"]
)
def test_an_override_that_fits_nowhere_is_a_fault(write: Write, name: str) -> None:
    assert faults(write(GOOD), **{name: "x"})


@pytest.mark.parametrize("value", ["false", "False", "0", "no", "off"])
def test_a_disabled_connection_needs_no_secret(write: Write, value: str) -> None:
    path = write(GOOD)
    environment = {"WIX_API_KEY": "k", "INBOXBRIDGE__CONNECTORS__SHOP__ENABLED": value}

    assert load_config(path, environment).connections["shop"].enabled is False


def test_a_connection_on_a_site_that_is_itself_at_fault_is_not_blamed(write: Write) -> None:
    [fault] = faults(write(GOOD), WIX_API_KEY="")

    assert "[sites.default] api_key" in fault


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ('"MIIB"', "webhook_public_key: is not a public key: expected PEM text with lines"),
        ('{ env = "UNSET" }', "webhook_public_key: the environment variable UNSET is not set"),
    ],
)
def test_a_public_key_that_could_verify_nothing_is_a_fault(
    write: Write, key: str, said: str
) -> None:
    """With it every webhook of Wix would be refused, and nobody told why."""
    [fault] = faults(write(GOOD.replace('"site-1"', f'"site-1"\nwebhook_public_key = {key}')))

    assert said in fault


def test_what_can_be_used_is_returned_with_the_faults(write: Write) -> None:
    config, problems = read_config(write(GOOD), {"WIX_API_KEY": "k"})

    assert config is not None
    assert list(config.sites) == ["default"]
    assert [type(problem) for problem in problems] == [Problem]


def test_no_fault_shows_a_value_that_may_be_secret(write: Write) -> None:
    path = write(GOOD.replace('"webhook"', '"webhook"\nambiguous = { env = "SHOP_SECRET" }'))

    assert "the-shop-secret" not in "\n".join(faults(path))
    assert "the-api-key" not in repr(loaded(write(GOOD)).sites)


def test_the_journal_keeps_events_as_long_as_sources_repeat_them(write: Write) -> None:
    assert "keep_days" in faults(write(GOOD + "[journal]\nkeep_days = 1\n"))[0]


def test_the_configuration_is_found_by_argument_environment_or_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("INBOXBRIDGE_CONFIG", raising=False)
    assert find_config() == Path("connectors.toml")
    monkeypatch.setenv("INBOXBRIDGE_CONFIG", "there.toml")
    assert find_config() == Path("there.toml")
    assert find_config("here.toml") == Path("here.toml")


NAMES = st.text("abcdefgh_-.\" '=[]{}#\\\n", max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
TABLES = st.dictionaries(
    st.sampled_from(["journal", "gateway", "courier", "sites", "connectors", "other"]),
    VALUES | st.dictionaries(NAMES, VALUES | st.dictionaries(NAMES, VALUES, max_size=3)),
)


@settings(max_examples=200, deadline=None)
@given(document=TABLES, environment=st.dictionaries(st.text(max_size=8), st.text(max_size=8)))
def test_whatever_the_tables_are_there_is_a_configuration_or_an_explanation(
    document: dict[str, object], environment: dict[str, str]
) -> None:
    named = {f"INBOXBRIDGE__{name}": value for name, value in environment.items()}
    with contextlib.suppress(ConfigError):
        config_from(document, named)


SHARED = """\
[sites.default]
site_id = "site-1"
api_key = "key"

[connectors.salon]
plugin = "facebook"

[connectors.spa]
plugin = "facebook"
"""


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (
            'via = "salom"\nrecipients = ["1"]',
            "via: there is no connection called 'salom'. Did you mean 'salon'?",
        ),
        (
            'via = "spa"\nrecipients = ["1"]',
            "via: 'spa' has no URL of its own. Name the connection whose URL the source calls",
        ),
        (
            'via = "salon"\nprovider = "whatsapp"\nrecipients = ["1"]',
            "via: 'salon' is a connection of another plugin or provider. "
            "Both must read the same deliveries",
        ),
        (
            'via = "salon"',
            "recipients: missing: nothing says which events are not for 'salon'. "
            'List the accounts or numbers: recipients = ["…"]',
        ),
    ],
)
def test_a_url_is_shared_with_a_connection_that_reads_the_same(
    write: Write, table: str, said: str
) -> None:
    found = faults(write(SHARED + table))

    assert [fault.partition("[connectors.spa] ")[2] for fault in found] == [said]


def test_a_connection_that_shares_a_url_has_that_url(write: Write) -> None:
    text = f'[gateway]\npublic_url = "https://x.example"\n{SHARED}via = "salon"\nrecipients = [7]'

    config = load_config(write(text))

    assert config.hook_url("spa") == config.hook_url("salon") == "https://x.example/hooks/salon"
    assert config.connections["spa"].recipients == ("7",)


def test_postgres_as_many_hosts_spell_it_is_postgresql() -> None:
    config = config_from({"journal": {"url": "postgres://user:p@host/db"}}, environ={})

    assert config.journal.url == "postgresql://user:p@host/db"
