// Names of conversations and turns are made here, so that a repeated request is known for what it is.

/** A random UUID. `crypto.randomUUID` is missing where the page is served without TLS. */
export function fresh() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

export const questionOf = (turn) => `${turn}/q`;
export const answerOf = (turn) => `${turn}/a`;
export const turnOf = (message) => message.slice(0, message.lastIndexOf("/"));
