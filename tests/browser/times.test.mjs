// Times in the reader's language.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

import { ASSETS, modulesIn } from './languages.mjs';

function reader(...languages) {
  Object.defineProperty(globalThis, 'navigator', { configurable: true, value: { languages } });
}

test('a date is written in the variety of the language that the reader speaks', async () => {
  reader('en-US', 'zh-CN');
  const { localeOf } = await (await modulesIn('en'))('times.mjs');
  assert.equal(localeOf('en', ['en-US', 'en']), 'en-US');
  assert.equal(localeOf('en', ['de', 'en-GB']), 'en-GB');
  assert.equal(localeOf('en', ['de']), 'en');
  assert.equal(localeOf('zh-Hans', ['zh-TW', 'zh-CN']), 'zh-CN', 'another script is another language');
  assert.equal(localeOf('zh-Hans', ['not a tag', 'en']), 'zh-Hans');
});

test('what happened a moment ago is told by how long ago', async () => {
  reader('zh-CN');
  const chinese = await (await modulesIn('zh-Hans'))('times.mjs');
  reader('en-GB');
  const english = await (await modulesIn('en'))('times.mjs');
  const now = Date.UTC(2026, 2, 4, 12);
  for (const [seconds, inEnglish, inChinese] of [
    [5, 'just now', '刚刚'],
    [300, '5 minutes ago', '5分钟前'],
    [7200, '2 hours ago', '2小时前'],
    [86_400, 'yesterday', '昨天'],
    [40 * 86_400, '23 January 2026', '2026年1月23日'],
  ]) {
    const at = new Date(now - seconds * 1000);
    assert.equal(english.recently(at, now), inEnglish);
    assert.equal(chinese.recently(at, now), inChinese);
  }
});

test('a time element gets its text and, for whoever wants it exactly, its title', async () => {
  reader('en-GB');
  const { writeTime } = await (await modulesIn('en'))('times.mjs');
  const element = { dateTime: '2026-01-15T12:00:00Z', textContent: 'as it was' };
  writeTime(element);
  assert.equal(element.textContent, '15 January 2026');
  assert.match(element.title, /15 January 2026.*\d\d:\d\d/);
  writeTime(element, { clock: true });
  assert.equal(element.textContent, element.title);
  const unknown = { dateTime: '', textContent: 'as it was' };
  writeTime(unknown);
  assert.equal(unknown.textContent, 'as it was');
});

test('a passkey of today has no need to be called unused', async () => {
  const { isNew } = await (await modulesIn('en'))('times.mjs');
  const made = new Date('2026-03-04T12:00:00Z');
  assert.equal(isNew(made, made.getTime()), true);
  assert.equal(isNew(made, made.getTime() + 86_399_999), true);
  assert.equal(isNew(made, made.getTime() + 86_400_000), false);
  assert.equal(isNew(new Date(''), made.getTime()), false);
});

test('dates come from one place, so that a page writes them in one language', () => {
  for (const name of readdirSync(ASSETS).filter((one) => one.endsWith('.mjs') && one !== 'times.mjs')) {
    const text = readFileSync(new URL(name, ASSETS), 'utf8');
    assert.doesNotMatch(text, /toLocale\w*String|DateTimeFormat|RelativeTimeFormat/, name);
  }
  const own = readFileSync(new URL('times.mjs', ASSETS), 'utf8');
  assert.doesNotMatch(own, /Format\(undefined|toLocale/);
});
