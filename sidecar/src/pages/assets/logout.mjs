// The logout page. Only the button ends the session: opening the page changes nothing.

import { api } from './api.mjs';
import { notices } from './notice.mjs';
import words from './words.mjs';

const card = document.getElementById('logout');
const notice = notices(card);
const ask = document.getElementById('panel-ask');
const gone = document.getElementById('panel-gone');

document.getElementById('leave').addEventListener('click', async () => {
  notice.clear();
  notice.say(words.waiting.loggingOut, 'busy');
  try {
    await api(card.dataset.base, '').logout();
  } catch (error) {
    // Somebody whose session ended already is logged out, too.
    if (error.status !== 401) {
      notice.fail(error, 'login');
      return;
    }
  }
  notice.clear();
  ask.hidden = true;
  gone.hidden = false;
  const title = gone.querySelector('h1');
  document.title = document.title.replace(/^[^–]*/, `${title.textContent} `);
  title.focus();
});
