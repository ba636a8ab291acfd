// Whether the server can be reached, as far as the page knows.

import { get } from "./api.js";

/** Milliseconds between attempts to reach a server that is away: the first, and the longest. */
const FIRST_PAUSE = 500;
const LAST_PAUSE = 8_000;

/** What *path* gives, however long the server is away. */
export async function lasting(path) {
  for (let pause = FIRST_PAUSE; ; pause = Math.min(2 * pause, LAST_PAUSE)) {
    const found = await get(path).catch(() => null);
    if (found) return found;
    await new Promise((resolve) => {
      setTimeout(resolve, pause);
      addEventListener("online", resolve, { once: true });
    });
  }
}

export class Reach {
  isConnected = true;
  #on;

  /** *on* is told of each change: `changed` (), and `back` () when the server can be reached again. */
  constructor(on) {
    this.#on = on;
  }

  /** A request found no server. The stream of events may not notice, so the way back is looked for here as well. */
  async lost() {
    if (!this.isConnected) return;
    this.set(false);
    await lasting("session");
    this.set(true);
  }

  set(isConnected) {
    if (isConnected === this.isConnected) return;
    this.isConnected = isConnected;
    this.#on.changed();
    if (isConnected) this.#on.back();
  }
}
