// Trusted documents: the list that relay-compiler writes, and a server that executes nothing else, whatever it comes by.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { createClient } from "graphql-ws";
import { WebSocket } from "ws";
import { Queue } from "../support/queue.js";
import { serve } from "../support/server.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const generated = path.join(root, "generated/trusted");
const manifest = path.join(root, "generated/trusted.json");
const require = createRequire(import.meta.url);

let server;
before(async () => {
  rmSync(generated, { recursive: true, force: true });
  mkdirSync(generated, { recursive: true });
  writeFileSync(manifest, "{}");
  writeFileSync(path.join(generated, "package.json"), '{ "type": "commonjs" }\n');
  const { status, stderr } = spawnSync(require("relay-compiler"), ["relay.trusted.config.json"], { cwd: root, encoding: "utf8" });
  assert.equal(status, 0, stderr);
  server = await serve({ ROOST_TRUSTED_DOCUMENTS: manifest, ROOST_TRUSTED_DOCUMENTS_MODE: "enforce" });
});
after(() => server?.stop());

/** What Relay sends for one of its operations: an id, no text. */
function operation(name) {
  const { id, text } = require(path.join(generated, `${name}.graphql.js`)).params;
  assert.equal(text, null);
  return id;
}

async function post(body) {
  const response = await fetch(server.url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return response.json();
}

test("the list has every operation of the application", () => {
  const texts = JSON.parse(readFileSync(manifest, "utf8"));
  assert.ok(Object.keys(texts).length >= 15);
  assert.match(texts[operation("HomeFeedQuery")], /query HomeFeedQuery/);
});

test("what is on the list is executed by its id, by POST and GET", async () => {
  const documentId = operation("ProfileQuery");
  assert.deepEqual(await post({ documentId, variables: { username: "nobody" } }), { data: { user: null } });
  const parameters = new URLSearchParams({ documentId, variables: JSON.stringify({ username: "nobody" }) });
  const response = await fetch(`${server.url}?${parameters}`, { headers: { accept: "application/json" } });
  assert.deepEqual(await response.json(), { data: { user: null } });
});

test("nothing else is executed", async () => {
  for (const body of [{ query: "{ viewer { id } }" }, { documentId: "unknown" }]) {
    const { data, errors } = await post(body);
    assert.equal(data, undefined);
    assert.equal(errors.length, 1);
  }
});

test("a socket keeps to the list as well", async () => {
  // The client wants a query, which may be empty.
  const client = createClient({ url: server.socketUrl, webSocketImpl: WebSocket, retryAttempts: 0, lazyCloseTimeout: 1_000 });
  const ended = new Queue();
  const sink = (results) => ({ next: results.push, error: ended.push, complete: () => ended.push("complete") });
  const results = new Queue();
  client.subscribe({ query: "", documentId: operation("ProfileQuery"), variables: { username: "nobody" } }, sink(results));
  assert.deepEqual(await results.next(), { data: { user: null } });
  assert.equal(await ended.next(), "complete");
  client.subscribe({ query: "{ viewer { id } }" }, sink(results));
  assert.equal((await ended.next()).length, 1);
  assert.ok(results.isEmpty());
  await client.dispose();
});
