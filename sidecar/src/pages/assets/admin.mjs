// The administrators' page: what stands behind the # says what is shown, so that the back button
// works and every view has an address.

import { adminApi } from './admin-api.mjs';
import { auditView } from './admin-audit.mjs';
import { mountView } from './admin-mount.mjs';
import { placeIn } from './admin-parts.mjs';
import { policyView } from './admin-policy.mjs';
import { reasonOf, tellReason } from './admin-reasons.mjs';
import { sessionsView } from './admin-sessions.mjs';
import { transferView } from './admin-transfer.mjs';
import { userView } from './admin-user.mjs';
import { newUserView, usersView } from './admin-users.mjs';
import { api } from './api.mjs';
import { freshness } from './freshness.mjs';
import { notices } from './notice.mjs';
import { oneAtATime } from './one-at-a-time.mjs';
import words from './admin-words.mjs';

const card = document.getElementById('admin');
const { base, mount, site, userName } = card.dataset;
const notice = notices(card);
const section = document.getElementById('view');
const { alone, after } = oneAtATime();

const allowed = freshness(api(base, mount), notice, {
  base, userName, need: ['user_verified'], stay: true,
});

// What a view can use. `made` is a link that was just made, which is shown once.
// `picked` are users who stay selected.
const context = { calls: adminApi(base), notice, allowed, act, go, mount, userName, made: null, picked: [] };

const VIEWS = {
  users: { tab: 'users', view: usersView },
  new: { tab: 'users', view: newUserView },
  user: { tab: 'users', view: userView },
  transfer: { tab: 'users', view: transferView },
  sessions: { tab: 'sessions', view: sessionsView },
  policy: { tab: 'policy', view: policyView },
  mount: { tab: 'policy', view: mountView },
  audit: { tab: 'audit', view: auditView },
};

// Views that are being fetched; only the last one counts.
let turn = 0;
// The address of what is shown.
let shownAt = null;
// What to say once the next view is there, or to tell where not all went well.
let saying = {};

addEventListener('hashchange', open);
open();

async function open() {
  turn += 1;
  const mine = turn;
  const asked = location.hash;
  const place = placeIn(asked, Object.keys(VIEWS));
  const { tab, view } = VIEWS[place.name];
  notice.clear();
  const slow = setTimeout(() => notice.say(words.loading, 'busy'), 300);
  let shown;
  try {
    shown = await allowed(() => view(context, place));
  } catch (error) {
    if (mine !== turn) return;
    saying = {};
    // What is shown stays, and so does its address.
    if (shownAt !== null) history.replaceState(null, '', shownAt || location.pathname);
    fail(error);
    return;
  } finally {
    clearTimeout(slow);
  }
  if (mine !== turn) return;
  markTab(tab);
  section.replaceChildren(shown);
  shownAt = asked;
  const { say = '', tell } = saying;
  saying = {};
  notice.say(say, 'good');
  const title = section.querySelector('h1');
  document.title = `${title.textContent} – ${site}`;
  title.focus({ preventScroll: true });
  if (tell) notice.tell(tell);
  else if (!say) scrollTo(0, 0);
}

function markTab(tab) {
  for (const link of card.querySelectorAll('[data-tab]')) {
    if (link.dataset.tab === tab) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
}

// Goes to a view, and says there what was done. The one that is open is fetched again.
function go(hash, told = {}) {
  saying = told;
  if (location.hash === hash) open();
  else location.hash = hash;
}

// Does something that changes something: one at a time, and what goes wrong is said. Comes back with
// what the service answered, or with nothing when it refused. Whoever is `patient` waits for what is
// under way, and does nothing when it is not `wanted` any more by then.
async function act(work, { onRefused, patient = false, wanted = () => true } = {}) {
  let done = null;
  await (patient ? after : alone)(async () => {
    if (!wanted()) return;
    notice.clear();
    try {
      done = { answer: await allowed(work) };
    } catch (error) {
      if (!onRefused?.(error)) fail(error);
    }
  });
  return done;
}

function fail(error) {
  const reason = reasonOf(error);
  if (reason) tellReason(notice, reason);
  else notice.fail(error, 'login');
}
