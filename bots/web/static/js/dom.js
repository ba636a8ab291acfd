// Elements without markup: strings become text nodes, so nothing that is shown can become an element.

const SVG = "http://www.w3.org/2000/svg";

/** Paths on a grid of 24, drawn with a line and not filled. */
const ICONS = {
  sidebar: "M4 6.5A1.5 1.5 0 0 1 5.5 5h13A1.5 1.5 0 0 1 20 6.5v11a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 4 17.5zM9.5 5v14",
  pen: "M5 19l.8-3.8L15.6 5.4a1.7 1.7 0 0 1 2.4 0l.6.6a1.7 1.7 0 0 1 0 2.4L8.8 18.2zM13.8 7.2l3 3",
  search: "M11 5a6 6 0 1 1 0 12 6 6 0 0 1 0-12M15.5 15.5L20 20",
  gauge: "M4.5 17a8 8 0 1 1 15 0M12 14.5l3.5-4.5",
  down: "M12 5v14M6 13l6 6 6-6",
  up: "M12 19V5M6 11l6-6 6 6",
  stop: "M7 7h10v10H7z",
  copy: "M9 9h9.5v10.5H9zM6 15V4.5h9",
  check: "M5 12.5l4.5 4.5L19 7.5",
  retry: "M18.5 9A7 7 0 1 0 19 13M19 4.5V9h-4.5",
  forward: "M5 6l7 6-7 6zM13 6l7 6-7 6z",
  left: "M14 6l-6 6 6 6",
  right: "M10 6l6 6-6 6",
  more: "M6 12h.01M12 12h.01M18 12h.01",
  trash: "M5 7h14M10 7V5h4v2M7 7l.8 12h8.4L17 7",
  save: "M12 4v11M7 11l5 5 5-5M5 20h14",
  close: "M6 6l12 12M18 6L6 18",
  auto: "M12 4a8 8 0 1 0 0 16zM12 4a8 8 0 0 1 0 16",
  light: "M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8M12 3v1.5M12 19.5V21M3 12h1.5M19.5 12H21M5.6 5.6l1.1 1.1M17.3 17.3l1.1 1.1M18.4 5.6l-1.1 1.1M6.7 17.3l-1.1 1.1",
  dark: "M19 14.5A7.5 7.5 0 0 1 9.5 5a7.5 7.5 0 1 0 9.5 9.5z",
  person: "M12 4.5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7M5 19.5a7 7 0 0 1 14 0",
  keys: "M4 7h16v10H4zM7 10h.01M10.5 10h.01M14 10h.01M17 10h.01M8 14h8",
};

/** An element; attributes that begin with "on" are listeners, `false` and `null` leave one out. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add("glyph");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A button that shows an icon alone and is named for those who cannot see it. */
export function iconButton(name, label, onclick, attributes = {}) {
  return make("button", { type: "button", class: "icon", "aria-label": label, title: label, onclick, ...attributes }, icon(name));
}

export const byId = (id) => document.getElementById(id);

/** Draws the icons that the document asks for with `data-icon`. */
export function drawIcons(root = document) {
  for (const element of root.querySelectorAll("[data-icon]")) element.prepend(icon(element.dataset.icon));
}

/** Sets text or visibility only where it changes, so that nothing is laid out or announced again. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function setHidden(element, hidden) {
  if (element.hidden !== hidden) element.hidden = hidden;
}
