from inboxbridge import Badge, Connector, Event, hookimpl


class Parcel(Connector):
    label = "Parcel"

    @hookimpl
    def badge(self, event: Event) -> Badge | None:
        return Badge(text=self.label, icon_url="https://parcel.example.com/icon.png")


assert Parcel(Parcel.Settings()).badge(Event(id="n-1")).text == "Parcel"
