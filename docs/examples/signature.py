from typing import ClassVar

from inboxbridge import (
    Connector,
    ConnectorSettings,
    HmacSignature,
    Secrets,
    Signature,
    WebhookRequest,
    hookimpl,
)


class ParcelSettings(ConnectorSettings):
    secret: Secrets


class Parcel(Connector[ParcelSettings]):
    Settings: ClassVar = ParcelSettings

    @hookimpl
    def signature(self) -> Signature:
        return HmacSignature(self.settings.secret, "X-Parcel-Signature", prefix="sha256=")


scheme = Parcel(ParcelSettings(secret="an-invented-secret")).signature()
assert scheme.verify(scheme.sign(WebhookRequest(body=b"{}"), now=0), now=0) is None
assert (
    scheme.verify(WebhookRequest(body=b"{}"), now=0) == "the header X-Parcel-Signature is missing"
)
