// The same for several users, one after the other.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { LANGUAGES, modulesIn } from './languages.mjs';

// Where the runtime has none: no language of the reader's own.
globalThis.navigator ??= {};
const load = await modulesIn('en');
const { forEach, outcomeOf } = await load('admin-bulk.mjs');
const { Problem, Unreachable } = await load('api.mjs');

const users = ['ann', 'bob', 'root', 'eve'].map((name) => ({ id: name, name }));
const conflict = (code) => new Problem('conflict', 409, null, null, 'in English', { errors: [{ code, detail: 'in English' }] });

// Does it for everyone but those who fail; comes back with whom it was tried for.
async function run(failures, own = 'nobody') {
  const tried = [];
  const told = [];
  const outcome = await forEach(users, async ({ name }) => {
    tried.push(name);
    if (failures[name]) throw failures[name];
  }, { own, progress: (done, count) => told.push(`${done}/${count}`) });
  const names = (list) => list.map((one) => (one.user ?? one).name);
  return { tried, told, outcome, done: names(outcome.done), failed: names(outcome.failed), untried: names(outcome.untried) };
}

test('each is done by itself, and it is said how far it is', async () => {
  const { tried, told, outcome } = await run({});
  assert.deepEqual(tried, ['ann', 'bob', 'root', 'eve']);
  assert.deepEqual(told, ['0/4', '1/4', '2/4', '3/4']);
  assert.deepEqual(outcomeOf('disable', outcome), { say: '4 users are disabled and signed out everywhere.' });
  assert.equal(outcomeOf('delete', { done: users.slice(0, 1), failed: [], untried: [] }).say, '1 user was deleted.');
});

test('whoever does it comes last', async () => {
  assert.deepEqual((await run({}, 'bob')).tried, ['ann', 'root', 'eve', 'bob']);
});

test('one who fails stops no other, and is told with the reason', async () => {
  const { done, failed, untried, outcome } = await run({
    bob: new Problem('not-found', 404), root: conflict('own-account'),
  });
  assert.deepEqual([done, failed, untried], [['ann', 'eve'], ['bob', 'root'], []]);
  const { tell } = outcomeOf('delete', outcome);
  assert.equal(tell.title, 'Done for 2 of 4 users');
  assert.equal(tell.hints.length, 2);
  assert.match(tell.hints[0], /^bob: It is no longer there/);
  assert.match(tell.hints[1], /^root: Nobody disables or deletes their own account/);
});

test('where no further try makes sense, the others are not tried', async () => {
  for (const error of [
    new Unreachable(), new Problem('too-many', 429, null, 30), new Problem('store-unavailable', 503),
    new Problem('not-an-administrator', 403), new DOMException('not now', 'AbortError'),
  ]) {
    const { tried, done, failed, untried, outcome } = await run({ bob: error });
    assert.deepEqual(tried, ['ann', 'bob'], error.name);
    assert.deepEqual([done, failed, untried], [['ann'], ['bob'], ['root', 'eve']]);
    const { tell } = outcomeOf('end', outcome);
    assert.equal(tell.title, 'Done for 1 of 4 users');
    assert.equal(tell.hints.at(-1), 'Not tried any more: root, eve.');
  }
});

test('a group that can be none is wrong for everyone', async () => {
  const error = new Problem('bad-request', 400, null, null, '', {
    errors: [{ code: 'not-as-expected', field: 'add_groups', detail: 'in English' }],
  });
  assert.deepEqual((await run({ ann: error })).tried, ['ann']);
});

test('many names are counted', () => {
  const untried = Array.from({ length: 20 }, (_, index) => ({ name: `u${index}` }));
  const { tell } = outcomeOf('enable', { done: [], failed: [{ user: users[0], error: new Unreachable() }], untried });
  assert.match(tell.hints.at(-1), /u11 and 8 more\.$/);
});

test('every action is said in every language', () => {
  for (const { scripts } of Object.values(LANGUAGES)) {
    const { bulk, confirm } = scripts['admin-words'];
    assert.deepEqual(Object.keys(bulk.done).sort(), ['delete', 'disable', 'enable', 'end', 'join', 'leave']);
    for (const action of ['delete', 'disable', 'end']) assert.ok(confirm[`bulk-${action}`].text.includes('{names}'));
  }
});
