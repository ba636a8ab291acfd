// What the page does: everything that a click, a key or an event from the server leads to. Views show what is in here.

import { Refused, call, file, get, post } from "./api.js";
import { coalesced } from "./coalescing.js";
import { Feed } from "./feed.js";
import { download } from "./files.js";
import { fresh } from "./ids.js";
import { keepDraft, startAnew } from "./kept.js";
import { Outbox } from "./outbox.js";
import { Reach, lasting } from "./reach.js";
import { Talk } from "./talk.js";
import { say } from "./words.js";

/** Milliseconds without news of an answer after which the conversation is read again. */
const SILENCE = 5_000;

export class App extends EventTarget {
  session = { models: [], personas: [], commands: [] };
  shelf = [];
  /** What the side bar marks, by conversation: `writing`, or `answered` until it is looked at. */
  marks = new Map();
  talk = new Talk(fresh());
  /** The sibling that is on its way, and the button that it was asked for with: who pressed it goes on there. */
  step = null;
  reach = new Reach({ changed: () => this.changed(), back: () => this.#back() });
  #heard = 0;
  #isAsking = false;
  #sought = "";
  #feed = new Feed((event) => this.#on(event), (isConnected) => this.reach.set(isConnected));
  #outbox = new Outbox({
    accepted: (message, answer) => this.#accepted(message, answer),
    refused: (message, problem) => this.#refused(message, problem),
    lost: () => this.reach.lost(),
  });

  /** Reads the conversation that is shown; what happens meanwhile is not lost. */
  refresh = coalesced(() => this.#readTalk());
  loadShelf = coalesced(() => this.#readShelf());

  /** Shows the conversation that the address names, else the one in which a message waits to be sent, and listens. */
  async start() {
    if (addressed()) this.open(addressed());
    else this.#show(this.#outbox.next?.conversation, { isStored: false });
    setInterval(() => this.#watch(), SILENCE);
    this.loadShelf();
    this.session = await lasting("session");
    this.#feed.start(this.session.feed ?? "");
    this.changed();
    this.#outbox.flush();
  }

  /** What stands in the thread. */
  entries() {
    const unsent = this.#outbox.of(this.talk.id);
    return this.talk.entries(unsent.map(({ id, text, edits }) => ({ turn: id, text, revises: edits, isUnsent: true })));
  }

  changed() {
    this.dispatchEvent(new Event("change"));
  }

  /** Tells the views of something that is no state: `problem`, `opened`, `sent`, `finished`, `focus`, `say`, `open-panel`. */
  tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  /** Shows a conversation; without an id, a new one. */
  open(id, { replace = false, push = true } = {}) {
    if (push) this.#goTo(id, replace);
    return this.#show(id, { isStored: Boolean(id) });
  }

  /** One that is not known to be stored may be missing at the server. */
  async #show(id, { isStored }) {
    this.step = null;
    this.talk = new Talk(id ?? fresh());
    this.talk.isStored = isStored;
    this.see();
    this.changed();
    this.tell("opened");
    if (id) await this.refresh();
  }

  /** The reader looks at the conversation that is shown. */
  see() {
    if (this.marks.get(this.talk.id) === "answered") this.marks.delete(this.talk.id);
  }

  /** The id in the address of what is shown; null for a new conversation. */
  get address() {
    return this.talk.isStored ? this.talk.id : null;
  }

  #goTo(id, replace = false) {
    const address = id ? `/c/${id}` : "/";
    if (location.pathname === address) return;
    if (replace) history.replaceState(null, "", address);
    else history.pushState(null, "", address);
  }

  async #readTalk() {
    const { talk } = this;
    const { version } = talk;
    const state = await this.try(() => get(`conversations/${talk.id}`), { quiet: true });
    this.#heard = Date.now();
    if (talk !== this.talk) return;
    if (state && talk.version === version) talk.take(state);
    else if (state) this.refresh();
    else if (state === null && talk.isStored && !talk.isLoaded) this.#missing();
    this.changed();
  }

