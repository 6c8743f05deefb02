// Apollo Client, with the links that an application has: persisted queries, uploads, subscriptions, errors.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, test } from "node:test";
import { ApolloClient, ApolloLink, CombinedGraphQLErrors, HttpLink, InMemoryCache, ServerError } from "@apollo/client";
import { BatchHttpLink } from "@apollo/client/link/batch-http";
import { ErrorLink } from "@apollo/client/link/error";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { relayStylePagination } from "@apollo/client/utilities";
import UploadHttpLink from "apollo-upload-client/UploadHttpLink.mjs";
import { OperationTypeNode } from "graphql";
import { createClient } from "graphql-ws";
import { WebSocket } from "ws";
import { documents } from "../support/documents.js";
import { pair, picture } from "../support/people.js";
import { Queue } from "../support/queue.js";
import { serve } from "../support/server.js";

// The link for subscriptions names the browser's sockets, which Node has not had always.
globalThis.WebSocket ??= WebSocket;

const server = await serve({ ROOST_BATCH_LIMIT: "10" });
const { ada, bob } = await pair(server);
const clients = [];
after(async () => {
  clients.forEach((client) => client.stop());
  await server.stop();
});

const sha256 = (text) => createHash("sha256").update(text).digest("hex");

/** A cache that knows what the schema says of lists and interfaces. */
const cache = () =>
  new InMemoryCache({
    possibleTypes: { Likeable: ["Tweet", "Comment"], Node: ["Comment", "Notification", "Photo", "Profile", "Tweet", "User", "Viewer"] },
    typePolicies: { Viewer: { fields: { homeFeed: relayStylePagination() } } },
  });

/** A client of somebody's, the requests that it makes, and the errors that its error link is told. */
function connect({ person = bob, persisted = false } = {}) {
  const [requests, errors] = [[], []];
  const http = {
    uri: server.url,
    headers: { ...person?.headers, "graphql-require-preflight": "1" },
    fetch: async (url, options) => {
      const response = await fetch(url, options);
      requests.push({ method: options.method, url, body: options.body, status: response.status });
      return response;
    },
  };
  const socket = createClient({
    url: server.socketUrl,
    webSocketImpl: WebSocket,
    connectionParams: person && { authorization: `Bearer ${person.token}` },
  });
  const link = ApolloLink.from([
    new ErrorLink(({ error }) => void errors.push(error)),
    ApolloLink.split(
      ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
      new GraphQLWsLink(socket),
      persisted
        ? ApolloLink.from([new PersistedQueryLink({ sha256, ...persisted }), new HttpLink(http)])
        : new UploadHttpLink(http),
    ),
  ]);
  const client = new ApolloClient({ link, cache: cache() });
  clients.push(client);
  return { client, requests, errors };
}

/** What a query that is watched shows, each time it changes. */
function watch(client, query, variables) {
  const shown = new Queue();
  const observable = client.watchQuery({ query, variables });
  const subscription = observable.subscribe(({ data, loading }) => !loading && shown.push(data));
  return { shown, observable, stop: () => subscription.unsubscribe() };
}

const contents = (data) => data.viewer.homeFeed.edges.map(({ node }) => node.content);

test("a query and a mutation, normalised by id", async () => {
  const { client } = connect();
  const { id } = await bob.tweet("to be liked");
  const { shown, stop } = watch(client, documents.HomeFeed, { first: 10 });
  assert.equal((await shown.next()).viewer.homeFeed.edges[0].node.likeCount, 0);
  const { data } = await client.mutate({ mutation: documents.Like, variables: { subjectId: id } });
  assert.deepEqual(data.like.userErrors, []);
  const [{ node }] = (await shown.next("the feed with the like")).viewer.homeFeed.edges;
  assert.deepEqual([node.id, node.likeCount, node.viewerHasLiked], [id, 1, true], "nobody asked for the feed again");
  const object = await client.query({ query: documents.Object, variables: { id }, fetchPolicy: "no-cache" });
  assert.deepEqual([object.data.node.likeCount, object.data.node.viewerHasLiked], [1, true], "the server says the same");
  stop();
});

test("every object in the cache has its type and its id", async () => {
  const { client } = connect();
  await bob.tweet("cached");
  await client.query({ query: documents.HomeFeed, variables: { first: 10 } });
  await client.query({ query: documents.Me });
  const objects = Object.entries(client.cache.extract()).filter(([key]) => !key.startsWith("ROOT_") && key !== "__META");
  assert.ok(objects.length > 3);
  for (const [key, { __typename, id }] of objects) assert.equal(key, `${__typename}:${id}`);
});

