// The pages' modules where no browser is needed: `node --test tests/browser/`.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

import { ASSETS, modulesIn } from './languages.mjs';

const load = await modulesIn('en');
const { decode, encode } = await load('bytes.mjs');
const { isLoop, leave, ownPath, returnsFrom } = await load('arrival.mjs');
const { CeremonyFailure, reasonOf } = await load('ceremony.mjs');
const { creationOptionsByHand, requestOptionsByHand, toJson } = await load('credentials.mjs');
const { Problem, Unreachable, api } = await load('api.mjs');

const bytes = (...values) => Uint8Array.from(values).buffer;

test('base64url survives every byte and every length', () => {
  for (let length = 0; length < 260; length += 1) {
    const raw = Uint8Array.from({ length }, (_, i) => (i * 7 + length) % 256);
    const text = encode(raw.buffer);
    assert.match(text, /^[A-Za-z0-9_-]*$/);
    assert.equal(text, Buffer.from(raw).toString('base64url'));
    assert.deepEqual(new Uint8Array(decode(text)), raw);
  }
});

test('options are converted by hand for browsers that cannot', () => {
  const creation = creationOptionsByHand({
    challenge: 'AQID',
    user: { id: '_w', name: 'ann', displayName: 'Ann' },
    excludeCredentials: [{ type: 'public-key', id: 'BA', transports: ['usb'] }],
    timeout: 5,
  });
  assert.deepEqual(creation, {
    challenge: bytes(1, 2, 3),
    user: { id: bytes(255), name: 'ann', displayName: 'Ann' },
    excludeCredentials: [{ type: 'public-key', id: bytes(4), transports: ['usb'] }],
    timeout: 5,
  });
  const request = requestOptionsByHand({ challenge: 'AQID', rpId: 'x.example' });
  assert.deepEqual(request, { challenge: bytes(1, 2, 3), rpId: 'x.example', allowCredentials: [] });
});

test('a credential whose toJSON() throws is converted by hand', () => {
  const assertion = {
    id: 'BA',
    rawId: bytes(4),
    type: 'public-key',
    authenticatorAttachment: 'platform',
    response: {
      clientDataJSON: bytes(1),
      authenticatorData: bytes(2),
      signature: bytes(3),
      userHandle: bytes(9),
    },
    getClientExtensionResults: () => ({}),
    toJSON() {
      throw new TypeError('Illegal invocation');
    },
  };
  assert.deepEqual(toJson(assertion), {
    id: 'BA',
    rawId: 'BA',
    type: 'public-key',
    response: { clientDataJSON: 'AQ', authenticatorData: 'Ag', signature: 'Aw', userHandle: 'CQ' },
    clientExtensionResults: {},
    authenticatorAttachment: 'platform',
  });
  const attestation = {
    ...assertion,
    response: {
      clientDataJSON: bytes(1),
      attestationObject: bytes(2),
      getTransports: () => ['internal'],
    },
  };
  assert.deepEqual(toJson(attestation).response, {
    clientDataJSON: 'AQ',
    attestationObject: 'Ag',
    transports: ['internal'],
  });
});

test('only a path of the own origin is a place to go to', () => {
  const origin = 'https://app.example.com';
  for (const own of ['/', '/a/b?c=d#e', '/a?next=https://x.example', '/a//b']) {
    assert.equal(ownPath(own, origin), own);
  }
  for (const other of [
    '//evil.example', '/\\evil.example', '/\t/evil.example', '/.//evil.example', '\\\\evil.example',
    'https://evil.example/', 'https://app.example.com@evil.example', 'good.evil',
    'javascript:alert(1)', 'data:text/html,x', '/x\r\n', '', undefined, null,
  ]) {
    assert.equal(ownPath(other, origin), '/', String(other));
  }
});

function storage() {
  const kept = new Map();
  return {
    setItem: (key, value) => kept.set(key, value),
    getItem: (key) => kept.get(key) ?? null,
    removeItem: (key) => kept.delete(key),
  };
}

test('coming back at once is counted, and only from the same place', () => {
  const store = storage();
  const back = (place, now) => returnsFrom(place, () => store, now);
  const go = (place, returns, now) => leave(place, returns, () => store, now);
  assert.equal(back('/a', 1000), 0, 'never left');
  go('/a', 0, 1000);
  assert.equal(back('/a', 3000), 1);
  assert.equal(back('/a', 3001), 0, 'counted already');
  go('/a', 1, 3002);
  assert.equal(back('/a', 5000), 2, 'again');
  go('/a', 0, 1000);
  assert.equal(back('/b', 1001), 0, 'another place');
  go('/a', 0, 1000);
  assert.equal(back('/a', 60_000), 0, 'long ago');
  go('/a', 0, 60_000);
  assert.equal(back('/a', 1000), 0, 'the clock stepped back');
});

