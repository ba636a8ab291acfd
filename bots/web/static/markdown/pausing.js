// Lets the page do something else; returns when it is our turn again.
export function pause() {
  return globalThis.scheduler?.yield?.() ?? new Promise((resolve) => setTimeout(resolve));
}

export function wait(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

// Milliseconds that we draw at a stretch: a frame at 60 per second lasts 16.
export const STRETCH = 8;
