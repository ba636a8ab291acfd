// Server-sent events over `fetch`: unlike `EventSource` it tells of every heartbeat and of the status.

/** Yields {id, data} of each event, and null for each heartbeat, until the server ends the stream. Calls *alive* whenever
 * bytes come. Throws where the server refuses, with its `status`. */
export async function* events(url, language, signal, alive) {
  const headers = { Accept: "text/event-stream", "Accept-Language": language };
  const response = await fetch(url, { headers, signal, cache: "no-store" });
  if (!response.ok) throw Object.assign(new Error("refused"), { status: response.status });
  let rest = "";
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    alive();
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) yield parsed(block);
  }
}

function parsed(block) {
  let id = "";
  const data = [];
  for (const line of block.split("\n")) {
    if (line.startsWith("id:")) id = line.slice(3).trim();
    if (line.startsWith("data:")) data.push(line.slice(5).trimStart());
  }
  return data.length ? { id, data: JSON.parse(data.join("\n")) } : null;
}
