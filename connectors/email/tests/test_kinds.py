"""Which mails are left out, and under which name they are counted."""

from __future__ import annotations

import pytest
from inboxbridge import Event, IgnoredPart
from inboxbridge_email.events import FORGED

FORM = {"From": "wordpress@salon.example", "Reply_To": "dana@example.com"}
GMAIL = {"From": "Gmail Team <forwarding-noreply@google.com>"}


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ({"Auto_Submitted": "auto-replied"}, "auto-reply"),
        ({"Auto_Submitted": "Auto-Replied (vacation); owner=dana"}, "auto-reply"),
        ({"Auto_Submitted": "auto-replied", **FORM}, "auto-reply"),
        ({"Precedence": "auto_reply"}, "auto-reply"),
        ({"X_Autoreply": "yes"}, "auto-reply"),
        ({"Auto_Submitted": "auto-generated"}, "auto-generated"),
        ({"Auto_Submitted": "auto-notified"}, "auto-generated"),
        ({"List_Id": "Town <news.town.example>"}, "list"),
        ({"List_Id": "<info.salon.example.evil.example>"}, "list"),
        ({"Precedence": "Bulk"}, "bulk"),
        ({"Precedence": "junk"}, "bulk"),
        ({"Precedence": "list", **FORM}, "bulk"),
        ({"Return_Path": "<>"}, "bounce"),
        ({"From": "Mail Delivery System <MAILER-DAEMON@mx.example.com>"}, "bounce"),
        ({"Content_Type": "multipart/report; boundary=x"}, "bounce"),
        ({"From": "news@town.example"}, "never_shown"),
        ({"From": "a@shouting.example"}, "never_shown"),
    ],
)
def test_what_no_customer_wrote_is_left_out(read, headers, kind):
    settings = {
        "own_lists": ["info.salon.example"],
        "never_shown": ["news@town.example", "@shouting.example"],
    }

    assert read(settings=settings, **headers) == IgnoredPart(kind=kind)


def test_an_empty_envelope_sender_is_a_bounce(read):
    assert read(delivered={"envelope_sender": ""}) == IgnoredPart(kind="bounce")


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "no"},
        {"Auto_Submitted": "No (a person)"},
        {"Precedence": "first-class"},
        {"X_Auto_Response_Suppress": "All"},
        {"X_Autoreply": "no"},
        {"List_Unsubscribe": "<https://town.example/out>"},
        {"Return_Path": "<dana@example.com>"},
        {"List_Id": "Info <Info.Salon.Example>", "Precedence": "list"},
        {"Auto_Submitted": "auto-generated", **FORM},
        {"Auto_Submitted": "auto-generated", "Precedence": "bulk", **GMAIL},
        {"Return_Path": "<>", **GMAIL},
        {"From": "mailer-daemons-fan@example.com"},
    ],
)
def test_what_a_customer_may_have_written_is_shown(read, headers):
    assert isinstance(read(settings={"own_lists": ["info.salon.example"]}, **headers), Event)


@pytest.mark.parametrize(
    ("results", "is_told"),
    [
        ("mx.salon.example; spf=softfail; dkim=none", True),
        ("mx.salon.example 1; spf=fail; dkim=fail (bad)", True),
        ("mx.salon.example; spf=fail; dkim=pass header.d=example.com", False),
        ("mx.salon.example; spf=none; dkim=none", False),
        ("mx.salon.example; spf=pass; dkim=pass; dmarc=fail", True),
        ("mx.salon.example; spf=fail; dmarc=pass", False),
        ("mx.evil.example; spf=pass; dmarc=pass", False),
        ("mx.evil.example; spf=fail; dmarc=fail", False),
    ],
)
def test_a_failed_check_of_the_own_server_is_told(read, results, is_told):
    event = read(Authentication_Results=results, settings={"authserv_id": "MX.salon.example"})

    assert ("may be forged" in event.text) is is_told


def test_checks_of_a_server_that_is_not_named_do_not_count(read):
    event = read(Authentication_Results="mx.salon.example; dmarc=fail")

    assert "may be forged" not in event.text


def test_a_failed_check_is_told_below_the_longest_text(read):
    event = read(
        "x" * 200_000,
        Authentication_Results="mx.salon.example; dmarc=fail",
        settings={"authserv_id": "mx.salon.example"},
    )

    assert event.text.endswith("x\n[cut here: 110012 more characters]\n\n" + FORGED)
