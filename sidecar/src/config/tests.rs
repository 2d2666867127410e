//! The configuration as a whole: the example, the environment, and what is said about mistakes.

mod branding;
mod mistakes;
mod mounts;
mod notices;

use super::source::{KEYS, variable_name};
use super::*;
use crate::ceremony::{Algorithm, Hint};
use crate::model::Seconds;

const EXAMPLE: &str = include_str!("../../latchkey.example.toml");

const LEAST: &str = r#"
public_url = "https://app.example.com/_latchkey"
[token]
audiences = ["app"]
"#;

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(text, &Vec::new())
}

fn with(section: &str, lines: &str) -> String {
    match section {
        "" => format!("{lines}\n{LEAST}"),
        "token" => format!("{LEAST}\n{lines}"),
        _ => format!("{LEAST}\n[{section}]\n{lines}"),
    }
}

/// The message for one wrong line.
fn refusal(section: &str, lines: &str) -> String {
    parse(&with(section, lines)).expect_err(lines).to_string()
}

fn environment(pairs: &[(&str, &str)]) -> Environment {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

#[test]
fn the_example_shows_the_defaults() {
    assert_eq!(parse(EXAMPLE).unwrap(), parse(LEAST).unwrap());
}

#[test]
fn the_example_names_every_key_once_in_its_section() {
    let mut section = String::new();
    let mut named = Vec::new();
    for line in EXAMPLE.lines() {
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            name.clone_into(&mut section);
        }
        let line = line.strip_prefix("# ").unwrap_or(line);
        if let Some((key, _)) = line.split_once(" = ")
            && key.chars().all(|c| c.is_ascii_lowercase() || c == '_')
        {
            named.push((section.clone(), key.to_owned()));
        }
    }
    let known: Vec<_> = KEYS
        .iter()
        .map(|(section, key, _)| ((*section).to_owned(), (*key).to_owned()))
        .collect();
    assert_eq!(named, known);
}

#[test]
fn what_the_example_leaves_unset_can_be_set_as_written() {
    let unset: Vec<_> = EXAMPLE
        .lines()
        .filter_map(|line| line.strip_prefix("# "))
        .filter(|line| {
            line.split_once(" = ")
                .is_some_and(|(key, _)| !key.contains(' '))
        })
        // These need their file, and have tests of their own.
        .filter(|line| {
            !["encryption_key_file", "logo"]
                .iter()
                .any(|it| line.starts_with(it))
        })
        .collect();
    assert_eq!(unset.len(), 20, "{unset:?}");
    for line in unset {
        let text = EXAMPLE.replace(&format!("# {line}"), line);
        // The names written in the example belong to a session without a domain.
        let text = if line.starts_with("domain") {
            text.replace("__Host-", "__Secure-")
        } else {
            text
        };
        // These two go together.
        let text = match line.split_once(" = ").unwrap().0 {
            "metadata" => text.replace("# metadata_root", "metadata_root"),
            "metadata_root" => text.replace("# metadata =", "metadata ="),
            "accent_dark" => text.replace("# accent =", "accent ="),
            _ => text,
        };
        let config = parse(&text).unwrap_or_else(|error| panic!("{line}: {error}"));
        assert_ne!(config, parse(LEAST).unwrap(), "{line}");
    }
}

#[test]
fn each_key_can_be_set_by_its_variable() {
    let variables = environment(&[
        ("LATCHKEY_PUBLIC_URL", "https://login.example.com/in"),
        ("LATCHKEY_LISTEN__PUBLIC", "0.0.0.0:9000"),
        ("LATCHKEY_LISTEN__INTERNAL", "unix:/run/latchkey.sock"),
        ("LATCHKEY_LISTEN__GATEWAYS", "10.0.0.0/8, 192.168.7.3"),
        ("LATCHKEY_STORAGE__BACKEND", "memory"),
        ("LATCHKEY_TOKEN__AUDIENCES", "a,b"),
        ("LATCHKEY_TOKEN__TTL", "5m"),
        ("LATCHKEY_SESSION__DOMAIN", "example.com"),
        ("LATCHKEY_WEBAUTHN__SELF_REGISTRATION", "true"),
        ("LATCHKEY_WEBAUTHN__MAX_CREDENTIALS", "3"),
        ("LATCHKEY_WEBAUTHN__TIMEOUT", "0s"),
        ("LATCHKEY_WEBAUTHN__HINTS", "hybrid,client-device"),
        ("LATCHKEY_WEBAUTHN__TWO_FACTOR__ENABLED", "true"),
        ("LATCHKEY_WEBAUTHN__TWO_FACTOR__ALGORITHMS", "ES384"),
        ("LATCHKEY_ATTESTATION__ANCHORS", "/anchors"),
        ("LATCHKEY_LOG__FORMAT", "json"),
        // Kubernetes sets these for a Service named latchkey.
        ("LATCHKEY_PORT", "tcp://10.0.0.1:8081"),
        ("LATCHKEY_SERVICE_HOST", "10.0.0.1"),
    ]);
    let config = Config::parse("", &variables).unwrap();
    assert_eq!(config.public_url.issuer(), "https://login.example.com/in");
    assert_eq!(config.listen.public.to_string(), "0.0.0.0:9000");
    assert_eq!(
        config.listen.internal.to_string(),
        "unix:/run/latchkey.sock"
    );
    let gateways = ["10.0.0.0/8", "192.168.7.3/32"].map(|it| it.parse().unwrap());
    assert_eq!(config.listen.gateways, gateways);
    assert_eq!(config.storage.backend, Backend::Memory);
    assert_eq!(config.token.audiences, ["a", "b"]);
    assert_eq!(config.token.ttl, Seconds(300));
    assert_eq!(config.session.cookie, "__Secure-latchkey");
    assert!(config.webauthn.self_registration);
    assert_eq!(config.webauthn.max_credentials, 3);
    assert_eq!(config.webauthn.passwordless.timeout, None);
    let hints = [Hint::Hybrid, Hint::ClientDevice];
    assert_eq!(config.webauthn.passwordless.hints, hints);
    let loose = config.webauthn.two_factor.unwrap();
    assert_eq!(loose.algorithms, [Algorithm::Es384]);
    assert_eq!(config.attestation.anchors, Some("/anchors".into()));
    assert_eq!(config.log.format, LogFormat::Json);
    for (section, key, _) in KEYS {
        assert!(variable_name(section, key).starts_with("LATCHKEY_"));
    }
}

