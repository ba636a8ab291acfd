// Files that the reader takes home.

import { make } from "./dom.js";

/** Hands the server's document to the browser as a file to save. */
export function download({ name, media_type: type, content }) {
  const url = URL.createObjectURL(new Blob([content], { type }));
  fetchFile(url, name);
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** Saves what is at *url*; without a *name*, under the one that the server gives. */
export function fetchFile(url, name = "") {
  make("a", { href: url, download: name }).click();
}
