// Puts the page together.

import { copyText } from "../markdown/copying.js";
import { Announcer } from "./announcer.js";
import { App, addressed } from "./app.js";
import { Composer } from "./composer.js";
import { showKeys } from "./dialogs.js";
import { byId, drawIcons, setHidden, setText } from "./dom.js";
import { Drawer } from "./drawer.js";
import { Following } from "./following.js";
import { Panel } from "./panel.js";
import { drawPersonal } from "./personal.js";
import { Pickers } from "./pickers.js";
import { drawSettings } from "./settings.js";
import { Shelf } from "./shelf.js";
import { listen, rows } from "./shortcuts.js";
import { Thread, greet } from "./thread.js";
import { languages, say } from "./words.js";

drawIcons();
const app = new App();
const drawer = new Drawer();
const announcer = new Announcer(app, byId("announcer"));
const following = new Following(byId("scroll"), byId("thread"), byId("jump"));
const thread = new Thread(app, { list: byId("thread"), welcome: byId("welcome"), following });
const composer = new Composer(app, () => thread.editLast());
const shelf = new Shelf(app, () => drawer.leave());
const panel = new Panel(app);
const views = [thread, composer, shelf, panel, announcer, new Pickers(app)];

const keys = () => showKeys(rows());
const begin = () => {
  drawer.leave();
  app.open(null);
  composer.focus();
};

/** Opens the conversation *step* places further down in the side bar. */
function neighbour(step) {
  const at = app.shelf.findIndex(({ id }) => id === app.talk.id);
  const found = app.shelf[at + step];
  if (found) app.open(found.id);
}

/** What Escape means: the nearest thing that can be left, else the answer that is being written. */
function escape() {
  if (byId("search").value && document.activeElement === byId("search")) return false;
  if (document.querySelector(":popover-open")) return false;
  if (drawer.leave()) return true;
  if (panel.hasFocus || !app.talk.isBusy) return panel.close();
  app.stop();
  return true;
}

let hasNews = false;

function render() {
  for (const view of views) view.render();
  const { name } = app.talk;
  setText(byId("title"), name || say(app.talk.isStored ? "untitled" : "new"));
  document.title = `${hasNews ? "● " : ""}${name ? `${name} · ` : ""}Parlour`;
  setText(byId("connection"), app.reach.isConnected ? "" : say("offline"));
  setHidden(byId("connection"), app.reach.isConnected);
}

byId("welcome").append(...greet(say("greeting"), [1, 2, 3, 4].map((number) => say(`beginning_${number}`)), (text) => composer.suggest(text)));
drawSettings(languages, keys);
drawPersonal(app);
byId("new").addEventListener("click", begin);
document.querySelector(".wordmark").addEventListener("click", (event) => (event.preventDefault(), begin()));
addEventListener("popstate", () => addressed() !== app.address && app.open(addressed(), { push: false }));
app.addEventListener("change", render);
app.addEventListener("sent", () => following.toEnd());
app.addEventListener("opened", () => following.toEnd());
app.addEventListener("finished", () => (hasNews = document.hidden));
document.addEventListener("visibilitychange", () => {
  hasNews = hasNews && document.hidden;
  if (!document.hidden) app.see();
  render();
});
listen({
  new: begin,
  search: () => (drawer.open(), byId("search").focus()),
  write: () => composer.focus(),
  stop: escape,
  copy: () => copyText(app.lastAnswer?.text ?? ""),
  side: () => drawer.toggle(),
  context: () => (panel.isOpen ? panel.close() : panel.open()),
  before: () => neighbour(-1),
  after: () => neighbour(1),
  keys,
});
composer.begin();
await app.start();
