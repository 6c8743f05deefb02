// Waits for what a subscription delivers.

import assert from "node:assert/strict";

const DEADLINE = 15_000;

/** A sink that keeps what comes until somebody asks for it. */
export class Queue {
  #items = [];
  #waiting = [];

  push = (item) => {
    const waiting = this.#waiting.shift();
    if (waiting) waiting(item);
    else this.#items.push(item);
  };

  /** The next that comes; a failure when nothing does. */
  async next(what = "the next item") {
    if (this.#items.length > 0) return this.#items.shift();
    return within(new Promise((resolve) => this.#waiting.push(resolve)), what);
  }

  /** Nothing more is there. */
  isEmpty() {
    return this.#items.length === 0;
  }
}

/** What is promised, or a failure that says what did not come. */
export async function within(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new assert.AssertionError({ message: `${what} did not come in time` })), DEADLINE);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
