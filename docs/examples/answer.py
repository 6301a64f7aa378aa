from inboxbridge import Answer, Connector, WebhookRequest, hookimpl


class Parcel(Connector):
    @hookimpl
    def answer(self, request: WebhookRequest) -> Answer | None:
        return Answer(body="<Response/>", content_type="text/xml")


answer = Parcel(Parcel.Settings()).answer(WebhookRequest(body=b"n=1"))
assert (answer.status, answer.content_type) == (200, "text/xml")
