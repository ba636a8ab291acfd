// Keys for everything. None of them is a single character, so none is in the way of typing or of speech input.

import { say } from "./words.js";

const isMac = /Mac|iP(hone|ad)/.test(navigator.platform);
const CONTROL = isMac ? "⌘" : say("key_control");
const SHIFT = isMac ? "⇧" : say("key_shift");
const ALT = isMac ? "⌥" : say("key_alt");

/** *actions* by name, in the shape of `SHORTCUTS`; an action that returns false leaves the key to the browser. */
export function listen(actions) {
  document.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const found = SHORTCUTS.find((shortcut) => matches(event, shortcut));
    if (!found || !actions[found.name]) return;
    if (document.querySelector("dialog[open]")) return;
    if (actions[found.name]() !== false) event.preventDefault();
  });
}

function matches(event, { key, control = false, shift = false, alt = false }) {
  const isControl = isMac ? event.metaKey : event.ctrlKey;
  return event.code === key && isControl === control && event.shiftKey === shift && event.altKey === alt;
}

/** By the place of the key on the keyboard, so that they stay the same in every layout. */
export const SHORTCUTS = [
  { name: "new", key: "KeyO", control: true, shift: true, keys: [CONTROL, SHIFT, "O"] },
  { name: "search", key: "KeyK", control: true, keys: [CONTROL, "K"] },
  { name: "write", key: "Escape", shift: true, keys: [SHIFT, say("key_escape")] },
  { name: "stop", key: "Escape", keys: [say("key_escape")] },
  { name: "copy", key: "KeyC", control: true, shift: true, keys: [CONTROL, SHIFT, "C"] },
  { name: "side", key: "KeyS", control: true, shift: true, keys: [CONTROL, SHIFT, "S"] },
  { name: "context", key: "KeyX", control: true, shift: true, keys: [CONTROL, SHIFT, "X"] },
  { name: "before", key: "ArrowUp", alt: true, keys: [ALT, "↑"] },
  { name: "after", key: "ArrowDown", alt: true, keys: [ALT, "↓"] },
  { name: "keys", key: "Slash", control: true, keys: [CONTROL, "/"] },
];

/** For the dialog: all of them, and those of the input. */
export function rows() {
  const own = SHORTCUTS.map(({ name, keys }) => [keys, say(`key_does_${name}`)]);
  return [
    [["Enter"], say("key_does_send")],
    [[SHIFT, "Enter"], say("key_does_line")],
    [["↑"], say("key_does_edit")],
    [["/"], say("key_does_command")],
    ...own,
  ];
}
