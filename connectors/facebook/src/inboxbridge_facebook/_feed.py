"""Comments on a Page's posts, posts on the Page, and reviews of it, each as one line.

Source: https://developers.facebook.com/docs/graph-api/webhooks/reference/page/
"""

from __future__ import annotations

from typing import Any, NamedTuple

from inboxbridge import Event, Part, Person
from inboxbridge.reading import (
    as_object,
    event_id,
    fingerprint,
    id_at,
    mapping,
    moment_at,
    one_line,
    required,
    scalar,
    web_link,
)

from inboxbridge_facebook._meta import Update, ignored

COMMENT_VERBS = {
    "add": "Commented",
    "edited": "Edited a comment",
    # Meta names who wrote it, not who deleted it.
    "remove": "A comment was deleted",
}
POSTS = frozenset({"link", "photo", "post", "share", "status", "video"})
RECOMMENDATIONS = {
    "POSITIVE": "Recommends the Page",
    "NEGATIVE": "Does not recommend the Page",
}


class Author(NamedTuple):
    """Who did it, as the newer ``from`` or the older ``sender_…`` and ``reviewer_…`` say."""

    id: str
    name: str


def read_feed(update: Update) -> Part:
    """Return what a change of ``feed`` tells: a comment, or a post on the Page by somebody else."""
    value = as_object(update.value, update.where)
    item, verb = scalar(value.get("item")), scalar(value.get("verb"))
    author = _author(value, update.where, "sender")
    if author.id and author.id == update.account:
        return ignored("feed", item, "own")
    if item == "comment" and verb in COMMENT_VERBS:
        return _comment(update, value, author, verb)
    if item in POSTS and verb == "add":
        post = id_at(value, "post_id", update.where, required=True)
        text = _with_words("Posted on the Page", _words(value))
        return _event(update, value, author, event_id("post", post), text)
    return ignored("feed", item, verb)


def read_rating(update: Update) -> Part:
    """Return what a change of ``ratings`` tells: a review, or a comment on one."""
    value = as_object(update.value, update.where)
    item, verb = scalar(value.get("item")), scalar(value.get("verb"))
    if item == "comment" and verb in COMMENT_VERBS:
        author = _author(value, update.where, "sender")
        if author.id and author.id == update.account:
            return ignored("ratings", item, "own")
        return _comment(update, value, author, verb)
    if item != "rating" or verb not in ("add", "edit", "edited", "remove"):
        return ignored("ratings", item, verb)
    author = _author(value, update.where, "reviewer")
    review = id_at(value, "open_graph_story_id", update.where) or author.id
    words = _words(value, "review_text")
    if verb == "remove":
        return _event(
            update, value, author, event_id("review-removed", review), "A review was deleted"
        )
    if verb == "add":
        name = event_id("review", review)
    else:
        name = event_id("review-edited", fingerprint("review", review, _verdict(value), words))
    text = _with_words(_verdict(value), words)
    return _event(update, value, author, name, text if verb == "add" else f"Edited: {text}")


def _comment(update: Update, value: dict[str, Any], author: Author, verb: str) -> Event:
    comment = id_at(value, "comment_id", update.where, required=True)
    words = "" if verb == "remove" else _words(value)
    if verb == "add":
        name = event_id("comment", comment)
    else:
        at = scalar(value.get("created_time"))
        name = event_id(f"comment-{verb}", comment, fingerprint("text", words, at))
    return _event(update, value, author, name, _with_words(COMMENT_VERBS[verb], words))


def _verdict(value: dict[str, Any]) -> str:
    if recommended := RECOMMENDATIONS.get(scalar(value.get("recommendation_type")).upper()):
        return recommended
    stars = scalar(value.get("rating"))
    return f"Rated the Page {stars} of 5" if stars else "Reviewed the Page"


def _words(value: dict[str, Any], key: str = "message") -> str:
    words = [one_line(scalar(value.get(key)))]
    words += [f"[{kind}]" for kind in ("photo", "video") if web_link(value.get(kind))]
    return " ".join(word for word in words if word)


def _with_words(done: str, words: str) -> str:
    return f"{done}: {words}" if words else done


def _author(value: dict[str, Any], where: str, older: str) -> Author:
    author = mapping(value.get("from"))
    if identifier := id_at(author, "id", f"{where}.from"):
        return Author(identifier, scalar(author.get("name")))
    return Author(id_at(value, f"{older}_id", where), scalar(value.get(f"{older}_name")))


def _event(update: Update, value: dict[str, Any], author: Author, name: str, text: str) -> Event:
    person = required(author.id, f"{update.where}.from.id")
    scoped = f"{update.account}:{person}" if update.account else person
    links = (mapping(value.get("post")).get("permalink_url"), value.get("photo"),
             value.get("video"), value.get("link"))  # fmt: skip
    return Event(
        id=name,
        kind="activity",
        person=Person(id=scoped, name=author.name),
        text=text,
        occurred_at=moment_at(value, "created_time", update.where),
        thread=scoped,
        recipient=update.account,
        url=next(filter(None, map(web_link, links)), None),
    )
