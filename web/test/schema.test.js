// schema.graphql, as the linters of the trade see it, and against what clients have been promised.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { CriticalityLevel, diff } from "@graphql-inspector/core";
import { ESLint } from "eslint";
import { buildSchema } from "graphql";

const root = fileURLToPath(new URL("../..", import.meta.url));
const web = fileURLToPath(new URL("..", import.meta.url));
const read = (name) => readFileSync(`${root}/${name}`, "utf8");

test("graphql-schema-linter has nothing to say", () => {
  const flags = ["--format", "compact", "--config-directory", web, `${root}/schema.graphql`];
  const { status, stdout, stderr } = spawnSync(`${web}/node_modules/.bin/graphql-schema-linter`, flags, { encoding: "utf8" });
  assert.equal((stdout + stderr).trim(), "");
  assert.equal(status, 0);
});

test("graphql-eslint has nothing to say of the schema and of the documents", async () => {
  const eslint = new ESLint({ cwd: root, overrideConfigFile: `${web}/eslint.config.js` });
  const results = await eslint.lintFiles(["schema.graphql", "web/operations/*.graphql"]);
  assert.ok(results.length >= 3);
  assert.equal((await eslint.loadFormatter("stylish")).format(results), "");
  const suppressed = results.flatMap(({ suppressedMessages }) => suppressedMessages);
  assert.deepEqual(suppressed, [], "what is allowed stands in the configuration");
});

/** What of the contract is still to be built: the list that the server's own tests keep. */
function notYet() {
  const [, list] = /NOT_YET: &\[&str\] = &\[([^\]]*)\]/.exec(read("tests/it/contract/promised.rs")) ?? ["", ""];
  return [...list.matchAll(/"([^"]+)"/g)].map(([, name]) => name);
}

test("graphql-inspector finds no change that breaks the contract", async () => {
  const changes = await diff(buildSchema(read("tests/contract.graphql")), buildSchema(read("schema.graphql")));
  const breaking = changes.filter(({ criticality }) => criticality.level === CriticalityLevel.Breaking);
  const missing = notYet();
  const unexpected = breaking.filter(({ path }) => !missing.some((name) => path === name || path.startsWith(`${name}.`)));
  assert.deepEqual(unexpected.map(({ message }) => message), []);
});
