// An application that uses the typed documents. It is compiled, never run: test/codegen.test.js.

import { ApolloClient, HttpLink, InMemoryCache } from "@apollo/client";
import { Client, fetchExchange } from "@urql/core";
import * as documents from "./generated/documents.js";

const apollo = new ApolloClient({ link: new HttpLink({ uri: "/graphql" }), cache: new InMemoryCache() });
const urql = new Client({ url: "/graphql", exchanges: [fetchExchange], preferGetMethod: false });

export async function feed(): Promise<string[]> {
  const { data } = await apollo.query({ query: documents.HomeFeedDocument, variables: { first: 20 } });
  const edges = data?.viewer?.homeFeed.edges ?? [];
  return edges.map(({ node }) => `${node.author.username}: ${node.content} (${node.likeCount.toFixed()}), ${node.createdAt.slice(0, 10)}`);
}

export async function post(content: string, file: File): Promise<string> {
  const input = { content, photos: [{ file, altText: "a photo" }] };
  const { data } = await urql.mutation(documents.CreateTweetDocument, { input });
  const payload = data?.createTweet;
  if (!payload?.tweet) throw new Error(payload?.userErrors.map(({ code, message }) => `${code}: ${message}`).join());
  return payload.tweet.id;
}

export function listen(after?: string) {
  return urql.subscription(documents.HomeFeedTweetAddedDocument, { after }).subscribe(({ data }) => {
    const cursor: string | undefined = data?.homeFeedTweetAdded.cursor;
    return cursor;
  });
}

export async function kinds(): Promise<string[]> {
  const { data } = await apollo.query({ query: documents.NotificationsDocument, variables: { first: 20 } });
  return (data?.viewer?.notifications.edges ?? []).map(({ node }) => {
    switch (node.kind) {
      case "LIKED":
      case "COMMENTED":
      case "FOLLOWED":
        return node.actor.username;
      // @ts-expect-error: no such kind
      case "POKED":
        return "";
    }
  });
}

export async function mistakes(): Promise<void> {
  // @ts-expect-error: a variable is missing
  await apollo.query({ query: documents.HomeFeedDocument, variables: {} });
  // @ts-expect-error: a number where a text belongs
  await urql.mutation(documents.CreateTweetDocument, { input: { content: 1 } });
  const { data } = await urql.query(documents.MeDocument, {});
  // @ts-expect-error: the viewer may be nobody
  console.log(data?.viewer.email);
  // @ts-expect-error: it was not selected
  console.log(data?.viewer?.user.createdAt);
}
