// What is said beside the conversation: the reaction to a command, and why there is no answer.

import { make } from "./dom.js";
import { download } from "./files.js";
import { say } from "./words.js";

export class NoteView {
  #app;
  #isDrawn = false;

  constructor(app) {
    this.#app = app;
    this.element = make("article", { "data-role": "note", "aria-label": say("note") });
  }

  update({ text, choices = [], documents = [], command }) {
    if (this.#isDrawn) return;
    this.#isDrawn = true;
    this.element.append(make("p", { class: "note", dir: "auto" }, text));
    const buttons = [...choices.map((choice) => this.#choice(command, choice)), ...documents.map(file)];
    if (buttons.length) this.element.append(make("div", { class: "choices" }, ...buttons));
    this.#app.tell("say", text);
  }

  #choice(command, { value, label, current }) {
    const run = () => this.#app.send(`/${command} ${value}`);
    return make("button", { type: "button", class: "plain", "aria-pressed": String(Boolean(current)), onclick: run }, label);
  }
}

const file = (document) => make("button", { type: "button", class: "plain", onclick: () => download(document) }, document.name);

export class ProblemView {
  #text = make("p", { class: "note", role: "alert" });

  constructor(app) {
    const retry = make("button", { type: "button", class: "plain", onclick: () => app.retry() }, say("retry"));
    this.element = make("article", { "data-role": "problem", "aria-label": say("problem") }, this.#text, retry);
  }

  update({ text }) {
    const sentence = text || say("failed");
    if (this.#text.textContent !== sentence) this.#text.textContent = sentence;
  }
}