test("pages of a feed grow into one list", async () => {
  const { client } = connect();
  for (const content of ["first", "second", "third", "fourth", "fifth"]) await bob.tweet(content);
  const { shown, observable, stop } = watch(client, documents.HomeFeed, { first: 2 });
  let data = await shown.next();
  assert.deepEqual(contents(data), ["fifth", "fourth"]);
  await bob.tweet("meanwhile");
  for (const wanted of [["fifth", "fourth", "third", "second"], ["fifth", "fourth", "third", "second", "first"]]) {
    assert.equal(data.viewer.homeFeed.pageInfo.hasNextPage, true);
    await observable.fetchMore({ variables: { after: data.viewer.homeFeed.pageInfo.endCursor } });
    data = await shown.next();
    assert.deepEqual(contents(data).slice(0, wanted.length), wanted);
  }
  const ids = data.viewer.homeFeed.edges.map(({ node }) => node.id);
  assert.equal(new Set(ids).size, ids.length);
  stop();
});

test("a subscription over graphql-ws delivers, and changes what is shown", async () => {
  const { ada, bob, id, cursor } = await pair(server);
  const { client } = connect({ person: bob });
  const { shown, stop } = watch(client, documents.HomeFeed, { first: 1 });
  assert.equal((await shown.next()).viewer.homeFeed.edges[0].node.likeCount, 0);
  const added = new Queue();
  const feed = client.subscribe({ query: documents.HomeFeedTweetAdded, variables: { after: cursor } }).subscribe(added.push);
  const changes = client.subscribe({ query: documents.TweetChanged, variables: { tweetId: id } }).subscribe(() => {});
  await ada.tweet("delivered");
  assert.equal((await added.next()).data.homeFeedTweetAdded.node.content, "delivered");
  await ada.run("mutation ($id: ID!) { like(input: { subjectId: $id }) { userErrors { message } } }", { id });
  assert.equal((await shown.next("the feed with the like")).viewer.homeFeed.edges[0].node.likeCount, 1);
  for (const each of [feed, changes]) each.unsubscribe();
  stop();
});

test("errors of a subscription come to the error link", async () => {
  const { client, errors } = connect();
  const results = new Queue();
  client.subscribe({ query: documents.TweetChanged, variables: { tweetId: bob.id } }).subscribe(results.push);
  const { error } = await results.next();
  assert.ok(CombinedGraphQLErrors.is(error));
  assert.equal(error.errors[0].extensions.code, "NOT_FOUND");
  assert.equal(errors.length, 1);
});

