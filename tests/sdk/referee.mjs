// Wix's own SDK as a client of the sandbox: `node referee.mjs calls|refusals|webhooks < input.json`.
// What came of it goes to stdout as JSON.

import { readFileSync } from "node:fs";
import { APP, AppStrategy, CALLS, client, contacts, conversations, createClient, messages } from "./calls.mjs";

const input = JSON.parse(readFileSync(0, "utf8"));
const fetched = globalThis.fetch;

// The SDK goes to Wix's own host; here it is the sandbox's.
globalThis.fetch = (url, options) => {
  const wanted = new URL(url);
  return fetched(new URL(wanted.pathname + wanted.search, input.sandbox), options);
};

const outcome = async (doing) => {
  try {
    return { ok: true, value: (await doing()) ?? null };
  } catch (error) {
    return { ok: false, code: error?.details?.applicationError?.code ?? null, text: String(error) };
  }
};

async function calls() {
  const found = {};
  const ids = { contact: input.contact, email: input.email };
  const { conversation } = await client().conversations.getOrCreateConversation({ contactId: input.contact });
  ids.conversation = conversation._id;
  for (const [name, call] of Object.entries(CALLS)) {
    if (name === "list_messages_next_page") continue;
    found[name] = await outcome(() => call(client(), ids));
  }
  const options = { paging: { limit: 2 }, sorting: { fieldName: "sequence", order: "ASC" } };
  const pages = [];
  do {
    const page = await client().messages.listMessages(ids.conversation, "BUSINESS", options);
    pages.push(page.messages.map((each) => each._id));
    options.paging.cursor = page.pagingMetadata?.cursors?.next;
  } while (options.paging.cursor);
  return { found, pages };
}

async function refusals() {
  const wix = client();
  const { conversation } = await wix.conversations.getOrCreateConversation({ contactId: input.contact });
  const send = (changes) => () =>
    wix.messages.sendMessage(conversation._id, {
      direction: "PARTICIPANT_TO_BUSINESS",
      visibility: "BUSINESS",
      content: { basic: { items: [{ text: "x" }] } },
      ...changes,
    });
  const text = (length) => ({ content: { basic: { items: [{ text: "x".repeat(length) }] } } });
  const tries = {
    duplicate_contact: () => CALLS.create_contact(wix, { email: input.taken }),
    empty_contact: () => wix.contacts.createContact({ company: "x" }),
    unknown_contact: () => wix.contacts.getContact(APP),
    unknown_field: () => wix.contacts.queryContacts().eq("info.nickname", "x").find(),
    unknown_conversation: () => wix.messages.listMessages(APP, "BUSINESS"),
    two_badges: send({ badges: [{ text: "a" }, { text: "b" }] }),
    longest_text: send(text(16384)),
    longer_text: send(text(16385)),
    longer_preview: send({ content: { previewText: "x".repeat(257), minimal: { text: "x" } } }),
    largest_page: () => wix.messages.listMessages(conversation._id, "BUSINESS", { paging: { limit: 100 } }),
    larger_page: () => wix.messages.listMessages(conversation._id, "BUSINESS", { paging: { limit: 101 } }),
  };
  const found = {};
  for (const [name, call] of Object.entries(tries)) found[name] = await outcome(call);
  return found;
}

async function webhooks() {
  const wix = createClient({
    modules: { contacts, conversations, messages },
    auth: AppStrategy({ appId: APP, publicKey: input.public_key }),
  });
  const seen = [];
  const handle = (name) => (event) => void seen.push([name, event.metadata?.entityId ?? null]);
  wix.contacts.onContactCreated(handle("created"));
  wix.contacts.onContactUpdated(handle("updated"));
  wix.contacts.onContactMerged(handle("merged"));
  wix.contacts.onContactDeleted(handle("deleted"));
  wix.conversations.onConversationConversationsMerged(handle("conversations_merged"));
  wix.messages.onMessageSentToBusiness(handle("message_sent_to_business"));
  const results = [];
  for (const token of input.tokens) results.push(await outcome(() => wix.webhooks.process(token)));
  const [head, body, signature] = input.tokens[0].split(".");
  const forged = `${head}.${body}.${signature.split("").reverse().join("")}`;
  return { seen, results, forged: await outcome(() => wix.webhooks.process(forged)) };
}

console.log(JSON.stringify(await { calls, refusals, webhooks }[process.argv[2]]()));
