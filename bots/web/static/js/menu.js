// A small menu beside the button that opens it.

import { icon, make } from "./dom.js";

/** Pixels between the menu and the edges of the window. */
const MARGIN = 8;

/** Opens a menu of {icon, label, run, isDanger} under *button*. */
export function openMenu(button, label, items) {
  const menu = make("div", { class: "menu", role: "menu", popover: "auto", "aria-label": label });
  const close = () => menu.hidePopover();
  menu.append(...items.map((item) => entry(item, close)));
  menu.addEventListener("keydown", (event) => moved(event, menu, close));
  menu.addEventListener("toggle", ({ newState }) => newState === "closed" && left(menu, button));
  button.setAttribute("aria-expanded", "true");
  button.after(menu);
  menu.showPopover();
  place(menu, button.getBoundingClientRect());
  menu.firstElementChild.focus();
}

function entry({ icon: name, label, run, isDanger }, close) {
  const act = () => {
    close();
    run();
  };
  return make("button", { type: "button", role: "menuitem", class: isDanger ? "danger-text" : "", tabindex: "-1", onclick: act }, icon(name), label);
}

function moved(event, menu, close) {
  const items = [...menu.children];
  const at = items.indexOf(document.activeElement);
  const places = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 };
  if (event.key === "Tab") close();
  if (!(event.key in places)) return;
  event.preventDefault();
  items[(places[event.key] + items.length) % items.length].focus();
}

function left(menu, button) {
  const hadFocus = menu.contains(document.activeElement) || document.activeElement === document.body;
  button.setAttribute("aria-expanded", "false");
  menu.remove();
  if (hadFocus) button.focus();
}

function place(menu, { left: x, bottom, top }) {
  const { width, height } = menu.getBoundingClientRect();
  const below = bottom + height + MARGIN < innerHeight;
  menu.style.left = `${Math.max(MARGIN, Math.min(x, innerWidth - width - MARGIN))}px`;
  menu.style.top = `${below ? bottom + 4 : Math.max(MARGIN, top - height - 4)}px`;
}
