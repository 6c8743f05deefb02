// The documents of operations/, by the names of their operations. Each has the fragments that it spreads, and no others.

import { readFileSync, readdirSync } from "node:fs";
import { parse, print, separateOperations } from "graphql";

const folder = new URL("../operations/", import.meta.url);

export const files = readdirSync(folder).map((name) => new URL(name, folder));

/** Everything in one document. */
export const all = parse(files.map((file) => readFileSync(file, "utf8")).join("\n"));

/** Documents by the names of their operations. */
export const documents = separateOperations(all);

/** The same as text, for clients that take no documents. */
export const texts = Object.fromEntries(Object.entries(documents).map(([name, document]) => [name, print(document)]));
