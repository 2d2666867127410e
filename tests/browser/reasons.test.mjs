// What the service says of what was handed in, in every language.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

import { ASSETS, LANGUAGES, modulesIn } from './languages.mjs';

const SOURCES = new URL('../../', ASSETS);

// The codes that the service has, as it writes them.
const CODES = readFileSync(new URL('model/reason.rs', SOURCES), 'utf8')
  .match(/enum ReasonCode \{(.*?)\n\}/s)[1]
  .match(/^ {4}[A-Z]\w+(?=,)/gm)
  .map((name) => name.trim().replace(/(?!^)[A-Z]/g, (letter) => `-${letter}`).toLowerCase());

// The field says what is expected there.
const BY_FIELD = ['not-as-expected', 'out-of-range'];
const FIELDS_OF_PROGRAMS = ['expires_in', 'limit', 'name, enroll', 'revision, force'];
// What is wrong there has a code of its own.
const WITH_CODES = ['groups, token_policies'];

// What stands in a source file between quotes after one of these calls.
function fieldsIn(folder) {
  const found = new Set();
  const files = readdirSync(new URL(folder, SOURCES), { recursive: true });
  for (const file of files.filter((name) => name.endsWith('.rs'))) {
    const source = readFileSync(new URL(file, new URL(folder, SOURCES)), 'utf8');
    const calls = /(?:Reason::expected|refusal::field|fields::\w+|names|span)\(\s*"([^"]+)"/g;
    for (const [, field] of source.matchAll(calls)) found.add(field.split('.').pop());
  }
  return found;
}

for (const [tag, { scripts }] of Object.entries(LANGUAGES)) {
  const load = await modulesIn(tag);
  const { inWords, fieldOf, reasonOf } = await load('admin-reasons.mjs');
  const { codes, fields } = scripts['admin-reason-words'];

  test(`${tag}: every code of the service has words, and there are no others`, () => {
    assert.ok(CODES.length > 45, CODES.join());
    const wanted = CODES.filter((code) => !BY_FIELD.includes(code));
    assert.deepEqual(Object.keys(codes).sort(), wanted.sort());
  });

  test(`${tag}: every field says what belongs there`, () => {
    const named = fieldsIn('routes/administration/');
    assert.ok(named.size > 20, [...named].join());
    for (const field of named) {
      if (FIELDS_OF_PROGRAMS.includes(field) || WITH_CODES.includes(field)) continue;
      const { text } = inWords({ code: 'not-as-expected', field, detail: 'expected' });
      assert.equal(text, field === 'after' ? null : fields[field], field);
      if (field !== 'after') assert.ok(text, `${tag} has no words for ${field}`);
    }
  });

  test(`${tag}: what a form for mounts sends is explained wherever somebody can type`, async () => {
    const { MOUNT, POLICY } = await load('admin-mount-fields.mjs');
    for (const [field, kind] of Object.entries({ ...MOUNT, ...POLICY })) {
      const free = kind.text || kind.list || kind.number || kind.several;
      if (free) assert.ok(fields[field], `${tag} has no words for ${field}`);
    }
  });

  test(`${tag}: neither the sentence nor a name of the language itself decides`, () => {
    const shown = (reason) => inWords({ detail: 'in English', ...reason });
    assert.deepEqual(shown({ code: 'no-such-code' }), { text: null, quoted: 'in English' });
    assert.deepEqual(shown({ code: 'toString' }), { text: null, quoted: 'in English' });
    assert.deepEqual(shown({ code: 'not-as-expected', field: 'toString' }), { text: null, quoted: 'in English' });
    assert.equal(shown({ code: 'not-as-expected', field: 'two_factor.timeout' }).text, fields.timeout);
    assert.equal(shown({ code: 'not-as-expected', field: 'acceptable_aaguids[3]' }).text, fields.acceptable_aaguids);
    const found = shown({ code: 'origin-form', field: 'rp_origins', values: { found: '{x} <b>' } });
    assert.ok(found.text.startsWith('{x} <b> ') && found.quoted === '', found.text);
    // For whoever wrote the file.
    assert.deepEqual(shown({ code: 'document-form' }), { text: codes['document-form'], quoted: 'in English' });
  });

  test(`${tag}: what a field has to be is said in words`, () => {
    const source = readFileSync(new URL('routes/administration/body.rs', SOURCES), 'utf8');
    const kinds = source.match(/fn kind_of.*?\n\}/s)[0].matchAll(/=> "([a-z]+)"/g);
    const { kinds: said } = scripts['admin-reason-words'];
    assert.deepEqual(Object.keys(said).sort(), [...new Set([...kinds].map(([, kind]) => kind))].sort());
    const { text } = inWords({ code: 'wrong-type', field: 'users[0].groups', values: { expected: 'list' } });
    assert.ok(text.includes(said.list) && !text.includes('{'), text);
  });

  test(`${tag}: in what two users differ is said in words`, () => {
    const source = readFileSync(new URL('routes/administration/transfer/plan.rs', SOURCES), 'utf8');
    const names = [...source.matchAll(/^\s+\("([a-z_]+)", /gm)].map(([, name]) => name);
    const { parts, between } = scripts['admin-reason-words'];
    assert.deepEqual(Object.keys(parts).sort(), names.sort());
    const { text } = inWords({ code: 'user-differs', field: 'name', values: { fields: 'email, toString' } });
    assert.ok(text.includes(`${parts.email}${between}toString`), text);
  });

  test(`${tag}: a refusal without a reason has none`, () => {
    const of = (errors) => reasonOf({ more: { errors } });
    assert.equal(reasonOf({ slug: 'conflict' }), null);
    for (const none of [undefined, null, 7, [], ['email: x'], [{}], [{ code: 1 }]]) assert.equal(of(none), null);
    assert.equal(fieldOf(of([{ code: 'x', field: 'hints[0]' }])), 'hints');
    assert.equal(fieldOf(null), null);
  });
}