#[test]
fn a_bad_variable_is_named_with_its_key() {
    for (name, value, says) in [
        (
            "LATCHKEY_TOKEN__TTL",
            "soon",
            "LATCHKEY_TOKEN__TTL (token.ttl): expected a whole number of",
        ),
        (
            "LATCHKEY_TOKEN__TTL",
            "2h",
            "LATCHKEY_TOKEN__TTL (token.ttl): expected 30s to 1h, found 2h",
        ),
        (
            "LATCHKEY_WEBAUTHN__SELF_REGISTRATION",
            "yes",
            "LATCHKEY_WEBAUTHN__SELF_REGISTRATION (webauthn.self_registration): expected true or false",
        ),
        (
            "LATCHKEY_TOKEN__TTTL",
            "1m",
            "LATCHKEY_TOKEN__TTTL: there is no such key, did you mean LATCHKEY_TOKEN__TTL?",
        ),
        (
            "LATCHKEY_STORAGE_PATH",
            "/x",
            "LATCHKEY_STORAGE_PATH: there is no such key, did you mean LATCHKEY_STORAGE__PATH?",
        ),
        (
            "LATCHKEY_KEY_ENCRYPTION_KEY",
            "short",
            "LATCHKEY_KEY_ENCRYPTION_KEY: expected 32 bytes",
        ),
    ] {
        let message = Config::parse(LEAST, &environment(&[(name, value)]))
            .unwrap_err()
            .to_string();
        assert!(message.starts_with(says), "{message}");
    }
}

#[test]
fn a_loopback_demonstration_has_bare_cookie_names_and_says_so() {
    let text = LEAST.replace("https://app.example.com", "http://localhost:8080");
    let config = parse(&text).unwrap();
    assert_eq!(config.session.cookie, "latchkey");
    assert_eq!(config.session.refresh_cookie, "latchkey-refresh");
    assert!(!config.session.secure);
    assert_eq!(config.webauthn.rp_id, "localhost");
    assert_eq!(config.webauthn.rp_origins, ["http://localhost:8080"]);
    assert!(
        config
            .notices()
            .iter()
            .any(|notice| notice.contains("without Secure"))
    );
    for dropped in ["__Host-", "__host-mine", "__Host-__secure-mine"] {
        let refused = parse(&format!("{text}\n[session]\ncookie = {dropped:?}")).unwrap_err();
        let refused = refused.to_string();
        assert!(
            refused.starts_with("session.cookie: expected a name"),
            "{refused}"
        );
    }
    let prefixed = parse(&format!("{text}\n[session]\ncookie = \"__Host-mine\"")).unwrap();
    assert_eq!(prefixed.session.cookie, "mine");
}

#[test]
fn a_relying_party_can_be_a_parent_domain() {
    let config = parse(&with("webauthn", "rp_id = \"Example.com\"")).unwrap();
    assert_eq!(config.webauthn.rp_id, "example.com");
}

#[test]
fn the_key_encryption_key_comes_from_one_place_and_is_never_shown() {
    let hexadecimal = "00ff".repeat(16);
    let config = Config::parse(
        LEAST,
        &environment(&[("LATCHKEY_KEY_ENCRYPTION_KEY", &hexadecimal)]),
    )
    .unwrap();
    let key = config.keys.encryption_key.clone().unwrap();
    assert_eq!(key.as_bytes()[..2], [0, 0xff]);
    assert_eq!(KeyEncryptionKey::parse(&key.to_base64()), Some(key.clone()));
    let shown = format!("{config:?}");
    assert!(!shown.contains("255") && !shown.contains("00ff"), "{shown}");

    let file = std::env::temp_dir().join(format!("latchkey-kek-{}", std::process::id()));
    std::fs::write(&file, format!("{}\n", key.to_base64().as_str())).unwrap();
    let text = with("keys", &format!("encryption_key_file = {file:?}"));
    assert_eq!(parse(&text).unwrap().keys.encryption_key, Some(key));
    let both = Config::parse(
        &text,
        &environment(&[("LATCHKEY_KEY_ENCRYPTION_KEY", &hexadecimal)]),
    );
    assert!(both.unwrap_err().to_string().contains("found both"));
    std::fs::write(&file, "bm90IDMyIGJ5dGVz").unwrap();
    let message = parse(&text).unwrap_err().to_string();
    assert!(
        message.contains("expected 32 bytes") && !message.contains("bm90"),
        "{message}"
    );
    std::fs::remove_file(file).unwrap();
}
