// Where maths begins and ends: $…$, $$…$$, \(…\), \[…\].
import { balanced } from "./completing.js";

const CLOSED_BY = { "$$": "$$", "\\(": "\\)", "\\[": "\\]", $: "$" };
const OPENING = /\$\$|\\[([]|\$(?=[^\s$])/y;
const LONGEST = 2000; // characters of a formula between words
const WORD = /[\w$]/;

// A price is no formula: what closes a single dollar stands behind a formula's last sign and before no digit.
function dollarEnd(source) {
  for (let end = source.indexOf("$"); end >= 0; end = source.indexOf("$", end + 1)) {
    if (!/[\s\\]/.test(source[end - 1]) && !/[\d$]/.test(source[end + 1] ?? "")) return end;
  }
  return -1;
}

export function inlineMaths(state, silent) {
  OPENING.lastIndex = state.pos;
  const opening = OPENING.exec(state.src)?.[0];
  if (!opening || (opening === "$" && WORD.test(state.src[state.pos - 1] ?? ""))) return false;
  const closing = CLOSED_BY[opening];
  const from = state.pos + opening.length;
  const rest = state.src.slice(from, Math.min(state.posMax, from + LONGEST));
  const formula = rest.slice(0, Math.max(0, opening === "$" ? dollarEnd(rest) : rest.indexOf(closing)));
  if (!formula.trim()) return false;
  if (!silent) {
    const token = state.push("maths", "", 0);
    token.content = formula;
    token.meta = { display: opening === "$$" || opening === "\\[" };
  }
  state.pos = from + formula.length + closing.length;
  return true;
}

function lineOf(state, line) {
  return state.src.slice(state.bMarks[line] + state.tShift[line], state.eMarks[line]);
}

// The line that *closing* ends, -1 where something else follows it or the block is left before.
function lastLine(state, begin, end, closing) {
  for (let line = begin; line < end; line += 1) {
    if (line > begin && state.sCount[line] < state.blkIndent && !state.isEmpty(line)) return -1;
    const at = lineOf(state, line).indexOf(closing, line === begin ? closing.length : 0);
    if (at >= 0) return lineOf(state, line).slice(at + closing.length).trim() ? -1 : line;
  }
  return state.env.growing && end === state.lineMax ? end - 1 : -1;
}

export function blockMaths(state, begin, end, silent) {
  if (state.sCount[begin] - state.blkIndent >= 4) return false;
  const opening = lineOf(state, begin).slice(0, 2);
  if (opening !== "$$" && opening !== "\\[") return false;
  const last = lastLine(state, begin, end, CLOSED_BY[opening]);
  if (last < 0) return false;
  if (silent) return true;
  const text = state.getLines(begin, last + 1, state.sCount[begin], false).trim().slice(2);
  const token = state.push("maths_block", "", 0);
  token.content = text.endsWith(CLOSED_BY[opening]) ? text.slice(0, -2) : balanced(text);
  token.meta = { display: true };
  token.map = [begin, last + 1];
  token.block = true;
  state.line = last + 1;
  return true;
}
