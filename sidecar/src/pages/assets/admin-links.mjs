// Administrators: the link with which a user registers a passkey.

import { write, whoOf } from './admin-parts.mjs';
import { copy } from './copying.mjs';
import { filled } from './texts.mjs';
import { moment } from './times.mjs';
import words from './admin-words.mjs';

// The mounts that a link can be for; where there is only one, nothing is to be chosen.
export function fillMounts(field, mounts, ofPages) {
  const answering = mounts.filter((mount) => !mount.problem);
  field.hidden = answering.length < 2;
  const select = field.querySelector('select');
  select.append(...answering.map(({ name, rp_display_name: shown }) => new Option(shown === name ? name : `${name} (${shown})`, name)));
  select.value = ofPages;
}

export function fillLink({ calls, act, user, done, notice }, context, part, mounts) {
  const { made } = context;
  context.made = null;
  const fresh = made?.user === user.id && made.link?.code ? made.link : null;
  const link = user.enrolment;
  const kind = user.passkeys === 0 ? 'enrol' : 'recover';
  if (fresh) showLink(part, fresh, notice);
  write(part, '.link-state', stateOf(link, context.mount));
  write(part, '.make-link', link ? words.link.replace : words.link[kind]).disabled = user.disabled;
  fillMounts(part.querySelector('.link-mount'), mounts, link?.mount ?? context.mount);
  const withdraw = part.querySelector('.withdraw');
  withdraw.hidden = !link;
  part.querySelector('.make-link').addEventListener('click', async () => {
    const mount = part.querySelector('.link-mount select').value || context.mount;
    const answered = await act(() => calls.makeLink(user.id, mount));
    if (!answered) return;
    context.made = { user: user.id, link: answered.answer.enrolment };
    done(words.done.linkMade);
  });
  withdraw.addEventListener('click', async () => {
    if (await act(() => calls.withdrawLink(user.id))) done(words.done.linkWithdrawn);
  });
}

// A link for another mount than the pages' says so.
function stateOf(link, ofPages) {
  if (!link) return words.link.none;
  const said = filled(link.expired ? words.link.expired : words.link.out, {
    name: whoOf(link.created_by), time: moment(link.expires_at),
  });
  return link.mount === ofPages ? said : said + filled(words.link.forMount, { mount: link.mount });
}

// The link and its picture, this once. A mount that these pages do not serve has no link, only a code
// for its own program.
function showLink(part, { link, code, qr_svg: svg }, notice) {
  part.querySelector('.link-made').hidden = false;
  part.querySelector('.only-code').hidden = Boolean(link);
  const text = part.querySelector('.link-text');
  text.value = link ?? code;
  text.addEventListener('focus', () => text.select());
  const picture = part.querySelector('.qr');
  picture.hidden = !svg;
  if (svg) picture.src = `data:image/svg+xml,${encodeURIComponent(svg)}`;
  part.querySelector('.copy').addEventListener('click', async () => {
    if (await copy(text.value, text)) notice.say(words.done.copied, 'good');
    else text.focus();
  });
}
