import json

from inboxbridge import Connector, WebhookRequest, hookimpl


class Parcel(Connector):
    @hookimpl
    def redact(self, request: WebhookRequest) -> WebhookRequest:
        kept = {name: value for name, value in request.json_object().items() if name != "token"}
        return request.replace(body=json.dumps(kept).encode())


kept = Parcel(Parcel.Settings()).redact(WebhookRequest(body=b'{"token": "s", "id": "n-1"}'))
assert kept.json() == {"id": "n-1"}