  #missing() {
    this.open(null, { replace: true });
    this.tell("problem", { text: say("gone") });
  }

  async #readShelf() {
    const words = this.#sought;
    const found = await this.try(() => get(`conversations${words ? `?search=${encodeURIComponent(words)}` : ""}`), { quiet: true });
    if (!found || words !== this.#sought) return;
    this.shelf = found.conversations;
    this.changed();
  }

  /** Shows those conversations in the side bar in which *words* are; all of them for none. */
  search(words) {
    this.#sought = words;
    return this.loadShelf();
  }

  /** Sends *text*; without a connection it waits for one. *edits* is the question that it takes the place of. */
  async send(text, edits) {
    const { id: conversation, model, persona, isStored } = this.talk;
    const chosen = isStored ? {} : { model: model || undefined, persona: persona || undefined };
    Object.assign(this.talk, { notes: [], failed: null });
    const sending = this.#outbox.send({ conversation, id: fresh(), text, edits, ...chosen });
    this.changed();
    this.tell("sent");
    await sending;
  }

  /** What was not sent yet goes back into the input. */
  takeBack({ turn, text }) {
    this.#outbox.drop(turn);
    this.changed();
    this.tell("problem", { text: "", returned: text });
  }

  #accepted({ conversation, id, text, edits }, { reaction }) {
    if (reaction?.forgotten) return startAnew();
    this.#heard = Date.now();
    this.loadShelf();
    if (conversation !== this.talk.id) return;
    if (reaction) this.#react(reaction, text);
    else {
      this.talk.asked({ turn: id, text, revises: edits ?? null });
      this.#goTo(conversation);
    }
    this.changed();
  }

  #react(reaction, text) {
    const [, command, value] = /^\/(\w*)\s*(\S*)/.exec(text);
    if (!this.talk.isStored && value) this.#choose(command, value);
    if (!reaction.turn) this.talk.notes.push({ ...reaction, command, id: fresh() });
    if (command === "context") this.tell("open-panel");
    this.refresh();
  }

  /** A conversation that is not stored yet cannot be read for what was chosen in it. */
  #choose(command, begun) {
    const choices = { model: this.session.models, persona: this.session.personas }[command];
    const chosen = choices?.find(({ id }) => id.startsWith(begun));
    if (chosen) this.talk[command] = chosen.id;
  }

  /** What the server does not take goes back into the input; what failed before it can be asked again all the same. */
  #refused({ conversation, text }, { message }) {
    if (conversation === this.talk.id) {
      this.tell("problem", { text: message, returned: text });
      if (this.talk.isStored) this.refresh();
    } else keepDraft(conversation, text);
    this.changed();
  }

  /** Asks for another answer in the place of *answer*; without one, asks again what failed. */
  async retry(answer) {
    const talk = this.talk;
    const id = fresh();
    if (!(await this.#ask(`conversations/${talk.id}/retry`, { id, answer }))) return;
    const kept = talk.messages.find((message) => message.id === answer);
    if (kept) talk.asked({ turn: id, text: "", again: kept.parent });
    else this.refresh();
    this.changed();
    this.tell("sent");
  }

  async goOn() {
    if (!(await this.#ask(`conversations/${this.talk.id}/continue`, { id: fresh() }))) return;
    this.refresh();
    this.tell("sent");
  }

  /** Whether the server has accepted it. A second press of a button asks for nothing more. */
  async #ask(path, body) {
    if (this.#isAsking) return false;
    this.#isAsking = true;
    const answer = await this.try(() => post(path, body));
    this.#isAsking = false;
    return Boolean(answer);
  }

  async stop() {
    const turn = this.talk.pending[0];
    if (!turn) return;
    turn.isStopping = true;
    this.changed();
    const { talk } = this;
    const heard = await this.try(() => post(`conversations/${talk.id}/stop`, { turn: turn.turn }));
    if (!heard?.stopped) talk.goesOn(turn.turn);
    this.changed();
  }

  /** Goes over to the branch of the sibling *message*, by its button *step*. */
  async show(message, step) {
    this.step = { message, step };
    if (await this.#patch(this.talk.id, { show: message })) await this.refresh();
    else this.step = null;
  }

  async configure(choice) {
    Object.assign(this.talk, choice);
    this.changed();
    if (this.talk.isStored && !(await this.#patch(this.talk.id, choice))) await this.refresh();
  }

  async rename(id, title) {
    if (id === this.talk.id) this.talk.title = title;
    if (await this.#patch(id, { title })) await this.loadShelf();
  }

  /** Saves a conversation as a file: `markdown` or `json`. */
  async save(id, format) {
    const found = await this.try(() => file(`conversations/${id}/export?format=${format}`));
    if (found) download(found);
  }

  async remove(id) {
    if (await this.try(() => call("DELETE", `conversations/${id}`).then(() => true))) this.#gone(id);
  }

  #gone(id) {
    keepDraft(id, "");
    if (id === this.talk.id) this.open(null, { replace: true });
    this.loadShelf();
  }

  #patch(id, changes) {
    return this.try(() => call("PATCH", `conversations/${id}`, changes));
  }

  /** What *ask* gives; where the server refuses, null and the sentence is shown; without a connection, undefined. */
  async try(ask, { quiet = false } = {}) {
    try {
      return await ask();
    } catch (problem) {
      const isRefused = problem instanceof Refused;
      if (!isRefused) this.reach.lost();
      if (!quiet) this.tell("problem", { text: isRefused ? problem.message : say("unreachable") });
      return isRefused ? null : undefined;
    }
  }

  #back() {
    this.#reload();
    this.#feed.retry();
    this.#outbox.flush();
  }

  #reload() {
    if (this.talk.isStored) this.refresh();
    this.loadShelf();
  }

  /** Reads the conversation again where an answer is overdue: events may have been lost with a process. */
  #watch() {
    if (this.talk.isBusy && Date.now() - this.#heard > SILENCE) this.refresh();
  }

  #on(event) {
    if (event.kind === "reload") return this.#reload();
    if (event.kind === "removed") return this.#gone(event.conversation);
    if (event.kind !== "words" && event.kind !== "waiting") this.loadShelf();
    this.#mark(event);
    if (event.conversation !== this.talk.id) return;
    this.#heard = Date.now();
    this.#happened[event.kind]?.call(this, event);
    this.changed();
  }

  #mark({ kind, conversation }) {
    const mark = { asked: "writing", words: "writing", done: "answered", failed: "answered" }[kind];
    const isSeen = mark === "answered" && conversation === this.talk.id && !document.hidden;
    if (!mark || this.marks.get(conversation) === mark) return;
    if (isSeen) this.marks.delete(conversation);
    else this.marks.set(conversation, mark);
    this.changed();
  }

  #happened = {
    asked({ turn, question }) {
      this.talk.asked({ ...question, turn });
    },
    waiting(event) {
      const isFirst = this.talk.waits(event);
      if (isFirst || event.place === 1) this.tell("say", event.message);
    },
    words(event) {
      if (!this.talk.words(event)) this.refresh();
    },
    done(event) {
      const isAwaited = this.talk.done(event);
      if (isAwaited && event.note) this.talk.notes.push({ id: fresh(), text: event.note });
      if (isAwaited) this.tell("finished", event.message);
      this.refresh();
    },
    failed(event) {
      this.talk.didFail(event);
      this.refresh();
    },
    changed() {
      this.refresh();
    },
  };

  get lastAnswer() {
    return this.talk.messages.findLast((message) => message.role === "assistant") ?? null;
  }

  get lastQuestion() {
    return this.talk.messages.findLast((message) => message.role === "user") ?? null;
  }
}

/** The conversation in the page's address, or null. */
export const addressed = () => /^\/c\/([A-Za-z0-9-]{8,40})$/.exec(location.pathname)?.[1] ?? null;
