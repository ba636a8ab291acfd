// Work that may be asked for oftener than it can be done.

/** A function that does *work*, one at a time: calls meanwhile lead to one more time, after it. */
export function coalesced(work) {
  let running = null;
  let again = false;
  const run = async () => {
    do {
      again = false;
      await work();
    } while (again);
  };
  return () => {
    again = true;
    running ??= run().finally(() => (running = null));
    return running;
  };
}
