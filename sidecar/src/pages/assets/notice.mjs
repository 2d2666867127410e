// What the page says while it works and when something happened, for eyes and for screen readers.

import { CeremonyFailure } from './ceremony.mjs';
import { explain } from './texts.mjs';
import words from './words.mjs';

// What was said last, where its reader is. The status says the same to screen readers.
let shown = null;

export function notices(card) {
  const alert = card.querySelector('#alert');
  const status = card.querySelector('#status');
  const cancel = card.querySelector('#cancel');
  const box = status.parentElement;
  card.dataset.ready = 'true';

  function clear() {
    alert.replaceChildren();
    say('');
  }

  function say(text, kind = 'plain') {
    shown?.remove();
    shown = null;
    if (text) box.dataset.kind = kind;
    else delete box.dataset.kind;
    status.textContent = text;
    if (text && kind !== 'busy') show(text, kind);
  }

  // Shows it in the flow of the page, so that it covers nothing. Where the focus goes after this, it
  // goes at once.
  function show(text, kind) {
    const mine = element('p', `said said-${kind}`, text);
    mine.ariaHidden = 'true';
    shown = mine;
    queueMicrotask(() => {
      if (shown !== mine) return;
      const active = document.activeElement;
      const near = card.contains(active) && active !== card && placeAfter(active);
      if (near) near.after(mine);
      else alert.after(mine);
      mine.scrollIntoView({ block: 'nearest' });
      if (near) active.scrollIntoView({ block: 'nearest' });
      if (kind === 'good') setTimeout(() => untilTheNextThing(mine));
    });
  }

  // What was done is said until its reader does the next thing. Not when a button goes down: it would
  // move away from under the pointer.
  function untilTheNextThing(mine) {
    const read = new AbortController();
    const gone = () => {
      read.abort();
      if (shown === mine) say('');
    };
    addEventListener('click', gone, { signal: read.signal });
    addEventListener('keydown', gone, { signal: read.signal });
  }

  function fail(error, doing) {
    if (wasCancelled(error)) {
      say(words.done.cancelled);
      return;
    }
    tell(explain(error, doing));
  }

  function tell(explained) {
    say('');
    alert.replaceChildren(noticeOf(explained));
    alert.scrollIntoView({ block: 'nearest' });
  }

  // Runs `work` with everything else out of reach. `work` gets a signal for the cancel button and
  // a function that says that it is too late to cancel.
  async function during(text, work) {
    const controller = new AbortController();
    const before = document.activeElement;
    const rest = [...card.querySelectorAll('section > :not(h1)')].filter((part) => !part.inert);
    const stop = () => controller.abort();
    clear();
    say(text, 'busy');
    cancel.hidden = false;
    cancel.addEventListener('click', stop);
    cancel.focus();
    for (const part of rest) part.inert = true;
    try {
      return await work(controller.signal, () => {
        cancel.hidden = true;
        say(words.waiting.checking, 'busy');
      });
    } finally {
      for (const part of rest) part.inert = false;
      cancel.hidden = true;
      cancel.removeEventListener('click', stop);
      say('');
      if (before?.isConnected) before.focus({ preventScroll: true });
    }
  }

  return { clear, say, fail, tell, during };
}

// After what something about the focused element can stand without tearing its surroundings apart.
function placeAfter(active) {
  return active.closest('.passkey-view, .section-head, .tabs, table') ??
    active.closest('.field, .passkey-actions, .link-made') ??
    active.closest('button, a, h1, h2, h3, p, li');
}

export function wasCancelled(error) {
  return error.name === 'AbortError' ||
    (error instanceof CeremonyFailure && error.reason === 'cancelled');
}

// `more` is a second paragraph, and `quoted` what the service says, which speaks English.
function noticeOf({ title, text, more, quoted, hints = [], link, reference }) {
  const box = element('div', 'notice notice-alert');
  box.append(element('p', 'notice-title', title));
  for (const paragraph of [text, more]) if (paragraph) box.append(element('p', '', paragraph));
  if (quoted) box.append(Object.assign(element('p', 'quoted', quoted), { lang: 'en' }));
  if (hints.length > 0) {
    const list = element('ul', '');
    list.append(...hints.map((hint) => element('li', '', hint)));
    box.append(list);
  }
  if (link) {
    const line = element('p', '');
    line.append(Object.assign(element('a', '', link.text), { href: link.address }));
    box.append(line);
  }
  if (reference) {
    const line = element('p', 'reference', words.reference);
    line.append(element('code', '', reference));
    box.append(line);
  }
  return box;
}

function element(name, style, text = '') {
  const made = document.createElement(name);
  if (style) made.className = style;
  made.textContent = text;
  return made;
}
