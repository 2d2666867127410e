// One thing at a time, however fast somebody clicks. With `alone` what comes in between is dropped;
// with `after` it waits for its turn.
export function oneAtATime() {
  let running = null;
  async function alone(work) {
    if (!running) await run(work);
  }
  async function after(work) {
    while (running) await running;
    await run(work);
  }
  async function run(work) {
    let over;
    running = new Promise((resolve) => {
      over = resolve;
    });
    try {
      await work();
    } finally {
      running = null;
      over();
    }
  }
  return { alone, after, busy: () => running !== null };
}
