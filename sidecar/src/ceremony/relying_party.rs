//! The relying party: its id and the origins that may use it.

use super::core_state;
use url::{Host, Url};
use webauthn_rs_core::WebauthnCore;

/// Who the credentials are for.
#[derive(Debug, Clone)]
pub struct RelyingParty {
    id: String,
    display_name: String,
    origins: Vec<String>,
    verifier: WebauthnCore,
}

/// Why some settings make no relying party.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RelyingPartyError {
    /// The id is not a plain lower-case domain name.
    #[error("expected a lower-case domain name without scheme and port, no address, found {id:?}")]
    Id {
        /// What was given.
        id: String,
    },
    /// The display name is empty.
    #[error("expected a name to show")]
    DisplayName,
    /// No origin was given.
    #[error("expected at least one origin")]
    NoOrigin,
    /// Not what a browser would write as an origin.
    #[error(
        "expected an origin as browsers write it, https://host or https://host:port (http for \
         localhost only), found {origin:?}"
    )]
    Origin {
        /// What was given.
        origin: String,
    },
    /// No origin could ever use the id.
    #[error("expected the host of an origin, or a parent domain of it, found {id:?}")]
    IdOfNoOrigin {
        /// The id.
        id: String,
    },
}

impl RelyingParty {
    /// Takes the relying party id (a domain), the name that browsers may show, and every origin
    /// that a ceremony can come from, each exactly as a browser serialises it. Origins outside the
    /// id's domain are possible (related origins), but at least one must be inside.
    ///
    /// # Errors
    /// When one of them is not what a browser could use.
    pub fn new(
        id: &str,
        display_name: &str,
        origins: &[String],
    ) -> Result<Self, RelyingPartyError> {
        if !is_domain(id) {
            return Err(RelyingPartyError::Id { id: id.to_owned() });
        }
        if display_name.trim().is_empty() {
            return Err(RelyingPartyError::DisplayName);
        }
        if origins.is_empty() {
            return Err(RelyingPartyError::NoOrigin);
        }
        let urls = origins
            .iter()
            .map(|origin| {
                web_origin(origin).ok_or_else(|| RelyingPartyError::Origin {
                    origin: origin.clone(),
                })
            })
            .collect::<Result<Vec<Url>, _>>()?;
        let inside = urls.iter().filter_map(Url::host_str).any(|host| {
            host == id
                || host
                    .strip_suffix(id)
                    .is_some_and(|parent| parent.ends_with('.'))
        });
        if !inside {
            return Err(RelyingPartyError::IdOfNoOrigin { id: id.to_owned() });
        }
        Ok(Self {
            verifier: core_state::verifier(id, display_name, urls),
            id: id.to_owned(),
            display_name: display_name.to_owned(),
            origins: origins.to_vec(),
        })
    }

    /// The relying party id, a domain.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What browsers may show.
    #[must_use]
    pub fn display_name(&self) -> &str {
        &self.display_name
    }

    /// The origins that ceremonies can come from.
    #[must_use]
    pub fn origins(&self) -> &[String] {
        &self.origins
    }

    pub(super) fn verifier(&self) -> &WebauthnCore {
        &self.verifier
    }
}

/// An origin is compared as text, so only the one text that a browser writes is taken: no path,
/// no user info, no default port, no upper case.
fn web_origin(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let exact = url.origin().is_tuple() && url.origin().ascii_serialization() == text;
    let safe = match url.scheme() {
        "https" => true,
        "http" => url
            .host_str()
            .is_some_and(|h| h == "localhost" || h.ends_with(".localhost")),
        _ => false,
    };
    (exact && safe).then_some(url)
}

fn is_domain(id: &str) -> bool {
    matches!(Host::parse(id), Ok(Host::Domain(domain)) if domain == id && !id.ends_with('.'))
}
