// What a new passkey may be called.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { modulesIn } from './languages.mjs';

const WINDOWS = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/126.0.0.0';
const ANDROID = 'Mozilla/5.0 (Linux; Android 14) Chrome/126.0.0.0 Mobile';

for (const [tag, names] of Object.entries({
  en: ['Passkey on Windows', 'Passkey on Android', 'Security key', 'Passkey'],
  'zh-Hans': ['Windows 上的通行密钥', 'Android 上的通行密钥', '安全密钥', '通行密钥'],
})) {
  test(`${tag}: a passkey is called by its maker, or by where it is`, async () => {
    const { suggestion } = await (await modulesIn(tag))('label.mjs');
    const known = { authenticator: 'Bitwarden', attachment: 'platform', transports: ['internal'] };
    assert.equal(suggestion(known, WINDOWS), 'Bitwarden');
    const builtIn = { authenticator: null, attachment: 'platform', transports: ['internal'] };
    const key = { authenticator: null, attachment: 'cross-platform', transports: ['usb', 'nfc'] };
    const phone = { authenticator: null, attachment: 'cross-platform', transports: ['hybrid'] };
    assert.deepEqual([
      suggestion(builtIn, WINDOWS),
      suggestion(builtIn, ANDROID),
      suggestion(key, WINDOWS),
      suggestion(phone, WINDOWS),
    ], names);
    assert.equal(suggestion(builtIn, 'something else'), names[3]);
  });
}
