// What every input of several lines needs.

/** Whether this key belongs to an input method that is composing a character. Safari ends the composition before it tells
 * of the key that ended it; that key has the code 229. */
export const composes = (event) => event.isComposing || event.keyCode === 229;

/** Fits the height of *input* to its text, where the browser does not do so by itself (`field-sizing`). */
export function grow(input) {
  if (CSS.supports("field-sizing", "content")) return;
  input.style.height = "auto";
  input.style.height = `${input.scrollHeight}px`;
}
