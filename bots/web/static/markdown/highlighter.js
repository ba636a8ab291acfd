// The worker that colours code, so that the page never waits for it: {id, language, text} comes, {id, lines} goes.
// A line is a flat list: what it is, its text, and so on. Unknown languages give null.
import { highlighter } from "../vendor/highlight.js";

function collect(node, scope, lines) {
  for (const child of node.children) {
    if (typeof child !== "string") collect(child, child.scope?.split(".")[0] ?? scope, lines);
    else {
      const [first, ...others] = child.split("\n");
      if (first) lines.at(-1).push(scope, first);
      for (const line of others) lines.push(line ? [scope, line] : []);
    }
  }
  return lines;
}

function coloured(language, text) {
  if (!highlighter.getLanguage(language)) return null;
  const { _emitter: tree } = highlighter.highlight(text, { language, ignoreIllegals: true });
  return collect(tree.root, "", [[]]);
}

addEventListener("message", ({ data: { id, language, text } }) => postMessage({ id, lines: coloured(language, text) }));
