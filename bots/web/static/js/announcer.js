// Tells a screen reader what others see. A growing answer is not read out word by word: it is told that one is being
// written, and then the whole of it.

import { say } from "./words.js";

/** Characters of an answer that are read out by themselves; the rest is read in the conversation. */
const MOST = 1_000;

export class Announcer {
  #app;
  #region;
  #wasBusy = false;

  constructor(app, region) {
    this.#app = app;
    this.#region = region;
    app.addEventListener("finished", ({ detail }) => this.#finished(detail));
    app.addEventListener("say", ({ detail }) => this.#say(detail));
    app.addEventListener("opened", () => (this.#wasBusy = app.talk.isBusy));
  }

  render() {
    const { isBusy } = this.#app.talk;
    if (isBusy && !this.#wasBusy) this.#say(say("writing"));
    this.#wasBusy = isBusy;
  }

  #finished({ text }) {
    const more = text.length > MOST ? `… ${say("read_on")}` : "";
    this.#say(`${say("answer")}: ${text.slice(0, MOST)}${more}`);
  }

  #say(text) {
    this.#region.textContent = text;
  }
}
