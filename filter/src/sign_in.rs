//! The one place where requests go on without a token: the sidecar's public endpoints.

use latchkey_filter_config::FilterConfig;

use crate::{
    certificate::thumbprint,
    identity::{CLIENT_ADDRESS, CLIENT_CERTIFICATE},
    path::Target,
    reason::Reason,
    request::Surroundings,
    upstream::{Header, Name, Value},
};

/// Whether a request goes to the sign-in without a token.
///
/// Only where the host is a listed one and Envoy really sends the request to the sidecar.
/// Everywhere else `public_path` is a path like any other.
///
/// # Errors
/// When the path lies under the sign-in but was written differently: Envoy names the route of the
/// raw path, so nothing tells where the normal one would lead.
pub fn is_sign_in(
    config: &FilterConfig,
    host: &str,
    target: &Target<'_>,
    surroundings: &impl Surroundings,
) -> Result<bool, Reason> {
    let Target::Path(path) = target else {
        return Ok(false);
    };
    if !has_sign_in(config, host) || !covers(config, target) {
        return Ok(false);
    }
    if path.is_changed() || path.ambiguity().is_some() {
        return Err(Reason::SignInPath);
    }
    Ok(is_routed_to_sidecar(config, surroundings))
}

/// Whether Envoy sends the request to the sidecar.
#[must_use]
pub fn is_routed_to_sidecar(config: &FilterConfig, surroundings: &impl Surroundings) -> bool {
    let expected = config.sidecar.public_cluster.as_str().as_bytes();
    surroundings
        .cluster()
        .is_some_and(|cluster| cluster == expected)
}

/// Whether the path is `public_path` or lies below it.
#[must_use]
pub fn covers(config: &FilterConfig, target: &Target<'_>) -> bool {
    match target {
        Target::Path(path) => config.public_path.covers(path.as_str()),
        Target::None => false,
    }
}

/// Whether `public_path` is the sign-in on this host.
#[must_use]
pub fn has_sign_in(config: &FilterConfig, host: &str) -> bool {
    config.hosts.iter().any(|named| named.as_str() == host)
}

/// What the sidecar is told about the client.
#[must_use]
pub fn headers(surroundings: &impl Surroundings) -> Vec<Header> {
    let address = surroundings
        .client_address()
        .as_deref()
        .and_then(without_port);
    let certificate = surroundings
        .client_certificate()
        .as_deref()
        .and_then(thumbprint);
    [(CLIENT_ADDRESS, address), (CLIENT_CERTIFICATE, certificate)]
        .into_iter()
        .filter_map(|(name, value)| Some((Name::Fixed(name), Value::from(value?.as_bytes()))))
        .collect()
}

/// `192.0.2.1:5678` and `[2001:db8::1]:5678` without the port and brackets.
fn without_port(address: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(address).ok()?;
    let address = match text.parse::<std::net::SocketAddr>() {
        Ok(socket) => socket.ip(),
        Err(_) => text.parse().ok()?,
    };
    Some(address.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{self, Fixed};

    fn decision(host: &str, path: &str, cluster: Option<&str>) -> Result<bool, Reason> {
        let target = Target::parse(path.as_bytes()).unwrap();
        let surroundings = Fixed {
            cluster,
            ..Fixed::default()
        };
        is_sign_in(&test_support::config(), host, &target, &surroundings)
    }

    #[test]
    fn only_where_envoy_really_sends_it_to_the_sidecar() {
        let host = "app.example.com";
        let public = Some("latchkey-public");
        assert_eq!(
            decision(host, "/_latchkey/login?rd=/../x", public),
            Ok(true)
        );
        assert_eq!(decision(host, "/_latchkey", public), Ok(true));
        assert_eq!(decision(host, "/_latchkey/login", Some("app")), Ok(false));
        assert_eq!(
            decision(host, "/_latchkey/login", Some("latchkey-internal")),
            Ok(false)
        );
        assert_eq!(decision(host, "/_latchkey/login", None), Ok(false));
        assert_eq!(
            decision("other.example.com", "/_latchkey/login", public),
            Ok(false)
        );
        assert_eq!(decision(host, "/_latchkeys", public), Ok(false));
        assert_eq!(decision(host, "/_LATCHKEY/login", public), Ok(false));
    }

    #[test]
    fn the_route_of_the_raw_path_says_nothing_about_another_one() {
        let public = Some("latchkey-public");
        assert_eq!(
            decision("app.example.com", "/_latchkey/../admin", public),
            Ok(false)
        );
        for path in [
            "/x/../_latchkey/login",
            "//_latchkey/login",
            "/_latchkey/a%2fb",
            "/_latchkey/..;/x",
            "/%5flatchkey/login",
        ] {
            assert_eq!(
                decision("app.example.com", path, public),
                Err(Reason::SignInPath),
                "{path}"
            );
        }
    }

    #[test]
    fn the_sidecar_is_told_the_address_without_port() {
        for (address, told) in [
            ("192.0.2.1:5678", Some("192.0.2.1")),
            ("[2001:db8::1]:5678", Some("2001:db8::1")),
            ("192.0.2.1", Some("192.0.2.1")),
            ("/run/socket", None),
            ("", None),
        ] {
            let surroundings = Fixed {
                address: Some(address),
                ..Fixed::default()
            };
            let expected: Vec<_> = told
                .map(|told| (Name::Fixed(CLIENT_ADDRESS), Value::from(told.as_bytes())))
                .into_iter()
                .collect();
            assert_eq!(headers(&surroundings), expected, "{address}");
        }
    }

    #[test]
    fn the_sidecar_is_told_the_thumbprint_of_the_certificate() {
        let hex = "00".repeat(31) + "Ff";
        let surroundings = Fixed {
            certificate: Some(&hex),
            ..Fixed::default()
        };
        let expected = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAP8";
        let told = vec![(
            Name::Fixed(CLIENT_CERTIFICATE),
            Value::from(expected.as_bytes()),
        )];
        assert_eq!(headers(&surroundings), told);
        for bad in ["", "00", "zz", &"0".repeat(63), &"0".repeat(66)] {
            let surroundings = Fixed {
                certificate: Some(bad),
                ..Fixed::default()
            };
            assert!(headers(&surroundings).is_empty(), "{bad}");
        }
    }
}
