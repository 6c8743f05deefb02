// Relay: its compiler takes the schema, and what it makes of an application's queries runs against the server.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { createClient } from "graphql-ws";
import runtime from "relay-runtime";
import { WebSocket } from "ws";
import { pair, signUp } from "../support/people.js";
import { Queue } from "../support/queue.js";
import { serve } from "../support/server.js";

const { ConnectionHandler, Environment, Network, Observable, RecordSource, Store } = runtime;
const { commitMutation, createOperationDescriptor, fetchQuery, getSingularSelector, requestSubscription } = runtime;

const root = fileURLToPath(new URL("..", import.meta.url));
const generated = fileURLToPath(new URL("../generated/relay", import.meta.url));
const require = createRequire(import.meta.url);

/** Runs the compiler, and returns what it says that is no mere progress. */
function compile(...flags) {
  const { stdout, stderr } = spawnSync(require("relay-compiler"), flags, { cwd: root, encoding: "utf8" });
  return stripVTControlCharacters(stdout + stderr).split("\n").filter((line) => line !== "" && !line.startsWith("[INFO]"));
}

rmSync(generated, { recursive: true, force: true });
mkdirSync(generated, { recursive: true });
// The compiler writes CommonJS or what only bundlers take.
writeFileSync(path.join(generated, "package.json"), "{ \"type\": \"commonjs\" }\n");
const said = compile();

const server = await serve();
const { ada, bob } = await pair(server);
const sockets = [];
after(async () => {
  sockets.forEach((socket) => socket.dispose());
  await server.stop();
});

const artifact = (name) => require(path.join(generated, `${name}.graphql.js`));

