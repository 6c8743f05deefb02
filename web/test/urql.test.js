// urql, with its own exchanges: documents cached by type, uploads, persisted queries, subscriptions by socket and by events.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Client, cacheExchange, fetchExchange, mapExchange, subscriptionExchange } from "@urql/core";
import { persistedExchange } from "@urql/exchange-persisted";
import { parse } from "graphql";
import { createClient } from "graphql-ws";
import { WebSocket } from "ws";
import { documents, texts } from "../support/documents.js";
import { pair, picture } from "../support/people.js";
import { Queue } from "../support/queue.js";
import { serve } from "../support/server.js";

const server = await serve();
const { ada, bob } = await pair(server);
const sockets = [];
after(async () => {
  sockets.forEach((socket) => socket.dispose());
  await server.stop();
});

/** A client of somebody's, the requests that it makes, and the errors that it meets. */
function connect({ person = bob, bySocket = true, exchanges = [], ...options } = {}) {
  const [requests, errors] = [[], []];
  const socket = createClient({
    url: server.socketUrl,
    webSocketImpl: WebSocket,
    connectionParams: person && { authorization: `Bearer ${person.token}` },
  });
  sockets.push(socket);
  const forward = ({ query, variables }) => ({
    subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query, variables }, sink) }),
  });
  const client = new Client({
    url: server.url,
    preferGetMethod: false,
    fetchOptions: { headers: { ...person?.headers, "graphql-require-preflight": "1" } },
    fetch: async (url, init) => {
      const response = await fetch(url, init);
      requests.push({ method: init.method, url, body: init.body, type: response.headers.get("content-type") });
      return response;
    },
    fetchSubscriptions: !bySocket,
    exchanges: [
      mapExchange({ onError: (error) => errors.push(error) }),
      cacheExchange,
      ...exchanges,
      fetchExchange,
      ...(bySocket ? [subscriptionExchange({ forwardSubscription: forward })] : []),
    ],
    ...options,
  });
  return { client, requests, errors };
}

function listen(source) {
  const results = new Queue();
  return { results, stop: source.subscribe(results.push).unsubscribe };
}

test("queries and mutations come as JSON, though the client takes events as well", async () => {
  const { client, requests } = connect();
  const { data, error } = await client.query(documents.Me, {});
  assert.equal(error?.message, undefined);
  assert.equal(data.viewer.user.username, bob.username);
  const made = await client.mutation(documents.CreateTweet, { input: { content: "by urql" } });
  assert.equal(made.data.createTweet.tweet.content, "by urql");
  for (const { type } of requests) assert.match(type, /^application\/graphql-response\+json/);
});

test("a mutation asks again for what it may have changed", async () => {
  const { client, requests } = connect();
  const { id } = await bob.tweet("to be liked");
  const { results, stop } = listen(client.query(documents.HomeFeed, { first: 1 }));
  assert.equal((await results.next()).data.viewer.homeFeed.edges[0].node.likeCount, 0);
  await client.query(documents.HomeFeed, { first: 1 });
  assert.equal(requests.length, 1, "the second time it is in the cache");
  assert.deepEqual((await client.mutation(documents.Like, { subjectId: id })).data.like.userErrors, []);
  let liked;
  do liked = (await results.next("the feed with the like")).data.viewer.homeFeed.edges[0].node;
  while (liked.likeCount === 0);
  assert.equal(liked.viewerHasLiked, true);
  stop();
});

test("photos of a tweet are uploaded", async () => {
  const { client, requests } = connect();
  const input = { content: "with a photo", photos: [{ file: picture(), altText: "three red dots" }] };
  const { data, error } = await client.mutation(documents.CreateTweet, { input });
  assert.equal(error?.message, undefined);
  assert.deepEqual(data.createTweet.userErrors, []);
  const [photo] = data.createTweet.tweet.photos;
  assert.deepEqual([photo.width, photo.height, photo.altText], [3, 2, "three red dots"]);
  assert.ok(requests[0].body instanceof FormData);
});

for (const bySocket of [true, false]) {
  const how = bySocket ? "graphql-ws" : "server-sent events";

  test(`a subscription over ${how} delivers until it is ended`, async () => {
    const { ada, bob, cursor } = await pair(server);
    const { client } = connect({ person: bob, bySocket });
    const { results, stop } = listen(client.subscription(documents.HomeFeedTweetAdded, { after: cursor }));
    for (const text of ["one", "two"]) {
      await ada.tweet(text);
      assert.equal((await results.next()).data.homeFeedTweetAdded.node.content, text);
    }
    stop();
    await ada.tweet("three");
    assert.ok(results.isEmpty());
  });

  test(`errors of a subscription over ${how} have their codes`, async () => {
    const { client } = connect({ bySocket });
    const { results, stop } = listen(client.subscription(documents.TweetChanged, { tweetId: bob.id }));
    const { error } = await results.next();
    assert.deepEqual(error.graphQLErrors.map(({ extensions }) => extensions.code), ["NOT_FOUND"]);
    stop();
  });
}

test("a query by GET, and a mutation by POST all the same", async () => {
  const { client, requests } = connect({ preferGetMethod: "force" });
  assert.equal((await client.query(documents.Me, {})).data.viewer.user.username, bob.username);
  const { data } = await client.mutation(documents.CreateTweet, { input: { content: "by POST" } });
  assert.equal(data.createTweet.tweet.content, "by POST");
  assert.deepEqual(requests.map(({ method }) => method), ["GET", "POST"]);
});

for (const preferGetForPersistedQueries of [false, true]) {
  const method = preferGetForPersistedQueries ? "GET" : "POST";

  test(`persisted queries by ${method}: asked by hash, sent once, then known to all`, async () => {
    // A query that no other test sends, so that the server does not know it yet.
    const query = parse(texts.Me.replace("query Me", `query MeBy${method}`));
    const exchanges = [persistedExchange({ preferGetForPersistedQueries })];
    const first = connect({ exchanges });
    const { data, error } = await first.client.query(query, {});
    assert.equal(error?.message, undefined);
    assert.equal(data.viewer.user.username, bob.username);
    assert.deepEqual(first.requests.map(({ method }) => method), [method, method]);

    const second = connect({ person: ada, exchanges: [persistedExchange({ preferGetForPersistedQueries })] });
    assert.equal((await second.client.query(query, {})).data.viewer.user.username, ada.username);
    assert.deepEqual(second.requests.map(({ method }) => method), [method]);
    const [{ url, body }] = second.requests;
    assert.ok(!`${url}${body ?? ""}`.includes("viewer"), "no text of the query is sent");
  });
}

test("errors have their codes, whatever the status", async () => {
  const { client, errors } = connect({ person: null });
  const codes = async (operation) => (await operation).error.graphQLErrors.map(({ extensions }) => extensions.code);
  assert.deepEqual(await codes(client.query(documents.Object, { id: "malformed" })), ["BAD_USER_INPUT"]);
  assert.deepEqual(await codes(client.query("{ nobody }", {})), ["GRAPHQL_VALIDATION_FAILED"]);
  assert.deepEqual(await codes(client.mutation(documents.DeleteTweet, { tweetId: ada.id })), ["UNAUTHENTICATED"]);
  assert.ok(errors.length >= 3);
});

test("a wrong token is told from no token", async () => {
  const { client } = connect({ person: { headers: { authorization: "Bearer wrong" } } });
  const { error } = await client.query(documents.Me, {});
  assert.equal(error.response.status, 401);
});
