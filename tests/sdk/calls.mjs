// Every call of Wix that inboxbridge makes, made with Wix's own SDK.
// The packages are in the folder that SDK_PACKAGES names; `scripts/sdk` puts them there.

import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.env.SDK_PACKAGES, "package.json"));
export const { ApiKeyStrategy, AppStrategy, createClient } = require("@wix/sdk");
export const { conversations, messages } = require("@wix/inbox");
export const { contacts } = require("@wix/crm");

export const SITE = "4e600edc-db48-4260-9d04-7ea5c3e5fffd";
export const APP = "7b1de0a2-3c55-4c1e-8f0e-5d2b6a9c4e10";
export const SINCE = "2026-03-04T09:15:27.418Z";

export function client() {
  return createClient({
    modules: { contacts, conversations, messages },
    auth: ApiKeyStrategy({ apiKey: "api-key", siteId: SITE }),
  });
}

const BADGE = {
  text: "Facebook",
  iconUrl: "https://cdn.example.net/facebook.png",
  badgeVisibility: "BUSINESS",
};
const INBOUND = { direction: "PARTICIPANT_TO_BUSINESS", visibility: "BUSINESS" };
const QUIETLY = { sendNotifications: false };
const said = (text) => ({ previewText: text, basic: { items: [{ text }] } });

// What each call sends. `ids` are those of a contact and its conversation, and a cursor.
export const CALLS = {
  token: async () => {
    const auth = AppStrategy({ appId: APP, appSecret: "app-secret", instanceId: SITE });
    return auth.getAuthHeaders({ getActiveToken: () => undefined });
  },
  create_contact: (wix, { email = "dana@example.com" }) =>
    wix.contacts.createContact(
      {
        name: { first: "Dana", last: "Reyes" },
        emails: { items: [{ tag: "MAIN", email, primary: true }] },
        phones: {
          items: [{ tag: "MAIN", phone: "+14155550132", primary: true, countryCode: "US" }],
        },
      },
      { allowDuplicates: false },
    ),
  query_by_email: (wix) =>
    wix.contacts
      .queryContacts()
      .eq("info.emails.email", "dana@example.com")
      .descending("_createdDate")
      .find(),
  query_by_emails: (wix) =>
    wix.contacts
      .queryContacts()
      .in("info.emails.email", ["dana@example.com", "noa@example.com"])
      .descending("_createdDate")
      .find(),
  query_by_phone: (wix) =>
    wix.contacts
      .queryContacts()
      .eq("info.phones.e164Phone", "+14155550132")
      .descending("_createdDate")
      .find(),
  query_by_name: (wix) =>
    wix.contacts
      .queryContacts()
      .eq("info.name.first", "Dana")
      .eq("info.name.last", "Reyes")
      .ge("_createdDate", new Date(SINCE))
      .descending("_createdDate")
      .find(),
  get_contact: (wix, { contact }) =>
    wix.contacts.getContact(contact, {
      fieldsets: ["BASIC"],
      fields: ["createdDate", "info.emails", "info.phones"],
    }),
  update_contact: (wix, { contact, revision = 1 }) =>
    wix.contacts.updateContact(
      contact,
      {
        name: { first: "Dana", last: "Reyes" },
        picture: { image: "https://pictures.example.net/dana.jpg" },
      },
      revision,
    ),
  get_or_create_conversation: (wix, { contact }) =>
    wix.conversations.getOrCreateConversation({ contactId: contact }),
  send_basic: (wix, { conversation }) =>
    wix.messages.sendMessage(
      conversation,
      { ...INBOUND, content: said("Is Saturday free?") },
      QUIETLY,
    ),
  send_with_badge: (wix, { conversation }) =>
    wix.messages.sendMessage(
      conversation,
      { ...INBOUND, content: said("Is Saturday free?"), badges: [BADGE] },
      QUIETLY,
    ),
  send_reply_to_everyone: (wix, { conversation }) =>
    wix.messages.sendMessage(
      conversation,
      {
        direction: "BUSINESS_TO_PARTICIPANT",
        visibility: "BUSINESS_AND_PARTICIPANT",
        content: said("Yes"),
      },
      QUIETLY,
    ),
  send_silent: (wix, { conversation }) =>
    wix.messages.sendMessage(
      conversation,
      { ...INBOUND, content: said("Is Saturday free?"), silent: true },
      QUIETLY,
    ),
  send_attachments: (wix, { conversation }) =>
    wix.messages.sendMessage(
      conversation,
      {
        ...INBOUND,
        content: {
          previewText: "Two things",
          basic: {
            items: [
              { text: "Two things" },
              { image: { url: "https://a.example/1.jpg", width: 1280, height: 960 } },
              {
                file: {
                  url: "https://a.example/v.ogg",
                  filename: "v.ogg",
                  mimeType: "audio/ogg",
                },
              },
            ],
          },
        },
      },
      QUIETLY,
    ),
  send_minimal: (wix, { conversation }) =>
    wix.messages.sendMessage(
      conversation,
      {
        ...INBOUND,
        content: {
          previewText: "Booked Spa Treatment",
          minimal: {
            text: "Booked Spa Treatment",
            iconUrl: "https://cdn.example.net/calendar.png",
            url: "https://bookings.example.net/b/1",
          },
        },
      },
      QUIETLY,
    ),
  list_messages: (wix, { conversation }) => wix.messages.listMessages(conversation, "BUSINESS"),
  list_messages_sorted: (wix, { conversation }) =>
    wix.messages.listMessages(conversation, "BUSINESS", {
      paging: { limit: 100 },
      sorting: { fieldName: "sequence", order: "DESC" },
    }),
  list_messages_next_page: (wix, { conversation, cursor }) =>
    wix.messages.listMessages(conversation, "BUSINESS", {
      paging: { limit: 100, cursor },
      sorting: { fieldName: "sequence", order: "DESC" },
    }),
};
