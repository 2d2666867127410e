// What password managers are told, and what they are never told.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { modulesIn } from './languages.mjs';

const load = await modulesIn('en');
const { signals } = await load('signals.mjs');
const { register } = await load('whole-ceremony.mjs');
const { Problem, Unreachable } = await load('api.mjs');

const ALL = ['signalAllAcceptedCredentials', 'signalCurrentUserDetails', 'signalUnknownCredential'];

// A browser that knows these methods, and what it was told.
function browser(methods = ALL, answer = async () => {}) {
  const told = [];
  const methodsOf = methods.map((name) => [name, (details) => {
    told.push([name, details]);
    return answer();
  }]);
  globalThis.window = { PublicKeyCredential: Object.fromEntries(methodsOf) };
  return told;
}

const ANN = { id: 'AA', name: 'ann', display_name: 'Ann' };

// The service, with these passkeys of whoever is signed in.
const serviceOf = (user, ids) => ({
  passkeys: async () => ({ passkeys: ids.map((id) => ({ id })), user }),
});
const service = (...ids) => serviceOf(ANN, ids);
const signedOut = { passkeys: async () => { throw new Problem('unauthorized', 401, null, null); } };

test('the passkeys and the names of an account are told as the service has them', async () => {
  const told = browser();
  await signals('x.example').account(service('one', 'two'));
  assert.deepEqual(told, [
    ['signalAllAcceptedCredentials', { rpId: 'x.example', userId: 'AA', allAcceptedCredentialIds: ['one', 'two'] }],
    ['signalCurrentUserDetails', { rpId: 'x.example', userId: 'AA', name: 'ann', displayName: 'Ann' }],
  ]);
});

test('whoever has no other name is called by the user name', async () => {
  const told = browser(['signalCurrentUserDetails']);
  await signals('x.example').account(serviceOf({ ...ANN, display_name: '' }, []));
  assert.equal(told[0][1].displayName, 'ann');
});

test('a list that could not be had is not told', async () => {
  const told = browser();
  const failing = { passkeys: async () => { throw new Unreachable(); } };
  for (const calls of [signedOut, failing]) await signals('x.example').account(calls);
  assert.deepEqual(told, []);
});

test('a browser that cannot, will not or does not answer is no obstacle', async () => {
  const asked = { passkeys: async () => assert.fail('asked for nothing') };
  browser([]);
  await signals('x.example').account(asked);
  await signals('x.example').orphan(asked, 'one');
  await signals('x.example').removed('one');
  globalThis.window = {};
  await signals('x.example').account(asked);
  browser(ALL, async () => { throw new TypeError('no such rpId'); });
  await signals('x.example').account(service('one'));
  await signals('x.example').removed('one');
  browser(ALL, () => { throw new TypeError('at once'); });
  await signals('x.example').removed('one');
});

test('a passkey that the service refused is unknown only when the list says so, too', async () => {
  const told = browser();
  await signals('x.example').orphan(service('kept', 'other'), 'kept');
  await signals('x.example').orphan(signedOut, 'kept');
  assert.deepEqual(told, []);
  await signals('x.example').orphan(service('other'), 'refused');
  assert.deepEqual(told, [['signalUnknownCredential', { rpId: 'x.example', credentialId: 'refused' }]]);
});

test('only a refusal by the service makes an orphan', async (t) => {
  const credential = {
    toJSON: () => ({ id: 'new', response: { clientDataJSON: '' } }),
  };
  browser([]);
  globalThis.window.PublicKeyCredential.parseCreationOptionsFromJSON = (json) => json;
  Object.defineProperty(globalThis, 'navigator', {
    configurable: true,
    value: { credentials: { create: async () => credential } },
  });
  t.after(() => delete globalThis.navigator);
  const notice = { during: (_, work) => work(null, () => {}) };
  const begin = async () => ({ publicKey: {} });
  for (const [error, orphan] of [
    [new Problem('ceremony-refused', 400, null, null), 'new'],
    [new Unreachable(), undefined],
  ]) {
    const calls = { registerFinish: async () => { throw error; } };
    const caught = await register(calls, notice, begin).catch((it) => it);
    assert.equal(caught.orphan, orphan, error.name);
  }
});
