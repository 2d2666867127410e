// The login page: log in, create an account, or go on with a session that is there already.

import { api } from './api.mjs';
import { isLoop, leave, ownPath, returnsFrom, withFragment } from './arrival.mjs';
import { usePasskey } from './ceremony.mjs';
import { supported, supportsAutofill } from './credentials.mjs';
import { mark, textIn } from './fields.mjs';
import { askLabel } from './label.mjs';
import { notices } from './notice.mjs';
import { oneAtATime } from './one-at-a-time.mjs';
import { signals } from './signals.mjs';
import { explain, unsupported } from './texts.mjs';
import { logIn, register } from './whole-ceremony.mjs';
import words from './words.mjs';

const card = document.getElementById('login');
const { base, mount, rpId, userName, start } = card.dataset;
const nameless = card.dataset.nameless === 'true';
const wanted = card.dataset.destination === 'true';
const place = ownPath(withFragment(card.dataset.rd, location.hash), location.origin);
const judged = card.dataset.judged === 'true';
const need = card.dataset.userVerified === 'true' ? { need: ['user_verified'] } : {};
const calls = api(base, mount);
const notice = notices(card);
const passwordManager = signals(rpId);
const { alone, busy } = oneAtATime();
const panel = (name) => document.getElementById(`panel-${name}`);
const field = (id) => document.getElementById(id);

// An authenticator that says yes by itself would be asked, and refused, for ever.
const MOST_REFUSED_PICKS = 3;

let autofill = null;
let refusedPicks = 0;
let switching = false;

listen();
if (!supported() && start !== 'known') {
  show('login');
  for (const part of panel('login').querySelectorAll('form, button, .divider, .switch')) part.hidden = true;
  notice.tell(unsupported());
} else if (start === 'resume') {
  resume();
} else if (start === 'login') {
  byAddress();
} else if (start === 'confirm') {
  comeBack();
}

function listen() {
  const on = (action, work) => {
    for (const button of card.querySelectorAll(`[data-action="${action}"]`)) {
      button.addEventListener('click', work);
    }
  };
  on('nameless', () => alone(() => signIn('')));
  on('confirm', () => alone(() => signIn(userName)));
  on('switch', switchAccount);
  field('login-form').addEventListener('submit', (event) => {
    event.preventDefault();
    const name = nameless ? field('login-name').value.trim() : textIn('login-name', words.field.nameNeeded);
    if (name || nameless) alone(() => signIn(name));
  });
  field('register-form')?.addEventListener('submit', (event) => {
    event.preventDefault();
    const name = textIn('register-name', words.field.nameNeededForAccount);
    if (name) alone(() => createAccount(name, field('register-display').value.trim()));
  });
  addEventListener('hashchange', byAddress);
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden && autofill?.signal.aborted) offerAutofill();
  });
}

// `#register` opens the form for a new account.
function byAddress() {
  const registering = location.hash === '#register' && panel('register');
  const [from, to] = registering ? ['login-name', 'register-name'] : ['register-name', 'login-name'];
  notice.clear();
  if (field(from)?.value && !field(to).value) field(to).value = field(from).value;
  show(registering ? 'register' : 'login');
  field(to).focus({ preventScroll: true });
  if (registering) stopAutofill();
  else offerAutofill();
}

function show(name) {
  for (const section of card.querySelectorAll('section')) section.hidden = section !== panel(name);
  const title = panel(name).querySelector('h1').textContent;
  document.title = document.title.replace(/^[^–]*/, `${title} `);
}

// Somebody who has just been sent on from here, and is sent back for more, learns that the passkey
// was not enough instead of being asked for it again and again.
function comeBack() {
  const returns = returnsFrom(place, () => sessionStorage, Date.now());
  if (isLoop(returns, performance.getEntriesByType('navigation')[0]?.redirectCount ?? 1, false)) {
    show('lacking');
    panel('lacking').querySelector('h1').focus({ preventScroll: true });
  }
}

async function resume() {
  let name = userName;
  try {
    await calls.refresh();
    name = (await calls.whoAmI()).preferred_username ?? name;
  } catch (error) {
    if (switching) return;
    if (error.slug === 'must-register-passkey') {
      location.replace(`${base}/account`);
      return;
    }
    byAddress();
    if (error.name === 'Unreachable' || error.status >= 500) notice.fail(error, 'login');
    return;
  }
  if (switching) return;
  if (!wanted) {
    field('known-name').textContent = name;
    show('known');
    return;
  }
  const returns = returnsFrom(place, () => sessionStorage, Date.now());
  if (isLoop(returns, performance.getEntriesByType('navigation')[0]?.redirectCount ?? 1, true)) {
    stuck('gateway');
    return;
  }
  field('resume-name').textContent = name;
  field('resume-named').hidden = false;
  field('resume-nameless').hidden = true;
  go(returns);
}

