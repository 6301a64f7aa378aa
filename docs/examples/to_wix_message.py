from inboxbridge import BasicMessage, Connector, Event, MinimalMessage, hookimpl


class Parcel(Connector):
    @hookimpl
    def to_wix_message(self, event: Event) -> BasicMessage | MinimalMessage:
        if event.kind == "activity":
            return MinimalMessage(text=f"Parcel {event.text}", url=event.url)
        return BasicMessage(text=event.text, attachments=event.attachments)


delivered = Event(id="p-1", kind="activity", text="delivered")
assert Parcel(Parcel.Settings()).to_wix_message(delivered).text == "Parcel delivered"
