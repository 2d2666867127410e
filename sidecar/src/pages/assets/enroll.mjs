// The page for one-time links and recovery codes: registers a passkey and nothing else.

import { api } from './api.mjs';
import { supported } from './credentials.mjs';
import { textIn } from './fields.mjs';
import { askLabel } from './label.mjs';
import { notices } from './notice.mjs';
import { oneAtATime } from './one-at-a-time.mjs';
import { explain, unsupported } from './texts.mjs';
import { register } from './whole-ceremony.mjs';
import words from './words.mjs';

const card = document.getElementById('enroll');
const { base, mount } = card.dataset;
let calls = api(base, mount);
const notice = notices(card);
const { alone } = oneAtATime();
const field = (id) => document.getElementById(id);

// What a mount can be called. Anything else could lead what is asked to another address of this
// origin, which may be the application's: the link can come from anyone.
const MOUNT = /^[a-z0-9_-]+$/;

// The code of an account that does not exist yet begins with sixteen zero bytes.
const FIRST_ADMINISTRATOR = 'A'.repeat(21);

let code = '';
// The mount that it is for.
let at = mount;
// Whether a recovery code was given for it.
let recovered = false;

listen();
byAddress();

function listen() {
  const on = (id, work) => field(id).addEventListener('submit', (event) => {
    event.preventDefault();
    alone(work);
  });
  on('link-form', enroll);
  on('recover-form', recover);
  addEventListener('hashchange', byAddress);
  const languages = document.querySelector('.languages');
  // In another language, the page is loaded anew: the code has to come along.
  languages?.addEventListener('submit', () => {
    languages.action = code ? `${location.pathname}#${at}.${code}` : location.pathname;
  });
}

// The code stands behind the #, which no server sees. It is taken out of the address, so that it
// does not stay in the history.
function byAddress() {
  const found = location.hash.slice(1);
  notice.clear();
  if (found) {
    // A link for another mount than the one of the pages begins with its name.
    const [named, rest] = found.includes('.') ? found.split('.') : [mount, found];
    at = MOUNT.test(named) ? named : mount;
    calls = api(base, at);
    code = rest;
    recovered = false;
    history.replaceState(null, '', location.pathname);
  }
  if (code) begin();
  else show('recover');
  if (!supported()) notice.tell(unsupported());
}

function begin() {
  const first = code.startsWith(FIRST_ADMINISTRATOR);
  field('link-name-field').hidden = !first;
  field('link-for').hidden = true;
  for (const part of card.querySelectorAll('[data-with]')) {
    part.hidden = part.dataset.with !== (recovered ? 'recovery' : 'link');
  }
  show('link');
  if (!first && supported()) sayWhose(code);
}

// Who holds a code that is good may know whose account it is for; where it is good no more, there is
// nothing to fill in.
async function sayWhose(held) {
  try {
    const { publicKey } = await calls.registerBegin({ code: held });
    if (code !== held) return;
    field('link-for-name').textContent = publicKey.user.name;
    field('link-for').hidden = false;
  } catch (error) {
    // Anything else is said when somebody wants to go on.
    if (code === held && error.slug === 'code-refused') ended(error);
  }
}

function ended(error) {
  code = '';
  show('dead');
  notice.tell(explain(error, recovered ? 'recover' : 'create'));
}

function show(name) {
  for (const section of card.querySelectorAll('section')) section.hidden = section.id !== `panel-${name}`;
}

async function enroll() {
  notice.clear();
  const body = { code };
  if (code.startsWith(FIRST_ADMINISTRATOR)) {
    body.username = textIn('link-name', words.field.nameNeeded);
    if (!body.username) return;
  }
  let added;
  try {
    added = await register(calls, notice, (signal) => calls.registerBegin(body, signal));
  } catch (error) {
    if (error.slug === 'code-refused') ended(error);
    else notice.fail(error, 'create');
    return;
  }
  code = '';
  show('label');
  await askLabel(calls, notice, added.passkey);
  location.replace(`${base}/account`);
}

async function recover() {
  notice.clear();
  const username = textIn('recover-name', words.field.nameNeeded);
  const typed = username && textIn('recover-code', words.field.codeNeeded);
  if (!typed) return;
  try {
    ({ code } = await calls.recover({ username, code: typed }));
  } catch (error) {
    notice.fail(error, 'login');
    return;
  }
  field('recover-code').value = '';
  recovered = true;
  begin();
}
