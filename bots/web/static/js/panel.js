// The context panel: what the model would see of this conversation, what fell out of it, and what it cost.

import { get } from "./api.js";
import { byId, iconButton, make, setHidden } from "./dom.js";
import { money, number, say } from "./words.js";

export class Panel {
  #app;
  #panel = byId("panel");
  #opener = byId("panel-open");
  #body = make("div", { class: "panel-body" });
  #read = "";

  constructor(app) {
    this.#app = app;
    const close = iconButton("close", say("close"), () => this.close());
    this.#panel.append(make("div", { class: "panel-top" }, make("h2", {}, say("context")), close), this.#body);
    this.#opener.addEventListener("click", () => (this.isOpen ? this.close() : this.open()));
    app.addEventListener("open-panel", () => this.open());
  }

  get isOpen() {
    return !this.#panel.hidden;
  }

  get hasFocus() {
    return this.#panel.contains(document.activeElement);
  }

  open() {
    setHidden(this.#panel, false);
    this.#opener.setAttribute("aria-expanded", "true");
    this.#read = "";
    this.render();
    this.#panel.querySelector("button").focus();
  }

  /** Whether there was something to close. */
  close() {
    if (!this.isOpen) return false;
    const hadFocus = this.hasFocus;
    setHidden(this.#panel, true);
    this.#opener.setAttribute("aria-expanded", "false");
    if (hadFocus) this.#opener.focus();
    return true;
  }

  /** Reads again what changes with every message, while it is open. */
  async render() {
    const { id, messages, model, persona, isStored } = this.#app.talk;
    const wanted = JSON.stringify([id, messages.map((message) => message.id), model, persona, isStored]);
    if (!this.isOpen || wanted === this.#read) return;
    this.#read = wanted;
    if (!isStored) return this.#body.replaceChildren(make("p", { class: "quiet" }, say("context_empty")));
    const report = await this.#app.try(() => get(`conversations/${id}/context`), { quiet: true });
    if (wanted !== this.#read) return;
    if (!report) this.#read = ""; // it is read when something changes, such as that there is a connection
    this.#body.replaceChildren(...(report ? drawn(report) : [make("p", { class: "quiet" }, say("unreachable"))]));
  }
}

function drawn(report) {
  return [
    make("p", { class: "quiet" }, say(report.exact ? "context_exact" : "context_estimated", { model: report.model })),
    bar(report),
    make("p", { class: "sum" }, say("context_sum", { used: report.used, budget: report.budget })),
    report.cut.messages ? make("p", { class: "cut" }, say("context_cut", { messages: report.cut.messages, tokens: report.cut.tokens })) : null,
    make("ul", { class: "parts" }, part("persona", say("persona_named", { name: report.persona }), report.persona_tokens, report.used), ...rows(report)),
    make("h3", {}, say("cost")),
    usage(report.usage),
  ].filter(Boolean);
}

function bar({ persona_tokens: persona, parts, used, budget }) {
  const sum = (role) => parts.filter((one) => one.role === role).reduce((total, one) => total + one.tokens, 0);
  const label = say("context_sum", { used, budget });
  const shares = [["persona", persona], ["user", sum("user")], ["assistant", sum("assistant")]];
  return make("div", { class: "bar", role: "img", "aria-label": label }, ...shares.map(([kind, tokens]) => share(kind, tokens, budget)));
}

function share(kind, tokens, all) {
  const element = make("span", { class: `share ${kind}` });
  element.style.width = `${(100 * tokens) / Math.max(1, all)}%`;
  return element;
}

const rows = ({ parts, used }) => parts.map(({ role, excerpt, tokens }) => part(role, excerpt, tokens, used));

/** One thing that the model sees, with its share of *all* of them. */
function part(kind, text, tokens, all) {
  const meter = make("span", { class: "meter" }, share(kind, tokens, all));
  const who = kind === "persona" ? "" : say(kind === "user" ? "you" : "answer");
  return make(
    "li",
    {},
    make("span", { class: "hidden" }, who),
    make("span", { class: `dot ${kind}`, "aria-hidden": "true" }),
    make("span", { class: "excerpt", dir: "auto" }, text),
    make("span", { class: "count" }, number(tokens)),
    meter,
  );
}

function usage({ total, today }) {
  const row = (name, { prompt, cached, completion, cost }) =>
    make("tr", {}, make("th", { scope: "row" }, say(name)), ...[number(prompt), number(cached), number(completion), money(cost)].map((text) => make("td", {}, text)));
  const head = ["", "tokens_read", "tokens_cached", "tokens_written", "cost"].map((name) => (name ? make("th", { scope: "col" }, say(name)) : make("td", {})));
  const scrolling = { class: "table", tabindex: "0", role: "group", "aria-label": say("cost") };
  return make("div", scrolling, make("table", {}, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, row("cost_conversation", total), row("cost_today", today))));
}
