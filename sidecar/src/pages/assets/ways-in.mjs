// The account page: where its owner is logged in, and recovery codes.

import { api } from './api.mjs';
import { notices } from './notice.mjs';
import { DONE } from './texts.mjs';

const card = document.getElementById('account');
const { base, mount, mustRegister } = card.dataset;
const calls = api(base, mount);
const notice = notices(card);
const field = (id) => document.getElementById(id);
const moments = new Intl.DateTimeFormat(undefined, { dateStyle: 'long', timeStyle: 'short' });

// Until a passkey is added, nothing of this is open.
if (mustRegister !== 'true') {
  field('codes-make').addEventListener('click', makeCodes);
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
  part('device').textContent = session.device;
  part('of').textContent = ` ${session.device}`;
  part('address').textContent = session.address;
  part('time').dateTime = session.auth_time;
  part('time').textContent = moments.format(new Date(session.auth_time));
  part('current').hidden = !session.current;
  part('end').hidden = session.current;
  part('end').addEventListener('click', async () => {
    try {
      await calls.endSession(session.id);
    } catch (error) {
      notice.fail(error, 'login');
      return;
    }
    row.remove();
    notice.say(DONE.sessionEnded(session.device), 'good');
    field('sessions-title').focus();
  });
  return row;
}

async function countCodes() {
  try {
    const { offered, left } = await calls.recoveryCodes();
    field('codes-left').textContent = DONE.codesLeft(left);
    field('codes-part').hidden = !offered;
  } catch (error) {
    if (error.status !== 401) notice.fail(error, 'login');
  }
}

async function makeCodes() {
  notice.clear();
  let made;
  try {
    made = await calls.makeRecoveryCodes();
  } catch (error) {
    if (error.slug === 'fresh-login-required') {
      location.assign(`${base}/login?max_age=0&rd=${encodeURIComponent(`${base}/account`)}`);
    } else {
      notice.fail(error, 'login');
    }
    return;
  }
  field('codes').replaceChildren(...made.codes.map((code) => {
    const item = document.createElement('li');
    item.append(Object.assign(document.createElement('code'), { textContent: code }));
    return item;
  }));
  field('codes').hidden = false;
  field('codes-left').textContent = DONE.codesLeft(made.codes.length);
  notice.say(DONE.codesMade, 'good');
}
