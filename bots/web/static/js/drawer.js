// The side bar: beside the conversation where there is room, else a drawer over it.

import { byId, setHidden } from "./dom.js";
import { prefer, preference } from "./kept.js";

const isNarrow = matchMedia("(max-width: 52rem)");

export class Drawer {
  #app = byId("app");
  #side = byId("side");
  #opener = byId("side-open");

  constructor() {
    this.#opener.addEventListener("click", () => this.toggle());
    byId("side-close").addEventListener("click", () => this.toggle());
    byId("scrim").addEventListener("click", () => this.leave());
    isNarrow.addEventListener("change", () => this.#show(this.#wanted()));
    this.#show(this.#wanted());
  }

  get isOpen() {
    return this.#app.dataset.side === "open";
  }

  toggle() {
    this.#show(!this.isOpen);
    if (!isNarrow.matches) prefer("side", this.isOpen ? "open" : "closed");
    (this.isOpen ? byId("side-close") : this.#opener).focus();
  }

  open() {
    if (!this.isOpen) this.toggle();
  }

  /** Makes way on a narrow screen. True where it was in the way. */
  leave() {
    if (!isNarrow.matches || !this.isOpen) return false;
    this.toggle();
    return true;
  }

  #wanted() {
    return !isNarrow.matches && preference("side") !== "closed";
  }

  #show(isOpen) {
    this.#app.dataset.side = isOpen ? "open" : "closed";
    this.#side.inert = !isOpen;
    byId("main").inert = isOpen && isNarrow.matches;
    setHidden(byId("scrim"), !(isOpen && isNarrow.matches));
    setHidden(this.#opener, isOpen && !isNarrow.matches);
    this.#opener.setAttribute("aria-expanded", String(isOpen));
  }
}
