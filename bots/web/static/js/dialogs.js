// Questions to the reader, in the browser's own dialogs: they keep the focus inside and give it back.

import { iconButton, make } from "./dom.js";
import { say } from "./words.js";

/** Shows *content* until it is closed; resolves to the value of the button that did. */
function open(title, content, buttons) {
  const heading = make("h2", { id: "dialog-title" }, title);
  const form = make("form", { method: "dialog" }, heading, ...content, make("div", { class: "dialog-buttons" }, ...buttons));
  const dialog = make("dialog", { "aria-labelledby": "dialog-title" }, form);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue);
    });
    dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close(""));
  });
}

const button = (value, label, kind, attributes = {}) => make("button", { value, class: kind, ...attributes }, label);
/** Leaves by itself, so that Enter presses the button that does something. */
const cancel = (attributes = {}) =>
  make("button", { type: "button", class: "plain", onclick: ({ target }) => target.closest("dialog").close(""), ...attributes }, say("cancel"));

export async function confirmRemoval(title) {
  const text = make("p", { dir: "auto" }, say("delete_question", { title }));
  return (await open(say("delete_title"), [text], [cancel({ autofocus: true }), button("yes", say("delete"), "danger")])) === "yes";
}

export async function confirmForgetting() {
  const text = make("p", {}, say("my_delete_question"));
  return (await open(say("my_delete_title"), [text], [cancel({ autofocus: true }), button("yes", say("delete"), "danger")])) === "yes";
}

/** The new title, or null. */
export async function askTitle(title) {
  const input = make("input", { class: "field", dir: "auto", "aria-label": say("title"), maxlength: "200", autofocus: true, autocomplete: "off" });
  input.value = title;
  setTimeout(() => input.select());
  const answer = await open(say("rename_title"), [input], [cancel(), button("yes", say("save"), "primary")]);
  return answer === "yes" && input.value.trim() ? input.value.trim() : null;
}

/** *rows* of keys and what they do. */
export function showKeys(rows) {
  const list = rows.map(([keys, meaning]) => [
    make("dt", {}, ...keys.flatMap((key, index) => [index ? " + " : "", make("kbd", {}, key)])),
    make("dd", {}, meaning),
  ]);
  const close = iconButton("close", say("close"), ({ target }) => target.closest("dialog").close(""), { autofocus: true });
  close.classList.add("dialog-close");
  open(say("shortcuts"), [make("dl", { class: "keys" }, ...list.flat())], [close]);
}
