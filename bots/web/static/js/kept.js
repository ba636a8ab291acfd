// What this browser remembers by itself: drafts, and messages that could not be sent yet.

const DRAFT = "draft/";
const UNSENT = "unsent";
/** When the reader had everything about them deleted: other tabs hear of it by this. */
const FORGOTTEN = "forgotten";
/** Drafts kept at most: the oldest go, so that the browser's storage is never full of them. */
const MOST_DRAFTS = 50;

/** What the browser's storage did not take, because it is full or forbidden. */
const elsewhere = new Map();

function store(key, value) {
  elsewhere.delete(key);
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify(value));
  } catch {
    elsewhere.set(key, value);
  }
}

function recall(key) {
  if (elsewhere.has(key)) return elsewhere.get(key);
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null;
  }
}

function keys() {
  try {
    return Object.keys(localStorage);
  } catch {
    return [];
  }
}

export const draftOf = (conversation) => recall(DRAFT + conversation)?.text ?? "";

export function keepDraft(conversation, text) {
  store(DRAFT + conversation, text ? { text, at: Date.now() } : null);
  const drafts = keys().filter((key) => key.startsWith(DRAFT));
  if (drafts.length <= MOST_DRAFTS) return;
  const oldest = drafts.map((key) => [recall(key)?.at ?? 0, key]).sort(([one], [other]) => one - other);
  store(oldest[0][1], null);
}

/** Messages that wait for the connection, oldest first: {conversation, id, text, …}. Shared by all tabs; sending one twice
 * is harmless, because its id stays the same. */
export const unsent = () => recall(UNSENT) ?? [];

export function keepUnsent(message) {
  if (!unsent().some(({ id }) => id === message.id)) store(UNSENT, [...unsent(), message]);
}

export function forgetUnsent(id) {
  store(UNSENT, unsent().filter((message) => message.id !== id));
}

export const preference = (name) => recall(`prefers/${name}`);
export const prefer = (name, value) => store(`prefers/${name}`, value);

/** Nothing of what was written here stays, in any tab. */
export function startAnew() {
  for (const key of keys()) if (key.startsWith(DRAFT) || key === UNSENT) store(key, null);
  store(FORGOTTEN, Date.now());
  location.replace("/");
}

addEventListener("storage", ({ key, newValue }) => key === FORGOTTEN && newValue && location.replace("/"));
