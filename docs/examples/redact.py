import json

from inboxbridge import Connector, WebhookRequest, hookimpl


class Parcel(Connector):
    @hookimpl
    def redact(self, request: WebhookRequest) -> WebhookRequest:
        kept = {name: value for name, value in request.json_object().items() if name != "token"}
        return WebhookRequest(
            method=request.method,
            url=request.url,
            headers=request.headers,
            body=json.dumps(kept).encode(),
            received_at=request.received_at,
        )


kept = Parcel(Parcel.Settings()).redact(WebhookRequest(body=b'{"token": "s", "id": "n-1"}'))
assert kept.json() == {"id": "n-1"}
