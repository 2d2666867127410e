// What the pages' modules say, in every language.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { LANGUAGES, modulesIn } from './languages.mjs';

const REASONS = [
  'not-allowed', 'timed-out', 'already-registered', 'wrong-origin', 'no-authenticator',
  'authenticator-failed', 'browser-failed',
];

// The slugs that the service uses, from where they are defined.
const SLUGS = new Set([
  ...readFileSync(new URL('../../sidecar/src/problem.rs', import.meta.url), 'utf8')
    .matchAll(/\(\s*"([a-z]+(?:-[a-z]+)*)",\s*S::([A-Z_]+)/g),
].map((found) => found[1]));

// These say that the page is too old, or how long to wait.
const ELSEWHERE = ['bad-request', 'not-json', 'method-not-allowed', 'too-many'];

for (const [tag, language] of Object.entries(LANGUAGES)) {
  const load = await modulesIn(tag);
  const { explain, counted, deviceName, filled, later } = await load('texts.mjs');
  const { CeremonyFailure } = await load('ceremony.mjs');
  const { Problem, Unreachable } = await load('api.mjs');
  const { words } = language.scripts;

  test(`${tag}: every refusal of the service has its own words, and there are no others`, () => {
    assert.ok(SLUGS.size >= 15, `only ${[...SLUGS]}`);
    assert.deepEqual(
      Object.keys(words.problem).sort(),
      [...SLUGS].filter((slug) => !ELSEWHERE.includes(slug)).sort(),
    );
    const unknown = explain(new Problem('no-such-slug', 400, null, null), 'login');
    for (const slug of Object.keys(words.problem)) {
      for (const doing of ['login', 'create']) {
        const said = explain(new Problem(slug, 400, 'r-1', 5), doing);
        assert.ok(said.title && said.text, `${slug}: no words`);
        assert.notEqual(said.title, unknown.title, `${slug}: only the words for an unknown one`);
      }
    }
  });

  test(`${tag}: everything that can go wrong has a title and a text`, () => {
    assert.deepEqual(Object.keys(words.browser).sort(), [...REASONS].sort());
    for (const reason of REASONS) {
      for (const doing of ['login', 'create']) {
        const said = explain(new CeremonyFailure(reason), doing);
        assert.ok(said.title && said.text, `${reason}, ${doing}`);
      }
    }
    for (const status of [400, 401, 403, 404, 413, 429, 500, 502, 503, 504]) {
      const said = explain(new Problem(`status-${status}`, status, null, null), 'login');
      assert.ok(said.title && said.text, status);
    }
    assert.ok(explain(new Unreachable(), 'login').title);
    assert.ok(explain(new TypeError('a fault of the script'), 'login').title);
    const paused = explain(new Problem('too-many', 429, null, 30), 'login').text;
    assert.ok(paused.includes(later(30)) && !paused.includes('{'), paused);
  });

  test(`${tag}: a plural has a form for every number, and no other`, () => {
    const wanted = new Intl.PluralRules(tag).resolvedOptions().pluralCategories.sort();
    const forms = [words.codesLeft, words.time.seconds, words.time.minutes];
    for (const form of forms) {
      assert.deepEqual(Object.keys(form).sort(), wanted);
      for (const count of [0, 1, 2, 3, 5, 11, 21, 100]) {
        assert.ok(!counted(form, count).includes('{'), counted(form, count));
      }
    }
  });

  test(`${tag}: placeholders take values as they are`, () => {
    const renamed = filled(words.done.renamed, { name: '{name} $& <b>' });
    assert.ok(renamed.includes('{name} $& <b>'), renamed);
    assert.equal(filled('{toString}', {}), '{toString}');
  });

  test(`${tag}: devices have a name whatever is known of them`, () => {
    assert.equal(deviceName({ browser: null, system: null }), words.device.unknown);
    assert.equal(deviceName({ browser: 'curl', system: null }), 'curl');
    const both = deviceName({ browser: 'Edge', system: 'Windows' });
    assert.ok(both.includes('Edge') && both.includes('Windows'), both);
  });
}

test('waiting times are said in words', async () => {
  const english = await (await modulesIn('en'))('texts.mjs');
  assert.equal(english.later(null), 'in a few minutes');
  assert.equal(english.later(1), 'in 1 second');
  assert.equal(english.later(30), 'in 30 seconds');
  assert.equal(english.later(119), 'in 2 minutes');
  const chinese = await (await modulesIn('zh-Hans'))('texts.mjs');
  assert.equal(chinese.later(null), '几分钟后');
  assert.equal(chinese.later(1), '1 秒后');
  assert.equal(chinese.later(119), '2 分钟后');
});

test('English pages say “sign in”, as the gateway does', () => {
  const texts = (value) => (typeof value === 'string' ? [value] : Object.values(value).flatMap(texts));
  for (const text of texts(LANGUAGES.en)) assert.doesNotMatch(text, /\blog(ged|ging|s)?\b.{0,12}\b(in|out)\b|\blogin\b/i, text);
});
