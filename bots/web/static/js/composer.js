// The input at the foot: drafts, sending, what went wrong, and commands that complete themselves.

import { Completion } from "./completion.js";
import { byId, setHidden, setText } from "./dom.js";
import { draftOf, keepDraft } from "./kept.js";
import { composes, grow } from "./typing.js";

/** On a screen keyboard Enter is the only way to a new line; the button sends. */
const hasKeyboard = matchMedia("(hover: hover), (pointer: fine)");

export class Composer {
  #app;
  #text = byId("text");
  #problem = byId("problem");
  #completion;
  #editLast;
  #talk = null;
  #draft = "new";

  /** *editLast* opens the last question for editing. */
  constructor(app, editLast) {
    this.#app = app;
    this.#editLast = editLast;
    this.#completion = new Completion(app, this.#text, byId("completion"));
    byId("composer").addEventListener("submit", (event) => (event.preventDefault(), this.send()));
    byId("stop").addEventListener("click", () => (app.stop(), this.begin()));
    this.#text.addEventListener("input", () => this.#typed());
    this.#text.addEventListener("keydown", (event) => this.#key(event));
    this.#text.addEventListener("blur", () => this.#completion.close());
    app.addEventListener("problem", ({ detail }) => this.#refused(detail));
    app.addEventListener("opened", () => this.#opened());
    app.addEventListener("focus", () => this.begin());
  }

  focus() {
    this.#text.focus({ preventScroll: true });
  }

  /** Where a focus would call a screen keyboard, the reader asks for it. */
  begin() {
    if (hasKeyboard.matches) this.focus();
  }

  /** Puts *text* in, to be read over and sent. */
  suggest(text) {
    this.#set(text);
    this.#typed();
    this.focus();
  }

  render() {
    const { isBusy, pending } = this.#app.talk;
    const stop = byId("stop");
    if (!isBusy && document.activeElement === stop) this.begin();
    setHidden(stop, !isBusy);
    stop.disabled = Boolean(pending[0]?.isStopping);
    byId("send").disabled = !this.#text.value.trim();
    if (this.#talk === this.#app.talk && this.#draft !== this.#talk.draft) this.#moveDraft(this.#talk.draft);
  }

  /** What is typed while the first message is on its way belongs to the conversation that begins with it. */
  #moveDraft(draft) {
    keepDraft(this.#draft, "");
    this.#draft = draft;
    keepDraft(draft, this.#text.value);
  }

  send() {
    const text = this.#text.value.trim();
    if (!text) return;
    keepDraft(this.#draft, "");
    this.#set("");
    this.#say("");
    if (/^\/(new|reset)$/i.test(text)) this.#app.open(null);
    else this.#app.send(text);
  }

  #typed() {
    grow(this.#text);
    keepDraft(this.#draft, this.#text.value);
    byId("send").disabled = !this.#text.value.trim();
    this.#completion.update();
  }

  #key(event) {
    if (composes(event)) return;
    if (this.#completion.key(event)) return;
    if (event.key === "Enter" && !event.shiftKey && hasKeyboard.matches) {
      event.preventDefault();
      this.send();
    }
    if (event.key === "ArrowUp" && !this.#text.value) {
      event.preventDefault();
      this.#editLast();
    }
  }

  /** A sentence about what was not possible; text that was not accepted comes back, before what was typed since. */
  #refused({ text, returned }) {
    this.#say(text);
    if (!returned) return;
    const typed = this.#text.value;
    this.#set(typed ? `${returned}\n${typed}` : returned);
    this.#typed();
    this.focus();
  }

  #opened() {
    this.#talk = this.#app.talk;
    this.#draft = this.#talk.draft;
    this.#set(draftOf(this.#draft));
    this.#say("");
    byId("send").disabled = !this.#text.value.trim();
  }

  #set(text) {
    this.#text.value = text;
    grow(this.#text);
    this.#completion.close();
  }

  #say(sentence) {
    setText(this.#problem, sentence);
    setHidden(this.#problem, !sentence);
    this.#text.setAttribute("aria-invalid", String(Boolean(sentence)));
  }
}
