// Reports a run: what goes wrong in full, a line for each suite, and the sum as cargo gives it, so that scripts/test adds both up.

import path from "node:path";
import { inspect } from "node:util";

const nameOf = (file) => path.basename(file ?? "", ".test.js");

/** The whole of a failure: its message has what was wanted and what came. */
function describe({ cause, ...error }) {
  return inspect(cause ?? error, { depth: 4 }).replaceAll(/^/gm, "    ");
}

export default async function* report(events) {
  const suites = new Map();
  for await (const { type, data } of events) {
    if (type === "test:stderr") yield data.message;
    if (type !== "test:pass" && type !== "test:fail") continue;
    const suite = nameOf(data.file ?? data.name);
    const sum = suites.get(suite) ?? { passed: 0, failed: 0, seconds: 0 };
    suites.set(suite, sum);
    sum.seconds += data.details.duration_ms / 1000;
    if (type === "test:pass") {
      sum.passed += 1;
    } else {
      sum.failed += 1;
      yield `\n${suite}: ${data.name}\n${describe(data.details.error)}\n\n`;
    }
  }
  const total = { passed: 0, failed: 0 };
  for (const [suite, { passed, failed, seconds }] of suites) {
    yield `web ${suite}: ${passed} passed, ${failed} failed (${seconds.toFixed(1)} s)\n`;
    total.passed += passed;
    total.failed += failed;
  }
  yield `test result: ${total.failed === 0 ? "ok" : "FAILED"}. ${total.passed} passed; ${total.failed} failed\n`;
}
