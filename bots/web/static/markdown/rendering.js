// A model's Markdown as elements, while it grows and when it is whole.
//   const rendering = new Rendering(element, words)       words: {copy, copied, code, table, formula}
//   rendering.update(wholeTextSoFar, {final: false})      as often as you like: at most one drawing per frame
//   await rendering.settled                               everything that was given is drawn
// Only the last blocks of a growing answer are read again, and only what changed in them is drawn again. Long texts are
// drawn in slices, between which the page does what else there is to do.
import { completeBlocks } from "./completing.js";
import { makeParser } from "./grammar.js";
import { patch } from "./patching.js";
import { STRETCH, pause, wait } from "./pausing.js";
import { placeHeading, toBlocks } from "./tree.js";

const SLICE = 4000; // characters read at a stretch, unless one block is longer
const LONG = 8000; // characters from which on what is out of sight is left out of the layout
const FRAME = 16; // milliseconds
const RESTING = 3; // times as long as drawing took, so that a slow device does other things as well

const parser = makeParser();

export class Rendering {
  #element;
  #words;
  #text = "";
  #final = false;
  #nodes = []; // what is drawn
  #kept = 0; // of which so many will not change any more
  #offset = 0; // up to here in the text
  #outline = []; // levels of the headings that the next one stands below
  #references = {}; // what links by name point to
  #known = 0; // so many of these when the first block was drawn
  #reach = 0; // what is drawn ends here in the text
  #drawing = false;
  #rested = 0; // when to draw next, in milliseconds of the page's clock

  constructor(element, words) {
    this.#element = element;
    this.#words = words;
    this.settled = Promise.resolve();
    element.classList.add("markdown");
  }

  update(text, { final }) {
    const whole = text.replace(/\r\n?/g, "\n");
    if (!whole.startsWith(this.#text.slice(0, this.#offset))) this.#restart({});
    this.#text = whole;
    this.#final = final;
    this.#element.classList.toggle("long", whole.length > LONG);
    if (this.#drawing) return;
    this.#drawing = true;
    this.settled = this.#run();
  }

  #restart(references) {
    [this.#kept, this.#offset, this.#outline, this.#references] = [0, 0, [], references];
    this.#known = Object.keys(references).length;
  }

  async #run() {
    try {
      await this.#drawAll();
    } catch (problem) {
      this.#drawing = false;
      this.#showPlain();
      reportError(problem);
    }
  }

  // What cannot be drawn is an answer all the same.
  #showPlain() {
    const plain = document.createElement("p");
    plain.className = "plain";
    plain.textContent = this.#text;
    this.#element.replaceChildren(plain);
    this.#nodes = [{ tag: "p", set: { class: "plain" }, children: [this.#text] }];
    this.#restart(this.#references);
  }

  async #drawAll() {
    const early = this.#rested - performance.now();
    if (early > 0) await wait(early);
    let begun = performance.now();
    for (let size = this.#reach - this.#offset + SLICE; ; ) {
      const end = this.#offset + size;
      const advanced = this.#draw(end);
      if (end >= this.#text.length && !this.#mustStartAgain()) break;
      size = advanced ? SLICE : size * 2;
      if (performance.now() - begun < STRETCH) continue;
      await pause();
      begun = performance.now();
    }
    this.#rested = performance.now() + Math.max(FRAME, (performance.now() - begun) * RESTING);
    this.#drawing = false; // in the same moment: what is given from now on is drawn by the next
  }

  // Draws what stands before *end*; whether a block of it is done with.
  #draw(end) {
    const isLast = end >= this.#text.length;
    const piece = this.#text.slice(this.#offset, end);
    const blocks = this.#read(piece, !(isLast && this.#final));
    const outline = [...this.#outline];
    const drawn = blocks.map(({ node, level }) => (level ? placeHeading(outline, node, level) : node));
    const later = isLast ? [] : this.#nodes.slice(this.#kept + drawn.length);
    const nodes = [...this.#nodes.slice(0, this.#kept), ...drawn, ...later];
    patch(this.#element, this.#nodes, nodes, this.#words);
    this.#nodes = nodes;
    this.#reach = Math.min(end, this.#text.length);
    return this.#keep(piece, blocks);
  }

  #read(piece, growing) {
    const text = growing ? completeBlocks(piece) : piece;
    return toBlocks(parser.parse(text, { growing, references: this.#references }), this.#words);
  }

  // What follows a block can change it only until a line that begins another one is whole.
  #keep(piece, blocks) {
    const lines = piece.split("\n");
    const next = blocks.findLastIndex(({ line }) => line < lines.length - 1);
    if (next <= 0) return false;
    for (const { node, level } of blocks.slice(0, next)) if (level) placeHeading(this.#outline, node, level);
    this.#offset += lines.slice(0, blocks[next].line).reduce((sum, line) => sum + line.length + 1, 0);
    this.#kept += next;
    return true;
  }

  // A link by name may stand far before the place that says where it leads.
  #mustStartAgain() {
    if (!this.#final || Object.keys(this.#references).length === this.#known) return false;
    this.#restart(this.#references);
    return true;
  }
}
