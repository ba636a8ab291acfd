// Markdown that is still being written is completed as it will be, so that no sign of markup is seen for a moment as if
// it were text. It is a guess, and only for the time of writing: the finished answer shows what was written.

const ONLY_SIGNS = /(?:^|\n)[ \t>]*(?:[-=+*_#~:|]+|`{1,2}|\d{1,9}[.)]?|(?:[-*+]|\d{1,9}[.)]) +\[[ xX]?\]?)[ \t]*$/;
// A last line that may become a rule, a heading, an item, a task, a fence.
const FENCE = /^(?:[ \t>]|[-*+] |\d{1,9}[.)] )*(`{3,}(?!.*`)|~{3,})(.*)$/;
const CUT_FENCE = /\n[ \t>]*(?:`{1,2}|~{1,2})$/;
const TABLE_HEAD = /(?:^|\n)(?<head>[ \t>]*\|(?!\|)[^\n]*)(?<rule>\n[|:\- \t>]*)?$/;
const ROW = /(?:^|\n)[ \t>]*\|[^\n]*$/;
const WHOLE_SPANS = new RegExp(
  [
    /(?<!`)(`+)(?!`)[^]*?[^`]\1(?!`)/,
    /\\\([^]*?\\\)/,
    /\\\[[^]*?\\\]/,
    /\$\$[^]+?\$\$/,
    /(?<![\w$\\])\$(?=[^\s$])[^$\n]*?[^\s\\$]\$(?![\d$])/,
    /\\[^([]/,
  ]
    .map((pattern) => pattern.source)
    .join("|"),
  "g",
);
const OPEN_SPAN = /`+|\$\$|\\[([]|(?<![\w$])\$(?=[^\s\d$])/;
const CLOSED_BY = { "\\(": "\\)", "\\[": "\\]" };
const REACH = 4000; // characters from the end in which something may be open
const BEGUN_FORMULA = /\\[A-Za-z]|[\^_]|^[A-Za-z]\s*(?:[-=+*/<>(),|]|$)/;
// What makes the rest of a text behind a dollar sign a formula rather than a price or a variable.
const HALF_SIGN = /(?:!?\[|(?<!\S)!|\\[([]?|\$\$?|&#?\w{0,8}|<|[*_~]+)$/;
const HALF_LINK = /!?\[(?!\^)((?:[^[\]\\]|\\.|\[[^[\]]*\]){0,300})(?:\](?:\((?:[^()\n]|\([^()\n]*\)?)*|\[[^[\]\n]*)?)?$/d;
const CUT_COMMAND = /(?:\\[A-Za-z]*|[\^_])$/;
const FORMULA_SIGN = /\\begin\{([^{}]*)\}|\\end\{[^{}]*\}|\\left(?![A-Za-z])|\\right(?![A-Za-z])|\\.|[{}]/g;

function isInsideFence(lines) {
  let fence = "";
  for (const line of lines) {
    const found = FENCE.exec(line);
    if (!found) continue;
    if (!fence) fence = found[1];
    else if (found[1].startsWith(fence) && !found[2].trim()) fence = "";
  }
  return fence !== "";
}

function completeTable(text) {
  const { index, groups } = TABLE_HEAD.exec(text) ?? {};
  if (!groups || ROW.test(text.slice(0, index))) return text;
  const bars = groups.head.trim().replace(/\|$/, "").match(/(?<!\\)\|/g).length;
  const indent = groups.head.slice(0, groups.head.indexOf("|"));
  return `${text.slice(0, text.length - (groups.rule ?? "").length)}\n${indent}${"|-".repeat(bars)}|`;
}

// *text*, of which the last line may be cut anywhere, with blocks as they will be.
export function completeBlocks(text) {
  const lines = text.split("\n");
  const last = lines.pop();
  if (isInsideFence(lines)) return text.replace(CUT_FENCE, "");
  if (FENCE.test(last)) return lines.join("\n");
  return completeTable(text.replace(ONLY_SIGNS, ""));
}

// A formula with all that closes what is open in it.
export function balanced(formula) {
  const cut = formula.replace(/[$\\]+$/, "").replace(CUT_COMMAND, "").trim();
  const open = [];
  for (const [sign, environment] of cut.matchAll(FORMULA_SIGN)) {
    if (sign === "{") open.push("}");
    else if (sign === "\\left") open.push("\\right.");
    else if (environment !== undefined) open.push(`\\end{${environment}}`);
    else if (sign === "}" || sign === "\\right" || sign.startsWith("\\end{")) open.pop();
  }
  return cut + open.reverse().join("");
}

function completeTail(content, masked) {
  const sign = HALF_SIGN.exec(masked);
  const end = sign ? sign.index : content.length;
  const link = HALF_LINK.exec(masked.slice(0, end));
  if (!link) return content.slice(0, end);
  return content.slice(0, link.index) + content.slice(...link.indices[1]);
}

// Words that end in the middle of a sentence, without signs that would be gone a moment later. Emphasis is left to the
// parser, which knows what is open.
export function completeInline(content) {
  const far = content.slice(0, -REACH);
  return far + completeNear(content.slice(far.length));
}

function completeNear(content) {
  const masked = content.replace(WHOLE_SPANS, (span) => "\0".repeat(span.length));
  const open = OPEN_SPAN.exec(masked);
  if (!open) return completeTail(content, masked);
  const head = content.slice(0, open.index);
  const rest = content.slice(open.index + open[0].length);
  if (open[0].startsWith("`")) {
    const code = rest.replace(/`+$/, "");
    return code.trim() ? head + open[0] + code + open[0] : completeTail(head, masked.slice(0, open.index));
  }
  if (open[0] === "$" && !BEGUN_FORMULA.test(rest)) return completeTail(content, masked);
  const formula = balanced(rest);
  return formula ? head + open[0] + formula + (CLOSED_BY[open[0]] ?? open[0]) : head;
}
