// From the parser's tokens to a tree of plain values: {tag, set, children}, {widget, data} and strings. Nothing but what
// is named here comes into the page, whatever a model writes.
import { CodeBlock } from "./code.js";
import { Formula } from "./formula.js";

const LINE_BREAK = /<br\s*\/?>/i;
const PLAIN = new Set(["p", "li", "ul", "ol", "blockquote", "table", "thead", "tbody", "tr", "th", "td", "strong", "em", "s"]);
const PROTOCOLS = new Set(["http:", "https:", "mailto:"]);
const TASK = /^\[([ xX])\] /;
const DEEPEST = 64; // elements within each other; what is nested deeper is drawn flat
const LOWEST_HEADING = 6;
const HIGHEST_HEADING = 3; // the page has h1 and h2 of its own

function element(tag, set = {}, children = []) {
  return { tag, set, children };
}

function add(parent, child) {
  const { children } = parent;
  if (typeof child === "string" && typeof children.at(-1) === "string") children[children.length - 1] += child;
  else if (child !== "") children.push(child);
}

function isSafe(address) {
  return /^[a-z]+:/i.test(address) && URL.canParse(address) && PROTOCOLS.has(new URL(address).protocol);
}

function link(address, children = []) {
  if (!isSafe(address)) return { ...element("span", {}, children), address };
  return element("a", { href: address, target: "_blank", rel: "noopener noreferrer nofollow ugc" }, children);
}

// Fetching it would tell its host who reads what, at the word of a model.
function picture(token) {
  const address = token.attrGet("src");
  return link(address, [token.content || address]);
}

// Models write line breaks in table cells as HTML, for want of another way.
function addText(parent, text) {
  const [first, ...others] = text.split(LINE_BREAK);
  add(parent, first);
  for (const part of others) {
    add(parent, element("br"));
    add(parent, part);
  }
}

// A list or a table takes the direction of its first words. Browsers do not look for these within a part that has a
// direction of its own, so parts have none.
function direction(token) {
  return token.block && token.level === 0 ? { dir: "auto" } : {};
}

function opened(token) {
  if (token.type === "link_open") return link(token.attrGet("href"));
  if (token.type === "heading_open") return element("p", { class: `heading level-${token.tag[1]}`, ...direction(token) });
  if (!PLAIN.has(token.tag)) return element("span");
  const set = direction(token);
  const align = /text-align:(left|center|right)/.exec(token.attrGet("style") ?? "")?.[1];
  if (align) set.class = `align-${align}`;
  if (token.tag === "ol" && token.attrGet("start")) set.start = String(token.attrGet("start"));
  return element(token.tag, set);
}

function single(token) {
  const language = token.info.trim().split(/\s+/)[0];
  switch (token.type) {
    case "fence":
      if (language === "math") return { widget: Formula, data: { tex: token.content, display: true } };
      return { widget: CodeBlock, data: { language, text: token.content } };
    case "code_block":
      return { widget: CodeBlock, data: { language: "", text: token.content } };
    case "maths":
    case "maths_block":
      return { widget: Formula, data: { tex: token.content.trim(), display: token.meta.display } };
    case "code_inline":
      return element("code", { dir: "auto" }, [token.content]);
    case "image":
      return picture(token);
    case "hr":
      return element("hr");
    default:
      return token.content;
  }
}

// What a task begins with, drawn: a check box that cannot be pressed would only be in the way of a keyboard.
function checkTasks(item) {
  const first = item.children[0]?.tag === "p" ? item.children[0] : item;
  if (typeof first.children[0] !== "string") return;
  first.children[0] = first.children[0].replace(TASK, (_, mark) => {
    item.set.class = "task";
    return mark === " " ? "☐ " : "☑ ";
  });
}

function close(parent, node, words) {
  if (node.tag === "li") checkTasks(node);
  if (node.address) add(node, ` (${node.address})`);
  if (node.tag !== "table") return add(parent, node);
  const scrolling = { class: "table", tabindex: "0", role: "group", "aria-label": words.table, ...node.set };
  return add(parent, element("div", scrolling, [{ ...node, set: {} }]));
}

function fill(root, tokens, words) {
  const open = [root];
  for (const token of tokens) {
    if (token.hidden) continue;
    if (token.type === "inline") fill(open.at(-1), token.children, words);
    else if (token.nesting === 1) open.push(open.length > DEEPEST ? open.at(-1) : opened(token));
    else if (token.nesting === -1) {
      const node = open.pop();
      if (node !== open.at(-1)) close(open.at(-1), node, words);
    } else if (token.type === "text") addText(open.at(-1), token.content);
    else if (token.tag === "br") add(open.at(-1), element("br"));
    else add(open.at(-1), single(token));
  }
  return root;
}

// A heading's place below those before it, without gaps, wherever a model begins to count.
export function placeHeading(outline, node, level) {
  while (outline.at(-1) >= level) outline.pop();
  outline.push(level);
  return { ...node, tag: `h${Math.min(LOWEST_HEADING, HIGHEST_HEADING - 1 + outline.length)}` };
}

// The blocks of *tokens*, each with the line it begins in; for a heading its level as it was written, else 0.
export function toBlocks(tokens, words) {
  const blocks = [];
  let begin = 0;
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index];
    if (token.level > 0 || token.nesting === 1) continue;
    const [node] = fill(element("div"), tokens.slice(begin, index + 1), words).children;
    const first = tokens[begin];
    const level = first.type === "heading_open" ? Number(first.tag[1]) : 0;
    if (node !== undefined) blocks.push({ node, level, line: first.map[0] });
    begin = index + 1;
  }
  return blocks;
}
