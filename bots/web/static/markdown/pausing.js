// Pauses between stretches of work.

// Milliseconds that we draw at a stretch: a frame at 60 per second lasts 16, and what is drawn must also be laid out.
export const STRETCH = 8;

export function wait(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

// Returns when what was drawn so far is seen; in a tab that nobody looks at, soon.
export function pause() {
  if (document.hidden) return wait(0);
  return new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
}
