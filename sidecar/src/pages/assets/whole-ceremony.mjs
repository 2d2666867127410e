// A ceremony from begin to finish, with what the page says meanwhile.

import { createPasskey, usePasskey } from './ceremony.mjs';
import words from './words.mjs';

// `body` says who logs in, if anybody is named, and how.
export function logIn(calls, notice, body) {
  return notice.during(words.waiting.login, async (signal, tooLate) => {
    const begun = await calls.loginBegin(body, signal);
    const assertion = await usePasskey(begun.publicKey, signal);
    tooLate();
    return calls.loginFinish(assertion);
  });
}

// `begin` gives what the service answers to register/begin. When the service refuses a passkey that
// the authenticator has made, the error names it (`orphan`).
export function register(calls, notice, begin) {
  return notice.during(words.waiting.create, async (signal, tooLate) => {
    const begun = await begin(signal);
    const attestation = await createPasskey(begun.publicKey, signal);
    tooLate();
    try {
      return await calls.registerFinish(attestation);
    } catch (error) {
      if (error.name === 'Problem') error.orphan = attestation.id;
      throw error;
    }
  });
}
