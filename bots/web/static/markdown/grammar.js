// The parser: Markdown as models write it, maths included; what looks like HTML stays text.
import { MarkdownIt, cjkFriendly } from "../vendor/markdown-it.js";
import { completeInline } from "./completing.js";
import { blockMaths, inlineMaths } from "./maths_rules.js";

const CLOSING = /_close$/;

// While an answer grows, only its very end can be half-written: the last words that anything was said in.
function lastWords(tokens) {
  for (let index = tokens.length - 1; index >= 0; index -= 1) {
    const token = tokens[index];
    if (token.type === "inline" && token.content) return token;
    if (token.type !== "inline" && token.nesting !== 1 && !CLOSING.test(token.type)) return null;
  }
  return null;
}

function parseInline(state) {
  const half = state.env.growing ? lastWords(state.tokens) : null;
  for (const token of state.tokens) {
    if (token.type !== "inline") continue;
    state.env.closing = token === half;
    const content = token === half ? completeInline(token.content) : token.content;
    state.md.inline.parse(content, state.md, state.env, token.children);
  }
  state.env.closing = false;
}

// In names and in sums nothing begins: a sign inside a word waits for its like.
function followsWord(state, delimiter) {
  return /[A-Za-z0-9]$/.test(state.tokens[delimiter.token - 1]?.content ?? "");
}

// What began and did not end, innermost last; without what lies between two signs that belong together.
function unclosed(state) {
  let reach = -1;
  return state.delimiters.filter((delimiter, index) => {
    const isFree = index > reach;
    reach = Math.max(reach, delimiter.end);
    return isFree && delimiter.open && delimiter.end < 0 && !followsWord(state, delimiter);
  });
}

// Emphasis that has begun is shown as if it ended here, so that no sign is seen which is gone a moment later.
function closeEmphasis(state) {
  if (!state.env.closing) return;
  for (const opening of unclosed(state).reverse()) {
    const token = state.push("text", "", 0);
    token.content = state.tokens[opening.token].content;
    opening.end = state.delimiters.length;
    state.delimiters.push({ ...opening, token: state.tokens.length - 1, end: -1, open: false, close: true });
  }
}

export function makeParser() {
  const parser = new MarkdownIt({ html: false, linkify: true, breaks: true });
  parser.use(cjkFriendly);
  parser.linkify.set({ fuzzyLink: false, fuzzyEmail: false });
  parser.core.ruler.at("inline", parseInline);
  parser.inline.ruler.before("escape", "maths", inlineMaths);
  parser.inline.ruler2.after("balance_pairs", "close_emphasis", closeEmphasis);
  parser.block.ruler.before("fence", "maths", blockMaths, { alt: ["paragraph", "reference", "blockquote", "list"] });
  return parser;
}
