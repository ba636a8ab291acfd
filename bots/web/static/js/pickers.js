// Which model answers, and as whom.

import { byId, make } from "./dom.js";
import { say } from "./words.js";

export class Pickers {
  #app;
  #model = picker("model");
  #persona = picker("persona");

  constructor(app) {
    this.#app = app;
    byId("pickers").append(...[this.#model, this.#persona].map((select) => make("span", { class: "picker" }, select)));
    this.#model.addEventListener("change", () => app.configure({ model: this.#model.value }));
    this.#persona.addEventListener("change", () => app.configure({ persona: this.#persona.value }));
  }

  render() {
    const { session, talk } = this.#app;
    fill(this.#model, session.models, talk.model);
    fill(this.#persona, session.personas, talk.persona);
  }
}

const picker = (name) => make("select", { "aria-label": say(name), title: say(name), name, autocomplete: "off" });

function fill(select, choices, chosen) {
  const names = choices.map(({ id }) => id);
  if (names.join("\n") !== [...select.options].map(({ value }) => value).join("\n")) {
    select.replaceChildren(...names.map((name) => make("option", { value: name }, name)));
  }
  const current = names.includes(chosen) ? chosen : choices.find((choice) => choice.current)?.id;
  if (current !== undefined && select.value !== current) select.value = current;
  select.parentElement.hidden = names.length === 0;
}
