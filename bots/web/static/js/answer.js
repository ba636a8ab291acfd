// An answer: it grows, and what can be done with it appears when it is whole.

import { Rendering } from "../markdown/rendering.js";
import { copyButton, siblings } from "./actions.js";
import { iconButton, make, setText } from "./dom.js";
import { Growth } from "./growth.js";
import { money, say, time } from "./words.js";

const LABELS = { copy: say("copy"), copied: say("copied"), code: say("code"), table: say("table"), formula: say("formula") };

export class AnswerView {
  #app;
  #entry = null;
  #signature = "";
  #isWhole = false;
  #heading = make("h2", { class: "hidden" }, say("answer"));
  #body = make("div", { class: "prose" });
  #actions = make("div", { class: "actions" });
  #rendering = new Rendering(this.#body, LABELS);
  #growth = new Growth((text) => this.#rendering.update(text, { final: false }));

  constructor(app) {
    this.#app = app;
    this.element = make("article", { "data-role": "assistant" }, this.#heading, this.#body, this.#actions);
  }

  update(entry, isLast) {
    const { isBusy } = this.#app.talk;
    const signature = JSON.stringify([entry.text.length, entry.state, entry.waiting, entry.message?.siblings, entry.message?.model, isBusy, isLast]);
    this.#entry = entry;
    if (signature === this.#signature) return;
    this.#signature = signature;
    if (entry.state === "done") this.#finish(isLast);
    else this.#grow();
  }

  #grow() {
    this.#isWhole = false;
    this.element.dataset.state = this.#entry.state;
    this.#actions.replaceChildren(writing(this.#entry.waiting));
    if (this.#entry.text) this.#growth.grow(this.#entry.text);
  }

  #finish(isLast) {
    const { text } = this.#entry;
    const whole = () => {
      this.#isWhole = true;
      this.#rendering.update(text, { final: true });
      this.element.dataset.state = "done";
      this.#draw(isLast);
    };
    if (this.#isWhole || !this.element.dataset.state) whole();
    else this.#growth.finish(text, whole);
  }

  #draw(isLast) {
    const { message } = this.#entry;
    const { isBusy } = this.#app.talk;
    const canGoOn = isLast && !isBusy && message.finish === "length";
    setText(this.#heading, say("answer_of", { model: message.model }));
    this.#actions.replaceChildren(
      copyButton(() => this.#entry.text),
      ...(isBusy ? [] : [iconButton("retry", say("retry"), () => this.#app.retry(message.id))]),
      ...siblings(message, isBusy, (id, step) => this.#app.show(id, step)),
      ...(canGoOn ? [make("button", { type: "button", class: "plain", onclick: () => this.#app.goOn() }, say("go_on"))] : []),
      make("span", { class: "meta", title: time(message.at) }, facts(message)),
    );
  }

  close() {
    this.#growth.stop();
  }
}

/** Stands where the buttons will be, so that nothing moves when they come. */
const writing = (reason) =>
  make("span", { class: "writing", title: say("writing") }, make("span", { class: "dots", "aria-hidden": "true" }), reason || "");

/** The model, how the answer ended where that is not as usual, tokens and cost. */
function facts({ model, finish, usage }) {
  const words = [model];
  if (finish === "stopped") words.push(say("was_stopped"));
  if (finish === "length") words.push(say("was_cut"));
  if (usage?.completion) words.push(say("tokens", { tokens: usage.completion }));
  if (usage?.cost) words.push(money(usage.cost));
  return words.join(" · ");
}
