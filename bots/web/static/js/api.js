// What the page asks of the server. Every failure is one of two: `Refused` with a sentence, or `Unreachable`.

import { language, say } from "./words.js";

/** Milliseconds after which a request without an answer counts as lost; the same request may be sent again. */
const PATIENCE = 20_000;

export class Refused extends Error {
  constructor(sentence, code, status) {
    super(sentence);
    this.code = code;
    this.status = status;
  }
}

export class Unreachable extends Error {}

/** The server's JSON; null where it has nothing to say. */
export async function call(method, path, body) {
  const response = await request(method, path, body);
  if (response.status === 204) return null;
  const answer = await read(response);
  if (!response.ok && method === "GET" && isPassing(response.status, answer)) throw new Unreachable(`${response.status}`);
  if (!response.ok) throw refusal(response.status, answer?.error);
  if (answer === null) throw new Unreachable("cut off");
  return answer;
}

/** A file of the server's, under the name that it gives. */
export async function file(path) {
  const response = await request("GET", path);
  if (!response.ok) throw refusal(response.status, (await read(response))?.error);
  const [, name] = /filename\*=UTF-8''([^;]+)/.exec(response.headers.get("Content-Disposition"));
  return { name: decodeURIComponent(name), content: await response.blob() };
}

/** Whether what is only read may be there all the same, a moment later: the store is away, or it was a proxy that refused. */
const isPassing = (status, answer) => status !== 401 && (status >= 500 || !answer?.error);

/** Who has to sign in is sent there, and what was asked stays unanswered. A server error without a sentence is a proxy's. */
function refusal(status, error) {
  if (status === 401) location.assign("/login");
  if (status === 401 || (status >= 500 && !error)) return new Unreachable(`${status}`);
  return new Refused(error?.message ?? say("refused"), error?.code, status);
}

export const get = (path) => call("GET", path);
export const post = (path, body = {}) => call("POST", path, body);

async function request(method, path, body) {
  const headers = { "Accept-Language": language, "X-Parlour": "1" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const text = body === undefined ? undefined : JSON.stringify(body);
  try {
    return await fetch(`/api/${path}`, { method, headers, body: text, signal: AbortSignal.timeout(PATIENCE), cache: "no-store" });
  } catch (problem) {
    throw new Unreachable(problem.message);
  }
}

/** Null for what is no JSON, such as a proxy's page. */
async function read(response) {
  try {
    return await response.json();
  } catch {
    return null;
  }
}
