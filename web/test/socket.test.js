// graphql-ws, the client of the protocol's author: what it can say, and what a client can do wrong with it.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { createClient } from "graphql-ws";
import { WebSocket } from "ws";
import { texts } from "../support/documents.js";
import { pair, signUp } from "../support/people.js";
import { Queue } from "../support/queue.js";
import { serve } from "../support/server.js";

const server = await serve();
const { ada, bob } = await pair(server);
const clients = [];
after(async () => {
  clients.forEach((client) => client.dispose());
  await server.stop();
});

/** A client of somebody's, and what happens to its socket. */
function connect({ person = bob, ...options } = {}) {
  const names = ["opened", "connected", "closed", "pong", "message"];
  const events = Object.fromEntries(names.map((name) => [name, new Queue()]));
  const client = createClient({
    url: server.socketUrl,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${person?.token}` },
    retryAttempts: 0,
    lazyCloseTimeout: 1_000,
    on: Object.fromEntries(names.map((name) => [name, (...what) => events[name].push(what)])),
    ...options,
  });
  clients.push(client);
  return { client, events };
}

/** Starts an operation: what comes, how it ends, and the way to end it. */
function start(client, payload) {
  const [results, ended] = [new Queue(), new Queue()];
  const stop = client.subscribe(payload, {
    next: results.push,
    error: (error) => ended.push({ error }),
    complete: () => ended.push("complete"),
  });
  return { results, ended, stop };
}

/** A feed from a cursor on: so nothing depends on when the subscription has begun. */
const listen = (client, after) => start(client, { query: texts.HomeFeedTweetAdded, variables: { after } });

const content = (result) => result.data.homeFeedTweetAdded.node.content;

/** Changes what a client sends: the way to be a client that does wrong. */
const corrupted = (type, change) => (key, value) => (key === "" && value.type === type ? change(value) : value);

/** How the server closes the socket of a client that does wrong. */
async function closing({ client, events }, payload = { query: texts.Me }) {
  const { ended } = start(client, payload);
  const [{ code, reason }] = await events.closed.next("the end of the socket");
  assert.equal((await ended.next()).error.code, code);
  assert.ok(reason.length > 0, "a reason is given");
  return code;
}

test("a query, a mutation and a subscription on one socket", async () => {
  const { ada, bob, cursor } = await pair(server);
  const { client, events } = connect({ person: bob });
  const feed = listen(client, cursor);
  const me = start(client, { query: texts.Me });
  assert.equal((await me.results.next()).data.viewer.user.username, bob.username);
  assert.equal(await me.ended.next(), "complete");
  const made = start(client, { query: texts.CreateTweet, variables: { input: { content: "by socket" } } });
  assert.equal((await made.results.next()).data.createTweet.tweet.content, "by socket");
  assert.equal(await made.ended.next(), "complete");
  assert.equal(content(await feed.results.next()), "by socket");
  await ada.tweet("by somebody else");
  assert.equal(content(await feed.results.next()), "by somebody else");
  await events.opened.next();
  assert.ok(events.opened.isEmpty(), "one socket is enough");
});

test("an ended subscription delivers no more, and its socket goes on", async () => {
  const { ada, bob, cursor } = await pair(server);
  const { client, events } = connect({ person: bob, lazyCloseTimeout: 0 });
  const [ended, kept] = [listen(client, cursor), listen(client, cursor)];
  await ada.tweet("for both");
  assert.equal(content(await ended.results.next()), "for both");
  assert.equal(content(await kept.results.next()), "for both");
  ended.stop();
  assert.equal(await ended.ended.next(), "complete");
  await ada.tweet("for one");
  assert.equal(content(await kept.results.next()), "for one");
  assert.ok(ended.results.isEmpty());
  kept.stop();
  assert.equal((await events.closed.next())[0].code, 1000, "the client closes an idle socket");
});

test("a subscription that the server ends", async () => {
  const { id } = await bob.tweet("soon gone");
  const { client } = connect();
  const changes = start(client, { query: texts.TweetChanged, variables: { tweetId: id } });
  assert.equal((await changes.results.next()).data.tweetChanged.likeCount, 0, "first the state as it is");
  await bob.run(texts.DeleteTweet, { tweetId: id });
  assert.equal((await changes.results.next()).data.tweetChanged, null);
  assert.equal(await changes.ended.next(), "complete");
});

test("a hundred operations at a time, and no more", async () => {
  const { id } = await bob.tweet("watched");
  const { client } = connect();
  const watch = () => start(client, { query: texts.TweetChanged, variables: { tweetId: id } });
  const watched = Array.from({ length: 100 }, watch);
  for (const { results } of watched) assert.equal((await results.next()).data.tweetChanged.id, id);
  const [{ extensions }] = (await watch().ended.next()).error;
  assert.equal(extensions.code, "TOO_COSTLY");
  watched[0].stop();
  assert.equal((await watch().results.next()).data.tweetChanged.id, id, "there is room again");
});

test("errors come as a list, once, and the socket goes on", async () => {
  const { client, events } = connect();
  const refused = {
    GRAPHQL_PARSE_FAILED: { query: "subscription {" },
    GRAPHQL_VALIDATION_FAILED: { query: "subscription { nobody }" },
    BAD_USER_INPUT: { query: texts.TweetChanged, variables: {} },
    NOT_FOUND: { query: texts.TweetChanged, variables: { tweetId: bob.id } },
  };
  for (const [code, payload] of Object.entries(refused)) {
    const { results, ended } = start(client, payload);
    const { error } = await ended.next(code);
    assert.deepEqual(error.map(({ extensions }) => extensions.code), [code]);
    assert.ok(results.isEmpty());
  }
  const me = start(client, { query: texts.Me });
  assert.equal((await me.results.next()).data.viewer.user.username, bob.username);
  assert.ok(events.closed.isEmpty());
});

test("one of several operations by its name", async () => {
  const { client } = connect();
  const query = "query One { user(username: \"nobody\") { id } } query Two { viewer { email } }";
  const { results } = start(client, { query, operationName: "Two" });
  assert.equal((await results.next()).data.viewer.email, `${bob.username}@example.org`);
});

test("nobody in particular may look, but has no feed", async () => {
  const { client } = connect({ connectionParams: undefined });
  const me = start(client, { query: texts.Me });
  assert.deepEqual((await me.results.next()).data, { viewer: null });
  const feed = start(client, { query: texts.HomeFeedTweetAdded });
  const [{ extensions }] = (await feed.ended.next()).error;
  assert.equal(extensions.code, "UNAUTHENTICATED");
});

test("pings are answered with their payload", async () => {
  const { client, events } = connect({ keepAlive: 50, lazy: false });
  for (let n = 0; n < 3; n += 1) assert.equal((await events.pong.next())[0], true);
  client.dispose();
  assert.equal((await events.closed.next())[0].code, 1000);
});

test("the cookie of the upgrade is enough", async () => {
  class WithCookie extends WebSocket {
    constructor(url, protocols) {
      super(url, protocols, { headers: { cookie: `roost_session=${bob.token}` } });
    }
  }
  const { client } = connect({ webSocketImpl: WithCookie, connectionParams: undefined });
  const me = start(client, { query: texts.Me });
  assert.equal((await me.results.next()).data.viewer.user.username, bob.username);
});

test("a page of another site opens no socket", async () => {
  class Foreign extends WebSocket {
    constructor(url, protocols) {
      super(url, protocols, { origin: "https://elsewhere.example" });
    }
  }
  const { client, events } = connect({ webSocketImpl: Foreign, connectionParams: undefined });
  assert.match((await start(client, { query: texts.Me }).ended.next()).error.message, /403/);
  assert.ok(events.opened.isEmpty());
});

test("after a restart the client connects again and misses nothing", async () => {
  const { ada, bob, cursor: beginning } = await pair(server);
  let cursor = beginning;
  const { client, events } = connect({
    person: bob,
    retryAttempts: 50,
    retryWait: () => new Promise((resolve) => setTimeout(resolve, 50)),
    shouldRetry: () => true,
  });
  const results = new Queue();
  // As an application does it: whenever the socket is back, go on from what was seen last.
  const go = () =>
    client.subscribe(
      { query: texts.HomeFeedTweetAdded, variables: { get after() { return cursor; } } },
      {
        next: (result) => {
          cursor = result.data.homeFeedTweetAdded.cursor;
          results.push(content(result));
        },
        error: results.push,
        complete: () => results.push("complete"),
      },
    );
  const stop = go();
  await ada.tweet("one");
  assert.equal(await results.next(), "one");
  await events.opened.next();
  await server.halt();
  assert.equal((await events.closed.next())[0].code, 1001, "the server says that it goes away");
  await server.start();
  await ada.tweet("two");
  assert.equal(await results.next(), "two");
  await events.opened.next("a second socket");
  await ada.tweet("three");
  assert.equal(await results.next(), "three");
  stop();
  assert.equal(await results.next(), "complete");
});

test("the end of a session ends its sockets with 4401", async () => {
  const carl = await signUp(server);
  const { client, events } = connect({ person: carl });
  const feed = start(client, { query: texts.HomeFeedTweetAdded });
  await events.connected.next();
  await carl.logOut();
  assert.equal((await feed.ended.next()).error.code, 4401);
  assert.equal(await closing(connect({ person: carl })), 4403, "the token is of no use any more");
});

test("a client that says nothing is closed with 4408", async () => {
  class Silent extends WebSocket {
    send() {}
  }
  assert.equal(await closing(connect({ webSocketImpl: Silent })), 4408);
});

test("a client that says something else is closed with 4400", async () => {
  const wrong = {
    "no such type": corrupted("subscribe", (message) => ({ ...message, type: "start" })),
    "no type": corrupted("subscribe", ({ id, payload }) => ({ id, payload })),
    "no id": corrupted("subscribe", ({ type, payload }) => ({ type, payload })),
    "an id that is a number": corrupted("subscribe", (message) => ({ ...message, id: 1 })),
    "an empty id": corrupted("subscribe", (message) => ({ ...message, id: "" })),
    "no payload": corrupted("subscribe", ({ type, id }) => ({ type, id })),
    "no query": corrupted("subscribe", (message) => ({ ...message, payload: {} })),
    "variables that are a list": corrupted("subscribe", (message) => ({ ...message, payload: { ...message.payload, variables: [1] } })),
    "a list": corrupted("subscribe", (message) => [message]),
    "an older protocol": corrupted("connection_init", (message) => ({ ...message, type: "connection_start" })),
    "a ping with a payload that is no object": corrupted("subscribe", () => ({ type: "ping", payload: 1 })),
  };
  for (const [what, jsonMessageReplacer] of Object.entries(wrong)) {
    assert.equal(await closing(connect({ jsonMessageReplacer })), 4400, what);
  }
});

test("a client that sends no text of JSON is closed with 4400", async () => {
  class Garbling extends WebSocket {
    send(message) {
      super.send(message.includes("subscribe") ? message.slice(1) : message);
    }
  }
  assert.equal(await closing(connect({ webSocketImpl: Garbling })), 4400);
});

test("a second connection_init is closed with 4429", async () => {
  const jsonMessageReplacer = corrupted("subscribe", () => ({ type: "connection_init" }));
  assert.equal(await closing(connect({ jsonMessageReplacer })), 4429);
});

test("to subscribe before the handshake is closed with 4401", async () => {
  const payload = { query: texts.Me };
  const jsonMessageReplacer = corrupted("connection_init", () => ({ type: "subscribe", id: "1", payload }));
  assert.equal(await closing(connect({ jsonMessageReplacer })), 4401);
});

test("an id that is in use is closed with 4409", async () => {
  const { client, events } = connect({ generateID: () => "the same" });
  const feed = listen(client);
  start(client, { query: texts.Me });
  assert.equal((await feed.ended.next()).error.code, 4409);
  assert.equal((await events.closed.next())[0].code, 4409);
});

test("a wrong token is closed with 4403", async () => {
  assert.equal(await closing(connect({ person: { token: "wrong" } })), 4403);
});

test("another subprotocol is closed with 4406", async () => {
  class Old extends WebSocket {
    constructor(url) {
      super(url, "graphql-ws");
    }
  }
  const { client, events } = connect({ webSocketImpl: Old });
  const { ended } = start(client, { query: texts.Me });
  const { error } = await ended.next();
  assert.ok(error.code === 4406 || /subprotocol/i.test(error.message), String(error.message ?? error.code));
  assert.ok(events.connected.isEmpty());
});

test("a message of more than 64 KiB is closed with 4400", async () => {
  const query = `{ viewer { id } } # ${"x".repeat(70_000)}`;
  assert.equal(await closing(connect(), { query }), 4400);
});
