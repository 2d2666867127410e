// Calls to the service's JSON endpoints.

// An answer that refuses, by the slug of its problem type (RFC 9457).
export class Problem extends Error {
  constructor(slug, status, reference, retryAfter, detail = '', more = {}) {
    super(slug);
    this.name = 'Problem';
    this.slug = slug;
    this.status = status;
    this.reference = reference;
    this.retryAfter = retryAfter;
    this.detail = detail;
    // Members of its own.
    this.more = more;
  }
}

// No answer at all.
export class Unreachable extends Error {
  constructor(cause) {
    super('unreachable', { cause });
    this.name = 'Unreachable';
  }
}

const TYPE = 'urn:latchkey:problem:';

export function api(base, mount) {
  const auth = `${base}/v1/auth/${encodeURIComponent(mount)}`;
  const self = `${base}/v1/self`;
  const passkey = (id) => `${self}/passkeys/${encodeURIComponent(id)}`;
  return {
    registerBegin: (body, signal) => call('POST', `${auth}/register/begin`, body, signal),
    registerFinish: (body) => call('POST', `${auth}/register/finish`, body),
    loginBegin: (body, signal) => call('POST', `${auth}/login/begin`, body, signal),
    loginFinish: (body) => call('POST', `${auth}/login/finish`, body),
    sessions: () => call('GET', `${self}/sessions`),
    endSession: (id) => call('DELETE', `${self}/sessions/${encodeURIComponent(id)}`, {}),
    recoveryCodes: () => call('GET', `${self}/recovery-codes`),
    makeRecoveryCodes: () => call('POST', `${self}/recovery-codes`, {}),
    recover: (body) => call('POST', `${auth}/recover`, body),
    passkeys: () => call('GET', `${self}/passkeys`),
    rename: (id, label) => call('PATCH', passkey(id), { label }),
    remove: (id) => call('DELETE', passkey(id), {}),
    refresh: () => call('POST', `${self}/refresh`, {}),
    logout: () => call('POST', `${self}/logout`, {}),
    whoAmI: () => call('GET', `${base}/userinfo`),
  };
}

export async function call(method, address, body, signal) {
  return received(await answered(method, address, body, signal), (answer) => answer.json());
}

// An answer that is a file.
export async function fileAt(address) {
  return received(await answered('GET', address), (answer) => answer.blob());
}

// A body that is a text is JSON already.
async function answered(method, address, body, signal) {
  let answer;
  try {
    answer = await fetch(address, {
      method,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      body: typeof body === 'string' || body === undefined ? body : JSON.stringify(body),
      credentials: 'same-origin',
      redirect: 'error',
      cache: 'no-store',
      signal,
    });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Unreachable(error);
  }
  if (!answer.ok) throw await problem(answer);
  return answer;
}

async function received(answer, read) {
  if (answer.status === 204) return null;
  try {
    return await read(answer);
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Unreachable(error);
  }
}

async function problem(answer) {
  let details = {};
  try {
    details = await answer.json();
  } catch {
    // A gateway's own error page: the status has to do.
  }
  const type = typeof details.type === 'string' ? details.type : '';
  const slug = type.startsWith(TYPE) ? type.slice(TYPE.length) : `status-${answer.status}`;
  const wait = Number.parseInt(answer.headers.get('retry-after') ?? '', 10);
  const reference = answer.headers.get('x-request-id');
  const detail = typeof details.detail === 'string' ? details.detail : '';
  return new Problem(slug, answer.status, reference, Number.isNaN(wait) ? null : wait, detail, details);
}
