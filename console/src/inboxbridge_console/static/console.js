"use strict";
// Everything works without this file but for new events on the page Live. Texts are only ever set as text.
(() => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
  const full = new Intl.DateTimeFormat(undefined, {
    day: "2-digit", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit",
  });

  function localize(root) {
    for (const time of root.querySelectorAll("time[datetime]")) {
      const at = new Date(time.dateTime);
      if (Number.isNaN(at.getTime())) continue;
      if (time.dataset.form === "title") time.title = full.format(at);
      else time.textContent = full.format(at);
    }
  }

  localize(document);
  if (zone) {
    for (const place of document.querySelectorAll("[data-zone]")) place.textContent = zone;
    for (const field of document.querySelectorAll("[data-zone-value]")) field.value = zone;
  }
  for (const form of document.querySelectorAll("form.search")) {
    // A shorter address to share: what is empty is left out.
    form.addEventListener("submit", () => {
      for (const field of form.elements) if (field.name && !field.value) field.disabled = true;
      const times = ["since", "until"].some((name) => form.elements[name] && form.elements[name].value);
      if (form.elements.zone && !times) form.elements.zone.disabled = true;
    });
    window.addEventListener("pageshow", () => { for (const field of form.elements) field.disabled = false; });
  }
  for (const button of document.querySelectorAll("[data-copy]")) {
    if (!navigator.clipboard) continue;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
  }

  const live = document.querySelector("[data-live]");
  if (!live || !window.EventSource) return;
  const state = document.querySelector("[data-live-state]");
  const pause = document.querySelector("[data-live-pause]");
  const rows = live.querySelector("tbody");
  const words = {
    pending: "Waiting", retrying: "Will be retried", parked: "Needs a decision", delivered: "In the Inbox",
    ignored: "Not for the Inbox", unreadable: "Could not be read", dead: "Given up",
  };
  let held = [];
  let paused = false;

  function cell(row, kind, text) {
    const made = document.createElement("td");
    made.className = kind;
    if (text !== undefined) made.textContent = text;
    row.append(made);
    return made;
  }

  function add(event) {
    const row = document.createElement("tr");
    row.className = "new";
    const link = document.createElement("a");
    link.href = "/events/" + Number(event.id);
    link.textContent = event.id;
    cell(row, "id").append(link);
    const time = document.createElement("time");
    time.dateTime = event.received_at;
    time.textContent = full.format(new Date(event.received_at));
    cell(row, "when").append(time);
    const mark = document.createElement("span");
    mark.className = "state " + (event.state in words ? event.state : "pending");
    mark.textContent = words[event.state] || event.state;
    cell(row, "what").append(mark);
    cell(row, "person", event.person || "–");
    cell(row, "by", event.connection + " " + (event.direction === "outbound" ? "out" : "in"));
    cell(row, "why", event.reason || "");
    rows.prepend(row);
    while (rows.children.length > 100) rows.lastElementChild.remove();
  }

  function say() {
    state.textContent = paused ? "Paused" + (held.length ? ", " + held.length + " new" : "") : "Live";
    state.classList.toggle("on", !paused);
  }

  const source = new EventSource("/api/live?after=" + Number(live.dataset.live));
  source.addEventListener("open", say);
  source.addEventListener("error", () => { state.textContent = "Not connected"; state.classList.remove("on"); });
  source.addEventListener("event", (message) => {
    const event = JSON.parse(message.data);
    if (paused) { held.push(event); held = held.slice(-100); say(); } else add(event);
  });
  pause.hidden = false;
  pause.addEventListener("click", () => {
    paused = !paused;
    pause.textContent = paused ? "Go on" : "Pause";
    if (!paused) { held.forEach(add); held = []; }
    say();
  });
})();
