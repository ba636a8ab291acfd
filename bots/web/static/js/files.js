// Files that the reader takes home.

import { make } from "./dom.js";

/** Hands the server's document to the browser as a file to save. */
export function download({ name, media_type: type, content }) {
  const url = URL.createObjectURL(new Blob([content], { type }));
  make("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
