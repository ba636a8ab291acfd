// OpenAI's package for Node, unchanged: everything it is used for, told as one line of JSON.
import OpenAI from "openai";

const client = new OpenAI({ baseURL: process.env.URL, apiKey: "any", maxRetries: 0 });
const model = "gpt-5-mini";
const messages = [{ role: "user", content: "Hello" }];

const models = [];
for await (const listed of client.models.list()) models.push(listed.id);

const whole = await client.chat.completions.create({ model, messages });

const pieces = [];
let usage = null;
const options = { include_usage: true };
for await (const chunk of await client.chat.completions.create({ model, messages, stream: true, stream_options: options })) {
  if (chunk.choices.length) pieces.push(chunk.choices[0].delta.content ?? "");
  usage = chunk.usage ?? usage;
}

const kept = await client.chat.completions.create({ model, messages, conversation: "work" });

async function failing(request) {
  try {
    await client.chat.completions.create(request);
    return null;
  } catch (error) {
    return { kind: error.constructor.name, status: error.status, code: error.code, param: error.param };
  }
}

console.log(JSON.stringify({
  models,
  whole: whole.choices[0].message.content,
  streamed: pieces.join(""),
  usage: usage.total_tokens,
  kept: kept.choices[0].message.content,
  unknown: await failing({ model: "gpt-9", messages }),
  wrong: await failing({ model, messages, temperature: 9 }),
}));
