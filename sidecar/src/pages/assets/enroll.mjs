// The page for one-time links and recovery codes: registers a passkey and nothing else.

import { api } from './api.mjs';
import { createPasskey } from './ceremony.mjs';
import { supported } from './credentials.mjs';
import { notices } from './notice.mjs';
import { FIELD, WAITING, unsupported } from './texts.mjs';

const card = document.getElementById('enroll');
const { base, mount } = card.dataset;
let calls = api(base, mount);
const notice = notices(card);
const field = (id) => document.getElementById(id);

// The code of an account that does not exist yet begins with sixteen zero bytes.
const FIRST_ADMINISTRATOR = 'A'.repeat(21);

let code = '';
let added = null;
let busy = false;

listen();
byAddress();

function listen() {
  const on = (id, work) => field(id).addEventListener('submit', (event) => {
    event.preventDefault();
    alone(work);
  });
  on('link-form', register);
  on('recover-form', recover);
  on('label-form', saveLabel);
  addEventListener('hashchange', byAddress);
}

// The code stands behind the #, which no server sees. It is taken out of the address, so that it
// does not stay in the history.
function byAddress() {
  const found = location.hash.slice(1);
  if (found) {
    // A link for another mount than the one of the pages begins with its name.
    const [named, rest] = found.includes('.') ? found.split('.') : [mount, found];
    calls = api(base, named);
    code = rest;
    history.replaceState(null, '', location.pathname);
  }
  if (code) begin();
  else show('recover');
  if (!supported()) notice.tell(unsupported());
}

function begin() {
  field('link-name-field').hidden = !code.startsWith(FIRST_ADMINISTRATOR);
  show('link');
}

function show(name) {
  for (const section of card.querySelectorAll('section')) section.hidden = section.id !== `panel-${name}`;
}

// One thing at a time, however fast somebody clicks.
async function alone(work) {
  if (busy) return;
  busy = true;
  try {
    await work();
  } finally {
    busy = false;
  }
}

async function register() {
  notice.clear();
  const first = code.startsWith(FIRST_ADMINISTRATOR);
  const username = field('link-name').value.trim();
  if (first && !username) {
    field('link-name').focus();
    notice.say(FIELD.nameNeeded);
    return;
  }
  try {
    const begun = await calls.registerBegin(first ? { code, username } : { code });
    added = await notice.during(WAITING.create, async (signal, tooLate) => {
      const attestation = await createPasskey(begun.publicKey, signal);
      tooLate();
      return calls.registerFinish(attestation);
    });
  } catch (error) {
    notice.fail(error, 'create');
    return;
  }
  code = '';
  field('label').value = added.passkey?.label ?? '';
  show('done');
  field('label').focus();
  field('label').select();
}

async function recover() {
  notice.clear();
  const username = field('recover-name').value.trim();
  const typed = field('recover-code').value.trim();
  if (!username || !typed) {
    field(username ? 'recover-code' : 'recover-name').focus();
    notice.say(username ? FIELD.codeNeeded : FIELD.nameNeeded);
    return;
  }
  try {
    ({ code } = await calls.recover({ username, code: typed }));
  } catch (error) {
    notice.fail(error, 'login');
    return;
  }
  field('recover-code').value = '';
  begin();
}

async function saveLabel() {
  const label = field('label').value.trim();
  try {
    if (label && label !== added.passkey?.label) await calls.rename(added.passkey.id, label);
  } catch (error) {
    notice.fail(error, 'login');
    return;
  }
  location.replace(`${base}/account`);
}
