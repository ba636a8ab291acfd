// Draws a tree of plain values into the page and touches only what changed: selections, focus and scrolling stay.

const widgets = new WeakMap();

function kind(node) {
  return typeof node === "string" ? "" : (node.tag ?? node.widget);
}

function create(node, words) {
  if (typeof node === "string") return document.createTextNode(node);
  if (node.widget) {
    const widget = new node.widget(words);
    widgets.set(widget.element, widget);
    widget.update(node.data);
    return widget.element;
  }
  const made = document.createElement(node.tag);
  for (const [name, value] of Object.entries(node.set)) made.setAttribute(name, value);
  made.append(...node.children.map((child) => create(child, words)));
  return made;
}

function setAttributes(drawn, before, after) {
  for (const name of Object.keys(before)) if (!(name in after)) drawn.removeAttribute(name);
  for (const [name, value] of Object.entries(after)) if (before[name] !== value) drawn.setAttribute(name, value);
}

function update(drawn, before, after, words) {
  if (before === after) return;
  if (typeof after === "string") {
    if (after.startsWith(before)) drawn.appendData(after.slice(before.length));
    else drawn.data = after;
  } else if (after.widget) widgets.get(drawn).update(after.data);
  else {
    setAttributes(drawn, before.set, after.set);
    patch(drawn, before.children, after.children, words);
  }
}

// The children of *parent*, which show *before*, show *after* from now on.
export function patch(parent, before, after, words) {
  while (parent.childNodes.length > after.length) parent.lastChild.remove();
  after.forEach((node, index) => {
    const drawn = parent.childNodes[index];
    if (!drawn) parent.append(create(node, words));
    else if (kind(node) !== kind(before[index])) drawn.replaceWith(create(node, words));
    else update(drawn, before[index], node, words);
  });
}
