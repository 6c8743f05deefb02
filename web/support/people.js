// People to try things with, and requests without any client's help.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";

/** One operation by POST: the answer as it came. */
export async function request(server, { query, variables, token }) {
  const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) };
  const response = await fetch(server.url, { method: "POST", headers, body: JSON.stringify({ query, variables }) });
  return response.json();
}

/** The data of an operation that has to go well. */
export async function run(server, query, variables, token) {
  const { data, errors } = await request(server, { query, variables, token });
  assert.equal(errors, undefined, JSON.stringify(errors));
  for (const payload of Object.values(data)) assert.deepEqual(payload?.userErrors ?? [], []);
  return data;
}

/** Somebody new, logged in. */
export async function signUp(server) {
  const username = `u${randomBytes(6).toString("hex")}`;
  const { signUp } = await run(
    server,
    `mutation ($input: SignUpInput!) {
      signUp(input: $input) { sessionToken viewer { id user { id } } userErrors { code message } }
    }`,
    { input: { username, email: `${username}@example.org`, password: "correct horse battery" } },
  );
  const token = signUp.sessionToken;
  return {
    username,
    token,
    id: signUp.viewer.user.id,
    headers: { authorization: `Bearer ${token}` },
    run: (query, variables) => run(server, query, variables, token),
    tweet: (content) => tweet(server, token, content),
    follow: (userId) =>
      run(server, "mutation ($id: ID!) { follow(input: { userId: $id }) { userErrors { message } } }", { id: userId }, token),
    logOut: () => run(server, "mutation { logOut { userErrors { message } } }", undefined, token),
  };
}

/**
 * Two new people, of whom `bob` follows `ada`, and his first tweet with the cursor after which his feed is of interest. No other
 * tweet is still to be delivered: a stream sends what comes late as well.
 */
export async function pair(server) {
  const [ada, bob] = [await signUp(server), await signUp(server)];
  await bob.follow(ada.id);
  return { ada, bob, ...(await bob.tweet("from here on")) };
}

async function tweet(server, token, content) {
  const { createTweet } = await run(
    server,
    `mutation ($content: String!) {
      createTweet(input: { content: $content }) { tweet { id } feedEdge { cursor } userErrors { code message } }
    }`,
    { content },
    token,
  );
  return { id: createTweet.tweet.id, cursor: createTweet.feedEdge.cursor };
}

/** A picture of three by two pixels. */
export const picture = () =>
  new File([Buffer.from(PNG, "base64")], "picture.png", { type: "image/png" });

const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR42mM4IWcDQQxwFgBHVAbNxIeY8QAAAABJRU5ErkJggg==";
