// An answer comes in bursts and is shown as if it were written: each frame shows a part of what is still missing.

/** Milliseconds in which what has come is shown. */
const HORIZON = 220;
/** Milliseconds between two showings: thirty a second look the same as sixty and cost half. */
const FRAME = 32;
/** Characters shown at least at a time, so that the last ones do not trickle. */
const LEAST = 4;

export class Growth {
  #show;
  #target = "";
  #shown = 0;
  #last = 0;
  #frame = 0;
  #end = null;
  #isStill = matchMedia("(prefers-reduced-motion: reduce)");

  /** *show* is called with the text so far. */
  constructor(show) {
    this.#show = show;
  }

  /** The whole text so far. One that does not continue what is shown takes its place. */
  grow(text) {
    if (!text.startsWith(this.#target.slice(0, this.#shown))) this.#shown = 0;
    const isFirst = this.#shown === 0;
    this.#target = text;
    if (this.#isStill.matches || isFirst) this.#advance(isFirst ? text.length : Infinity);
    else this.#frame ||= requestAnimationFrame((now) => this.#tick(now));
  }

  /** All of it is there; *done* is called when all of it is shown. */
  finish(text, done) {
    this.#end = done;
    this.grow(text);
    if (this.#end && (document.hidden || this.#shown >= text.length)) this.#advance(Infinity);
  }

  stop() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
  }

  #tick(now) {
    this.#frame = 0;
    const passed = now - this.#last;
    if (passed < FRAME) {
      this.#frame = requestAnimationFrame((next) => this.#tick(next));
      return;
    }
    this.#last = now;
    const missing = this.#target.length - this.#shown;
    this.#advance(Math.max(LEAST, Math.ceil((missing * Math.min(passed, HORIZON)) / HORIZON)));
    if (this.#shown < this.#target.length) this.#frame ||= requestAnimationFrame((next) => this.#tick(next));
  }

  #advance(characters) {
    this.#shown = whole(this.#target, Math.min(this.#target.length, this.#shown + characters));
    this.#show(this.#target.slice(0, this.#shown));
    if (this.#shown < this.#target.length || !this.#end) return;
    this.stop();
    const done = this.#end;
    this.#end = null;
    done();
  }
}

/** The end of the character that *index* lies in: half of a pair is no text. */
function whole(text, index) {
  const code = text.charCodeAt(index - 1);
  return code >= 0xd800 && code <= 0xdbff && index < text.length ? index + 1 : index;
}
