// Writes what Wix's SDK sends for each call into a folder. Run it with `scripts/sdk vectors`.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { CALLS, client } from "./calls.mjs";

const IDS = {
  contact: "a3b0c1d2-4e5f-4a6b-8c7d-9e0f1a2b3c4d",
  conversation: "f79f0c7c-2b7c-3291-91d0-23b6b342a125",
  cursor: "the-next-page",
};
const HEADERS = ["authorization", "content-type", "wix-site-id"];
const ANSWER = JSON.stringify({
  access_token: "token", contacts: [], contact: {}, conversation: {}, message: {}, messages: [],
});

let sent;
globalThis.fetch = async (url, options = {}) => {
  sent.push([new URL(url), options]);
  return new Response(ANSWER, { headers: { "content-type": "application/json" } });
};

for (const [name, call] of Object.entries(CALLS)) {
  sent = [];
  await call(client(), IDS);
  if (sent.length !== 1) throw new Error(`${name} made ${sent.length} calls`);
  const [url, options] = sent[0];
  const headers = new Headers(options.headers);
  const vector = {
    method: options.method ?? "GET",
    path: url.pathname,
    query: [...url.searchParams],
    headers: Object.fromEntries(
      HEADERS.filter((each) => headers.has(each)).map((each) => [each, headers.get(each)]),
    ),
    body: options.body === undefined ? null : JSON.parse(options.body),
  };
  writeFileSync(join(process.argv[2], `${name}.json`), `${JSON.stringify(vector, null, 2)}\n`);
}
console.log(`${Object.keys(CALLS).length} vectors written`);
