// Which words belong to what happened. The words themselves are the language's.

import words from './words.mjs';

const language = document.documentElement.lang;
const plurals = new Intl.PluralRules(language);
const numbers = new Intl.NumberFormat(language);

// The text with its placeholders, such as {name}, filled in.
export function filled(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => (Object.hasOwn(values, name) ? values[name] : whole));
}

// Of the forms for different numbers (CLDR's plural categories) the one for this number.
export function counted(forms, count) {
  return filled(forms[plurals.select(count)] ?? forms.other, { count: numbers.format(count) });
}

export function unsupported() {
  return window.isSecureContext ? words.unsupported : words.insecure;
}

// The page is behind the service, and loading it again helps.
const STALE = new Set(['bad-request', 'not-json', 'method-not-allowed']);

// `doing` is `login` or `create`. The result has title and text, and may have hints, a text for
// the field that was wrong, and a reference for support.
export function explain(error, doing) {
  if (error.name === 'CeremonyFailure') return of(words.browser[error.reason], doing);
  if (error.name === 'Unreachable') {
    return globalThis.navigator?.onLine === false ? words.offline : words.unreachable;
  }
  if (error.name === 'Problem') {
    // Where somebody may have to look it up.
    const puzzling = error.status >= 500 || ['ceremony-refused', 'passkey-not-taken'].includes(error.slug);
    return { ...refusal(error, doing), reference: puzzling ? error.reference : null };
  }
  return words.browser['browser-failed'];
}

function refusal({ slug, status, retryAfter }, doing) {
  if (slug === 'too-many' || status === 429) {
    return { ...words.tooMany, text: filled(words.tooMany.text, { later: later(retryAfter) }) };
  }
  if (STALE.has(slug)) return words.tooOld;
  if (Object.hasOwn(words.problem, slug)) return of(words.problem[slug], doing);
  if (status === 401) return words.problem.unauthorized;
  if (status === 503) return words.problem['store-unavailable'];
  return status >= 500 ? words.problem.internal : words.tooOld;
}

function of(entry, doing) {
  return entry[doing] ?? entry;
}

export function later(seconds) {
  const { soon, seconds: inSeconds, minutes: inMinutes } = words.time;
  if (!seconds || seconds < 1) return soon;
  return seconds < 90 ? counted(inSeconds, seconds) : counted(inMinutes, Math.ceil(seconds / 60));
}

// What a person calls a browser on a system; either may be unknown.
export function deviceName({ browser, system }) {
  if (browser && system) return filled(words.device.both, { browser, system });
  return browser || system || words.device.unknown;
}