async function signIn(name) {
  stopAutofill();
  let answer;
  try {
    answer = await logIn(calls, notice, name ? { username: name, ...need } : need);
  } catch (error) {
    failed(error);
    offerAutofill();
    return;
  }
  await arrive(answer.warnings);
}

// Where there is perhaps no passkey, whoever has no account yet learns how to make one.
function failed(error) {
  const perhapsNone = error.reason === 'not-allowed' || error.slug === 'ceremony-refused';
  if (perhapsNone && panel('register') && !panel('login').hidden) {
    notice.tell({ ...explain(error, 'login'), link: { text: words.newHere, address: '#register' } });
  } else {
    notice.fail(error, 'login');
  }
}

async function createAccount(name, displayName) {
  stopAutofill();
  const account = displayName ? { username: name, display_name: displayName } : { username: name };
  let made;
  try {
    made = await register(calls, notice, (signal) => calls.registerBegin(account, signal));
  } catch (error) {
    const wrong = error.name === 'Problem' && explain(error, 'create').field;
    if (wrong) mark('register-name', wrong);
    else notice.fail(error, 'create');
    return;
  }
  show('label');
  await askLabel(calls, notice, made.passkey);
  await arrive();
}

// Passkeys in the list that the browser opens under the user name. The request waits until the
// visitor picks one; it is renewed before the service would refuse it as too old.
async function offerAutofill() {
  stopAutofill();
  if (panel('login').hidden || !(await supportsAutofill())) return;
  const mine = new AbortController();
  autofill = mine;
  let assertion;
  let renewal;
  try {
    const { publicKey } = await calls.loginBegin(need, mine.signal);
    renewal = setTimeout(() => {
      mine.abort();
      if (autofill === mine && !document.hidden) offerAutofill();
    }, (publicKey.timeout ?? 300_000) * 0.8);
    assertion = await usePasskey(publicKey, mine.signal, 'conditional');
  } catch {
    // Nothing was picked. The buttons say what is wrong, if anything is.
    return;
  } finally {
    clearTimeout(renewal);
  }
  // Something else was begun in the moment of picking.
  if (autofill !== mine || busy()) return;
  autofill = null;
  await alone(() => finish(assertion));
}

async function finish(assertion) {
  let answer;
  try {
    answer = await notice.during(words.waiting.checking, (_, tooLate) => {
      tooLate();
      return calls.loginFinish(assertion);
    });
  } catch (error) {
    notice.fail(error, 'login');
    refusedPicks += 1;
    if (refusedPicks < MOST_REFUSED_PICKS) offerAutofill();
    return;
  }
  await arrive(answer.warnings);
}

function stopAutofill() {
  autofill?.abort();
  autofill = null;
}

// The passkey was accepted. Before leaving: did the browser keep the cookies? And is there something
// that the reader must know of their account?
async function arrive(warnings = []) {
  show('done');
  field('done-text').textContent = words.waiting.leaving;
  panel('done').querySelector('h1').focus({ preventScroll: true });
  try {
    await calls.whoAmI();
    await passwordManager.account(calls);
  } catch (error) {
    if (error.status === 401) {
      stuck('cookies');
      return;
    }
    if (error.slug === 'must-register-passkey') {
      location.replace(`${base}/account`);
      return;
    }
  }
  await warn(warnings);
  if (judged) again();
  else go(0);
}

// Which passkeys may have copies. The page leaves when that was read.
async function warn(warnings) {
  for (const kind of ['passkey-disabled', 'passkey-suspected']) {
    const labels = warnings.filter(({ type }) => type === kind).map(({ label }) => label);
    if (labels.length > 0) await warnOf(panel(kind), kind, labels);
  }
}

function warnOf(section, kind, labels) {
  section.querySelector('ul').replaceChildren(...labels.map((label) => {
    const item = document.createElement('li');
    item.append(Object.assign(document.createElement('strong'), { textContent: label || words.passkey }));
    return item;
  }));
  show(kind);
  section.querySelector('h1').focus({ preventScroll: true });
  return new Promise((resolve) => {
    section.querySelector('button').addEventListener('click', resolve, { once: true });
  });
}

// The service says whether this login is what the page needs: if so, it sends on.
function again() {
  const query = new URLSearchParams(location.search);
  query.set('after', '1');
  location.replace(`${base}/login?${query}${location.hash}`);
}

function go(returns) {
  leave(place, returns, () => sessionStorage, Date.now());
  location.replace(place);
}

function stuck(why) {
  location.replace(`${base}/stuck?why=${why}&rd=${encodeURIComponent(place)}`);
}

async function switchAccount() {
  switching = true;
  try {
    await calls.logout();
  } catch (error) {
    switching = false;
    notice.fail(error, 'login');
    return;
  }
  location.reload();
}