/** An environment of somebody's, with the operations of the application on it. */
function connect(person = bob) {
  const socket = createClient({
    url: server.socketUrl,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${person.token}` },
  });
  sockets.push(socket);
  const overHttp = async ({ text }, variables) => {
    const response = await fetch(server.url, {
      method: "POST",
      headers: { "content-type": "application/json", ...person.headers },
      body: JSON.stringify({ query: text, variables }),
    });
    return response.json();
  };
  const overSocket = ({ text }, variables) => Observable.create((sink) => socket.subscribe({ query: text, variables }, sink));
  const environment = new Environment({ network: Network.create(overHttp, overSocket), store: new Store(new RecordSource()) });
  return {
    environment,
    /** Reads from the server, keeps it, and shows what the query itself selects. */
    async query(name, variables) {
      const query = artifact(name);
      const operation = createOperationDescriptor(query, variables);
      environment.retain(operation);
      await fetchQuery(environment, query, variables).toPromise();
      return environment.lookup(operation.fragment).data;
    },
    mutate(name, variables) {
      return new Promise((resolve, reject) => {
        const onCompleted = (data, errors) => (errors ? reject(errors) : resolve(data));
        commitMutation(environment, { mutation: artifact(name), variables, onError: reject, onCompleted });
      });
    },
    subscribe(name, variables) {
      const events = new Queue();
      const subscription = requestSubscription(environment, {
        subscription: artifact(name),
        variables,
        onNext: events.push,
        onError: events.push,
      });
      return { events, stop: () => subscription.dispose() };
    },
    /** What a component with the fragment shows now. */
    fragment(name, reference) {
      return environment.lookup(getSingularSelector(artifact(name), reference)).data;
    },
  };
}

const nodes = (connection) => connection.edges.map(({ node }) => node);
const contents = (connection) => nodes(connection).map(({ content }) => content);

test("the compiler has nothing to say against the schema", () => {
  assert.deepEqual(said, []);
  assert.ok(readdirSync(generated).length > 20);
  assert.deepEqual(compile("--validate"), [], "what it made is complete");
});

test("a feed is paged, and what is new comes to its head", async () => {
  const bob = await signUp(server);
  const app = connect(bob);
  for (const content of ["one", "two", "three"]) await bob.tweet(content);
  const { viewer } = await app.query("HomeFeedQuery", { count: 2 });
  const shown = () => app.fragment("HomeFeed_viewer", viewer).homeFeed;
  let feed = shown();
  assert.deepEqual(contents(feed), ["three", "two"]);
  assert.equal(feed.pageInfo.hasNextPage, true);

  await app.query("HomeFeedPaginationQuery", { count: 5, cursor: feed.pageInfo.endCursor });
  feed = shown();
  assert.deepEqual(contents(feed), ["three", "two", "one"]);
  assert.equal(feed.pageInfo.hasNextPage, false);

  const connections = [ConnectionHandler.getConnectionID(viewer.id, "HomeFeed_homeFeed")];
  const made = await app.mutate("HomeFeedCreateTweetMutation", { input: { content: "four" }, connections });
  assert.deepEqual(made.createTweet.userErrors, []);
  assert.deepEqual(contents(shown()), ["four", "three", "two", "one"]);

  const { edges } = shown();
  const input = { tweetId: edges[1].node.id };
  await app.mutate("HomeFeedDeleteTweetMutation", { input, connections });
  assert.deepEqual(contents(shown()), ["four", "two", "one"]);
});

test("a subscription puts tweets at the head of the feed, with the cursors that the feed has", async () => {
  const { ada, bob, cursor } = await pair(server);
  const app = connect(bob);
  const { viewer } = await app.query("HomeFeedQuery", { count: 1 });
  const connections = [ConnectionHandler.getConnectionID(viewer.id, "HomeFeed_homeFeed")];
  const { events, stop } = app.subscribe("HomeFeedAddedSubscription", { after: cursor, connections });
  await ada.tweet("live");
  await events.next();
  const { homeFeed } = app.fragment("HomeFeed_viewer", viewer);
  assert.deepEqual(contents(homeFeed), ["live", "from here on"]);
  const tweet = app.fragment("HomeFeed_tweet", homeFeed.edges[0].node);
  assert.equal(tweet.author.username, ada.username);
  const again = await connect(bob).query("HomeFeedQuery", { count: 1 });
  assert.equal(again.viewer.id, viewer.id, "ids do not change");
  stop();
});

test("an object is asked for again by its id", async () => {
  const app = connect();
  const { id } = await bob.tweet("liked elsewhere");
  const { viewer } = await app.query("HomeFeedQuery", { count: 1 });
  const { homeFeed } = app.fragment("HomeFeed_viewer", viewer);
  const [{ node }] = homeFeed.edges;
  assert.equal(app.fragment("HomeFeed_tweet", node).viewerHasLiked, false);
  await connect().mutate("HomeFeedLikeMutation", { input: { subjectId: id } });
  await app.query("HomeFeedTweetQuery", { id });
  assert.equal(app.fragment("HomeFeed_tweet", node).viewerHasLiked, true);
});

test("a like changes every place where the tweet is shown", async () => {
  const app = connect();
  const { id } = await bob.tweet("to be liked");
  const { viewer } = await app.query("HomeFeedQuery", { count: 1 });
  const { like } = await app.mutate("HomeFeedLikeMutation", { input: { subjectId: id } });
  assert.deepEqual(like.userErrors, []);
  const { homeFeed } = app.fragment("HomeFeed_viewer", viewer);
  assert.equal(homeFeed.edges[0].node.likeCount, 1);
  assert.equal(app.fragment("HomeFeed_tweet", homeFeed.edges[0].node).viewerHasLiked, true);

  const { events, stop } = app.subscribe("HomeFeedTweetChangedSubscription", { tweetId: id });
  assert.equal((await events.next()).tweetChanged.likeCount, 1);
  await connect(ada).mutate("HomeFeedLikeMutation", { input: { subjectId: id } });
  assert.equal((await events.next()).tweetChanged.likeCount, 2);
  assert.equal(app.fragment("HomeFeed_viewer", viewer).homeFeed.edges[0].node.likeCount, 2);
  stop();
});

test("comments are paged by the id of their tweet", async () => {
  const app = connect();
  const { id } = await ada.tweet("to be discussed");
  const comment = (content, connections = []) => app.mutate("CommentsCreateMutation", { input: { tweetId: id, content }, connections });
  for (const content of ["one", "two", "three"]) await comment(content);
  const { node } = await app.query("CommentsQuery", { id });
  const shown = () => app.fragment("Comments_tweet", node.tweet);
  assert.deepEqual(contents(shown().comments), ["three", "two"]);
  const { pageInfo } = shown().comments;
  await app.query("CommentsPaginationQuery", { id, count: 2, cursor: pageInfo.endCursor });
  assert.deepEqual(contents(shown().comments), ["three", "two", "one"]);
  await comment("four", [ConnectionHandler.getConnectionID(id, "Comments_comments")]);
  assert.deepEqual(contents(shown().comments), ["four", "three", "two", "one"]);
  assert.equal(shown().commentCount, 4);
});

test("notifications: a union, and an unread count that falls", async () => {
  const [carl, dora] = [await signUp(server), await signUp(server)];
  const { id } = await carl.tweet("mine");
  await dora.follow(carl.id);
  const app = connect(carl);
  const read = async () => (await app.query("NotificationsQuery", {})).viewer;
  let viewer = await read();
  const deadline = Date.now() + 10_000;
  while (viewer.notifications.edges.length === 0 && Date.now() < deadline) viewer = await read();
  const { cursor, node: followed } = viewer.notifications.edges[0];
  assert.deepEqual([followed.kind, followed.actor.username, followed.subject], ["FOLLOWED", dora.username, null]);

  const connections = [ConnectionHandler.getConnectionID(viewer.id, "Notifications_notifications")];
  const { events, stop } = app.subscribe("NotificationsAddedSubscription", { after: cursor, connections });
  await connect(dora).mutate("HomeFeedLikeMutation", { input: { subjectId: id } });
  assert.equal((await events.next()).notificationAdded.node.kind, "LIKED");
  viewer = await read();
  assert.equal(viewer.unreadNotificationCount, 2);
  const [{ node: liked }] = viewer.notifications.edges;
  assert.deepEqual([liked.kind, liked.isRead, liked.subject.__typename, liked.subject.content], ["LIKED", false, "Tweet", "mine"]);

  const { markNotificationsRead } = await app.mutate("NotificationsReadMutation", { input: {} });
  assert.equal(markNotificationsRead.viewer.unreadNotificationCount, 0);
  assert.ok((await read()).notifications.edges.every(({ node }) => node.isRead));
  stop();
});

test("lists of people have edges of their own", async () => {
  const people = await Promise.all([signUp(server), signUp(server), signUp(server)]);
  const app = connect(people[0]);
  const { user } = await app.query("ProfileQuery", { username: people[0].username });
  const shown = () => app.fragment("Profile_following", user);
  const connections = [ConnectionHandler.getConnectionID(user.id, "Profile_following")];
  for (const { id } of people.slice(1)) {
    const { follow } = await app.mutate("ProfileFollowMutation", { input: { userId: id }, connections });
    assert.deepEqual(follow.userErrors, []);
    assert.deepEqual([follow.user.viewerIsFollowing, follow.user.followerCount], [true, 1]);
  }
  const names = nodes(shown().following).map(({ username }) => username);
  assert.deepEqual(names, [people[2].username, people[1].username]);
  await app.query("ProfileFollowingQuery", { id: user.id, count: 1 });
  const [edge] = shown().following.edges;
  assert.equal(edge.node.username, people[2].username);
  assert.match(edge.followedAt, /^\d{4}-.*Z$/);
  assert.equal(shown().followingCount, 2);
});
