// Messages on their way to the server. Each waits here until the server has it, also through a reload; a message that is
// sent twice keeps its id, so that it is asked once.

import { Refused, post } from "./api.js";
import { forgetUnsent, keepUnsent, unsent } from "./kept.js";

export class Outbox {
  #isSending = false;
  #on;

  /** *on* is told: `accepted` (message, answer), `refused` (message, problem), `lost` (). */
  constructor(on) {
    this.#on = on;
  }

  /** The one to be sent next, if any waits. */
  get next() {
    return unsent()[0];
  }

  of(conversation) {
    return unsent().filter((message) => message.conversation === conversation);
  }

  /** Sends {conversation, id, text, edits, model, persona} as soon as the server can be reached. */
  async send(message) {
    keepUnsent(message);
    await this.flush();
  }

  drop(id) {
    forgetUnsent(id);
  }

  /** Sends what waits, in its order. */
  async flush() {
    if (this.#isSending) return;
    this.#isSending = true;
    try {
      while (this.next && (await this.#post(this.next)));
    } finally {
      this.#isSending = false;
    }
  }

  /** False where there is no connection. */
  async #post(message) {
    const { conversation, ...body } = message;
    try {
      const answer = await post(`conversations/${conversation}/messages`, body);
      forgetUnsent(message.id);
      this.#on.accepted(message, answer);
    } catch (problem) {
      if (!(problem instanceof Refused)) {
        this.#on.lost();
        return false;
      }
      forgetUnsent(message.id);
      this.#on.refused(message, problem);
    }
    return true;
  }
}
