// Administrators: who is logged in, and where.

import { fullPage } from './admin-api.mjs';
import { copyOf, page, placeOf, rowOf, sure, write } from './admin-parts.mjs';
import { deviceName, filled } from './texts.mjs';
import { moment, recently } from './times.mjs';
import words from './admin-words.mjs';

const LIMIT = 50;

export async function sessionsView(context, { query }) {
  const { calls, act, go } = context;
  const { sessions, next } = await fullPage(calls.sessions, 'sessions', { after: query.after, limit: LIMIT });
  const view = copyOf('sessions-view');
  view.querySelector('.empty').hidden = sessions.length > 0;
  const done = (say) => go(location.hash, { say });
  const rows = sessions.map((session) => sessionRow(context, session, done, { owner: true }));
  view.querySelector('ul').append(...rows);
  view.querySelector('.end-everyone').addEventListener('click', async () => {
    if (!(await sure('endEveryone'))) return;
    // The own session has ended, too: going on needs a new login.
    if (await act(() => calls.endEveryones())) go('#sessions', { say: words.done.endedEveryones });
  });
  page(view, '#sessions', query, next);
  return view;
}

export function sessionRow({ calls, act }, session, done, { owner = false } = {}) {
  const row = rowOf('session-row');
  const device = deviceName(session);
  const who = session.user_name ?? '';
  if (owner && who) {
    const link = write(row, '.owner', who);
    link.href = placeOf(who);
    link.hidden = false;
  }
  write(row, '.device', device);
  write(row, '.of', ` ${who} ${device}`);
  const { at, from, until, restricted } = words.session;
  const facts = [
    filled(from, { address: session.address }),
    filled(at, { time: recently(new Date(session.auth_time), Date.now()) }),
    filled(until, { time: moment(session.idle_until < session.expires_at ? session.idle_until : session.expires_at) }),
  ];
  if (session.restricted) facts.push(restricted);
  write(row, '.times', facts.join(' · '));
  row.querySelector('.current').hidden = !session.current;
  row.querySelector('.end').hidden = session.current;
  row.querySelector('.end').addEventListener('click', async () => {
    if (await act(() => calls.endSession(session.id))) done(filled(words.done.ended, { device }));
  });
  return row;
}
