// A question: its text, the way to its other versions, and its own input while it is edited.

import { make, iconButton, setText } from "./dom.js";
import { copyButton, siblings } from "./actions.js";
import { composes, grow } from "./typing.js";
import { say } from "./words.js";

const STATES = { unsent: "unsent", failed: "", done: "" };

export class QuestionView {
  #app;
  #entry = null;
  #signature = "";
  #text = make("div", { class: "bubble", dir: "auto" });
  #state = make("p", { class: "state" });
  #actions = make("div", { class: "actions" });

  constructor(app) {
    this.#app = app;
    this.element = make("article", { "data-role": "user" }, make("h2", { class: "hidden" }, say("you")), this.#text, this.#state, this.#actions);
  }

  update(entry) {
    const { isBusy } = this.#app.talk;
    const signature = JSON.stringify([entry.text, entry.state, entry.message?.siblings, isBusy]);
    this.#entry = entry;
    if (signature === this.#signature) return;
    this.#signature = signature;
    this.element.dataset.state = entry.state;
    setText(this.#text, entry.text);
    setText(this.#state, STATES[entry.state] && say(STATES[entry.state]));
    if (!this.element.classList.contains("editing")) this.#draw(isBusy);
  }

  #draw(isBusy) {
    const { message, state } = this.#entry;
    const canEdit = message && !isBusy;
    this.#actions.replaceChildren(
      copyButton(() => this.#entry.text),
      ...(state === "unsent" ? [iconButton("close", say("take_back"), () => this.#app.takeBack(this.#entry))] : []),
      ...(canEdit ? [iconButton("pen", say("edit"), () => this.edit())] : []),
      ...(message ? siblings(message, isBusy, (id, step) => this.#app.show(id, step)) : []),
    );
  }

  edit() {
    if (!this.#entry.message || this.element.classList.contains("editing")) return;
    const input = make("textarea", { class: "editor", dir: "auto", rows: "1", "aria-label": say("edit_label") });
    input.value = this.#entry.text;
    const close = () => this.#closeEditor(editor);
    const send = () => {
      const text = input.value.trim();
      if (!text) return;
      close();
      this.#app.send(text, this.#entry.message.id);
    };
    const buttons = make(
      "div",
      { class: "editor-buttons" },
      make("button", { type: "button", class: "plain", onclick: close }, say("cancel")),
      make("button", { type: "submit", class: "primary" }, say("send")),
    );
    const editor = make("form", { class: "edit-form", onsubmit: (event) => (event.preventDefault(), send()) }, input, buttons);
    input.addEventListener("input", () => grow(input));
    input.addEventListener("keydown", (event) => this.#key(event, send, close));
    this.element.classList.add("editing");
    this.#text.after(editor);
    grow(input);
    input.focus();
  }

  #key(event, send, close) {
    if (composes(event)) return;
    if (event.key === "Escape") close();
    else if (event.key === "Enter" && !event.shiftKey) send();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #closeEditor(editor) {
    editor.remove();
    this.element.classList.remove("editing");
    this.#draw(this.#app.talk.isBusy);
    this.#actions.querySelector("button:nth-child(2)")?.focus();
  }
}
