"""Whether a carrier or the receiving server found a mail's sender to be forged.

Source: https://www.rfc-editor.org/rfc/rfc8601 (Authentication-Results). Anybody can write such a
header into a mail, so only those of the server that the settings name are believed.
"""

from __future__ import annotations

import re
from typing import Final

from inboxbridge_email.mail import Mail
from inboxbridge_email.settings import MailSettings

FAILED: Final = frozenset({"fail", "softfail", "permerror"})

_RESULT = re.compile(r"\b(spf|dkim|dmarc)\s*=\s*([a-z]+)", re.IGNORECASE)


def is_forged(mail: Mail, settings: MailSettings) -> bool:
    """Whether a check that can be trusted has failed, and none has passed.

    A forwarded mail fails SPF and keeps its DKIM signature: it is not taken for forged.
    """
    if mail.is_proven is not None:
        return not mail.is_proven
    if settings.authserv_id is None:
        return False
    results: dict[str, set[str]] = {}
    for header in mail.headers.all("authentication-results"):
        server, _, found = header.partition(";")
        if server.strip().partition(" ")[0].lower() == settings.authserv_id.lower():
            for method, result in _RESULT.findall(found):
                results.setdefault(method.lower(), set()).add(result.lower())
    if "dmarc" in results:
        return "pass" not in results["dmarc"] and bool(results["dmarc"] & FAILED)
    return is_forged_by(results.get("spf", set()), results.get("dkim", set()))


def is_forged_by(spf: set[str], dkim: set[str]) -> bool:
    """Whether SPF or DKIM has failed and none of them has passed."""
    return "pass" not in spf | dkim and bool((spf | dkim) & FAILED)
