// GraphiQL in a real browser: sign up, tweet, and see a subscription deliver. Nothing comes from elsewhere, nothing is complained of.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import { signUp } from "../support/people.js";
import { serve } from "../support/server.js";

/** Where the screenshots are left. */
const pictures = process.env.ROOST_SCREENSHOTS ?? path.join(tmpdir(), "roost-screenshots");

const server = await serve();
const profile = mkdtempSync(path.join(tmpdir(), "roost-chromium-"));
const complaints = [];
let browser;

before(async () => {
  mkdirSync(pictures, { recursive: true });
  const flags = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";
  browser = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: flags.split(" "),
    viewport: { width: 1280, height: 800 },
  });
  browser.setDefaultTimeout(20_000);
});
after(async () => {
  await browser?.close();
  rmSync(profile, { recursive: true, force: true });
  await server.stop();
});

/** The page, as somebody opens it who was never here. */
async function open() {
  const page = await browser.newPage();
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("requestfailed", (request) => complaints.push(`${request.url()}: ${request.failure().errorText}`));
  page.on("request", (request) => {
    const { protocol, host } = new URL(request.url());
    if (!["data:", "blob:"].includes(protocol) && host !== new URL(server.origin).host) complaints.push(request.url());
  });
  await page.goto(server.origin);
  await page.locator(".graphiql-execute-button").waitFor();
  return page;
}

/** Shows a tab. GraphiQL reads the tab's operations a moment later, by its own timer and without a sign. */
async function tab(page, name) {
  await page.getByRole("tab", { name, exact: true }).click();
  await page.waitForTimeout(500);
}

/** Runs what is in the tab; where there are several operations, the one of this name. */
async function run(page, name) {
  await page.bringToFront();
  await page.locator(".graphiql-execute-button").click();
  if (name) await page.getByRole("menuitem", { name, exact: true }).click();
}

/** Waits for an answer with all of these words. */
async function answer(page, ...words) {
  for (const word of words) await page.locator(".result-window .CodeMirror-code", { hasText: word }).waitFor();
}

const picture = (page, name) => page.screenshot({ path: path.join(pictures, `${name}.png`) });

test("a first visitor signs up, tweets and sees the feed live", async () => {
  const writer = await open();
  await run(writer);
  await answer(writer, "alice", "sessionToken");

  const listener = await open();
  await tab(listener, "NewTweets");
  await run(listener);
  await listener.locator(".graphiql-execute-button[aria-label^='Stop']").waitFor();

  await tab(writer, "PostTweet");
  // Nobody is told when a subscription has begun, so this is done until it has.
  const delivered = listener.locator(".result-window .CodeMirror-code", { hasText: "Hello, roost!" });
  for (let n = 0; n < 20 && !(await delivered.isVisible()); n += 1) {
    await run(writer, "PostTweet");
    await answer(writer, "createTweet", "Hello, roost!");
    await delivered.waitFor({ timeout: 1_000 }).catch(() => {});
  }
  assert.ok(await delivered.isVisible(), "the tweet is in the other window");
  await answer(listener, "homeFeedTweetAdded", "alice");
  await picture(listener, "subscription");

  await tab(writer, "HomeFeed");
  await run(writer);
  await answer(writer, "Hello, roost!", "endCursor");
  await picture(writer, "feed");
});

test("somebody else is found, followed, and their tweets arrive", async () => {
  const bob = await signUp(server);
  const page = await open();
  await tab(page, "FindUser");
  const variables = page.locator(".graphiql-editor-tool .CodeMirror").first();
  await variables.click();
  await page.keyboard.press("Control+A");
  await page.keyboard.insertText(JSON.stringify({ username: bob.username, userId: bob.id }));
  await run(page, "FindUser");
  await answer(page, bob.username, "followerCount");
  await run(page, "Follow");
  await answer(page, '"followerCount": 1');

  await tab(page, "NewTweets");
  await run(page);
  const delivered = page.locator(".result-window .CodeMirror-code", { hasText: "from bob" });
  for (let n = 0; n < 20 && !(await delivered.isVisible()); n += 1) {
    await bob.tweet("from bob");
    await delivered.waitFor({ timeout: 1_000 }).catch(() => {});
  }
  assert.ok(await delivered.isVisible());
  await run(page);
});

test("somebody logs out, and in again", async () => {
  const page = await open();
  await tab(page, "LogIn");
  await run(page, "LogOut");
  await answer(page, "logOut");
  await run(page, "Me");
  await answer(page, '"viewer": null');
  await run(page, "LogIn");
  await answer(page, "alice", "sessionToken");
  await run(page, "Me");
  await answer(page, "alice@example.com");
});

test("the documentation opens, with every description", async () => {
  const page = await open();
  await page.getByRole("button", { name: /Show Documentation Explorer/ }).click();
  await page.getByRole("link", { name: "Mutation", exact: true }).click();
  await page.getByText("What can be changed.").waitFor();
  await page.getByText("Makes a tweet. It is in one's own feed at once").first().waitFor();
  await picture(page, "documentation");
});

test("nothing is complained of, and nothing comes from elsewhere", () => assert.deepEqual(complaints, []));
