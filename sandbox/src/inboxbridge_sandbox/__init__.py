"""A stand-in for Wix: Contacts v4, Inbox v2 and OAuth in one process, in memory.

Run it behind uvicorn, or call it in a test through `httpx.ASGITransport`:

    app = create_app(SandboxOptions(now=clock))
    app.state.sandbox.site("my-site").messages

It speaks the documented shapes, refuses what Wix refuses, and fails on demand. Control lives under
`/_sandbox`, the Inbox as a person sees it at `/`.
"""

from inboxbridge_sandbox.app import create_app
from inboxbridge_sandbox.options import ApiKeyGrant, AppGrant, Limits, SandboxOptions
from inboxbridge_sandbox.world import Sandbox

__all__ = ["ApiKeyGrant", "AppGrant", "Limits", "Sandbox", "SandboxOptions", "create_app"]
