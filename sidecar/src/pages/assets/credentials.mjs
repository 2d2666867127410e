// WebAuthn's JSON forms. Browsers that can convert them do it themselves; for the others, and for
// password managers whose toJSON() throws, the same conversion by hand.

import { decode, encode } from './bytes.mjs';

export function supported() {
  return window.isSecureContext && typeof window.PublicKeyCredential === 'function' &&
    typeof navigator.credentials?.create === 'function';
}

export async function supportsAutofill() {
  const check = window.PublicKeyCredential?.isConditionalMediationAvailable;
  return check ? check.call(window.PublicKeyCredential).catch(() => false) : false;
}

export function creationOptions(json) {
  if (window.PublicKeyCredential.parseCreationOptionsFromJSON) {
    return window.PublicKeyCredential.parseCreationOptionsFromJSON(json);
  }
  return creationOptionsByHand(json);
}

export function requestOptions(json) {
  if (window.PublicKeyCredential.parseRequestOptionsFromJSON) {
    return window.PublicKeyCredential.parseRequestOptionsFromJSON(json);
  }
  return requestOptionsByHand(json);
}

export function toJson(credential) {
  try {
    const json = credential.toJSON();
    if (typeof json?.response?.clientDataJSON === 'string') return json;
  } catch {
    // Fall through.
  }
  return toJsonByHand(credential);
}

export function creationOptionsByHand(json) {
  return {
    ...json,
    challenge: decode(json.challenge),
    user: { ...json.user, id: decode(json.user.id) },
    excludeCredentials: descriptors(json.excludeCredentials),
  };
}

export function requestOptionsByHand(json) {
  return {
    ...json,
    challenge: decode(json.challenge),
    allowCredentials: descriptors(json.allowCredentials),
  };
}

export function toJsonByHand(credential) {
  const from = credential.response;
  const response = { clientDataJSON: encode(from.clientDataJSON) };
  if (from.attestationObject) {
    response.attestationObject = encode(from.attestationObject);
    response.transports = from.getTransports?.() ?? [];
  } else {
    response.authenticatorData = encode(from.authenticatorData);
    response.signature = encode(from.signature);
    if (from.userHandle?.byteLength) response.userHandle = encode(from.userHandle);
  }
  const json = {
    id: credential.id,
    rawId: encode(credential.rawId),
    type: credential.type,
    response,
    clientExtensionResults: credential.getClientExtensionResults?.() ?? {},
  };
  if (credential.authenticatorAttachment) {
    json.authenticatorAttachment = credential.authenticatorAttachment;
  }
  return json;
}

function descriptors(list = []) {
  return list.map((one) => ({ ...one, id: decode(one.id) }));
}
