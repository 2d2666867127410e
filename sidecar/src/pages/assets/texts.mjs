// Every word that the scripts say.

export const WAITING = {
  login: 'Waiting for your passkey. Follow your browser’s instructions.',
  create: 'Creating your passkey. Follow your browser’s instructions.',
  checking: 'Checking …',
  leaving: 'Taking you to your page …',
  loggingOut: 'Logging you out …',
};

export const DONE = {
  cancelled: 'Cancelled. Nothing was changed.',
  added: 'Passkey added. You can give it a name that you will recognise.',
  renamed: (name) => `The passkey is now called “${name}”.`,
  removed: (name) => `“${name}” was removed.`,
  sessionEnded: (name) => `“${name}” is logged out.`,
  codesMade: 'These are your new codes. They are shown only now; older ones no longer work.',
  codesLeft: (n) => (n === 1 ? '1 is left.' : `${n} are left.`),
};

export const FIELD = {
  nameNeeded: 'Enter your user name.',
  codeNeeded: 'Enter one of your recovery codes.',
  nameNeededForAccount: 'Choose a user name.',
  labelNeeded: 'Enter a name for this passkey.',
  labelRefused: 'This cannot be its name. Use up to 64 ordinary characters.',
};

export const PASSKEY = 'Passkey';

export const continuingAs = ['Continuing as ', ' …'];

const UNSUPPORTED = {
  title: 'This browser cannot use passkeys',
  text: 'You need a browser that supports them to log in here.',
  hints: [
    'Update your browser, or use a current version of Chrome, Edge, Firefox or Safari.',
    'If you opened this page inside another app, open it in your browser instead.',
  ],
};

const INSECURE = {
  title: 'This connection is not secure',
  text: 'Passkeys only work over a secure connection. Check that the address begins with https://.',
};

export function unsupported() {
  return window.isSecureContext ? UNSUPPORTED : INSECURE;
}

// What happened in the browser: by reason, and where it differs, by what the visitor was doing.
const CEREMONY = {
  'not-allowed': {
    login: {
      title: 'You were not logged in',
      text: 'The request was cancelled, or no passkey for this site was found here.',
      hints: [
        'Try again and confirm with your fingerprint, face, PIN or security key.',
        'If your passkey is on your phone, choose the phone or QR code in the browser’s window.',
      ],
    },
    create: {
      title: 'No passkey was created',
      text: 'The request was cancelled, or your device could not create one.',
      hints: [
        'Try again and confirm with your fingerprint, face, PIN or security key.',
        'If this device has no screen lock, set one up first, or use a phone or a security key.',
      ],
    },
  },
  'timed-out': {
    title: 'That took too long',
    text: 'For your safety, the request has ended. Please try again.',
  },
  'already-registered': {
    login: {
      title: 'This passkey cannot be used',
      text: 'Your device refused it. Try another passkey.',
    },
    create: {
      title: 'There is a passkey here already',
      text: 'This device or password manager already holds a passkey for this account.',
      hints: ['To add another one, use a different device, password manager or security key.'],
    },
  },
  'wrong-origin': {
    title: 'Passkeys do not work at this address',
    text: 'Your browser refused because this address is not the one that the passkeys belong to.',
    hints: [
      'Check the address in the address bar. If you followed a link, go to the site yourself.',
      'If the address is right, tell the people who run this service.',
    ],
  },
  'no-authenticator': {
    title: 'Nothing here can do that',
    text: 'No device, password manager or security key that meets the requirements was found.',
    hints: [
      'Set up a screen lock (PIN, fingerprint or face) on this device, then try again.',
      'Or use a phone or a security key that has a PIN.',
    ],
  },
  'authenticator-failed': {
    title: 'Your device reported an error',
    text: 'It could not finish. Try again; if you use a security key, take it out and put it back.',
  },
  'browser-failed': {
    title: 'Your browser reported an error',
    text: 'It could not finish. Load the page again, or try another browser.',
  },
};

const SERVICE_FAULT = {
  title: 'Something went wrong on our side',
  text: 'This is not your fault, and nothing was changed. Please try again in a moment.',
};

const TOO_OLD = {
  title: 'This page has become too old',
  text: 'Load it again, then try once more.',
};

