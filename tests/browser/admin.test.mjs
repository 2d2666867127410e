// The administrators' page's modules where no browser is needed.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

import { ASSETS, LANGUAGES, modulesIn } from './languages.mjs';

// Where the runtime has none: no language of the reader's own.
globalThis.navigator ??= {};
const load = await modulesIn('en');
const { namesIn, placeIn, placeOf } = await load('admin-parts.mjs');
const { detailOf, instantOf, localOf, plainly } = await load('admin-audit.mjs');
const { cameAndWent, savedAs, spanOf } = await load('admin-user-form.mjs');
const { adminApi, asked, fullPage } = await load('admin-api.mjs');
const { withFragment } = await load('arrival.mjs');

const VIEWS = ['users', 'new', 'user', 'sessions', 'policy', 'audit'];

test('every address names a view, and a user by any name', () => {
  const name = (hash) => placeIn(hash, VIEWS).name;
  assert.equal(name(''), 'users');
  assert.equal(name('#'), 'users');
  assert.equal(name('#nothing'), 'users');
  assert.equal(name('#user'), 'users');
  assert.equal(name('#__proto__'), 'users');
  assert.equal(name('#audit?user=ann'), 'audit');
  assert.deepEqual(placeIn('#audit?user=a%26b&after=1-2', VIEWS).query, { user: 'a&b', after: '1-2' });
  for (const user of ['ann', 'ann@example.com', 'a/b', 'ä ö', '50%', '?#']) {
    const place = placeIn(placeOf(user), VIEWS);
    assert.deepEqual([place.name, place.user], ['user', user]);
  }
  assert.equal(placeIn('#users/50%', VIEWS).user, '50%');
});

test('names are told apart by commas, each once', () => {
  assert.deepEqual(namesIn(' eng, oncall ,,eng，运维、财务 '), ['eng', 'oncall', '运维', '财务']);
  assert.deepEqual(namesIn('  '), []);
});

test('a span is written in the largest unit that leaves no rest', () => {
  assert.deepEqual([0, 90, 300, 43_200, 604_800].map(spanOf), ['', '90s', '5m', '12h', '7d']);
});

test('what is saved without an effect is told', () => {
  assert.equal(savedAs([]), 'Saved.');
  const causes = [
    { field: 'token_ttl', code: 'limit-without-effect', values: { most: '10m' }, detail: 'in English' },
    { code: 'token-too-large', detail: 'in English' },
  ];
  assert.equal(
    savedAs(causes),
    'Saved, but take note: A limit that is no shorter than everyone’s (10m) has no effect. With these groups and policies the user’s token does not fit a browser’s cookie, so the next sign-in will fail. Take some away.',
  );
});

test('of groups only what came and went is sent', () => {
  assert.deepEqual(cameAndWent(['a', 'b'], ['b', 'c']), { add_groups: ['c'], remove_groups: ['a'] });
  assert.deepEqual(cameAndWent(['a'], ['a', 'b']), { add_groups: ['b'] });
  assert.deepEqual(cameAndWent(['a', 'b'], []), { remove_groups: ['a', 'b'] });
  assert.deepEqual(cameAndWent(['a', 'b'], ['b', 'a']), {});
});

test('times of a search survive the way through an address', () => {
  const local = '2026-03-04T12:30';
  assert.match(instantOf(local), /^2026-03-0[345]T\d\d:\d\d:00Z$/);
  assert.equal(localOf(instantOf(local)), local);
  assert.equal(instantOf(''), '');
  assert.equal(localOf('rubbish'), '');
});

test('a record shows no character that changes how others look', () => {
  const shown = plainly(JSON.stringify({ label: 'a\u202eb\u200bc' }));
  assert.doesNotMatch(shown, /[\u202e\u200b]/);
  assert.deepEqual(JSON.parse(shown), { label: 'a\u202eb\u200bc' });
});

test('a page goes on until it is full or everything was looked at', async () => {
  // Of very many, the service finds two here and one there, and nothing in between.
  const answers = { undefined: [['a', 'b'], 'p1'], p1: [[], 'p2'], p2: [['c'], 'p3'], p3: [['d'], 'p4'], p4: [[], null] };
  const seen = [];
  const ask = async (query) => {
    seen.push(query);
    const [users, next] = answers[query.after];
    return { users, next };
  };
  const query = { search: 'x', after: undefined };
  assert.deepEqual(await fullPage(ask, 'users', { ...query, limit: 3 }), { users: ['a', 'b', 'c'], next: 'p3' });
  assert.deepEqual(seen, [
    { search: 'x', after: undefined, limit: 3 },
    { search: 'x', after: 'p1', limit: 1 },
    { search: 'x', after: 'p2', limit: 1 },
  ]);
  assert.deepEqual(await fullPage(ask, 'users', { ...query, limit: 9 }), { users: ['a', 'b', 'c', 'd'], next: null });
});

test('calls go where the service has them, whatever a user is called', async () => {
  const seen = [];
  globalThis.fetch = async (address, { method, body }) => {
    seen.push([method, address, body]);
    return { ok: true, status: 204 };
  };
  const calls = adminApi('/_latchkey');
  await calls.users({ search: 'a&b', group: '', after: undefined, limit: 50 });
  await calls.deleteUser('a/../b?c');
  await calls.labelPasskey('ann', 'x/y', 'new');
  await calls.endEveryones();
  assert.deepEqual(seen, [
    ['GET', '/_latchkey/v1/admin/users?search=a%26b&limit=50', undefined],
    ['DELETE', '/_latchkey/v1/admin/users/a%2F..%2Fb%3Fc', '{}'],
    ['PATCH', '/_latchkey/v1/admin/users/ann/passkeys/x%2Fy', '{"label":"new"}'],
    ['DELETE', '/_latchkey/v1/admin/sessions', '{}'],
  ]);
  assert.equal(asked({}), '');
});

