// Asks what a passkey that was just made shall be called.

import { mark } from './fields.mjs';
import { oneAtATime } from './one-at-a-time.mjs';
import { filled } from './texts.mjs';
import words from './words.mjs';

// Systems as their owners know them, by what a user agent calls them.
const SYSTEMS = [
  [/Windows/, 'Windows'], [/Android/, 'Android'], [/iPhone/, 'iPhone'], [/iPad/, 'iPad'],
  [/Mac OS X/, 'Mac'], [/CrOS/, 'Chromebook'], [/Linux/, 'Linux'],
];

// What it may be called: by its maker's name, or by where it is.
export function suggestion(passkey, userAgent) {
  if (passkey.authenticator) return passkey.authenticator;
  const system = SYSTEMS.find(([pattern]) => pattern.test(userAgent));
  if (passkey.attachment === 'platform' && system) {
    return filled(words.passkeyOn, { system: system[1] });
  }
  const plugged = passkey.transports?.some((way) => ['usb', 'nfc', 'smart-card'].includes(way));
  return plugged ? words.securityKey : words.passkey;
}

// Opens the form, which the page has shown, and comes back when the name is kept. The passkey is
// there already: whoever leaves here loses nothing.
export function askLabel(calls, notice, passkey) {
  const form = document.getElementById('label-form');
  const input = document.getElementById('label');
  const { alone } = oneAtATime();
  input.value = suggestion(passkey, navigator.userAgent);
  input.focus();
  input.select();
  return new Promise((resolve) => {
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      alone(save);
    });

    async function save() {
      notice.clear();
      mark('label', '');
      const label = input.value.trim();
      try {
        if (label && label !== passkey.label) await calls.rename(passkey.id, label);
      } catch (error) {
        if (error.slug === 'bad-request') {
          mark('label', words.field.labelRefused);
          return;
        }
        // Whose session is gone has other things to learn on the next page.
        if (error.status !== 401) {
          notice.fail(error, 'login');
          return;
        }
      }
      resolve();
    }
  });
}