// Refusals by the service, by the slug of their problem type.
const PROBLEM = {
  'bad-request': TOO_OLD,
  'not-json': TOO_OLD,
  'cross-site': {
    title: 'The request was refused',
    text: 'It did not seem to come from this site. Open this page directly, not from inside another.',
  },
  'too-large': {
    title: 'That was too much',
    text: 'What you entered, or what your device sent, is larger than allowed.',
  },
  timeout: {
    title: 'The connection was too slow',
    text: 'Your request did not arrive in time. Please try again.',
  },
  'not-found': {
    title: 'It is no longer there',
    text: 'It may have been removed in the meantime. Load the page again to see how things are.',
  },
  'method-not-allowed': TOO_OLD,
  unauthorized: {
    title: 'You are not logged in any more',
    text: 'Log in again to go on.',
  },
  'fresh-login-required': {
    title: 'Please confirm that it is you',
    text: 'It has been a while since you logged in. Log in again, then try once more.',
  },
  'last-passkey': {
    title: 'You cannot remove your only passkey',
    text: 'You could never log in again. Add another passkey first, then remove this one.',
  },
  'too-many-passkeys': {
    title: 'You have as many passkeys as allowed',
    text: 'Remove one that you no longer need, then add the new one.',
  },
  'name-taken': {
    field: 'This user name is taken. Choose another one.',
    title: 'This user name is taken',
    text: 'Choose another one. If it is yours, log in instead.',
  },
  'invalid-user-name': {
    field: 'This cannot be a user name. Begin with a letter or digit, and use no spaces or signs other than . - _ @ +',
    title: 'This cannot be a user name',
    text: 'Begin with a letter or digit, and use no spaces or signs other than . - _ @ +',
  },
  'registration-off': {
    title: 'You cannot create an account here',
    text: 'Accounts are given out by the people who run this service. Ask them for one.',
  },
  'code-refused': {
    login: {
      title: 'This code was not accepted',
      text: 'The user name or the code is wrong, or the code was used before.',
    },
    create: {
      title: 'This link does not work any more',
      text: 'It was used already, replaced by a newer one or withdrawn, or it is too old.',
      hints: ['Ask the people who run this service for a new one.'],
    },
  },
  'not-an-administrator': {
    title: 'This is for administrators',
    text: 'Your account is not in the group of administrators. Ask one of them.',
  },
  conflict: {
    title: 'It has changed in the meantime',
    text: 'Load the page again to see how things are, then try once more.',
  },
  'must-register-passkey': {
    title: 'Add a passkey first',
    text: 'Before you go on, add a new passkey on your account page.',
  },
  'ceremony-refused': {
    login: {
      title: 'We could not log you in',
      text: 'The passkey was not accepted for this user name, or the attempt took too long.',
      hints: [
        'Check the user name and try again.',
        'If you have several passkeys, try another one.',
      ],
    },
    create: {
      title: 'The passkey was not accepted',
      text: 'The attempt took too long, or the passkey does not meet the requirements. Try again.',
    },
  },
  'certificate-required': {
    title: 'Your device has shown no certificate',
    text: 'Signing in here needs the certificate that the people who run this service gave you. Choose it when your browser asks, then try again.',
  },
  'token-too-large': {
    title: 'Your account cannot log in',
    text: 'It belongs to more groups than a session can hold. Tell the people who run this service.',
  },
  'too-soon': {
    title: 'The next key is not ready yet',
    text: 'Not everyone who checks sessions knows it so far. Try again later.',
  },
  'too-many-keys': {
    title: 'There are too many keys',
    text: 'Wait until old ones retire, or revoke some.',
  },
  'store-unavailable': {
    title: 'We cannot do this right now',
    text: 'The service is not available for the moment, and nothing was changed. Please try again shortly.',
  },
  internal: SERVICE_FAULT,
};

const OFFLINE = {
  title: 'You are offline',
  text: 'Check your internet connection, then try again.',
};

const UNREACHABLE = {
  title: 'We cannot be reached',
  text: 'The connection failed. Check your internet connection and try again in a moment.',
};

// `doing` is `login` or `create`. The result has title and text, and may have hints, a text for
// the field that was wrong, and a reference for support.
export function explain(error, doing) {
  if (error.name === 'CeremonyFailure') return of(CEREMONY[error.reason], doing);
  if (error.name === 'Unreachable') return globalThis.navigator?.onLine === false ? OFFLINE : UNREACHABLE;
  if (error.name === 'Problem') {
    // Where somebody may have to look it up.
    const puzzling = error.status >= 500 || error.slug === 'ceremony-refused';
    return { ...refusal(error, doing), reference: puzzling ? error.reference : null };
  }
  return CEREMONY['browser-failed'];
}

function refusal(error, doing) {
  if (error.slug === 'too-many' || error.status === 429) return tooMany(error.retryAfter);
  if (Object.hasOwn(PROBLEM, error.slug)) return of(PROBLEM[error.slug], doing);
  if (error.status === 401) return PROBLEM.unauthorized;
  if (error.status === 503) return PROBLEM['store-unavailable'];
  return error.status >= 500 ? SERVICE_FAULT : TOO_OLD;
}

function of(entry, doing) {
  return entry[doing] ?? entry;
}

function tooMany(seconds) {
  return {
    title: 'Too many attempts',
    text: `To protect accounts, we have paused this for now. Try again ${later(seconds)}.`,
  };
}

export function later(seconds) {
  if (!seconds || seconds < 1) return 'in a few minutes';
  if (seconds < 90) return seconds === 1 ? 'in 1 second' : `in ${seconds} seconds`;
  return `in ${Math.ceil(seconds / 60)} minutes`;
}
