// The filter in a host that is not Envoy: `node --test tests/abi/`. Needs scripts/build-filter.
// Envoy always has `verify_signature`, always succeeds, and cannot say how large a VM is.

import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { Action, Host, ROOT, Status } from './host.mjs';

const WASM = process.env.LATCHKEY_WASM ?? new URL('../../target/latchkey.wasm', import.meta.url);
const filter = new WebAssembly.Module(readFileSync(WASM));

const NOW = 1_800_000_000;
const USER = '7f8a1d5e-5f5b-4a55-9d7c-0a4b9c1d2e3f';
const issuer = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const impostor = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const configuration = {
  issuer: 'https://app.example.com/_latchkey',
  audiences: ['app'],
  hosts: ['app.example.com'],
  sidecar: { cluster: 'latchkey-internal', public_cluster: 'latchkey-public' },
  jwks: {
    inline: {
      keys: [{ ...issuer.publicKey.export({ format: 'jwk' }), kid: 'k', alg: 'ES256', use: 'sig' }],
    },
  },
  // Nobody is there who could say what was revoked.
  revocations: null,
  rules: [{ match: { paths: ['/public/**'] }, allow: 'public' }],
};

const base64url = (value) => Buffer.from(value).toString('base64url');

function token(change = {}, { privateKey } = issuer) {
  const header = { alg: 'ES256', kid: 'k', typ: 'session+jwt' };
  const claims = {
    iss: configuration.issuer, aud: 'app', sub: USER, iat: NOW, exp: NOW + 600, jti: 't', sid: 's',
    auth_time: NOW, ...change,
  };
  const message = [header, claims].map((part) => base64url(JSON.stringify(part))).join('.');
  const signature = sign('sha256', Buffer.from(message), {
    key: privateKey,
    dsaEncoding: 'ieee-p1363',
  });
  return `${message}.${base64url(signature)}`;
}

/** A signature whose last byte but one is another. */
function flipped(good) {
  const [header, claims, signature] = good.split('.');
  const bytes = Buffer.from(signature, 'base64url');
  bytes[62] ^= 1;
  return `${header}.${claims}.${base64url(bytes)}`;
}

const request = (path, bearer, ...more) => [
  [':method', 'GET'],
  [':path', path],
  [':authority', 'app.example.com'],
  ...(bearer === undefined ? [] : [['authorization', `Bearer ${bearer}`]]),
  ...more,
];

function started(disturb) {
  const host = new Host(filter, disturb);
  assert.ok(host.configure(configuration), host.logs.join('\n'));
  host.world.now = BigInt(NOW);
  return host;
}

function assertJudges(host) {
  const good = host.request(request('/', token()));
  assert.deepEqual([good.action, good.status], [Action.continue, undefined]);
  assert.deepEqual(
    good.headers.filter(([name]) => name === 'x-auth-request-user'),
    [['x-auth-request-user', USER]],
  );
  const [, claims] = token({ sub: 'root' }).split('.');
  const [header, , signature] = token().split('.');
  for (const bad of [
    token({}, impostor),
    flipped(token()),
    `${header}.${claims}.${signature}`,
    `${header}.${claims}.`,
    'forged',
  ]) {
    const { action, status } = host.request(request('/', bad));
    assert.deepEqual([action, status], [Action.pause, 401]);
  }
}

test('without verify_signature ES256 is checked in Wasm', () => {
  const host = started();
  assertJudges(host);
  const said = host.logs.filter((line) => line.includes('the host has no verify_signature'));
  assert.equal(said.length, 1, host.logs.join('\n'));
});

test('a verify_signature that fails leaves the check to Wasm', () => {
  for (let status = 1; status <= 13; status += 1) {
    let calls = 0;
    const host = started((_, name) => {
      if (name !== 'proxy_call_foreign_function') return undefined;
      calls += 1;
      return status;
    });
    assertJudges(host);
    assert.ok(status === Status.notFound ? calls === 1 : calls > 1, `${calls} calls`);
  }
});

test('a verify_signature that gives no clear yes refuses', () => {
  for (const answer of [[], [0], [8], [8, 0], [8, 2], [1, 8], [18, 1, 120]]) {
    const host = started();
    host.world.foreign.verify_signature = () => Uint8Array.from(answer);
    assert.equal(host.request(request('/', token())).status, 401, `${answer}`);
  }
});

test('without a configuration everything is refused', () => {
  const host = new Host(filter);
  assert.ok(!host.configure({ ...configuration, rulez: [] }));
  for (const path of ['/', '/public/x', '/_latchkey/login']) {
    const { action, status } = host.request(request(path, token()));
    assert.deepEqual([action, status], [Action.pause, 503], path);
  }
});

test('plugins that share a VM keep to their own configuration', () => {
  const host = started();
  const rules = [{ match: { paths: ['/open/**'] }, allow: 'public' }];
  const other = host.plugin({ ...configuration, rules });
  const refuses = (path, root) => host.request(request(path), { root }).status;
  const judge = () => {
    assert.equal(refuses('/open/x', other), undefined);
    assert.equal(refuses('/public/x', other), 401);
  };
  judge();
  assert.equal(refuses('/open/x', ROOT), 401);
  assert.equal(refuses('/public/x', ROOT), undefined);
  // As when a configuration has taken the place of another.
  host.exports.proxy_on_delete(ROOT);
  judge();
  assert.equal(refuses('/public/x', ROOT), 503, 'nobody is there to judge');
  host.exports.proxy_on_delete(other);
  assert.equal(refuses('/open/x', other), 503);
});

