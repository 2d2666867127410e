// What the page says while it works and when something happened, for eyes and for screen readers.

import { CeremonyFailure } from './ceremony.mjs';
import { explain } from './texts.mjs';
import words from './words.mjs';

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
    if (text) box.dataset.kind = kind;
    else delete box.dataset.kind;
    status.textContent = text;
    // What was done stands over the page until its reader does the next thing.
    if (kind === 'good') {
      const read = new AbortController();
      const gone = () => {
        read.abort();
        if (status.textContent === text) say('');
      };
      addEventListener('pointerdown', gone, { signal: read.signal });
      addEventListener('keydown', gone, { signal: read.signal });
    }
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

export function wasCancelled(error) {
  return error.name === 'AbortError' ||
    (error instanceof CeremonyFailure && error.reason === 'cancelled');
}

function noticeOf({ title, text, hints = [], reference }) {
  const box = element('div', 'notice notice-alert');
  box.append(element('p', 'notice-title', title), element('p', '', text));
  if (hints.length > 0) {
    const list = element('ul', '');
    list.append(...hints.map((hint) => element('li', '', hint)));
    box.append(list);
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