test("photos of a tweet are uploaded", async () => {
  const { client } = connect();
  const photos = [{ file: picture(), altText: "three red dots" }, { file: picture() }];
  const { data } = await client.mutate({
    mutation: documents.CreateTweet,
    variables: { input: { content: "with photos", photos } },
  });
  assert.deepEqual(data.createTweet.userErrors, []);
  const [first, second] = data.createTweet.tweet.photos;
  assert.deepEqual([first.width, first.height, first.altText, second.altText], [3, 2, "three red dots", ""]);
  const response = await fetch(new URL(first.url, server.origin));
  assert.match(response.headers.get("content-type"), /^image\//);
});

test("an avatar is uploaded, and taken away", async () => {
  const { client } = connect();
  const update = async (avatar) => {
    const { data } = await client.mutate({ mutation: documents.UpdateProfile, variables: { input: { avatar } } });
    assert.deepEqual(data.updateProfile.userErrors, []);
    return data.updateProfile.user.profile.avatarUrl;
  };
  assert.equal((await fetch(new URL(await update(picture()), server.origin))).status, 200);
  assert.equal(await update(null), null);
});

test("what is no picture is a user error with its place", async () => {
  const { client } = connect();
  const photos = [{ file: picture() }, { file: new File(["no picture"], "picture.png", { type: "image/png" }) }];
  const { data } = await client.mutate({ mutation: documents.CreateTweet, variables: { input: { content: "broken", photos } } });
  assert.equal(data.createTweet.tweet, null);
  const [{ code, field }] = data.createTweet.userErrors;
  assert.equal(code, "UNSUPPORTED_MEDIA");
  assert.deepEqual(field.slice(0, 3), ["input", "photos", "1"]);
});

test("errors come to the error link with their codes", async () => {
  const { client, errors } = connect();
  const codes = async (query, variables) => {
    await assert.rejects(client.query({ query: documents[query], variables }), CombinedGraphQLErrors);
    return errors.pop().errors.map(({ extensions }) => extensions.code);
  };
  assert.deepEqual(await codes("Object", { id: "malformed" }), ["BAD_USER_INPUT"]);
  assert.deepEqual(await codes("HomeFeed", { first: 101 }), ["BAD_USER_INPUT"]);
  assert.deepEqual(await codes("HomeFeed", { first: 1, after: "malformed" }), ["BAD_USER_INPUT"]);
  const anonymous = connect({ person: null });
  await assert.rejects(
    anonymous.client.mutate({ mutation: documents.CreateTweet, variables: { input: { content: "by nobody" } } }),
    CombinedGraphQLErrors,
  );
  assert.equal(anonymous.errors[0].errors[0].extensions.code, "UNAUTHENTICATED");
});

test("a field that fails leaves the others, by the error policy", async () => {
  const { client } = connect();
  const { data, error } = await client.query({
    query: documents.Object,
    variables: { id: "malformed" },
    errorPolicy: "all",
  });
  assert.deepEqual(data, { node: null });
  assert.deepEqual(error.errors[0].path, ["node"]);
});

test("a wrong token is a server error with its body", async () => {
  const { client, errors } = connect({ person: { headers: { authorization: "Bearer wrong" } } });
  await assert.rejects(client.query({ query: documents.Me }));
  const [error] = errors;
  const code = ServerError.is(error) ? JSON.parse(error.bodyText).errors[0].extensions.code : error.errors[0].extensions.code;
  assert.equal(code, "UNAUTHENTICATED");
});

for (const useGETForHashedQueries of [false, true]) {
  const method = useGETForHashedQueries ? "GET" : "POST";

  test(`persisted queries by ${method}: asked by hash, sent once, then known to all`, async () => {
    // A query that no other test sends, so that the server does not know it yet.
    const query = structuredClone(documents.Me);
    query.definitions[0].name.value = `MeBy${method}`;
    const first = connect({ persisted: { useGETForHashedQueries } });
    const { data } = await first.client.query({ query });
    assert.equal(data.viewer.user.username, bob.username);
    assert.deepEqual(first.requests.map(({ method }) => method), [method, "POST"]);
    assert.equal(first.errors.length, 0, "that the hash is unknown is no error for the application");

    const second = connect({ person: ada, persisted: { useGETForHashedQueries } });
    assert.equal((await second.client.query({ query })).data.viewer.user.username, ada.username);
    assert.deepEqual(second.requests.map(({ method }) => method), [method]);
    const [{ url, body }] = second.requests;
    assert.ok(!`${url}${body}`.includes("viewer"), "no text of the query is sent");
  });
}

test("several operations in one request", async () => {
  const requests = [];
  const link = new BatchHttpLink({
    uri: server.url,
    headers: bob.headers,
    batchInterval: 50,
    fetch: (url, options) => {
      requests.push(JSON.parse(options.body));
      return fetch(url, options);
    },
  });
  const client = new ApolloClient({ link, cache: cache() });
  clients.push(client);
  const ask = (query, variables) => client.query({ query: documents[query], variables, errorPolicy: "all" });
  const [me, person, wrong] = await Promise.all([
    ask("Me"),
    ask("Person", { username: ada.username }),
    ask("Object", { id: "malformed" }),
  ]);
  assert.deepEqual(requests.map((operations) => operations.length), [3]);
  assert.equal(me.data.viewer.user.username, bob.username);
  assert.equal(person.data.user.username, ada.username);
  assert.equal(wrong.error.errors[0].extensions.code, "BAD_USER_INPUT");
});

test("mutations with persisted queries go by POST", async () => {
  const { client, requests } = connect({ persisted: { useGETForHashedQueries: true } });
  for (const content of ["by text", "by hash"]) {
    const { data } = await client.mutate({ mutation: documents.CreateTweet, variables: { input: { content } } });
    assert.equal(data.createTweet.tweet.content, content);
  }
  assert.deepEqual(requests.map(({ method }) => method), ["POST", "POST", "POST"]);
});

test("a hash of another text is refused", async () => {
  const { client, errors } = connect({ persisted: { sha256: () => sha256("another text") } });
  await assert.rejects(client.query({ query: documents.Me }));
  assert.match(JSON.stringify(errors[0].errors ?? errors[0].bodyText), /BAD_USER_INPUT/);
});
