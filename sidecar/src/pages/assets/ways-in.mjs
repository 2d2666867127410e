// The account page: where its owner is logged in, and recovery codes.

import { api } from './api.mjs';
import { copy } from './copying.mjs';
import { answerOf, freshness } from './freshness.mjs';
import { notices } from './notice.mjs';
import { oneAtATime } from './one-at-a-time.mjs';
import { counted, deviceName, filled } from './texts.mjs';
import { writeTime } from './times.mjs';
import words from './words.mjs';

const card = document.getElementById('account');
const { base, mount, mustRegister, userName } = card.dataset;
const calls = api(base, mount);
const notice = notices(card);
const allowed = freshness(calls, notice, { base, userName });
const { alone } = oneAtATime();
const field = (id) => document.getElementById(id);

// Codes that still work, as far as the page knows.
let codesLeft = 0;

// Until a passkey is added, nothing of this is open.
if (mustRegister !== 'true') {
  field('codes-make').addEventListener('click', () => alone(makeCodes));
  field('codes-copy').addEventListener('click', copyCodes);
  field('codes-print').addEventListener('click', () => print());
  listSessions();
  countCodes();
}

async function listSessions() {
  try {
    const { sessions } = await calls.sessions();
    field('sessions').replaceChildren(...sessions.map(rowOf));
    field('sessions-part').hidden = false;
  } catch (error) {
    if (error.status !== 401) notice.fail(error, 'login');
  }
}

function rowOf(session) {
  const row = field('session-row').content.firstElementChild.cloneNode(true);
  const part = (name) => row.querySelector(`.session-${name}`);
  const device = deviceName(session);
  part('device').textContent = device;
  part('of').textContent = ` ${device}`;
  part('address').textContent = session.address;
  part('time').dateTime = session.auth_time;
  writeTime(part('time'), { clock: true });
  part('current').hidden = !session.current;
  part('end').hidden = session.current;
  part('end').addEventListener('click', () => alone(() => end(session, row, device)));
  return row;
}

async function end(session, row, device) {
  try {
    await allowed(() => calls.endSession(session.id));
  } catch (error) {
    notice.fail(error, 'login');
    return;
  }
  row.remove();
  notice.say(filled(words.done.sessionEnded, { name: device }), 'good');
  field('sessions-title').focus();
}

async function countCodes() {
  try {
    const { offered, left } = await calls.recoveryCodes();
    field('codes-left').textContent = left === 0 ? words.codesNone : counted(words.codesLeft, left);
    haveCodes(left);
    field('codes-part').hidden = !offered;
  } catch (error) {
    if (error.status !== 401) notice.fail(error, 'login');
  }
}

// What the page says depends on whether there are codes.
function haveCodes(left) {
  codesLeft = left;
  field('only-one-lost').hidden = left > 0;
  field('only-one-codes').hidden = left === 0;
  if (left > 0) field('codes-make').textContent = words.codesMakeNew;
}

async function makeCodes() {
  notice.clear();
  if (codesLeft > 0 && (await answerOf('confirm-codes')) !== 'replace') return;
  let made;
  try {
    made = await allowed(() => calls.makeRecoveryCodes());
  } catch (error) {
    notice.fail(error, 'login');
    return;
  }
  field('codes').replaceChildren(...made.codes.map((code) => {
    const item = document.createElement('li');
    item.append(Object.assign(document.createElement('code'), { textContent: code }));
    return item;
  }));
  field('codes-once').hidden = false;
  field('codes-left').textContent = '';
  haveCodes(made.codes.length);
  field('codes-once').focus();
}

async function copyCodes() {
  const codes = [...field('codes').querySelectorAll('code')].map((code) => code.textContent);
  if (await copy(`${codes.join('\n')}\n`, field('codes'))) notice.say(words.done.codesCopied, 'good');
  else notice.say(words.done.codesSelected);
}
