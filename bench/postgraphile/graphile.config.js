// PostGraphile on roost's tables. They have no foreign keys, so smart tags say what belongs to what.
import { makePgService } from "postgraphile/adaptors/pg";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { jsonPgSmartTags } from "postgraphile/utils";

const tags = {
  class: {
    node: { tags: { behavior: "-*", name: "process" } }, // it would be taken for Relay's
    tweet: {
      tags: {
        foreignKey: [
          "(author_id) references users (id)|@fieldName author|@behavior -list -connection",
          "(id) references tweet_stats (tweet_id)|@fieldName stats",
        ],
      },
    },
    users: { tags: { foreignKey: "(id) references profile (user_id)|@fieldName profile" } },
    comment: {
      tags: {
        foreignKey: [
          "(author_id) references users (id)|@fieldName author|@behavior -list -connection",
          "(tweet_id) references tweet (id)|@fieldName tweet|@foreignFieldName comments",
        ],
      },
    },
  },
};

export default {
  extends: [PostGraphileAmberPreset],
  plugins: [jsonPgSmartTags({ version: 1, config: tags })],
  pgServices: [makePgService({ connectionString: process.env.DATABASE_URL, schemas: ["public"], max: 10 })],
  grafast: { explain: false },
  grafserv: { graphqlPath: "/graphql", graphiql: false, watch: false },
};
