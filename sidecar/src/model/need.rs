//! What a page needs of the login in front of it: how fresh, and how strong.

use super::{AuthenticatorClass, Seconds, Session, UnixTime};
use serde::Deserialize;

/// As many words as are looked at: there are fewer.
const WORDS_MAX: usize = 16;

/// One thing that a login has or lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trait {
    /// Presence was proved recently enough.
    Recent,
    /// The authenticator checked the person.
    UserVerified,
    /// The passkey stays in one authenticator.
    DeviceBound,
    /// The passkey is one that is synced.
    Synced,
    /// The authenticator's model is proved.
    Attested,
    /// The model is one of those that are allowed; which ones, only the gateway knows.
    Aaguid,
    /// A class that this relying party never gives (`acr`).
    OtherClass,
}

impl Trait {
    /// For scripts.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Recent => "recent",
            Self::UserVerified => "user_verified",
            Self::DeviceBound => "device_bound",
            Self::Synced => "synced",
            Self::Attested => "attested",
            Self::Aaguid => "aaguid",
            Self::OtherClass => "other_class",
        }
    }

    fn of(word: &str) -> Option<Self> {
        Some(match word {
            "user_verified" => Self::UserVerified,
            "device_bound" => Self::DeviceBound,
            "synced" => Self::Synced,
            "attested" => Self::Attested,
            "aaguid" => Self::Aaguid,
            _ => return None,
        })
    }
}

/// What is needed; nothing, unless somebody says so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Need {
    max_age: Option<Seconds>,
    traits: Vec<Trait>,
}

impl Need {
    /// Takes `max_age` (seconds; a number that is none asks for a login now).
    pub fn limit_age(&mut self, text: &str) {
        let age = Seconds(text.parse().unwrap_or(0));
        self.max_age = Some(self.max_age.map_or(age, |known| known.min(age)));
    }

    /// Takes `acr_values`: classes between spaces, one of which will do (OpenID Connect Core,
    /// section 3.1.2.1). `phrh` is what a device-bound and attested passkey has.
    pub fn ask_class(&mut self, text: &str) {
        let classes: Vec<&str> = text.split_ascii_whitespace().take(WORDS_MAX).collect();
        match classes.as_slice() {
            [] => {}
            classes if classes.contains(&"phr") => {}
            classes if classes.contains(&"phrh") => {
                self.add(Trait::DeviceBound);
                self.add(Trait::Attested);
            }
            _ => self.add(Trait::OtherClass),
        }
    }

    /// Takes `need`: words between commas. Unknown ones are left out, as a newer gateway may say
    /// more.
    pub fn ask(&mut self, text: &str) {
        for word in text.split(',').take(WORDS_MAX) {
            if let Some(known) = Trait::of(word) {
                self.add(known);
            }
        }
    }

    fn add(&mut self, wanted: Trait) {
        if !self.traits.contains(&wanted) {
            self.traits.push(wanted);
            self.traits.sort_unstable();
        }
    }

    /// Whether nothing is needed but a session.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.max_age.is_none() && self.traits.is_empty()
    }

    /// Of the passkey, what is needed.
    #[must_use]
    pub fn traits(&self) -> &[Trait] {
        &self.traits
    }

    /// The oldest login that will do.
    #[must_use]
    pub fn max_age(&self) -> Option<Seconds> {
        self.max_age
    }

    /// What the session lacks at `now`. An age of 0 asks for a login in any case.
    #[must_use]
    pub fn lacking(&self, session: &Session, now: UnixTime) -> Vec<Trait> {
        let old = self
            .max_age
            .is_some_and(|most| most.0 == 0 || now.since(session.auth_time) > most);
        let lacks = |wanted: &&Trait| !has(&session.authn, **wanted);
        let recent = old.then_some(Trait::Recent);
        recent
            .into_iter()
            .chain(self.traits.iter().filter(lacks).copied())
            .collect()
    }
}

fn has(authn: &AuthenticatorClass, wanted: Trait) -> bool {
    match wanted {
        Trait::UserVerified => authn.uv,
        Trait::DeviceBound => !authn.be,
        Trait::Synced => authn.be,
        Trait::Attested => authn.attested,
        // Not ours to judge: whoever sends people here does.
        Trait::Recent | Trait::Aaguid => true,
        Trait::OtherClass => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{SecretHash, SessionId, UserId};
    use uuid::Uuid;

    fn session(uv: bool, be: bool, attested: bool) -> Session {
        let now = UnixTime(1_000);
        Session {
            id: SessionId(Uuid::nil()),
            user: UserId(Uuid::nil()),
            credential: None,
            secret: SecretHash([0; 32]),
            created_at: now,
            auth_time: now,
            idle_until: now,
            expires_at: now,
            acr: "phr".to_owned(),
            amr: Vec::new(),
            authn: AuthenticatorClass {
                aaguid: Uuid::nil(),
                attested,
                uv,
                be,
                bs: be,
                attachment: None,
            },
            address: String::new(),
            user_agent: String::new(),
            certificate: None,
            restricted: false,
        }
    }

    fn need(max_age: &str, acr: &str, words: &str) -> Need {
        let mut need = Need::default();
        if !max_age.is_empty() {
            need.limit_age(max_age);
        }
        need.ask_class(acr);
        need.ask(words);
        need
    }

    #[test]
    fn what_is_lacking_is_named() {
        use Trait::{Attested, DeviceBound, OtherClass, Recent, Synced, UserVerified};
        let (synced, hardware) = (session(true, true, false), session(true, false, true));
        for (need, of_synced, of_hardware) in [
            (need("", "", ""), vec![], vec![]),
            (need("60", "", ""), vec![], vec![]),
            (need("59", "", ""), vec![Recent], vec![Recent]),
            (need("-1", "", ""), vec![Recent], vec![Recent]),
            (need("0", "", ""), vec![Recent], vec![Recent]),
            (need("", "phr", ""), vec![], vec![]),
            (need("", "phrh", ""), vec![DeviceBound, Attested], vec![]),
            (need("", "phrh phr", ""), vec![], vec![]),
            (need("", "gold", ""), vec![OtherClass], vec![OtherClass]),
            (need("", "", "synced,aaguid,new"), vec![], vec![Synced]),
            (
                need("", "", "attested,device_bound,attested"),
                vec![DeviceBound, Attested],
                vec![],
            ),
        ] {
            let now = UnixTime(1_060);
            assert_eq!(need.lacking(&synced, now), of_synced, "{need:?}");
            assert_eq!(need.lacking(&hardware, now), of_hardware, "{need:?}");
        }
        let unverified = session(false, true, false);
        let lacking = need("", "", "user_verified").lacking(&unverified, UnixTime(0));
        assert_eq!(lacking, [UserVerified]);
    }
}
