from inboxbridge import Answer, Connector, WebhookRequest, hookimpl


class Parcel(Connector):
    @hookimpl
    def handshake(self, request: WebhookRequest) -> Answer | None:
        asked = dict(request.query)
        if asked.get("token") != "the-verify-token" or "challenge" not in asked:
            return None
        return Answer(body=asked["challenge"])


url = "https://hooks.example.com/hooks/parcel?token=the-verify-token&challenge=8731"
answer = Parcel(Parcel.Settings()).handshake(WebhookRequest(method="GET", url=url))
assert answer.body == "8731"
