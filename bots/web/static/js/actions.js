// Buttons that questions and answers share.

import { copyText } from "../markdown/copying.js";
import { icon, iconButton, make } from "./dom.js";
import { number, say } from "./words.js";

/** Milliseconds for which a button says that it has copied. */
const THANKS = 1_500;

/** Copies what *text* gives when it is pressed. */
export function copyButton(text) {
  const button = iconButton("copy", say("copy"), async () => {
    if (!(await copyText(text()))) return;
    show(button, "check", say("copied"));
    setTimeout(() => show(button, "copy", say("copy")), THANKS);
  });
  return button;
}

function show(button, name, label) {
  button.replaceChildren(icon(name));
  button.setAttribute("aria-label", label);
  button.title = label;
}

/** ‹ 2/3 ›, where a message has siblings. *go* is called with the id of the one that is wanted, and the step to it. */
export function siblings(message, isDisabled, go) {
  const ids = message.siblings ?? [];
  if (ids.length < 2) return [];
  const at = ids.indexOf(message.id);
  const place = say("version", { number: at + 1, count: ids.length });
  const step = (name, label, id) => iconButton(name, say(label), () => go(id, name), { disabled: isDisabled || !id, "data-step": name });
  return [
    make(
      "span",
      { class: "siblings", role: "group", "aria-label": place },
      step("left", "version_before", ids[at - 1]),
      make("span", { "aria-hidden": "true" }, `${number(at + 1)}/${number(ids.length)}`),
      step("right", "version_after", ids[at + 1]),
    ),
  ];
}
