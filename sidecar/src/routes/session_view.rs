//! A session as its owner and administrators see it: never its secret.

use super::passkey::rfc3339;
use crate::model::{AuthenticatorClass, Session, SessionId};

/// A session that lives.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct SessionView {
    id: String,
    user: String,
    created_at: String,
    /// When its holder last proved presence.
    auth_time: String,
    idle_until: String,
    expires_at: String,
    /// OpenID EAP, such as `phr`.
    acr: String,
    /// RFC 8176.
    amr: Vec<String>,
    /// The authenticator behind the login.
    #[schema(value_type = Object)]
    authn: AuthenticatorClass,
    /// The client certificate that it is bound to (`x5t#S256`).
    certificate: Option<String>,
    address: String,
    user_agent: String,
    /// Browser and system, as the user agent tells them.
    device: String,
    browser: Option<&'static str>,
    system: Option<&'static str>,
    user_verified: bool,
    /// Good for registering a passkey, and for nothing else.
    restricted: bool,
    /// The one that asks.
    current: bool,
}

/// `own` is the session that asks.
pub(super) fn shown(session: &Session, own: Option<SessionId>) -> SessionView {
    let (browser, system) = browser_and_system(&session.user_agent);
    SessionView {
        id: session.id.0.to_string(),
        user: session.user.0.to_string(),
        created_at: rfc3339(session.created_at),
        auth_time: rfc3339(session.auth_time),
        idle_until: rfc3339(session.idle_until),
        expires_at: rfc3339(session.expires_at),
        acr: session.acr.clone(),
        amr: session.amr.clone(),
        authn: session.authn.clone(),
        certificate: session.certificate.clone(),
        address: session.address.clone(),
        user_agent: session.user_agent.clone(),
        device: device(browser, system),
        browser,
        system,
        user_verified: session.authn.uv,
        restricted: session.restricted,
        current: own == Some(session.id),
    }
}

/// Browser and system, as the user agent has them. A hint for the owner, nothing is decided by it.
fn browser_and_system(user_agent: &str) -> (Option<&'static str>, Option<&'static str>) {
    let has = |part: &str| user_agent.contains(part);
    // The order matters: each of the later ones is named by the earlier ones too.
    let browser = [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("SamsungBrowser", "Samsung Internet"),
        ("Firefox/", "Firefox"),
        ("FxiOS", "Firefox"),
        ("CriOS", "Chrome"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ];
    let system = [
        ("Windows", "Windows"),
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Mac OS X", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ];
    let find = |names: &[(&str, &'static str)]| {
        let found = names.iter().find(|(part, _)| has(part));
        found.map(|(_, name)| *name)
    };
    (find(&browser), find(&system))
}

/// What a person calls the thing.
fn device(browser: Option<&str>, system: Option<&str>) -> String {
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => "Unknown device".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{browser_and_system, device};

    #[test]
    fn devices_are_named_as_people_know_them() {
        for (user_agent, name) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
                 Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 \
                 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
                "Firefox on Linux",
            ),
            ("curl/8.5.0", "curl"),
            ("", "Unknown device"),
        ] {
            let (browser, system) = browser_and_system(user_agent);
            assert_eq!(device(browser, system), name);
        }
    }
}
