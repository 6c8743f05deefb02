// A server of a suite's own: the real binary on a free port, with an empty data directory. When it is stopped, it has to
// end well, and nothing in its log may be our fault.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("../..", import.meta.url));
const binary = path.resolve(root, process.env.ROOST ?? "target/debug/roost");

/** Only what the server needs, so that no setting of the person who runs this gets in. */
const environment = { PATH: process.env.PATH, ROOST_LOG: "info" };

const running = new Set();
process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));
process.on("SIGTERM", () => process.exit(1));
process.on("SIGINT", () => process.exit(1));

async function freePort() {
  const listener = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => listener.once("listening", resolve));
  const { port } = listener.address();
  await new Promise((resolve) => listener.close(resolve));
  return port;
}

class Server {
  #child;
  #directory = mkdtempSync(path.join(tmpdir(), "roost-web-"));
  #settings;
  log = "";

  constructor(port, settings) {
    this.origin = `http://127.0.0.1:${port}`;
    this.url = `${this.origin}/graphql`;
    this.socketUrl = `ws://127.0.0.1:${port}/graphql`;
    this.#settings = settings;
  }

  /** Starts it, on the same port and data as before if it ran before. */
  async start() {
    const listen = new URL(this.origin).host;
    // Suites sign up more people in a second than anybody may.
    const flags = ["serve", "--listen", listen, "--data-dir", "data", "--no-rate-limit"];
    const child = spawn(binary, flags, { cwd: this.#directory, env: { ...environment, ...this.#settings } });
    this.#child = child;
    running.add(child);
    child.exited = new Promise((resolve) => child.once("exit", (code, signal) => resolve(code ?? signal)));
    const ready = new Promise((resolve) => {
      child.stdout.on("data", (text) => String(text).includes("roost is ready") && resolve("ready"));
    });
    child.stderr.on("data", (text) => (this.log += text));
    const what = await Promise.race([ready, child.exited]);
    assert.equal(what, "ready", `the server did not start:\n${this.log}`);
  }

  /** Runs a command on the machine, beside the server. */
  async command(...words) {
    const env = { ...environment, ...this.#settings };
    await promisify(execFile)(binary, ["--data-dir", "data", ...words], { cwd: this.#directory, env });
  }

  /** Ends it as an operator does. */
  async halt() {
    const child = this.#child;
    child.kill("SIGTERM");
    assert.equal(await child.exited, 0, `the server did not end well:\n${this.log}`);
    running.delete(child);
  }

  /** Ends it for good, and looks into its log. */
  async stop() {
    await this.halt();
    rmSync(this.#directory, { recursive: true });
    const faults = this.log.split("\n").filter((line) => / ERROR |panicked/.test(line));
    assert.deepEqual(faults, [], "the server's log has faults");
  }
}

/** A server that runs. Settings are environment variables. */
export async function serve(settings = {}) {
  const server = new Server(await freePort(), settings);
  await server.start();
  return server;
}
