// schemathesis: requests that nobody would think of, valid by the schema and invalid, with real ids and cursors among what it makes up.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { texts } from "../support/documents.js";
import { signUp } from "../support/people.js";
import { serve } from "../support/server.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const schemathesis = process.env.SCHEMATHESIS ?? path.join(root, "target/web/venv/bin/st");

const CASES_AN_OPERATION = 40;

const server = await serve();
const directory = mkdtempSync(path.join(tmpdir(), "roost-fuzz-"));
after(async () => {
  rmSync(directory, { recursive: true });
  await server.stop();
});

/** Something of every kind, so that there is something to be found. */
async function world() {
  const [ada, bob] = [await signUp(server), await signUp(server)];
  await bob.follow(ada.id);
  const { id, cursor } = await ada.tweet("to be found");
  const { createComment } = await bob.run(texts.Comment, { tweetId: id, content: "a comment" });
  await bob.run(texts.Like, { subjectId: id });
  const { viewer } = await bob.run(texts.Me);
  return {
    ids: [ada.id, bob.id, viewer.id, id, createComment.comment.id],
    cursors: [cursor],
    names: [ada.username, bob.username],
    sizes: [-1, 0, 1, 2, 100, 101],
    texts: ["a text", " ", "x".repeat(280), "x".repeat(281), "👩‍👩‍👧‍👦".repeat(280)],
  };
}

/** Where which words stand, and how often. */
const PLACES = {
  "Query.node.id": ["ids", 0.9],
  "Query.nodes.ids[*]": ["ids", 0.9],
  "Query.user.username": ["names", 0.8],
  "Mutation.*.input.userId": ["ids", 0.9],
  "Mutation.*.input.tweetId": ["ids", 0.9],
  "Mutation.*.input.commentId": ["ids", 0.9],
  "Mutation.*.input.subjectId": ["ids", 0.9],
  "Mutation.*.input.sessionId": ["ids", 0.9],
  "Mutation.*.input.content": ["texts", 0.8],
  "*.*.first": ["sizes", 0.8],
  "*.*.last": ["sizes", 0.8],
  "*.*.after": ["cursors", 0.5],
  "*.*.before": ["cursors", 0.5],
};

async function configure() {
  const lines = [];
  for (const [name, values] of Object.entries(await world())) lines.push(`dictionaries.${name}.values = ${JSON.stringify(values)}`);
  lines.push("[parameters]");
  for (const [place, [dictionary, probability]] of Object.entries(PLACES)) {
    lines.push(`${JSON.stringify(place)} = { dictionary = "${dictionary}", probability = ${probability} }`);
  }
  writeFileSync(path.join(directory, "schemathesis.toml"), `${lines.join("\n")}\n`);
}

/** Runs so many cases an operation, in the name of whoever has the token. */
function run(token, ...flags) {
  const env = {
    ...process.env,
    ...(token && { ROOST_TOKEN: token }),
    ROOST_URL: server.url,
    SCHEMATHESIS_HOOKS: fileURLToPath(new URL("../fuzz/hooks.py", import.meta.url)),
  };
  const common = [
    "run",
    server.url,
    `--max-examples=${CASES_AN_OPERATION}`,
    `--seed=${process.env.FUZZ_SEED ?? 1}`,
    "--continue-on-failure",
    "--no-color",
    // Rules that a schema cannot say (an id has to be one, a page has at most 100): the check in hooks.py looks at their errors.
    "--exclude-checks=positive_data_acceptance",
  ];
  return new Promise((resolve) => {
    execFile(schemathesis, [...common, ...flags], { cwd: directory, env, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      const output = stdout + stderr;
      const [, cases] = /(\d+) generated/.exec(output) ?? [];
      resolve({ failed: error, output, cases: Number(cases) });
    });
  });
}

const ADMINISTRATION = "^(Query|Mutation)\\.admin";

test("no request fails on our side, and none that is invalid is accepted", async () => {
  await configure();
  // For administrators only: whoever else asks is told so, which is taken for a failure of the server.
  const { failed, output, cases } = await run(null, `--exclude-name-regex=${ADMINISTRATION}`);
  assert.ok(!failed, output);
  assert.ok(cases >= 500, output);
});

test("nor does one of an administrator's", async () => {
  await configure();
  const root = await signUp(server);
  await server.command("user", "promote", root.username);
  const { failed, output, cases } = await run(root.token, `--include-name-regex=${ADMINISTRATION}`);
  assert.ok(!failed, output);
  assert.ok(cases >= 100, output);
});
