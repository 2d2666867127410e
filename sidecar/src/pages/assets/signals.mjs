// Tells the reader's password manager how things are, so that it offers what works and calls it by
// its name (Web Authentication Level 3, section 5.1.10). Browsers that cannot are left alone, and
// what becomes of a signal is nobody's business here.
//
// What is signalled can delete passkeys, so it is only what a signed-in page has just been told by
// the service about the reader's own account. See DESIGN.md, "What password managers are told".

import { encode } from './bytes.mjs';

// The longest that a page waits for a password manager before it goes on.
const PATIENCE = 1000;

export function signals(rpId) {
  const browser = window.PublicKeyCredential;
  const send = async (method, details) => {
    try {
      await patiently(browser[method]({ rpId, ...details }));
    } catch {
      // A browser that thinks otherwise.
    }
  };
  const knows = (method) => typeof browser?.[method] === 'function';

  // The passkeys and names of whoever is signed in, as the service has them this moment: a list
  // that is a minute old could lack one that was added in another window.
  async function account(calls, { userId, name, displayName }) {
    const told = [];
    if (knows('signalAllAcceptedCredentials')) {
      const { passkeys } = await calls.passkeys();
      const allAcceptedCredentialIds = passkeys.map((passkey) => passkey.id);
      told.push(send('signalAllAcceptedCredentials', { userId, allAcceptedCredentialIds }));
    }
    if (knows('signalCurrentUserDetails')) {
      told.push(send('signalCurrentUserDetails', { userId, name, displayName: displayName || name }));
    }
    await Promise.all(told);
  }

  // A passkey of the reader's own that the service has just removed. The session may have ended
  // with it, so there may be no list to ask for.
  async function removed(id) {
    if (knows('signalUnknownCredential')) await send('signalUnknownCredential', { credentialId: id });
  }

  // A passkey that was just made for the reader's own account, and that the service refused. An
  // answer that was lost and a request that was sent twice look the same, so the list decides.
  async function orphan(calls, id) {
    if (!knows('signalUnknownCredential')) return;
    const { passkeys } = await calls.passkeys();
    if (passkeys.some((passkey) => passkey.id === id)) return;
    await removed(id);
  }

  const quietly = (work) => (...details) => work(...details).catch(() => {});
  return { account: quietly(account), orphan: quietly(orphan), removed };
}

// The user handle of a user id: its sixteen bytes in base64url.
export function handleOf(userId) {
  const digits = userId.replaceAll('-', '');
  return encode(Uint8Array.from({ length: 16 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16)));
}

async function patiently(work) {
  let timer;
  const enough = new Promise((resolve) => {
    timer = setTimeout(resolve, PATIENCE);
  });
  try {
    await Promise.race([work, enough]);
  } finally {
    clearTimeout(timer);
  }
}
