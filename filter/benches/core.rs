//! What the core needs for a request, without Envoy: `cargo bench -p latchkey-filter`.
//!
//! Signatures are Envoy's affair (`scripts/bench` measures them), so here a verifier stands in that
//! says what it is told to say.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use latchkey_filter::{
    gate::Gate,
    path::Target,
    request::{Request, Surroundings},
    rules::Rules,
};
use latchkey_filter_config::FilterConfig;
use latchkey_token::{Algorithm, Claims, JwkSet, SignatureVerifier, SigningKey, VerifyingKey};
use serde_json::{Value, json};

const NOW: u64 = 1_750_000_000;
const ISSUER: &str = "https://app.example.com/_latchkey";

struct Says(bool);

impl SignatureVerifier for Says {
    fn verify(&self, _: &VerifyingKey, _: &[u8], _: &[u8]) -> bool {
        self.0
    }
}

struct Nothing;

impl Surroundings for Nothing {
    fn cluster(&self) -> Option<Vec<u8>> {
        None
    }

    fn client_address(&self) -> Option<Vec<u8>> {
        None
    }

    fn client_certificate(&self) -> Option<Vec<u8>> {
        None
    }
}

fn config(rules: &Value) -> FilterConfig {
    let text = json!({
        "issuer": ISSUER, "audiences": ["app"], "hosts": ["app.example.com"],
        "sidecar": {"cluster": "internal", "public_cluster": "public"},
        "revocations": null, "rules": rules,
    });
    FilterConfig::parse(text.to_string().as_bytes()).unwrap()
}

fn key() -> SigningKey {
    SigningKey::from_seed(Algorithm::Es256, &[7; 32]).unwrap()
}

fn gate() -> Gate {
    let keys = json!({"keys": [key().public_jwk()]}).to_string();
    let mut gate = Gate::new(config(&json!([])), [7; 16]);
    gate.set_keys(JwkSet::parse(keys.as_bytes()).unwrap());
    gate
}

fn bearer() -> String {
    let claims = Claims {
        iss: ISSUER.to_owned(),
        aud: vec!["app".to_owned()],
        sub: "7c0b5a2e-94f2-4b70-8f0e-3d0d3c4b8a11".to_owned(),
        iat: NOW,
        exp: NOW + 600,
        jti: "5c0e7a52-9f0e-4a4c-8a0e-3d0d3c4b8a11".to_owned(),
        sid: "0b9e1d6c-6c1f-4f0a-8d3a-6a0f2f1c7e22".to_owned(),
        preferred_username: Some("ann".to_owned()),
        email: Some("ann@example.com".to_owned()),
        groups: vec!["staff".to_owned(), "admins".to_owned()],
        ..Claims::default()
    };
    format!("Bearer {}", key().sign(&claims).unwrap())
}

fn request(authorization: &str) -> Request<'_> {
    let headers = [
        (":authority", "app.example.com"),
        (":method", "GET"),
        (":path", "/orders/42?page=1"),
        ("accept", "application/json"),
        (
            "user-agent",
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        ),
        ("sec-fetch-mode", "cors"),
        ("sec-fetch-site", "same-origin"),
        ("authorization", authorization),
    ];
    let bytes = headers.map(|(name, value)| (name.as_bytes(), value.as_bytes()));
    Request::new(bytes.to_vec())
}

fn decisions(criterion: &mut Criterion) {
    let token = bearer();
    let request = request(&token);
    let mut known = gate();
    known.decide(&request, &Nothing, NOW, &Says(true));
    criterion.bench_function("decide: known token", |bencher| {
        bencher.iter(|| black_box(known.decide(black_box(&request), &Nothing, NOW, &Says(true))));
    });
    for (name, is_good) in [("first seen", true), ("forged", false)] {
        criterion.bench_function(&format!("decide: {name}"), |bencher| {
            bencher.iter_batched_ref(
                gate,
                |gate| gate.decide(black_box(&request), &Nothing, NOW, &Says(is_good)),
                BatchSize::SmallInput,
            );
        });
    }
}

fn paths(criterion: &mut Criterion) {
    for path in ["/orders/42?page=1", "/a/../b//%62/./c%20d;v=1?x"] {
        criterion.bench_function(&format!("path: {path}"), |bencher| {
            bencher.iter(|| Target::parse(black_box(path.as_bytes())));
        });
    }
}

fn rules(criterion: &mut Criterion) {
    for number in [10, 1_000] {
        let rules: Value = (0..number)
            .map(|n| json!({"match": {"paths": [format!("/area{n}/*/admin")]}, "allow": "deny"}))
            .collect();
        let config = config(&rules);
        let compiled = Rules::new(&config.rules);
        let target = Target::parse(b"/orders/42/admin").unwrap();
        criterion.bench_function(&format!("rules: {number}"), |bencher| {
            bencher.iter(|| {
                let chosen = compiled.choose(&config, "app.example.com", b"GET", &target);
                black_box(chosen.index)
            });
        });
    }
}

criterion_group!(core, decisions, paths, rules);
criterion_main!(core);
