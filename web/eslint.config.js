// graphql-eslint: every rule that it has for a schema, and those that it recommends for documents. A rule that is off, or has
// an option, says why.

import { fileURLToPath } from "node:url";
import graphql from "@graphql-eslint/eslint-plugin";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));

const language = {
  parser: graphql.parser,
  parserOptions: { graphQLConfig: { schema: here("../schema.graphql"), documents: here("operations/*.graphql") } },
};
const plugins = { "@graphql-eslint": graphql };

export default [
  {
    files: ["schema.graphql"],
    languageOptions: language,
    plugins,
    rules: {
      ...graphql.configs["flat/schema-recommended"].rules,
      ...graphql.configs["flat/schema-all"].rules,
      ...graphql.configs["flat/schema-relay"].rules,
      // Fields stand in the order in which a person reads them.
      "@graphql-eslint/alphabetize": "off",
      // Lists that are short by their nature (photos, user errors) are plain, and a connection has `nodes` besides `edges`.
      "@graphql-eslint/relay-edge-types": ["error", { listTypeCanWrapOnlyEdgeType: false }],
      // Only what can be asked for again has an id: it implements Node. The rest is a part of an answer.
      "@graphql-eslint/strict-id-in-types": [
        "error",
        {
          exceptions: {
            suffixes: ["Connection", "Edge", "Payload"],
            types: ["PageInfo", "UserError", "Admin", "Queue", "WrongCounter"],
          },
        },
      ],
      // A `username` is called so everywhere.
      "@graphql-eslint/no-typename-prefix": "off",
      // For APIs that are only read.
      "@graphql-eslint/no-root-type": "off",
      // A payload has what the mutation changed, and the viewer where that is more.
      "@graphql-eslint/require-field-of-type-query-in-mutation-result": "off",
    },
  },
  {
    files: ["web/operations/*.graphql"],
    languageOptions: language,
    plugins,
    rules: graphql.configs["flat/operations-recommended"].rules,
  },
];
