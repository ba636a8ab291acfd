// One conversation as the page knows it: what the server keeps, and what is on its way. No DOM in here.

import { answerOf, questionOf, turnOf } from "./ids.js";

export class Talk {
  constructor(id) {
    this.id = id;
    this.isStored = false;
    this.isLoaded = false;
    this.title = "";
    this.model = "";
    this.persona = "";
    this.messages = [];
    this.pending = [];
    this.failed = null;
    this.notes = [];
    /** Counts what is known without the server's state, so that a state which is older than that is not believed. */
    this.version = 0;
  }

  /** Turns that have ended: an answer is told of a moment before the server has put its turn away. */
  #over = new Set();

  /** Under which name its draft is kept: all new conversations share one. */
  get draft() {
    return this.isStored ? this.id : "new";
  }

  /** Until it has a title of its own, its first question stands for one. */
  get name() {
    return this.title || this.pending[0]?.text || "";
  }

  get isBusy() {
    return this.pending.length > 0;
  }

  /** The state that the server keeps. Words that came in the meantime stay. */
  take(state) {
    const known = new Map(this.pending.map((turn) => [turn.turn, turn]));
    const { title, model, persona, messages, pending } = state;
    const failed = state.failed && { ...state.failed, ...reason(this.failed, state.failed) };
    Object.assign(this, { title, model, persona, messages, failed, isStored: true, isLoaded: true });
    const isOver = ({ turn }) => this.#over.has(turn) || messages.some((message) => message.id === answerOf(turn));
    this.pending = pending.filter((turn) => !isOver(turn)).map((turn) => merged(known.get(turn.turn), turn));
  }

  knows(turn) {
    return this.#over.has(turn) || this.pending.some((one) => one.turn === turn) || this.messages.some((one) => turnOf(one.id) === turn);
  }

  /** A turn that the server has accepted. */
  asked(turn) {
    this.isStored = true;
    if (this.knows(turn.turn)) return;
    this.version += 1;
    this.failed = null;
    this.pending.push({ again: null, revises: null, words: "", ...turn });
  }

  /** False where these words cannot be put together: some before them are missing. */
  words({ turn, at, text }) {
    const found = this.pending.find((one) => one.turn === turn);
    if (found === undefined) return this.knows(turn);
    if (found.message) return true;
    if (at > found.words.length) return false;
    found.words = found.words.slice(0, at) + text;
    return true;
  }

  /** Says why there are no words yet. Whether that was not said before. */
  waits({ turn, message }) {
    const found = this.pending.find((one) => one.turn === turn && !one.words);
    const isFirst = Boolean(found) && !found.waiting;
    if (found) found.waiting = message;
    return isFirst;
  }

  /** Nobody heard that it is to stop. */
  goesOn(turn) {
    const found = this.pending.find((one) => one.turn === turn);
    if (found) found.isStopping = false;
  }

  /** The answer is kept. It stays where it is shown until the state comes that has it among the messages. Whether it was
   * waited for. */
  done({ turn, message }) {
    this.version += 1;
    this.#over.add(turn);
    const found = this.pending.find((one) => one.turn === turn && !one.message);
    if (found) Object.assign(found, { message, words: message.text });
    return Boolean(found);
  }

  didFail({ turn, message }) {
    this.version += 1;
    this.#over.add(turn);
    const found = this.pending.find((one) => one.turn === turn);
    this.pending = this.pending.filter((one) => one !== found);
    if (found) this.failed = { ...found, message };
  }

  /** What stands in the thread, from the top: {key, kind, …}. A message keeps its key from being sent to being kept. */
  entries(unsent = []) {
    const turns = [...this.pending, ...unsent];
    const entries = this.#branch(turns[0]).map(keptEntry);
    for (const turn of turns) entries.push(...turnEntries(turn));
    if (this.failed && !turns.length) entries.push(...failedEntries(this.failed));
    return [...entries, ...this.notes.map((note) => ({ key: note.id, kind: "note", ...note }))];
  }

  /** The messages that stay while *turn* is answered: one that asks again or revises takes the place of what follows. */
  #branch(turn) {
    const at = (id) => this.messages.findIndex((message) => message.id === id);
    if (turn?.again && at(turn.again) >= 0) return this.messages.slice(0, at(turn.again) + 1);
    if (turn?.revises && at(turn.revises) >= 0) return this.messages.slice(0, at(turn.revises));
    return this.messages;
  }
}

/** What a turn is known to be from both sides: the longer beginning of the same words is the newer one. */
function merged(known, turn) {
  const words = turn.words ?? "";
  const newer = known?.words.startsWith(words) ? known.words : words;
  return { ...turn, words: newer, waiting: known?.waiting || turn.waiting, isStopping: known?.isStopping ?? false };
}

/** Why it failed is told once and not kept. */
const reason = (known, failed) => (known?.turn === failed.turn ? { message: known.message } : {});

function keptEntry(message) {
  const kind = message.role === "user" ? "question" : "answer";
  return { key: message.id, kind, state: "done", text: message.text, message };
}

function turnEntries(turn) {
  const question = { key: questionOf(turn.turn), kind: "question", text: turn.text, state: turn.isUnsent ? "unsent" : "done", turn: turn.turn };
  const answer = { key: answerOf(turn.turn), kind: "answer", text: turn.words, message: turn.message, turn: turn.turn };
  answer.waiting = turn.words ? "" : turn.waiting;
  answer.state = turn.message ? "done" : turn.words ? "growing" : "waiting";
  const shown = turn.again ? [] : [question];
  return turn.isUnsent ? shown : [...shown, answer];
}

function failedEntries(turn) {
  const question = { key: questionOf(turn.turn), kind: "question", text: turn.text, state: "failed" };
  const problem = { key: answerOf(turn.turn), kind: "problem", text: turn.message ?? "" };
  return turn.again ? [problem] : [question, problem];
}
