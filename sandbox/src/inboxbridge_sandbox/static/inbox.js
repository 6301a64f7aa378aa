// Keeps the page current: asks for itself every second and swaps what changed.
(() => {
  "use strict";
  const REFRESH_MS = 1000;
  const NEAR_BOTTOM_PX = 80;
  const LIVE_PARTS = ["sites", "list", "totals", "thread"];
  const failedPictures = new Set();
  const loadedPictures = new Set();
  document.documentElement.classList.add("scripted");
  let tag = null;
  let refreshing = false;

  // Load and error events do not bubble, so they are caught on their way down.
  document.addEventListener("error", (event) => {
    if (event.target instanceof HTMLImageElement) {
      failedPictures.add(event.target.getAttribute("src"));
      event.target.remove();
    }
  }, true);
  document.addEventListener("load", (event) => {
    if (event.target instanceof HTMLImageElement) {
      loadedPictures.add(event.target.getAttribute("src"));
      event.target.parentElement.classList.add("loaded");
    }
  }, true);
  document.addEventListener("change", (event) => {
    if (event.target.id === "site") event.target.form.submit();
  });

  const messages = () => document.getElementById("messages");
  const toBottom = () => { const box = messages(); if (box) box.scrollTop = box.scrollHeight; };
  const atBottom = (box) => box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_BOTTOM_PX;

  function address(conversation) {
    const url = new URL(location.href);
    if (conversation) url.searchParams.set("conversation", conversation);
    return url;
  }

  // Times are written as the reader's own browser writes them.
  const clock = new Intl.DateTimeFormat(navigator.language, { timeStyle: "short" });
  const whole = new Intl.DateTimeFormat(navigator.language, { dateStyle: "full", timeStyle: "medium" });
  function localise(page) {
    for (const time of page.querySelectorAll("time")) {
      const moment = new Date(time.dateTime);
      if (/^\d\d:\d\d$/.test(time.textContent)) time.textContent = clock.format(moment);
      time.title = whole.format(moment);
    }
  }

  function swap(fresh) {
    localise(fresh);
    const box = messages();
    const stay = box && !atBottom(box) ? box.scrollTop : null;
    for (const image of fresh.querySelectorAll("img")) {
      const source = image.getAttribute("src");
      if (loadedPictures.has(source)) image.parentElement.classList.add("loaded");
      if (failedPictures.has(source)) image.remove();
    }
    for (const id of LIVE_PARTS) {
      const now = document.getElementById(id);
      const next = fresh.getElementById(id);
      if (now.innerHTML === next.innerHTML) continue;
      if (id === "thread" && playing(now)) continue;
      now.replaceChildren(...next.childNodes);
      for (const { name, value } of next.attributes) now.setAttribute(name, value);
    }
    document.title = fresh.title;
    if (stay === null) toBottom(); else messages().scrollTop = stay;
  }

  const playing = (part) => [...part.querySelectorAll("audio")].some((sound) => !sound.paused);

  async function refresh() {
    if (document.hidden || refreshing) return;
    refreshing = true;
    const thread = document.getElementById("thread");
    const conversation = thread.dataset.conversation;
    const headers = { "If-None-Match": tag ?? document.body.dataset.tag };
    headers["X-Inbox-Looking-At"] = thread.offsetParent ? conversation ?? "" : "";
    try {
      const answer = await fetch(address(conversation), { headers, cache: "no-store" });
      if (answer.status === 200) {
        swap(new DOMParser().parseFromString(await answer.text(), "text/html"));
        tag = answer.headers.get("ETag");
      }
      live(true);
    } catch {
      live(false);
    } finally {
      refreshing = false;
    }
  }

  function live(connected) {
    document.body.classList.toggle("offline", !connected);
    const text = connected ? "Live" : "Not connected";
    const shown = document.querySelector(".live-text");
    if (shown.textContent !== text) shown.textContent = text;
  }

  document.addEventListener("DOMContentLoaded", () => {
    localise(document);
    toBottom();
    setInterval(refresh, REFRESH_MS);
  });
  window.addEventListener("load", toBottom);
})();
