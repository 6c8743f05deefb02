// graphql-sse, the client of the protocol's author, in its distinct connections mode.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { NetworkError, createClient } from "graphql-sse";
import { texts } from "../support/documents.js";
import { pair, signUp } from "../support/people.js";
import { Queue } from "../support/queue.js";
import { serve } from "../support/server.js";

const server = await serve();
const { bob } = await pair(server);
const clients = [];
after(async () => {
  clients.forEach((client) => client.dispose());
  await server.stop();
});

function connect({ person = bob, ...options } = {}) {
  const client = createClient({ url: server.url, headers: person.headers, retryAttempts: 0, ...options });
  clients.push(client);
  return client;
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

const content = (result) => result.data.homeFeedTweetAdded.node.content;

test("a query and a mutation are one result and the end", async () => {
  const client = connect();
  const me = start(client, { query: texts.Me });
  assert.equal((await me.results.next()).data.viewer.user.username, bob.username);
  assert.equal(await me.ended.next(), "complete");
  const made = start(client, { query: texts.CreateTweet, variables: { input: { content: "by event" } } });
  assert.equal((await made.results.next()).data.createTweet.tweet.content, "by event");
  assert.equal(await made.ended.next(), "complete");
});

test("a subscription delivers until the client ends it", async () => {
  const { ada, bob, cursor } = await pair(server);
  const feed = start(connect({ person: bob }), { query: texts.HomeFeedTweetAdded, variables: { after: cursor } });
  await ada.tweet("one");
  assert.equal(content(await feed.results.next()), "one");
  await ada.tweet("two\nof two lines, and ünïcödé 🐦");
  assert.equal(content(await feed.results.next()), "two\nof two lines, and ünïcödé 🐦");
  feed.stop();
  assert.equal(await feed.ended.next(), "complete");
});

test("a subscription as an iterator", async () => {
  const { ada, bob, cursor } = await pair(server);
  const iterator = connect({ person: bob }).iterate({ query: texts.HomeFeedTweetAdded, variables: { after: cursor } });
  for (const text of ["one", "two", "three"]) {
    await ada.tweet(text);
    assert.equal(content((await iterator.next()).value), text);
  }
  assert.equal((await iterator.return()).done, true);
});

test("a subscription that the server ends", async () => {
  const { id } = await bob.tweet("soon gone");
  const changes = start(connect(), { query: texts.TweetChanged, variables: { tweetId: id } });
  assert.equal((await changes.results.next()).data.tweetChanged.likeCount, 0);
  await bob.run(texts.DeleteTweet, { tweetId: id });
  assert.equal((await changes.results.next()).data.tweetChanged, null);
  assert.equal(await changes.ended.next(), "complete");
});

test("errors of a subscription are told, and it ends", async () => {
  const feed = start(connect({ headers: {} }), { query: texts.HomeFeedTweetAdded });
  const { errors } = await feed.results.next();
  assert.deepEqual(errors.map(({ extensions }) => extensions.code), ["UNAUTHENTICATED"]);
  assert.equal(await feed.ended.next(), "complete");
});

test("an invalid request is told, as the protocol has it", async () => {
  for (const [code, query] of [
    ["GRAPHQL_PARSE_FAILED", "subscription {"],
    ["GRAPHQL_VALIDATION_FAILED", "subscription { nobody }"],
  ]) {
    const { results, ended } = start(connect(), { query });
    const end = await ended.next(code);
    if (end === "complete") {
      const { errors } = await results.next();
      assert.equal(errors[0].extensions.code, code);
    } else {
      assert.ok(end.error instanceof NetworkError);
      assert.equal(end.error.response.status, 400);
      assert.equal((await end.error.response.json()).errors[0].extensions.code, code);
    }
  }
});

test("a wrong token is refused with 401", async () => {
  const client = connect({ headers: { authorization: "Bearer wrong" } });
  const { error } = await start(client, { query: texts.Me }).ended.next();
  assert.ok(error instanceof NetworkError);
  assert.equal(error.response.status, 401);
});

test("the mode of a single connection is refused", async () => {
  const client = connect({ singleConnection: true });
  const { error } = await start(client, { query: texts.Me }).ended.next();
  assert.ok(error instanceof NetworkError);
  assert.ok([405, 501].includes(error.response.status), `status ${error.response.status}`);
});

test("after a restart the client connects again and misses nothing", async () => {
  const { ada, bob, cursor: beginning } = await pair(server);
  let cursor = beginning;
  const results = new Queue();
  const client = connect({
    person: bob,
    retryAttempts: 50,
    retry: () => new Promise((resolve) => setTimeout(resolve, 50)),
  });
  const stop = client.subscribe(
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
  await ada.tweet("one");
  assert.equal(await results.next(), "one");
  await server.halt();
  await server.start();
  await ada.tweet("two");
  assert.equal(await results.next(), "two");
  stop();
  assert.equal(await results.next(), "complete");
});

test("the end of a session ends its streams", async () => {
  const carl = await signUp(server);
  const { id } = await carl.tweet("watched");
  const changes = start(connect({ headers: carl.headers }), { query: texts.TweetChanged, variables: { tweetId: id } });
  await changes.results.next();
  await carl.logOut();
  await changes.ended.next("the end of the stream");
});
