// The calls that inboxbridge makes, made with Wix's own SDK. Records what it sends, or sends it to
// the Wix that WIX_BASE_URL names and prints what came of each call.
import { ApiKeyStrategy, createClient } from '@wix/sdk';
import { conversations, messages } from '@wix/inbox';
import { contacts } from '@wix/crm';

const SITE = '5a10a000-0000-4000-8000-000000000000';
const CONTACT = 'a3b0c1d2-4e5f-4a6b-8c7d-9e0f1a2b3c4d';
const CONVERSATION = 'a4e3de1e-13ad-351e-a2e1-f33bf18a2325';
const base = process.env.WIX_BASE_URL;
const sent = [];
const send = globalThis.fetch;

globalThis.fetch = async (address, init = {}) => {
  const url = new URL(String(address));
  const query = url.search.slice(1);
  sent.push({
    method: init.method ?? 'GET',
    path: url.pathname,
    query,
    body: init.body ? JSON.parse(init.body) : null,
  });
  if (base) return send(base + url.pathname + url.search, init);
  const nothing = { contacts: [], contact: {}, conversation: {}, message: {}, messages: [] };
  return new Response(JSON.stringify({ ...nothing, pagingMetadata: {} }), {
    headers: { 'content-type': 'application/json' },
  });
};

const wix = createClient({
  modules: { contacts, conversations, messages },
  auth: ApiKeyStrategy({ siteId: SITE, apiKey: 'key' }),
});

const results = {};
let contactId = CONTACT;
let conversationId = CONVERSATION;

async function call(name, make) {
  sent.length = 0;
  try {
    const answer = await make();
    if (base) {
      contactId = answer?.contact?._id ?? contactId;
      conversationId = answer?.conversation?._id ?? conversationId;
    }
    results[name] = base ? { ok: true, answer } : sent[0];
  } catch (error) {
    results[name] = { ok: false, error: String(error.message ?? error) };
  }
}

const said = {
  direction: 'PARTICIPANT_TO_BUSINESS',
  visibility: 'BUSINESS',
  content: { previewText: 'Is Saturday free?', basic: { items: [{ text: 'Is Saturday free?' }] } },
  badges: [
    {
      text: 'Facebook',
      iconUrl: 'https://cdn.example.net/facebook.png',
      badgeVisibility: 'BUSINESS',
    },
  ],
};
const done = {
  direction: 'BUSINESS_TO_PARTICIPANT',
  visibility: 'BUSINESS_AND_PARTICIPANT',
  silent: true,
  content: {
    previewText: 'Booked: Spa Treatment',
    minimal: {
      text: 'Booked: Spa Treatment',
      iconUrl: 'https://cdn.example.net/calendar.png',
      url: 'https://bookings.example.net/b/1',
    },
  },
};
const newest = { paging: { limit: 100 }, sorting: { fieldName: 'sequence', order: 'DESC' } };

await call('create', () =>
  wix.contacts.createContact({
    name: { first: 'Dana', last: 'Reyes' },
    emails: { items: [{ tag: 'MAIN', email: 'dana@example.com', primary: true }] },
  }),
);
await call('query one', () =>
  wix.contacts.queryContacts().eq('info.emails.email', 'dana@example.com').find(),
);
await call('query several', () =>
  wix.contacts
    .queryContacts()
    .in('info.emails.email', ['dana@example.com', 'tobias@example.com'])
    .find(),
);
await call('get', () => wix.contacts.getContact(contactId, {}));
await call('conversation', () => wix.conversations.getOrCreateConversation({ contactId }));
await call('send basic', () =>
  wix.messages.sendMessage(conversationId, said, { sendNotifications: false }),
);
await call('send minimal', () =>
  wix.messages.sendMessage(conversationId, done, { sendNotifications: false }),
);
await call('list', () => wix.messages.listMessages(conversationId, 'BUSINESS', newest));
if (base) {
  await call('list flat', () => wix.messages.listMessages(conversationId, 'BUSINESS'));
  await call('get conversation', () => wix.conversations.getConversation(conversationId));
}
console.log(JSON.stringify(results, null, 2));
