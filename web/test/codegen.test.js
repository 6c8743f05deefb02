// graphql-codegen: types for the schema and typed documents, which an application with Apollo Client and urql compiles against.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { codegen } from "@graphql-codegen/core";
import * as typedDocumentNode from "@graphql-codegen/typed-document-node";
import * as typescript from "@graphql-codegen/typescript";
import * as typescriptOperations from "@graphql-codegen/typescript-operations";
import { buildSchema, parse } from "graphql";
import { all } from "../support/documents.js";

const web = fileURLToPath(new URL("..", import.meta.url));
const schema = readFileSync(new URL("../../schema.graphql", import.meta.url), "utf8");

async function generate(filename, plugins) {
  const text = await codegen({
    filename,
    schema: parse(schema),
    schemaAst: buildSchema(schema),
    documents: [{ location: "operations", document: all }],
    config: { scalars: { DateTime: "string", Upload: "File" }, enumsAsTypes: true, strictScalars: true, useTypeImports: true },
    plugins: Object.keys(plugins).map((name) => ({ [name]: {} })),
    pluginMap: plugins,
  });
  mkdirSync(`${web}/generated`, { recursive: true });
  writeFileSync(`${web}/generated/${filename}`, text);
  return text;
}

const compile = () =>
  spawnSync(`${web}/node_modules/.bin/tsc`, ["--project", "tsconfig.json"], { cwd: web, encoding: "utf8" });

before(() => generate("documents.ts", { typescriptOperations, typedDocumentNode }));

test("the types of the schema compile", async () => {
  const text = await generate("schema.ts", { typescript });
  for (const name of ["Tweet", "FeedConnection", "CreateTweetInput"]) assert.match(text, new RegExp(`export type ${name} = `));
  const { stdout } = compile();
  assert.equal(stdout, "");
});

test("an application compiles against the typed documents, and its mistakes do not", () => {
  const application = readFileSync(`${web}/application.ts`, "utf8");
  const mistakes = application.match(/@ts-expect-error/g).length;
  assert.ok(mistakes >= 4);
  const { status, stdout } = compile();
  assert.equal(stdout, "", "a mistake that compiles is told as well");
  assert.equal(status, 0);
});
