//! Hostile requests of a user with a good token.

use super::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_bytes_with_a_good_token_have_a_decision(
        method in prop::collection::vec(any::<u8>(), 0..9),
        path in prop::collection::vec(any::<u8>(), 0..40),
        certificate in prop::option::of("[0-9a-fA-Fg]{0,66}"),
        is_bound in any::<bool>(),
        enforce in any::<bool>(),
        headers in prop::collection::vec((
            prop::sample::select(vec![
                ":authority", ":method", "cookie", "origin", "upgrade", "sec-fetch-site",
                "sec-fetch-mode", "access-control-request-method", "x-latchkey-payload",
            ]),
            prop::collection::vec(any::<u8>(), 0..40),
        ), 0..6),
    ) {
        let mut gate = gate_of(&json!({"enforce": enforce, "rules": [
            {"match": {"methods": ["GET"]}, "allow": "authenticated", "preflight": "refuse",
                "require": {"groups": ["a"]}},
            {"allow": "authenticated", "preflight": "pass", "require": {"acr": "phrh"},
                "cors_origins": ["https://a.example"], "refuse_ambiguous_paths": false},
        ]}));
        let mut claims = claims();
        claims.cnf = is_bound.then(|| latchkey_token::Confirmation {
            certificate_thumbprint: "A".repeat(43),
        });
        let bearer = format!("Bearer {}", signing_key(1).sign(&claims).unwrap());
        let mut all: Vec<(&[u8], &[u8])> = vec![
            (b":authority", b"app.example.com"), (b":method", &method), (b":path", &path),
            (b"authorization", bearer.as_bytes()),
        ];
        all.extend(headers.iter().map(|(name, value)| (name.as_bytes(), value.as_slice())));
        let surroundings = Fixed { certificate: certificate.as_deref(), ..Fixed::default() };
        let request = Request::new(all);
        let decision = gate.decide(&request, &surroundings, NOW, &InProcess);
        // This user meets neither rule.
        prop_assert_eq!(matches!(decision.outcome, Outcome::Forward(_)), !enforce);
        prop_assert_eq!(decision.would_refuse.is_some(), !enforce);
        let _ = gate.redaction(&request);
    }
}

#[test]
fn bytes_that_are_no_text_are_an_ordinary_bad_request() {
    let gate = &mut gate();
    let token = format!("{COOKIE}={}\u{0}", token()).replace('\u{0}', "");
    for (path, header, reason) in [
        (&b"/x"[..], ("cookie", &b"__Host-latchkey=\xff"[..]), None),
        (
            b"/x",
            ("authorization", b"\xff"),
            Some(Reason::Credential(CredentialError::NotBearer)),
        ),
        (b"/x", ("authorization", b"Bearer \xff"), None),
        (
            b"/\xff",
            ("accept", b"*/*"),
            Some(Reason::Path(BadPath::Character)),
        ),
        (
            b"/x",
            (":authority", b"\xff"),
            Some(Reason::Authority(crate::authority::BadAuthority)),
        ),
    ] {
        let found = refused(&decide_raw(gate, "GET", path, &[header]));
        match reason {
            Some(reason) => assert_eq!(found, reason),
            None => assert!(matches!(found, Reason::Token(_)), "{found:?}"),
        }
        changes(decide(gate, "GET", "/x", &[("cookie", &token)]));
    }
    // Bytes that nobody asks about go on as they are.
    let both: &[(&str, &[u8])] = &[("cookie", token.as_bytes()), ("x-any", b"\xff")];
    changes(decide_raw(gate, "GET", b"/x?\xff", both));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_bytes_anywhere_have_a_decision(
        path in prop::collection::vec(any::<u8>(), 0..40),
        headers in prop::collection::vec((
            prop_oneof![
                prop::sample::select(vec![
                    ":authority", ":method", ":path", "cookie", "authorization", "origin",
                    "upgrade", "sec-fetch-site", "sec-fetch-mode", "accept", "x_auth-request-user",
                ]).prop_map(|name| name.as_bytes().to_vec()),
                // Envoy lets no other bytes than a token's pass in a name; this does.
                prop::collection::vec(any::<u8>(), 0..20),
            ],
            prop::collection::vec(any::<u8>(), 0..40),
        ), 0..6),
    ) {
        let mut all: Vec<(&[u8], &[u8])> = vec![(b":method", b"GET"), (b":path", &path)];
        if !headers.iter().any(|(name, _)| name == b":authority") {
            all.push((b":authority", b"app.example.com"));
        }
        all.extend(headers.iter().map(|(name, value)| (name.as_slice(), value.as_slice())));
        let request = Request::new(all);
        let gate = &mut gate();
        let _ = gate.decide(&request, &Fixed::default(), NOW, &InProcess);
        let _ = (gate.redaction(&request), gate.spoofed(request.names()));
    }
}
