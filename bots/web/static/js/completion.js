// Commands complete themselves while they are typed: names first, then the values that a command takes.

import { make, setHidden } from "./dom.js";

const FORMATS = [{ id: "markdown" }, { id: "json" }, { id: "me" }];
const FORGETTABLE = [{ id: "conversation" }, { id: "me" }];

export class Completion {
  #app;
  #input;
  #list;
  #choices = [];
  #at = -1;

  constructor(app, input, list) {
    this.#app = app;
    this.#input = input;
    this.#list = list;
  }

  update() {
    this.#choices = this.#found(this.#input.value);
    this.#at = this.#choices.length ? 0 : -1;
    this.#draw();
  }

  close() {
    this.#choices = [];
    this.#at = -1;
    this.#draw();
  }

  /** Whether the key was meant for the list. */
  key(event) {
    const act = this.#choices.length ? this.#keys[event.key] : undefined;
    if (!act || (event.key === "Enter" && this.#isTyped())) return false;
    act();
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  #keys = {
    ArrowDown: () => this.#move(1),
    ArrowUp: () => this.#move(-1),
    Escape: () => this.close(),
    Tab: () => this.#take(this.#choices[this.#at]),
    Enter: () => this.#take(this.#choices[this.#at]),
  };

  #found(text) {
    const typed = /^\/(\S*)( ?)(\S*)$/.exec(text);
    if (!typed) return [];
    const [, name, space, value] = typed;
    return space ? this.#values(name, value) : this.#names(name);
  }

  #names(begun) {
    const { commands } = this.#app.session;
    const matching = commands.filter((command) => [command.name, ...(command.aliases ?? [])].some((name) => name.startsWith(begun)));
    return matching.map((command) => ({
      text: command.argument ? `/${command.name} ` : `/${command.name}`,
      label: `/${command.name}`,
      meaning: command.help,
    }));
  }

  #values(name, begun) {
    const { models, personas } = this.#app.session;
    const values = { model: models, persona: personas, export: FORMATS, forget: FORGETTABLE }[name] ?? [];
    const matching = values.filter(({ id }) => id.startsWith(begun));
    return matching.map(({ id }) => ({ text: `/${name} ${id}`, label: id, meaning: "" }));
  }

  /** What is chosen stands there already: Enter sends it. */
  #isTyped() {
    return this.#choices[this.#at]?.text.trim() === this.#input.value.trim();
  }

  #move(step) {
    this.#at = (this.#at + step + this.#choices.length) % this.#choices.length;
    this.#draw();
  }

  #take({ text }) {
    this.#input.value = text;
    this.#input.dispatchEvent(new Event("input"));
    this.#input.focus();
  }

  #draw() {
    this.#list.replaceChildren(...this.#choices.map((choice, index) => this.#option(choice, index)));
    setHidden(this.#list, !this.#choices.length);
    const active = this.#list.children[this.#at];
    if (active) this.#input.setAttribute("aria-activedescendant", active.id);
    else this.#input.removeAttribute("aria-activedescendant");
    active?.scrollIntoView({ block: "nearest" });
  }

  #option(choice, index) {
    const option = { role: "option", id: `choice-${index}`, "aria-selected": String(index === this.#at) };
    const take = (event) => (event.preventDefault(), this.#take(choice)); // before the input loses the focus
    return make("li", { ...option, onpointerdown: take }, make("span", { class: "name" }, choice.label), make("span", { class: "meaning" }, choice.meaning));
  }
}
