//! Whether a session is what a rule asks for.

use latchkey_filter_config::{Acr, Amr, Authenticator, Label, Membership, Require};
use latchkey_token::{Authn, Claims};

use crate::{
    reason::Reason,
    step_up::{Needs, StepUp},
};

#[cfg(test)]
mod tests;

/// Checks what a rule requires. `now` is in Unix seconds; `clock_skew`, in seconds, is how far the
/// clock of the issuer may be behind.
///
/// # Errors
/// With what is missing. What no login gives comes first: nobody is asked for one in vain.
pub fn check(require: &Require, claims: &Claims, now: u64, clock_skew: u64) -> Result<(), Reason> {
    if !is_member(&require.groups, &claims.groups) {
        return Err(Reason::GroupMissing);
    }
    if !is_member(&require.policies, &claims.policies) {
        return Err(Reason::PolicyMissing);
    }
    // Where there is one, it was compared with the connection's already.
    if require.certificate && claims.cnf.is_none() {
        return Err(Reason::CertificateMissing);
    }
    let lacking = StepUp {
        max_age: require
            .max_age
            .map(|max_age| max_age.as_secs())
            .filter(|max_age| is_too_old(claims, *max_age, now, clock_skew)),
        acr: require
            .acr
            .filter(|wanted| !satisfies(claims.acr.as_deref(), *wanted)),
        needs: needs(require, claims),
    };
    if lacking.is_empty() {
        Ok(())
    } else {
        Err(Reason::StepUp(lacking))
    }
}

fn is_member(wanted: &Membership, given: &[String]) -> bool {
    let has = |label: &Label| given.iter().any(|given| given == label.as_str());
    (wanted.any.is_empty() || wanted.any.iter().any(has)) && wanted.all.iter().all(has)
}

/// A session that does not say when is as old as can be.
fn is_too_old(claims: &Claims, max_age: u64, now: u64, clock_skew: u64) -> bool {
    claims
        .auth_time
        .is_none_or(|at| at.saturating_add(max_age).saturating_add(clock_skew) < now)
}

/// The stronger class is the weaker one too
/// ([OpenID EAP 2](https://openid.net/specs/openid-connect-eap-acr-values-1_0.html#acrValues)).
fn satisfies(given: Option<&str>, wanted: Acr) -> bool {
    given.is_some_and(|given| {
        given == wanted.as_str() || (wanted == Acr::Phr && given == Acr::Phrh.as_str())
    })
}

fn needs(require: &Require, claims: &Claims) -> Needs {
    let mut needs = Needs::default();
    for wanted in &require.amr {
        if !claims.amr.iter().any(|given| given == wanted.as_str()) {
            needs.add(match wanted {
                Amr::Hwk => Needs::DEVICE_BOUND,
                Amr::Swk => Needs::SYNCED,
                // Who is verified is there.
                Amr::User | Amr::Mfa => Needs::USER_VERIFIED,
            });
        }
    }
    let Authenticator {
        user_verified,
        synced,
        attested,
        aaguids,
    } = &require.authenticator;
    // A session that does not say by what has nothing that is asked for.
    let authn = claims.authn.as_ref();
    let is = |fact: fn(&Authn) -> bool| authn.is_some_and(fact);
    if *user_verified && !is(|authn| authn.uv) {
        needs.add(Needs::USER_VERIFIED);
    }
    if *attested && !is(|authn| authn.attested) {
        needs.add(Needs::ATTESTED);
    }
    match synced {
        Some(true) if !is(|authn| authn.be) => needs.add(Needs::SYNCED),
        Some(false) if !is(|authn| !authn.be) => needs.add(Needs::DEVICE_BOUND),
        _ => {}
    }
    let is_named = |authn: &Authn| aaguids.iter().any(|named| named.as_str() == authn.aaguid);
    if !aaguids.is_empty() && !authn.is_some_and(is_named) {
        needs.add(Needs::AAGUID);
    }
    needs
}
