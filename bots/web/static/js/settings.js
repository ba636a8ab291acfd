// Light or dark, and the language. Both are cookies, so that the server can write the page accordingly from the start.

import { byId, icon, iconButton, make } from "./dom.js";
import { language, say } from "./words.js";

/** Seconds that a choice is kept: a year. */
const KEPT = 31_536_000;
const THEMES = ["auto", "light", "dark"];

function keep(name, value) {
  document.cookie = `${name}=${value}; Path=/; Max-Age=${KEPT}; SameSite=Lax`;
}

/** *languages* are the pairs of tag and name that the page can speak. */
export function drawSettings(languages, showShortcuts) {
  const themes = make("fieldset", { class: "themes" }, make("legend", { class: "hidden" }, say("theme")), ...THEMES.map(theme));
  const select = make("select", { "aria-label": say("language"), autocomplete: "off" });
  select.append(...languages.map(([tag, name]) => make("option", { value: tag, lang: tag }, name)));
  select.value = language;
  select.addEventListener("change", () => {
    keep("language", select.value);
    location.reload();
  });
  byId("settings").append(themes, make("span", { class: "picker" }, select), iconButton("keys", say("shortcuts"), showShortcuts));
}

function theme(name) {
  const choose = () => {
    document.documentElement.dataset.theme = name;
    keep("theme", name);
  };
  const input = make("input", { type: "radio", name: "theme", value: name, class: "hidden", "aria-label": say(`theme_${name}`), onchange: choose });
  input.checked = document.documentElement.dataset.theme === name;
  return make("label", { title: say(`theme_${name}`) }, input, icon(name));
}
