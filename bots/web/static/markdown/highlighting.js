// Asks the worker; it is started when the first code appears.
import { startHighlighter } from "./trusted.js";

const waiting = new Map();
let worker = null;
let latest = 0;

function giveUp() {
  for (const resolve of waiting.values()) resolve(null);
  waiting.clear();
}

function start() {
  const started = startHighlighter();
  started.addEventListener("error", giveUp);
  started.addEventListener("message", ({ data: { id, lines } }) => {
    waiting.get(id)?.(lines);
    waiting.delete(id);
  });
  return started;
}

// The lines of *text*, coloured, as `highlighter.js` describes them; null where it stays plain.
export function highlight(language, text) {
  worker ??= start();
  latest += 1;
  const id = latest;
  return new Promise((resolve) => {
    waiting.set(id, resolve);
    worker.postMessage({ id, language, text });
  });
}
