// An import does what was looked at, and nothing else.

import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { modulesIn } from './languages.mjs';

const load = await modulesIn('en');
const { importing } = await load('admin-import.mjs');
const { oneAtATime } = await load('one-at-a-time.mjs');

// Lets everything run that can.
const settled = () => new Promise((resolve) => {
  setImmediate(resolve);
});

let sent;
let screen;
let orders;
beforeEach(() => {
  sent = [];
  screen = { report: null, order: null, told: 0 };
  orders = importing({
    ask: (order, how) => new Promise((resolve) => {
      sent.push({ order, ...how, answer: resolve });
    }),
    show: (report, order) => {
      Object.assign(screen, { report, order });
    },
    withdraw: () => {
      Object.assign(screen, { report: null, order: null });
    },
    unreadable: () => {
      screen.told += 1;
    },
  });
});

const order = (text, options = {}) => ({ text, options });
const would = (text) => ({ done: false, about: text });

test('what is carried out is the order that the report is about', async () => {
  const first = order('first', { skip: true });
  orders.look(async () => first);
  await settled();
  sent[0].answer(would('first'));
  await settled();
  assert.deepEqual([screen.report, screen.order], [would('first'), first]);
  orders.carryOut();
  await settled();
  assert.deepEqual([sent[1].order, sent[1].dryRun], [first, false]);
  sent[1].answer({ done: true });
  await settled();
  assert.equal(screen.report.done, true);
  orders.carryOut();
  await settled();
  assert.equal(sent.length, 2, 'what is done is not done again');
});

test('a change of the form withdraws the report, and nothing can be carried out', async () => {
  orders.look(async () => order('first'));
  await settled();
  sent[0].answer(would('first'));
  await settled();
  orders.changed();
  assert.equal(screen.report, null);
  orders.carryOut();
  await settled();
  assert.equal(sent.length, 1);
});

test('an answer that comes too late is not shown, nor is its order carried out', async () => {
  orders.look(async () => order('first'));
  await settled();
  orders.changed();
  assert.equal(sent[0].isLast(), false);
  sent[0].answer(would('first'));
  await settled();
  assert.equal(screen.report, null);
  orders.carryOut();
  await settled();
  assert.equal(sent.length, 1);
});

test('of two questions the later one counts, in whatever order the answers come', async () => {
  orders.look(async () => order('first'));
  orders.look(async () => order('second'));
  await settled();
  const [second] = sent.filter((one) => one.order.text === 'second');
  second.answer(would('second'));
  for (const one of sent) if (one !== second) one.answer(would('first'));
  await settled();
  assert.deepEqual(screen.report, would('second'));
  orders.carryOut();
  await settled();
  assert.equal(sent.at(-1).order.text, 'second');
});

test('a file that takes long to read does not come after one that was chosen later', async () => {
  let read;
  orders.look(() => new Promise((resolve) => {
    read = resolve;
  }));
  orders.look(async () => order('second'));
  await settled();
  read(order('first'));
  await settled();
  assert.deepEqual(sent.map((one) => one.order.text), ['second']);
});

test('a form that changes while an import runs does not hide that it was done', async () => {
  orders.look(async () => order('first'));
  await settled();
  sent[0].answer(would('first'));
  await settled();
  orders.carryOut();
  await settled();
  orders.look(async () => order('second'));
  sent[1].answer({ done: true });
  await settled();
  assert.equal(screen.report.done, true);
  sent[2].answer(would('second'));
  await settled();
  assert.deepEqual(screen.report, would('second'));
});

test('a refused import can be tried again, unless the form has changed', async () => {
  orders.look(async () => order('first'));
  await settled();
  sent[0].answer(would('first'));
  await settled();
  orders.carryOut();
  await settled();
  sent[1].answer({ done: false, conflicts: 1 });
  await settled();
  assert.equal(screen.report.conflicts, 1);
  orders.carryOut();
  await settled();
  orders.changed();
  sent[2].answer({ done: false, conflicts: 2 });
  await settled();
  assert.equal(screen.report, null);
});

test('a file that makes no order is told of, once it is the one that counts', async () => {
  orders.look(async () => null);
  await settled();
  assert.deepEqual([screen.told, sent.length], [1, 0]);
  orders.look(async () => null);
  orders.changed();
  await settled();
  assert.equal(screen.told, 1);
});

test('one thing at a time: dropped, or in its turn', async () => {
  const { alone, after, busy } = oneAtATime();
  const done = [];
  let free;
  alone(() => new Promise((resolve) => {
    free = resolve;
  }));
  alone(async () => done.push('dropped'));
  after(async () => done.push('second'));
  after(async () => done.push('third'));
  assert.ok(busy());
  free();
  await settled();
  assert.deepEqual([done, busy()], [['second', 'third'], false]);
  await assert.rejects(alone(async () => {
    throw new Error('failed');
  }));
  assert.ok(!busy());
});
