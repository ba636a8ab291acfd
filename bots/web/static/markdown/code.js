// A block of code: its language, a button that copies it, its lines; colours come when the worker has found them.
import { copyText } from "./copying.js";
import { highlight } from "./highlighting.js";
import { STRETCH, pause, wait } from "./pausing.js";

const SHOWN_COPIED = 2000; // milliseconds
const LONGEST_COLOURED = 200_000; // characters; beyond, even the worker would be slow
const LONGEST_NAME = 40;
const RESTING = 3; // times as long as colouring took, before a growing block is coloured again

function same(one, other) {
  return one.length === other.length && one.every((part, index) => part === other[index]);
}

function pieces(runs) {
  const made = [];
  for (let index = 0; index < runs.length; index += 2) {
    const [scope, text] = runs.slice(index, index + 2);
    if (!scope) made.push(document.createTextNode(text));
    else {
      const span = document.createElement("span");
      span.className = `code-${scope.replace(/[^a-z_-]/g, "")}`;
      span.textContent = text;
      made.push(span);
    }
  }
  return made;
}

export class CodeBlock {
  #words;
  #language = null;
  #text = "";
  #name = document.createElement("span");
  #button = document.createElement("button");
  #pre = document.createElement("pre");
  #code = document.createElement("code");
  #lines = []; // {element, text, runs}
  #colouring = false;

  constructor(words) {
    this.#words = words;
    this.element = document.createElement("figure");
    this.element.className = "code";
    const caption = document.createElement("figcaption");
    this.#button.type = "button";
    this.#button.textContent = words.copy;
    this.#button.addEventListener("click", () => this.#copy());
    caption.append(this.#name, this.#button);
    this.#pre.append(this.#code);
    this.#pre.dir = "ltr";
    this.#pre.tabIndex = 0;
    this.#pre.setAttribute("role", "group");
    this.element.append(caption, this.#pre);
  }

  update({ language, text }) {
    const whole = text.replace(/\n$/, "");
    if (whole === this.#text && language === this.#language) return;
    if (language !== this.#language) this.#call(language);
    this.#text = whole;
    this.#write(whole.split("\n"));
    this.#colour();
  }

  #call(language) {
    this.#language = language;
    this.#name.textContent = language.slice(0, LONGEST_NAME);
    this.#pre.setAttribute("aria-label", `${this.#words.code} ${this.#name.textContent}`.trim());
  }

  #write(texts) {
    while (this.#lines.length > texts.length) this.#remove(this.#lines.pop());
    texts.forEach((text, index) => {
      const line = this.#lines[index];
      if (!line) this.#lines.push(this.#append(text));
      else if (line.text !== text) this.#rewrite(line, text);
    });
  }

  #append(text) {
    const element = document.createElement("span");
    element.textContent = text;
    if (this.#lines.length > 0) this.#code.append("\n");
    this.#code.append(element);
    return { element, text, runs: [] };
  }

  #remove({ element }) {
    element.previousSibling?.remove(); // the line break
    element.remove();
  }

  // What is added to a coloured line stays plain until its turn, rather than that the whole line loses its colours.
  #rewrite(line, text) {
    if (text.startsWith(line.text)) line.element.append(text.slice(line.text.length));
    else line.element.textContent = text;
    line.text = text;
    line.runs = [];
  }

  async #colour() {
    if (this.#colouring || !this.#language || this.#text.length > LONGEST_COLOURED) return;
    this.#colouring = true;
    for (let seen = null; seen !== this.#text; ) {
      seen = this.#text;
      const begun = performance.now();
      const lines = await highlight(this.#language, seen);
      if (lines === null) break;
      await this.#paint(lines);
      if (seen !== this.#text) await wait((performance.now() - begun) * RESTING);
    }
    this.#colouring = false;
  }

  async #paint(lines) {
    let begun = performance.now();
    for (const [index, runs] of lines.entries()) {
      const line = this.#lines[index];
      const text = runs.filter((_, place) => place % 2).join("");
      if (!line?.text.startsWith(text) || same(line.runs, runs)) continue;
      line.element.replaceChildren(...pieces(runs), line.text.slice(text.length));
      line.runs = runs;
      if (performance.now() - begun < STRETCH) continue;
      await pause();
      begun = performance.now();
    }
  }

  async #copy() {
    if (!(await copyText(`${this.#text}\n`))) return;
    this.#button.textContent = this.#words.copied;
    await wait(SHOWN_COPIED);
    this.#button.textContent = this.#words.copy;
  }
}
