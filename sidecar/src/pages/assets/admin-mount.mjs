// Administrators: one mount, made, changed and deleted. Those of the configuration file are only shown.

import { MOUNT, POLICY, changesOf, fieldsFor } from './admin-mount-fields.mjs';
import { copyOf, sure, write } from './admin-parts.mjs';
import { fieldOf, markReason, reasonOf, tellReason } from './admin-reasons.mjs';
import { textIn, unmark } from './fields.mjs';
import { filled } from './texts.mjs';
import words from './admin-words.mjs';

const SECOND = 'two_factor.';

export async function mountView(context, { query }) {
  const mounts = await context.calls.mounts();
  const mount = query.name ? mounts.find((one) => one.name === query.name) : null;
  const view = copyOf('mount-view');
  if (query.name && (!mount || mount.declared_in === 'configuration file')) {
    write(view, 'h1', query.name);
    write(view, '.mount-intro', mount ? words.policy.inFile : words.mount.gone);
    view.querySelector('form').remove();
    view.querySelector('.delete-part').remove();
    return view;
  }
  write(view, 'h1', mount ? mount.name : words.mount.newTitle);
  write(view, '.mount-intro', mount ? words.mount.changeIntro : words.mount.newIntro);
  fillForm(context, view.querySelector('form'), mount);
  const end = view.querySelector('.delete-part');
  if (mount) end.querySelector('.delete').addEventListener('click', () => remove(context, mount));
  else end.remove();
  return view;
}

function fillForm(context, form, mount) {
  const before = mount ?? {};
  const loose = before.two_factor ?? {};
  form.querySelector('.name-part').hidden = mount !== null;
  form.querySelector('.mount-fields').append(...fieldsFor(MOUNT, '', before));
  form.querySelector('.strict-fields').append(...fieldsFor(POLICY, '', before));
  const second = form.querySelector('.loose-fields');
  second.append(...fieldsFor(POLICY, SECOND, loose));
  const { on } = form.elements;
  on.checked = Boolean(before.two_factor);
  second.hidden = !on.checked;
  on.addEventListener('change', () => {
    second.hidden = !on.checked;
  });
  write(form, 'button[type=submit]', mount ? words.mount.save : words.mount.create);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    save(context, form, mount);
  });
}

// What is to be written, by the names of the API.
export function writtenIn(elements, mount) {
  const before = mount ?? {};
  const fields = { ...changesOf(MOUNT, '', elements, before), ...changesOf(POLICY, '', elements, before) };
  if (elements.on.checked) {
    const changes = changesOf(POLICY, SECOND, elements, before.two_factor ?? {});
    if (!before.two_factor) fields.two_factor = { enabled: true, ...changes };
    else if (Object.keys(changes).length > 0) fields.two_factor = changes;
  } else if (before.two_factor) {
    fields.two_factor = null;
  }
  return fields;
}

async function save(context, form, mount) {
  const { notice, go } = context;
  const name = mount ? mount.name : textIn('mount-name', words.mount.nameNeeded);
  if (!name) return;
  unmark(form);
  const fields = writtenIn(form.elements, mount);
  if (mount && Object.keys(fields).length === 0) {
    notice.say(words.done.nothing);
    return;
  }
  const say = filled(mount ? words.mount.saved : words.mount.created, { name });
  const order = { ...fields, revision: mount?.revision ?? 0 };
  await insisting(context, (force) => context.calls.writeMount(name, { ...order, ...force }), {
    question: 'mountOtherId',
    name,
    refused: (error) => tellRefusal(notice, error),
    done: () => go('#policy', { say }),
  });
}

async function remove(context, mount) {
  const { name, revision } = mount;
  if (!(await sure('deleteMount', { name }))) return;
  await insisting(context, (force) => context.calls.deleteMount(name, { revision, ...force }), {
    question: 'deleteMountInUse',
    name,
    done: () => context.go('#policy', { say: filled(words.mount.deleted, { name }) }),
  });
}

// Does it; where passkeys would sign in no more, only when the administrator insists.
async function insisting({ act, notice }, work, { question, name, refused = () => false, done }) {
  let passkeys = 0;
  const onRefused = (error) => {
    passkeys = error.more?.passkeys ?? 0;
    if (passkeys > 0) return true;
    const reason = reasonOf(error);
    if (error.slug !== 'conflict' || !reason) return refused(error);
    tellReason(notice, reason, { title: words.mount.conflictTitle });
    return true;
  };
  let answered = await act(() => work({}), { onRefused });
  if (!answered && passkeys > 0) {
    if (!(await sure(question, { name, count: passkeys }))) return;
    answered = await act(() => work({ force: true }), { onRefused });
  }
  if (answered) done();
}

// Says what was refused: at the field, or where there is no place for it, above the form.
function tellRefusal(notice, error) {
  const reason = reasonOf(error);
  const field = fieldOf(reason);
  if (!field) return false;
  const id = `mount-${field === 'mount' ? 'name' : field}`;
  if (document.getElementById(`${id}-error`)) {
    markReason(id, reason);
    return true;
  }
  const label = words.policy.fields[field.split('.').pop()];
  if (!label) return false;
  tellReason(notice, reason, { about: field.startsWith(SECOND) ? `${words.policy.twoFactor}: ${label}` : label });
  return true;
}
