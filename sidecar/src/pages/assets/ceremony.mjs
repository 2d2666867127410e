// One exchange with an authenticator, and what can go wrong in it.

import { creationOptions, requestOptions, toJson } from './credentials.mjs';

// Reasons: cancelled (by our own button), not-allowed (refused, dismissed or nothing suitable; the
// browser does not say which), timed-out, already-registered, wrong-origin, no-authenticator,
// authenticator-failed, browser-failed.
export class CeremonyFailure extends Error {
  constructor(reason, cause) {
    super(reason, { cause });
    this.name = 'CeremonyFailure';
    this.reason = reason;
  }
}

export function createPasskey(json, signal) {
  return attempt(json.timeout, () =>
    navigator.credentials.create({ publicKey: creationOptions(json), signal }));
}

export function usePasskey(json, signal, mediation) {
  const request = () => ({ publicKey: requestOptions(json), signal });
  return attempt(json.timeout, () =>
    navigator.credentials.get(mediation ? { ...request(), mediation } : request()));
}

async function attempt(timeout, ask) {
  const begun = performance.now();
  let credential;
  try {
    credential = await ask();
  } catch (error) {
    throw new CeremonyFailure(reasonOf(error, performance.now() - begun, timeout), error);
  }
  if (!credential) throw new CeremonyFailure('not-allowed');
  return toJson(credential);
}

export function reasonOf(error, elapsed, timeout) {
  switch (error.name) {
    case 'AbortError':
      return 'cancelled';
    case 'NotAllowedError':
      return timeout && elapsed >= timeout - 1000 ? 'timed-out' : 'not-allowed';
    case 'TimeoutError':
      return 'timed-out';
    case 'InvalidStateError':
      return 'already-registered';
    case 'SecurityError':
      return 'wrong-origin';
    case 'NotSupportedError':
    case 'ConstraintError':
      return 'no-authenticator';
    case 'UnknownError':
    case 'NotReadableError':
    case 'OperationError':
      return 'authenticator-failed';
    default:
      return 'browser-failed';
  }
}
