// The messages of a conversation. What stands there already is changed and not made again: focus, selection and the place
// of the reader stay.

import { make, setHidden } from "./dom.js";
import { AnswerView } from "./answer.js";
import { NoteView, ProblemView } from "./notes.js";
import { QuestionView } from "./question.js";

const VIEWS = { question: QuestionView, answer: AnswerView, note: NoteView, problem: ProblemView };
/** Messages drawn at once; older ones follow, a few whenever nothing else is to be done. */
const FIRST = 12;
const MORE = 6;

const whenIdle = window.requestIdleCallback ?? ((work) => setTimeout(work, 50));

export class Thread {
  #app;
  #list;
  #welcome;
  #following;
  #views = new Map();
  #talk = null;
  #most = FIRST;
  #isFilling = false;

  /** *list* holds the messages, *welcome* is shown where there are none. */
  constructor(app, { list, welcome, following }) {
    this.#app = app;
    this.#list = list;
    this.#welcome = welcome;
    this.#following = following;
  }

  render() {
    if (this.#talk !== this.#app.talk) this.#begin();
    const entries = this.#app.entries();
    const shown = entries.slice(-this.#most);
    this.#drop(new Set(shown.map(({ key }) => key)));
    shown.forEach((entry, index) => this.#place(entry, index, index === shown.length - 1));
    this.#focusStep();
    setHidden(this.#welcome, entries.length > 0 || (this.#talk.isStored && !this.#talk.isLoaded));
    this.#list.setAttribute("aria-busy", String(this.#talk.isBusy));
    if (shown.length < entries.length) this.#fill();
  }

  #begin() {
    this.#talk = this.#app.talk;
    this.#most = FIRST;
    this.#drop(new Set());
  }

  #place(entry, index, isLast) {
    let view = this.#views.get(entry.key);
    if (view && view.kind !== entry.kind) {
      this.#remove(entry.key, view);
      view = undefined;
    }
    if (!view) {
      view = new VIEWS[entry.kind](this.#app);
      view.kind = entry.kind;
      this.#views.set(entry.key, view);
    }
    view.element.dataset.id = entry.key;
    view.element.classList.toggle("last", isLast);
    view.update(entry, isLast);
    const there = this.#list.children[index];
    if (there !== view.element) this.#list.insertBefore(view.element, there ?? null);
  }

  #drop(wanted) {
    for (const [key, view] of this.#views) if (!wanted.has(key)) this.#remove(key, view);
  }

  #remove(key, view) {
    const hadFocus = view.element.contains(document.activeElement);
    view.close?.();
    view.element.remove();
    this.#views.delete(key);
    if (hadFocus && !this.#app.step) this.#app.tell("focus");
  }

  /** The next press of a key goes one version further. */
  #focusStep() {
    const { message, step } = this.#app.step ?? {};
    const steps = this.#views.get(message)?.element.querySelector(".siblings");
    if (!steps) return;
    this.#app.step = null;
    const button = steps.querySelector(`[data-step="${step}"]:enabled`) ?? steps.querySelector("button:enabled");
    button?.focus({ preventScroll: true });
  }

  #fill() {
    if (this.#isFilling) return;
    this.#isFilling = true;
    whenIdle(() => {
      this.#isFilling = false;
      this.#most += MORE;
      this.#following.keep(() => this.render());
    });
  }

  /** Opens the last question for editing. */
  editLast() {
    const question = this.#app.lastQuestion;
    this.#views.get(question?.id)?.edit();
  }
}

/** What stands in an empty conversation: a greeting, and beginnings to choose from. */
export function greet(greeting, beginnings, choose) {
  const buttons = beginnings.map((text) => make("li", {}, make("button", { type: "button", onclick: () => choose(text) }, text)));
  return [make("h2", {}, greeting), make("ul", { class: "beginnings" }, ...buttons)];
}
