//! A whole request, as hostile as it can be made: method, path and header lines are the input,
//! one to a line; `$` in a value stands for a good token, so that what comes after it is reached.
#![no_main]

use latchkey_filter::{
    gate::{Gate, Outcome},
    path::Target,
    request::{Request, Surroundings},
};
use latchkey_filter_config::FilterConfig;
use latchkey_token::{Algorithm, Claims, InProcess, JwkSet, SigningKey};
use libfuzzer_sys::fuzz_target;
use serde_json::json;
use std::{cell::RefCell, sync::LazyLock};

const NOW: u64 = 1_800_000_000;
const USER: &str = "7c0b5a2e-94f2-4b70-8f0e-3d0d3c4b8a11";

static KEY: LazyLock<SigningKey> =
    LazyLock::new(|| SigningKey::from_seed(Algorithm::Es256, &[7; 32]).unwrap());

static TOKEN: LazyLock<String> = LazyLock::new(|| token(NOW));
static EXPIRED: LazyLock<String> = LazyLock::new(|| token(NOW - 3_600));

fn token(iat: u64) -> String {
    let claims = Claims {
        iss: "https://app.example.com/_latchkey".into(),
        aud: vec!["app".into()],
        sub: USER.into(),
        iat,
        exp: iat + 600,
        auth_time: Some(iat),
        jti: "j".into(),
        sid: "0b9e1d6c-6c1f-4f0a-8d3a-6a0f2f1c7e22".into(),
        ..Claims::default()
    };
    KEY.sign(&claims).unwrap()
}

fn gate() -> Gate {
    let config = json!({
        "issuer": "https://app.example.com/_latchkey",
        "audiences": ["app"],
        "hosts": ["app.example.com"],
        "sidecar": {"cluster": "internal", "public_cluster": "public"},
        "revocations": null,
        "forward_token": {"header": "x-token"},
        "rules": [
            {"match": {"paths": ["/public/**"]}, "allow": "public"},
            {"match": {"paths": ["/closed/**"]}, "allow": "deny"},
            {"match": {"paths": ["/files/**"]}, "allow": "authenticated",
             "refuse_ambiguous_paths": false, "same_site_origins": ["https://pay.example.com"]},
            {"match": {"paths": ["/api/**"]}, "allow": "authenticated", "preflight": "pass",
             "cors_origins": ["https://pay.example.com"]},
            {"match": {"paths": ["/admin/**"]}, "allow": "authenticated",
             "require": {"groups": ["admins"], "max_age": "5m"}},
        ],
    });
    let mut gate = Gate::new(FilterConfig::parse(config.to_string().as_bytes()).unwrap(), [3; 16]);
    let keys = json!({"keys": [KEY.public_jwk()]}).to_string();
    gate.set_keys(JwkSet::parse(keys.as_bytes()).unwrap());
    gate
}

thread_local! {
    static GATE: RefCell<Gate> = RefCell::new(gate());
}

/// Every request is routed to the application.
struct Application;

impl Surroundings for Application {
    fn cluster(&self) -> Option<Vec<u8>> {
        Some(b"app".to_vec())
    }
    fn client_address(&self) -> Option<Vec<u8>> {
        None
    }
    fn client_certificate(&self) -> Option<Vec<u8>> {
        None
    }
}

fuzz_target!(|input: &[u8]| {
    let mut lines = input.split(|byte| *byte == b'\n');
    let method = lines.next().unwrap_or_default();
    let path = lines.next().unwrap_or_default();
    let lines: Vec<(Vec<u8>, Vec<u8>)> = lines
        .map(|line| {
            // After the first character: the name of a pseudo-header begins with a colon.
            let colon = line.iter().skip(1).position(|byte| *byte == b':');
            let (name, value) = line.split_at(colon.map_or(line.len(), |at| at + 1));
            (name.to_ascii_lowercase(), with_token(value.strip_prefix(b":").unwrap_or(value)))
        })
        .collect();
    let mut headers: Vec<(&[u8], &[u8])> = vec![(b":method", method), (b":path", path)];
    if !lines.iter().any(|(name, _)| name == b":authority") {
        headers.push((b":authority", b"app.example.com"));
    }
    headers.extend(lines.iter().map(|(name, value)| (name.as_slice(), value.as_slice())));

    let decision = GATE.with_borrow_mut(|gate| {
        gate.decide(&Request::new(headers), &Application, NOW, &InProcess)
    });
    let sent = |token: &str| {
        let token = token.as_bytes();
        let holds = |value: &[u8]| value.windows(token.len()).any(|part| part == token);
        lines.iter().any(|(_, value)| holds(value))
    };
    match decision.outcome {
        Outcome::Refuse(_, response) => assert!((300..600).contains(&response.status)),
        // Nobody makes the gateway ask without a token that was good once.
        Outcome::Renew(_) => assert!(sent(&EXPIRED)),
        Outcome::Forward(changes) => {
            let user = changes.set.iter().find(|(name, _)| *name == "x-auth-request-user");
            match user {
                // Nobody is anyone without a good token.
                Some((_, value)) => {
                    assert_eq!(&value[..], USER.as_bytes());
                    assert!(sent(&TOKEN));
                }
                None => match Target::parse(path) {
                    Ok(Target::Path(path)) if path.as_str().starts_with("/api") => {
                        assert_eq!(method, b"OPTIONS");
                    }
                    Ok(Target::Path(path)) => assert!(path.as_str().starts_with("/public")),
                    _ => panic!("nothing but a path is public"),
                },
            }
        }
    }
});

fn with_token(value: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    let mut tokens = 0;
    for byte in value {
        match byte {
            b'$' | b'~' if tokens < 4 => {
                tokens += 1;
                let token = if *byte == b'$' { &TOKEN } else { &EXPIRED };
                all.extend_from_slice(token.as_bytes());
            }
            _ => all.push(*byte),
        }
    }
    all
}
