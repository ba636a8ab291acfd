// The one place where a string becomes code, and it is a name of ours. Pages may demand this of scripts (Trusted Types).
const HIGHLIGHTER = new URL("highlighter.js", import.meta.url).href;

const policy = globalThis.trustedTypes?.createPolicy("parlour", { createScriptURL: () => HIGHLIGHTER });

export function startHighlighter() {
  return new Worker(policy ? policy.createScriptURL("") : HIGHLIGHTER, { type: "module" });
}