test('a login keeps what stood behind the # of the page that wanted it', () => {
  assert.equal(withFragment('/_latchkey/admin', '#users/ann'), '/_latchkey/admin#users/ann');
  for (const own of ['', '#', '#login', '#register']) {
    assert.equal(withFragment('/_latchkey/admin', own), '/_latchkey/admin');
  }
  assert.equal(withFragment('/x#there', '#here'), '/x#there');
});

test('every action of the log has words', () => {
  const root = new URL('../../', ASSETS);
  const sources = readdirSync(root, { recursive: true })
    .filter((name) => name.endsWith('.rs') && !name.includes('tests'))
    .map((name) => readFileSync(new URL(name, root), 'utf8'));
  const actions = new Set();
  for (const source of sources) {
    for (const [, action] of source.matchAll(/(?:\.record\([^()]*|own_record\([^;"]*)"([a-z_]+)"\)/g)) actions.add(action);
  }
  assert.ok(actions.size > 8, [...actions].join());
  const searchable = readFileSync(new URL('model/audit.rs', root), 'utf8').match(/ACTIONS: [^=]*= \[(.*?)\]/s)[1];
  assert.deepEqual(
    Object.keys(LANGUAGES.en.scripts['admin-words'].actions).sort(),
    [...searchable.matchAll(/"([a-z_]+)"/g)].map(([, action]) => action),
  );
  for (const action of actions) assert.ok(LANGUAGES.en.scripts['admin-words'].actions[action], action);
});

test('what strangers are refused has words', () => {
  const root = new URL('../../routes/', ASSETS);
  const sources = readdirSync(root, { recursive: true })
    .filter((name) => name.endsWith('.rs') && !name.includes('tests'))
    .map((name) => readFileSync(new URL(name, root), 'utf8'));
  const steps = new Set(sources.flatMap((source) => [...source.matchAll(/\.ceremony\(\s*"([a-z_]+)"/g)].map(([, step]) => step)));
  assert.ok(steps.size > 5, [...steps].join());
  for (const { scripts } of Object.values(LANGUAGES)) {
    for (const step of steps) assert.ok(scripts['admin-words'].actions[step], step);
  }
});

test('what a record adds is said in words, and what people have named stays', () => {
  const said = (action, detail) => detailOf({ action, detail });
  assert.equal(said('user_update', 'email token_ttl; groups: +eng, -a: b'), 'email address, life of tokens · groups: +eng, -a: b');
  assert.equal(said('user_create', 'groups: eng; enrolment_link'), 'groups: eng · with a link');
  assert.equal(said('enrolment_create', 'recover'), 'for a new passkey');
  assert.equal(said('import', 'users: 5; passkeys: 3'), 'users: 5 · passkeys: 3');
  assert.equal(said('mount_write', 'groups: rp_id two_factor'), 'groups: Relying party id, Second factor');
  assert.equal(said('mount_write', 'staff: no_such_field'), 'staff: no_such_field');
  assert.equal(said('passkey_label', 'users: 5; now'), 'users: 5; now');
  assert.equal(said('keys_maintain', 'the keys are a b'), 'the keys are a b', 'from before there were fixed words');
  assert.equal(said('user_update', 'toString: {what}'), 'toString: {what}');
  assert.equal(said('login', null), '');
});

test('every fixed word of a record has words', () => {
  const source = (name) => readFileSync(new URL(`../../${name}`, ASSETS), 'utf8');
  const [change] = source('model/user_change.rs').match(/pub fn fields.*?\n {4}\}/s);
  const fields = [...change.matchAll(/"([a-z_]+)"/g)].map(([, name]) => name);
  const purposes = source('model/enrolment.rs').match(/fn as_str.*?\n {4}\}/s)[0].matchAll(/"([a-z_]+)"/g);
  // For the first administrator there is an action of its own.
  const others = ['enrolment_link', 'now', 'keys', 'users', 'passkeys', 'reserved_names', 'seconds', 'counter_did_not_grow', 'metadata'];
  const wanted = [...new Set([...fields, ...[...purposes].map(([, name]) => name).filter((name) => name !== 'bootstrap'), ...others])].sort();
  for (const { scripts } of Object.values(LANGUAGES)) {
    assert.deepEqual(Object.keys(scripts['admin-words'].details).sort(), wanted);
  }
});

test('every setting that a mount shows has words', () => {
  const source = readFileSync(new URL('../../routes/administration/mount_view.rs', ASSETS), 'utf8');
  const settings = new Set();
  for (const [, name] of source.matchAll(/^\s+"([a-z_]+)":/gm)) settings.add(name);
  for (const [, name] of source.matchAll(/shown\["([a-z_]+)"\]/g)) settings.add(name);
  assert.ok(settings.size > 15, [...settings].join());
  // What the page shows in other ways, or not at all: who wrote it when, and what is wrong with it.
  for (const other of ['name', 'two_factor', 'declared_in', 'revision', 'changed_at', 'changed_by', 'warnings', 'causes', 'problem']) settings.delete(other);
  for (const { scripts } of Object.values(LANGUAGES)) {
    for (const name of settings) assert.ok(scripts['admin-words'].policy.fields[name], name);
  }
});
