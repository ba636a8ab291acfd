// What the reader can have done with everything that is kept about them.

import { call, file } from "./api.js";
import { confirmForgetting } from "./dialogs.js";
import { byId, iconButton } from "./dom.js";
import { download } from "./files.js";
import { startAnew } from "./kept.js";
import { openMenu } from "./menu.js";
import { say } from "./words.js";

export function drawPersonal(app) {
  const items = [
    { icon: "save", label: say("my_export"), run: () => save(app) },
    { icon: "trash", label: say("my_delete"), run: () => forget(app), isDanger: true },
  ];
  const button = iconButton("person", say("my_data"), () => openMenu(button, say("my_data"), items), { "aria-haspopup": "menu", "aria-expanded": "false" });
  byId("settings").append(button);
}

async function save(app) {
  const found = await app.try(() => file("me/export"));
  if (found) download(found);
}

async function forget(app) {
  if ((await confirmForgetting()) && (await app.try(() => call("DELETE", "me")))) startAnew();
}
