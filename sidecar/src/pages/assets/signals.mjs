// Tells the reader's password manager how things are, so that it offers what works and calls it by
// its name (Web Authentication Level 3, section 5.1.10). Browsers that cannot are left alone, and
// what becomes of a signal is nobody's business here.
//
// What is signalled can delete passkeys, so it is only what a signed-in page has just been told by
// the service about the reader's own account. See DESIGN.md, "What password managers are told".

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

  // The passkeys and names of whoever is signed in, as the service has them this moment: what a page
  // got a minute ago could lack a passkey that was added in another window. The user handle is the
  // service's to say, too: who came from elsewhere has the one that their passkeys were made with.
  async function account(calls) {
    if (!knows('signalAllAcceptedCredentials') && !knows('signalCurrentUserDetails')) return;
    const { passkeys, user } = await calls.passkeys();
    const userId = user.id;
    const told = [];
    if (knows('signalAllAcceptedCredentials')) {
      const allAcceptedCredentialIds = passkeys.map((passkey) => passkey.id);
      told.push(send('signalAllAcceptedCredentials', { userId, allAcceptedCredentialIds }));
    }
    if (knows('signalCurrentUserDetails')) {
      const displayName = user.display_name || user.name;
      told.push(send('signalCurrentUserDetails', { userId, name: user.name, displayName }));
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
