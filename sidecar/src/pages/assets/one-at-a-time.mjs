// One thing at a time, however fast somebody clicks: what comes in between is dropped.
export function oneAtATime() {
  let busy = false;
  async function alone(work) {
    if (busy) return;
    busy = true;
    try {
      await work();
    } finally {
      busy = false;
    }
  }
  return { alone, busy: () => busy };
}
