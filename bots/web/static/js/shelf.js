// The side bar's list of conversations: newest first under headings of days, or what a search found.

import { askTitle, confirmRemoval } from "./dialogs.js";
import { byId, iconButton, make } from "./dom.js";
import { openMenu } from "./menu.js";
import { day, say } from "./words.js";

/** Milliseconds without a key after which a search begins. */
const PAUSE = 180;
/** Conversations that are listed at first, and with each wish for more. */
const PAGE = 100;

export class Shelf {
  #app;
  #list = byId("shelf");
  #search = byId("search");
  #timer = 0;
  #drawn = {};
  #most = PAGE;

  /** *leave* is called when a conversation was chosen: on a phone the side bar makes way. */
  constructor(app, leave) {
    this.#app = app;
    this.#search.addEventListener("input", () => this.#searchSoon());
    this.#list.addEventListener("click", (event) => {
      const link = event.target.closest("a");
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      leave();
      app.open(link.dataset.id);
    });
    this.#list.addEventListener("toggle", () => this.render(), { capture: true });
    this.#list.addEventListener("keydown", (event) => this.#key(event));
  }

  get words() {
    return this.#search.value.trim();
  }

  #searchSoon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#app.search(this.words), PAUSE);
  }

  /** Arrows lead from one conversation to the next. */
  #key(event) {
    const links = [...this.#list.querySelectorAll("a")];
    const at = links.indexOf(document.activeElement);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (at < 0 || !step) return;
    event.preventDefault();
    links[Math.max(0, Math.min(links.length - 1, at + step))].focus();
  }

  /** Not under an open menu: it would be gone. */
  render() {
    if (this.#list.querySelector(":popover-open")) return;
    const { shelf, talk, marks } = this.#app;
    const state = JSON.stringify([this.words, talk.id, this.#most, ...marks]);
    if (state === this.#drawn.state && isEqual(shelf, this.#drawn.shelf)) return;
    this.#drawn = { shelf, state };
    const { activeElement: focused } = document;
    const row = focused.closest("#shelf li")?.dataset.id;
    this.#list.replaceChildren(...this.#groups(shelf));
    if (row) (this.#list.querySelector(`li[data-id="${row}"] > ${focused.localName}`) ?? byId("new")).focus();
  }

  #groups(shelf) {
    if (!shelf.length) return [make("p", { class: "nothing" }, say(this.words ? "nothing_found" : "nothing_yet"))];
    const groups = new Map();
    for (const one of shelf.slice(0, this.#most)) {
      const heading = this.words ? say("found") : day(one.at);
      groups.set(heading, [...(groups.get(heading) ?? []), one]);
    }
    const drawn = [...groups].flatMap(([heading, found]) => [make("h2", {}, heading), make("ul", {}, ...found.map((one) => this.#row(one)))]);
    return shelf.length > this.#most ? [...drawn, this.#more()] : drawn;
  }

  #more() {
    const show = () => {
      const { length } = this.#list.querySelectorAll("a");
      this.#most += PAGE;
      this.render();
      this.#list.querySelectorAll("a")[length]?.focus();
    };
    return make("button", { type: "button", class: "plain", onclick: show }, say("show_more"));
  }

  #row({ id, title, excerpt }) {
    const isHere = id === this.#app.talk.id;
    const name = title || say("untitled");
    const attributes = { href: `/c/${id}`, "data-id": id, "aria-current": isHere && "page", title: name };
    const link = make("a", attributes, make("span", { class: "name", dir: "auto" }, name), mark(this.#app.marks.get(id)));
    if (excerpt) link.append(make("span", { class: "excerpt", dir: "auto" }, excerpt));
    const more = iconButton("more", say("more_for", { title: name }), () => this.#menu(more, id, name), { "aria-haspopup": "menu", "aria-expanded": "false" });
    return make("li", { "data-id": id }, link, more);
  }

  #menu(button, id, title) {
    openMenu(button, say("more_for", { title }), [
      { icon: "pen", label: say("rename"), run: () => this.rename(id, title) },
      { icon: "save", label: say("export_markdown"), run: () => this.#app.save(id, "markdown") },
      { icon: "save", label: say("export_json"), run: () => this.#app.save(id, "json") },
      { icon: "trash", label: say("delete"), run: () => this.#remove(id, title), isDanger: true },
    ]);
  }

  async rename(id, title) {
    const wanted = await askTitle(title);
    if (wanted && wanted !== title) await this.#app.rename(id, wanted);
  }

  async #remove(id, title) {
    if (await confirmRemoval(title)) await this.#app.remove(id);
  }
}

const isEqual = (one, other) => one === other || JSON.stringify(one) === JSON.stringify(other);

/** A point for a conversation in which something happens, or has happened since it was looked at. */
function mark(state) {
  return state ? make("span", { class: `mark ${state}` }, make("span", { class: "hidden" }, say(`mark_${state}`))) : null;
}
