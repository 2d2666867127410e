// Changes that need a fresh proof of presence.

import { logIn } from './whole-ceremony.mjs';

// Gives a function that runs a call; where the service wants the visitor to prove presence first,
// it asks for that and runs the call again. A session token that ran out is renewed once; where the
// session has ended, the login page leads back to the account, or with `stay` it is asked for right
// here, so that nothing on the page is lost. `need` is what the passkey has to do.
export function freshness(calls, notice, { base, userName, need = [], stay = false }) {
  async function allowed(work) {
    try {
      return await work();
    } catch (error) {
      if (error.slug === 'fresh-login-required') await provePresence();
      else if (error.slug === 'unauthorized') await renew();
      else throw error;
    }
    try {
      return await work();
    } catch (error) {
      if (error.slug !== 'fresh-login-required') throw error;
      await provePresence();
      return work();
    }
  }

  async function renew() {
    try {
      await calls.refresh();
    } catch (error) {
      if (error.status !== 401) throw error;
      if (stay) {
        await provePresence();
        return;
      }
      location.assign(`${base}/login?rd=${encodeURIComponent(`${base}/account`)}`);
      await new Promise(() => {});
    }
  }

  async function provePresence() {
    if ((await answerOf('confirm-presence')) !== 'yes') {
      throw new DOMException('not now', 'AbortError');
    }
    const wanted = need.length > 0 ? { need } : {};
    await logIn(calls, notice, { username: userName, ...wanted });
  }

  return allowed;
}

// What somebody answers in a dialog: the value of the button.
export function answerOf(id) {
  const dialog = document.getElementById(id);
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue), { once: true });
  });
}
