// The stream of events, one for all tabs of a browser: browsers allow six connections to a host. The tab that holds the
// lock reads the stream and passes it on; a tab that somebody looks at takes the lock over.

import { events } from "./stream.js";
import { language } from "./words.js";

const NAME = "parlour-events";
/** Milliseconds before the first attempt to connect again; each further one takes twice as long, up to the last. */
const FIRST_PAUSE = 400;
const LAST_PAUSE = 10_000;
/** Milliseconds without a byte after which a connection is dead: two heartbeats of the server and some. */
const SILENCE = 40_000;

export class Feed {
  #after;
  #deliver;
  #announce;
  #channel = "BroadcastChannel" in window ? new BroadcastChannel(NAME) : null;
  #connection = null;
  #leading = null;
  #waiting = null;
  #wake = () => {};

  /** *deliver* takes each event, *announce* whether the server can be reached. */
  constructor(deliver, announce) {
    this.#deliver = deliver;
    this.#announce = announce;
  }

  /** Listens from the event *after* on. */
  start(after) {
    this.#after = after;
    this.#channel?.addEventListener("message", ({ data }) => this.#take(data));
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.#lead(true));
    window.addEventListener("online", () => this.#wake());
    window.addEventListener("offline", () => this.#connection?.abort());
    this.#lead(document.visibilityState === "visible");
  }

  /** Tries at once, where it waits for the next attempt. */
  retry() {
    this.#wake();
  }

  async #lead(steal) {
    if (this.#leading) return;
    this.#waiting?.abort();
    const reading = new AbortController();
    if (!navigator.locks || !this.#channel) return this.#read(reading);
    this.#waiting = new AbortController();
    const how = steal ? { steal } : { signal: this.#waiting.signal };
    try {
      await navigator.locks.request(NAME, how, () => this.#read(reading));
    } catch {
      if (this.#leading !== reading) return; // asked again in another way
      this.#leading = null; // another tab took over
      reading.abort();
      this.#lead(false);
    }
  }

  async #read(reading) {
    this.#leading = reading;
    let pause = FIRST_PAUSE;
    while (!reading.signal.aborted) {
      const heard = await this.#connect(reading);
      if (reading.signal.aborted) return;
      pause = heard ? FIRST_PAUSE : Math.min(pause * 2, LAST_PAUSE);
      await this.#sleep(pause * (0.5 + Math.random() / 2));
    }
  }

  /** Whether anything came before the connection was lost. */
  async #connect(reading) {
    const connection = new AbortController();
    this.#connection = connection;
    reading.signal.addEventListener("abort", () => connection.abort(), { once: true });
    let heard = false;
    let watchdog = 0;
    const alive = () => {
      clearTimeout(watchdog);
      watchdog = setTimeout(() => connection.abort(), SILENCE);
    };
    try {
      alive();
      for await (const event of events(`/api/events?after=${encodeURIComponent(this.#after)}`, language, connection.signal, alive)) {
        if (reading.signal.aborted) break;
        if (!heard) this.#tell({ connected: true });
        heard = true;
        if (event) this.#tell({ event });
      }
    } catch (problem) {
      if (problem.status === 401) location.assign("/login");
    } finally {
      clearTimeout(watchdog);
      connection.abort();
    }
    if (!reading.signal.aborted) this.#tell({ connected: false });
    return heard;
  }

  #tell(news) {
    this.#channel?.postMessage(news);
    this.#take(news);
  }

  #take({ event, connected }) {
    if (connected !== undefined) return this.#announce(connected);
    if (event.id) this.#after = event.id;
    this.#deliver(event.data);
  }

  #sleep(milliseconds) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