test('one redirect back is a loop, one click is not', () => {
  assert.equal(isLoop(0, 1, false), false);
  assert.equal(isLoop(1, 1, false), true);
  assert.equal(isLoop(1, 1, true), false, 'the new token has its try');
  assert.equal(isLoop(2, 1, true), true);
  for (const renewed of [true, false]) {
    assert.equal(isLoop(2, 0, renewed), false);
    assert.equal(isLoop(3, 0, renewed), true);
  }
});

test('a browser that forbids storage is no obstacle', () => {
  const forbidden = () => {
    throw new Error('SecurityError');
  };
  leave('/a', 0, forbidden, 0);
  assert.equal(returnsFrom('/a', forbidden, 0), 0);
});

test('what a browser reports is told apart', () => {
  const named = (name) => ({ name });
  const reasons = {
    AbortError: 'cancelled',
    NotAllowedError: 'not-allowed',
    InvalidStateError: 'already-registered',
    SecurityError: 'wrong-origin',
    NotSupportedError: 'no-authenticator',
    ConstraintError: 'no-authenticator',
    UnknownError: 'authenticator-failed',
    TypeError: 'browser-failed',
  };
  for (const [name, reason] of Object.entries(reasons)) {
    assert.equal(reasonOf(named(name), 10, 300_000), reason);
  }
  assert.equal(reasonOf(named('NotAllowedError'), 299_500, 300_000), 'timed-out');
});

test('calls carry JSON, stay on this origin, and put nothing secret into addresses', async (t) => {
  const seen = [];
  t.mock.method(globalThis, 'fetch', async (address, options) => {
    seen.push([options.method, address, options]);
    return new Response('{}', { status: 200 });
  });
  const calls = api('/_latchkey', 'webauthn');
  await calls.loginBegin({ username: 'ann' });
  await calls.loginFinish({ id: 'x' });
  await calls.rename('a/b?c', 'new');
  await calls.remove('id');
  await calls.logout();
  await calls.whoAmI();
  assert.deepEqual(seen.map(([method, address]) => `${method} ${address}`), [
    'POST /_latchkey/v1/auth/webauthn/login/begin',
    'POST /_latchkey/v1/auth/webauthn/login/finish',
    'PATCH /_latchkey/v1/self/passkeys/a%2Fb%3Fc',
    'DELETE /_latchkey/v1/self/passkeys/id',
    'POST /_latchkey/v1/self/logout',
    'GET /_latchkey/userinfo',
  ]);
  for (const [method, , options] of seen) {
    assert.equal(options.credentials, 'same-origin');
    assert.equal(options.redirect, 'error');
    if (method !== 'GET') assert.equal(options.headers['content-type'], 'application/json');
  }
});

test('a refusal is a problem with slug, reference and waiting time; an error page is one, too', async (t) => {
  const answers = [
    new Response('{"type":"urn:latchkey:problem:too-many"}', {
      status: 429,
      headers: { 'retry-after': '7', 'x-request-id': 'r-1' },
    }),
    new Response('<html>upstream connect error</html>', { status: 503 }),
    new Response('<html>not JSON</html>', { status: 200 }),
  ];
  t.mock.method(globalThis, 'fetch', async () => answers.shift());
  const calls = api('/_latchkey', 'webauthn');
  const expect = (fields) => (error) => {
    for (const [name, value] of Object.entries(fields)) assert.equal(error[name], value);
    return true;
  };
  await assert.rejects(
    calls.loginBegin({}),
    expect({ slug: 'too-many', status: 429, retryAfter: 7, reference: 'r-1' }),
  );
  await assert.rejects(calls.loginBegin({}), expect({ slug: 'status-503', retryAfter: null }));
  await assert.rejects(calls.loginBegin({}), expect({ name: 'Unreachable' }));
  t.mock.method(globalThis, 'fetch', async () => {
    throw new TypeError('network');
  });
  await assert.rejects(calls.loginBegin({}), expect({ name: 'Unreachable' }));
});

test('no script keeps its words to itself', () => {
  for (const name of readdirSync(ASSETS).filter((one) => one.endsWith('.mjs'))) {
    const text = readFileSync(new URL(name, ASSETS), 'utf8').replace(/^\s*\/\/.*$/gm, '');
    const sentences = text.match(/'[A-Z][a-z]+ [^']+[.!?…]'/g) ?? [];
    assert.deepEqual(sentences, [], `${name} says things that belong into languages/`);
  }
});

test('who cancels while an answer arrives has cancelled, whatever there is of it', async (t) => {
  t.mock.method(globalThis, 'fetch', async () => ({
    ok: true,
    status: 200,
    json: async () => {
      throw new DOMException('The user aborted a request.', 'AbortError');
    },
  }));
  await assert.rejects(api('/_latchkey', 'webauthn').registerBegin({}), { name: 'AbortError' });
});