test('an answer finds the request that waits for it, whomever the host names', () => {
  for (const names of [(context) => context, () => ROOT]) {
    const host = new Host(filter);
    const fetching = { ...configuration, jwks: { refresh: '60s' } };
    assert.ok(host.configure(fetching), host.logs.join('\n'));
    host.world.now = BigInt(NOW);
    const jwks = { keys: [{ ...configuration.jwks.inline.keys[0], kid: 'old' }] };
    const answer = (keys, context) => {
      const body = JSON.stringify(keys);
      host.world.answer = { headers: [[':status', '200']], body };
      host.world.headers = request('/', token());
      host.answerCall(1, body.length, context);
    };
    host.tick();
    answer(jwks, ROOT);
    const waiting = [1, 2, 3].map(() => host.begin(request('/', token())));
    assert.deepEqual(waiting.map(({ action }) => action), [1, 1, 1].map(() => Action.pause));
    assert.deepEqual([host.answers, host.calls.length], [[], 3]);
    // The second goes away, and its call with it.
    host.exports.proxy_on_delete(waiting[1].context);
    const [first, , third] = waiting.map(({ context }) => context);
    for (const context of [first, undefined, third]) {
      host.actsFor = context;
      if (context === undefined) host.calls.shift();
      else answer(configuration.jwks.inline, names(context));
    }
    assert.deepEqual(host.continued, [first, third]);
    assert.deepEqual(host.answers, []);
  }
});

// mulberry32: the same numbers for the same seed.
function random(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Calls that end in a pointer and a size for bytes that the host gives. */
const GIVES_BYTES = new Set([
  'proxy_get_buffer_bytes', 'proxy_get_header_map_pairs', 'proxy_get_header_map_value',
  'proxy_get_property',
]);
// The standard library's own, before the filter runs or when it has stopped already.
const WASI = new Set(['environ_get', 'environ_sizes_get', 'fd_write', 'proc_exit']);

test('whatever the host answers, the filter neither traps nor opens', () => {
  const rounds = Number(process.env.LATCHKEY_ABI_ROUNDS ?? 1000);
  for (let seed = 1; seed <= rounds; seed += 1) {
    const next = random(seed);
    const below = (limit) => Math.floor(next() * limit);
    const rubbish = () => Uint8Array.from({ length: below(200) }, () => below(256));
    const rate = next() / 2;
    let tamper = false;
    const disturb = (host, name, values) => {
      if (next() >= rate || WASI.has(name)) return undefined;
      // Rubbish in the place of headers may be anything, a public path even: not while it is told
      // whether the gateway opens.
      if (tamper && GIVES_BYTES.has(name) && next() < 0.5) {
        return host.give(rubbish(), ...values.slice(-2));
      }
      return next() < 0.8 ? 1 + below(13) : below(2 ** 32);
    };
    let host;
    try {
      host = new Host(filter, disturb);
      host.configure(configuration);
      for (let turn = 0; turn < 12; turn += 1) {
        tamper = turn % 2 === 1;
        host.world.now += BigInt(below(100));
        host.tick();
        if (turn === 5) host.configure({ ...configuration, jwks: { refresh: '1s' } });
        const bearer = [undefined, 'forged', flipped(token()), token({}, impostor)][below(4)];
        const headers = request('/secret', bearer, ['x-auth-request-user', 'root'], ['te', rubbish()]);
        const { action } = host.request(headers, { trailers: true, response: true });
        if (!tamper) assert.equal(action, Action.pause, 'opened');
        host.answerCall(below(9), below(2 ** 31));
      }
    } catch (error) {
      const said = host?.logs.slice(-5).join('\n');
      throw new Error(`seed ${seed}: ${error.message}\n${said}`, { cause: error });
    }
  }
});

test('the filter asks for nothing that other plugins can write', () => {
  const asked = new Set();
  const host = started((_, name) => void asked.add(name));
  host.configure({ ...configuration, jwks: {}, revocations: {} });
  for (let turn = 0; turn < 3; turn += 1) {
    host.world.now += 100n;
    host.tick();
    host.request(request('/', token()), { trailers: true, response: true });
    host.answerCall(1, 0);
  }
  assert.ok(asked.has('proxy_http_call'), [...asked].join(' '));
  assert.deepEqual([...asked].filter((name) => name.includes('shared')), []);
});

test('the memory of the VM does not grow with the requests', () => {
  const host = started();
  // Nobody here is to wait for cryptography; each token is new all the same.
  host.world.foreign.verify_signature = () => Uint8Array.from([8, 1]);
  const [header, , signature] = token().split('.');
  const claims = (jti) =>
    base64url(JSON.stringify({
      iss: configuration.issuer, aud: 'app', sub: USER, iat: NOW, exp: NOW + 600, jti, sid: 's',
      auth_time: NOW, name: 'x'.repeat(200),
    }));
  const known = token();
  const run = (from, to) => {
    for (let number = from; number < to; number += 1) {
      const fresh = `${header}.${claims(`token-${number}`)}.${signature}`;
      assert.equal(host.request(request('/', fresh)).action, Action.continue);
      assert.equal(host.request(request('/', known)).action, Action.continue);
      host.request(request(`/${number}`, 'forged'));
      host.request(request('/public/x', undefined, ['cookie', 'a=b; '.repeat(1000)]));
      host.request(request('/%2f\xff', undefined));
      if (number % 1000 === 0) host.logs.length = 0;
    }
  };
  // Enough to fill the cache of verified tokens, and to change each of them some times.
  run(0, 80_000);
  const full = host.memoryBytes;
  run(80_000, 110_000);
  assert.equal(host.memoryBytes, full);
  assert.ok(full <= 24 << 20, `${full} bytes`);
  console.log(`VM memory: ${full >> 10} KiB after 550,000 requests`);
});
