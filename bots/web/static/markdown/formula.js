// Maths. What draws it is fetched when the first formula appears; until then, and where it cannot be drawn, its source
// is shown.
import { STRETCH, pause } from "./pausing.js";

const LONGEST = 5000; // characters of source
const SETTINGS = { throwOnError: true, trust: false, strict: "ignore", maxSize: 30 };
const FOLDER = new URL("../vendor/katex/", import.meta.url);

const waiting = new Set();
let drawing = false;
let loading = null;

function loadStyles() {
  return new Promise((resolve, reject) => {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = new URL("katex.css", FOLDER).href;
    link.addEventListener("load", resolve);
    link.addEventListener("error", reject);
    document.head.append(link);
  });
}

async function load() {
  const [{ katex }] = await Promise.all([import("../vendor/katex/katex.js"), loadStyles()]);
  return katex;
}

async function drawAll() {
  if (drawing) return;
  drawing = true;
  try {
    const katex = await (loading ??= load());
    let begun = performance.now();
    for (const formula of waiting) {
      waiting.delete(formula);
      formula.draw(katex);
      if (performance.now() - begun < STRETCH) continue;
      await pause();
      begun = performance.now();
    }
  } catch {
    loading = null; // without a connection; the next formula tries again
  }
  drawing = false;
}

export class Formula {
  #name;
  #source = "";
  #display = false;
  #drawn = false;

  constructor(words) {
    this.element = document.createElement("span");
    this.#name = words.formula;
  }

  update({ tex, display }) {
    if (tex === this.#source && display === this.#display) return;
    this.#source = tex;
    this.#display = display;
    this.element.className = display ? "maths display" : "maths";
    if (display) this.#letScroll();
    if (!this.#drawn) this.element.textContent = tex;
    if (tex.length > LONGEST) return;
    waiting.add(this);
    drawAll();
  }

  #letScroll() {
    this.element.tabIndex = 0;
    this.element.setAttribute("role", "group");
    this.element.setAttribute("aria-label", this.#name);
  }

  // A formula that is half written may be none yet; then the last one that was stays.
  draw(katex) {
    const drawn = document.createElement("span");
    try {
      katex.render(this.#source, drawn, { ...SETTINGS, displayMode: this.#display });
    } catch {
      return;
    }
    this.element.replaceChildren(...drawn.childNodes);
    this.#drawn = true;
  }
}
