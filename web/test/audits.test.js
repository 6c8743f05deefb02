// The audits of graphql-http: every rule of the GraphQL over HTTP specification, on the MUST, SHOULD and MAY levels.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { serverAudits } from "graphql-http";
import { serve } from "../support/server.js";

const server = await serve();
after(() => server.stop());

const audits = serverAudits({ url: server.url });

test("there are 61 audits", () => assert.equal(audits.length, 61));

for (const audit of audits) {
  test(`${audit.id} ${audit.name}`, async () => {
    const { status, reason } = await audit.fn();
    assert.equal(status, "ok", reason);
  });
}
