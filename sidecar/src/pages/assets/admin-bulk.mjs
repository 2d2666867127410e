// Administrators: the same for several users. Each is a request of its own, so each stands in the audit
// log by itself, and one that is refused stops no other.

import { counted, explain, filled } from './texts.mjs';
import { fieldOf, inWords, reasonOf } from './admin-reasons.mjs';
import { sure } from './admin-parts.mjs';
import { mark, textIn } from './fields.mjs';
import words from './admin-words.mjs';

// Names in one question; more are counted.
const MOST_NAMES = 12;

// What can be done, and whether it is asked for once more.
const ACTIONS = {
  disable: { asks: true, call: (calls, user) => calls.disableUser(user.id) },
  enable: { asks: false, call: (calls, user) => calls.enableUser(user.id) },
  end: { asks: true, call: (calls, user) => calls.endSessionsOf(user.id) },
  join: { asks: false, group: true, call: (calls, user, group) => calls.changeUser(user.id, { add_groups: [group] }) },
  leave: { asks: false, group: true, call: (calls, user, group) => calls.changeUser(user.id, { remove_groups: [group] }) },
  delete: { asks: true, call: (calls, user) => calls.deleteUser(user.id) },
};

// Does `one` for each, one after the other. Comes back with who is done and who failed, with the error;
// where no further try makes sense, the rest were not tried. Whoever asks comes last: what they do to
// themselves could end their right to go on.
export async function forEach(users, one, { own, progress = () => {} }) {
  const inOrder = [...users.filter((user) => user.name !== own), ...users.filter((user) => user.name === own)];
  const [done, failed, untried] = [[], [], []];
  for (const user of inOrder) {
    if (failed.some(({ error }) => stopsAll(error))) {
      untried.push(user);
      continue;
    }
    progress(done.length + failed.length, inOrder.length);
    try {
      await one(user);
      done.push(user);
    } catch (error) {
      failed.push({ user, error });
    }
  }
  return { done, failed, untried };
}

// The service is not there, asks for patience, or does not let this administrator go on; or they do not
// want to.
function stopsAll(error) {
  return error.name !== 'Problem' || error.status >= 500 || [401, 403, 429].includes(error.status) || ofAll(error);
}

// What is wrong with the group that was entered is wrong for everyone.
function ofAll(error) {
  return ['add_groups', 'remove_groups'].includes(fieldOf(reasonOf(error)));
}

// Why it was not done for somebody, in one sentence.
function whyNot(error) {
  if (error.name === 'AbortError') return words.bulk.declined;
  const reason = reasonOf(error);
  if (reason) {
    const { text, quoted } = inWords(reason);
    return text ?? quoted;
  }
  const { title, text } = explain(error, 'login');
  return title ? `${title}: ${text}` : text;
}

// What to say of it all: one line when it was done, or whom it was not done for and why.
export function outcomeOf(action, { done, failed, untried }) {
  if (failed.length === 0) return { say: counted(words.bulk.done[action], done.length) };
  const count = done.length + failed.length + untried.length;
  const hints = failed.map(({ user, error }) => filled(words.bulk.failed, { name: user.name, reason: whyNot(error) }));
  if (untried.length > 0) {
    hints.push(filled(words.bulk.untried, { names: listed(untried) }));
  }
  return { tell: { title: filled(words.bulk.partTitle, { done: done.length, count }), text: words.bulk.part, hints } };
}

function listed(users) {
  const names = users.slice(0, MOST_NAMES).map((user) => user.name).join(words.bulk.between);
  const left = users.length - MOST_NAMES;
  return left > 0 ? filled(words.bulk.more, { names, count: left }) : names;
}

// The boxes in the list, and the form for those who are selected. `picked` are names that are selected
// from the beginning.
export function fillBulk(context, view, users, { picked = [], here }) {
  const form = view.querySelector('#bulk');
  const selection = view.querySelector('.bulk .selected');
  const all = view.querySelector('.pick-all');
  const boxes = [...view.querySelectorAll('.pick-one')];
  const { action, group } = form.elements;
  const selected = () => users.filter((_, index) => boxes[index].checked);
  const show = () => {
    const count = selected().length;
    form.hidden = count === 0;
    // Said also to whoever does not see the form appear: so it stands outside of what is hidden.
    selection.textContent = count === 0 ? '' : counted(words.bulk.selected, count);
    all.checked = count > 0 && count === boxes.length;
    all.indeterminate = count > 0 && count < boxes.length;
  };
  users.forEach((user, index) => {
    boxes[index].checked = picked.includes(user.name);
    boxes[index].addEventListener('change', show);
  });
  all.addEventListener('change', () => {
    for (const box of boxes) box.checked = all.checked;
    show();
  });
  action.addEventListener('change', () => {
    mark(action.id, '');
    form.querySelector('.bulk-group').hidden = !ACTIONS[action.value]?.group;
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    mark(action.id, action.value ? '' : words.bulk.actionNeeded);
    carryOut(context, { action: action.value, group, users: selected(), here });
  });
  show();
}

async function carryOut(context, { action, group, users, here }) {
  const { calls, act, allowed, go, notice, userName } = context;
  if (!Object.hasOwn(ACTIONS, action) || users.length === 0) return;
  const { asks, group: needsGroup, call } = ACTIONS[action];
  const name = needsGroup ? textIn(group.id, words.bulk.groupNeeded) : '';
  if (needsGroup && !name) return;
  if (asks && !(await sure(`bulk-${action}`, { count: users.length, names: listed(users) }))) return;
  const leaves = action === 'leave' && users.some((user) => user.name === userName);
  if (leaves && !(await sure('leave', { groups: name }))) return;
  const done = await act(() => forEach(users, (user) => allowed(() => call(calls, user, name)), {
    own: userName,
    progress: (soFar, count) => notice.say(filled(words.bulk.progress, { done: soFar, count }), 'busy'),
  }));
  if (!done) return;
  const { answer } = done;
  const [wrong] = answer.failed.filter(({ error }) => ofAll(error));
  if (wrong && answer.done.length === 0) {
    notice.clear();
    mark(group.id, whyNot(wrong.error));
    return;
  }
  const left = [...answer.failed.map(({ user }) => user), ...answer.untried];
  context.picked = left.map((user) => user.name);
  go(here, outcomeOf(action, answer));
}
