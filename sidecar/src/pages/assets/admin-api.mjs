// Calls to the administration API.

import { call, fileAt } from './api.mjs';

export function adminApi(base) {
  const admin = `${base}/v1/admin`;
  const user = (name) => `${admin}/users/${encodeURIComponent(name)}`;
  const passkey = (name, id) => `${user(name)}/passkeys/${encodeURIComponent(id)}`;
  const mount = (name) => `${base}/v1/auth/${encodeURIComponent(name)}/config`;
  const get = (address, query) => call('GET', address + asked(query));
  return {
    users: (query) => get(`${admin}/users`, query),
    user: (name) => get(user(name)),
    createUser: (fields) => call('POST', `${admin}/users`, fields),
    changeUser: (name, fields) => call('PATCH', user(name), fields),
    disableUser: (name) => call('POST', `${user(name)}/disable`, {}),
    enableUser: (name) => call('POST', `${user(name)}/enable`, {}),
    deleteUser: (name) => call('DELETE', user(name), {}),
    makeLink: (name, at) => call('POST', `${user(name)}/enrolment`, { mount: at }),
    withdrawLink: (name) => call('DELETE', `${user(name)}/enrolment`, {}),
    withdrawCodes: (name) => call('DELETE', `${user(name)}/recovery-codes`, {}),
    passkeys: (name) => get(`${user(name)}/passkeys`),
    labelPasskey: (name, id, label) => call('PATCH', passkey(name, id), { label }),
    removePasskey: (name, id) => call('DELETE', passkey(name, id), {}),
    sessions: (query) => get(`${admin}/sessions`, query),
    sessionsOf: (name) => get(`${user(name)}/sessions`),
    endSession: (id) => call('DELETE', `${admin}/sessions/${encodeURIComponent(id)}`, {}),
    endSessionsOf: (name) => call('DELETE', `${user(name)}/sessions`, {}),
    endEveryones: () => call('DELETE', `${admin}/sessions`, {}),
    mounts: async () => (await get(`${admin}/mounts`)).mounts,
    writeMount: (name, fields) => call('POST', mount(name), fields),
    deleteMount: (name, terms) => call('DELETE', mount(name), terms),
    exported: () => fileAt(`${admin}/export`),
    imported: (options, document) => call('POST', `${admin}/import${asked(options)}`, document),
    records: (query) => get(`${admin}/audit`, query),
  };
}

// One page of a list, as full as it can be. The service looks at so many records for one answer: few
// found, or nothing, is not yet all that there is.
export async function fullPage(ask, name, { after, limit, ...query }) {
  const found = [];
  let next = after;
  do {
    const answer = await ask({ ...query, after: next, limit: limit - found.length });
    found.push(...answer[name]);
    ({ next } = answer);
  } while (next && found.length < limit);
  return { [name]: found, next };
}

// A query with the values that there are.
export function asked(query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== '');
  return given.length > 0 ? `?${new URLSearchParams(given)}` : '';
}
