//! What Envoy's access log shows, and what it never can.

use latchkey_tests::{Guarded, wait};
use serde_json::json;

const FORMAT: &str = "LOG path=%REQ(:PATH)% user=%FILTER_STATE(wasm.latchkey.user:PLAIN)% \
    session=%FILTER_STATE(wasm.latchkey.session:PLAIN)% \
    decision=%FILTER_STATE(wasm.latchkey.decision:PLAIN)% \
    reason=%FILTER_STATE(wasm.latchkey.reason:PLAIN)% details=%RESPONSE_CODE_DETAILS% \
    authorization=%REQ(AUTHORIZATION)% cookie=%REQ(COOKIE)% told=%REQ(X-AUTH-REQUEST-USER)%\n";

fn gateway(fields: &serde_json::Value, enforce: bool) -> Guarded {
    Guarded::start_with(|config| {
        config.rules_first(json!([
            {"match": {"paths": ["/admin"]}, "allow": "authenticated",
                "require": {"groups": ["owners"]}},
        ]));
        config.edit_filter(|filter| {
            filter["access_log"] = fields.clone();
            filter["enforce"] = json!(enforce);
        });
        config.connection_manager()["access_log"] = json!([{
            "name": "envoy.access_loggers.stdout",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog",
                "log_format": {"text_format_source": {"inline_string": FORMAT}},
            },
        }]);
    })
}

/// The line about a path, once it is there.
fn line(gateway: &mut Guarded, path: &str) -> String {
    let wanted = format!("LOG path={path} ");
    wait::until("the request is in the access log", || {
        let log = gateway.envoy.process().log();
        log.lines()
            .find(|line| line.starts_with(&wanted))
            .map(str::to_owned)
    })
}

#[test]
fn it_shows_who_it_was_and_what_became_of_them() {
    let mut gateway = gateway(&json!(["user", "session", "decision", "reason"]), true);
    let user =
        "user=7f8a1d5e-5f5b-4a55-9d7c-0a4b9c1d2e3f session=0b9e1d6c-6c1f-4f0a-8d3a-6a0f2f1c7e22";
    assert_eq!(gateway.member().get("/good").send().status, 200);
    let good = line(&mut gateway, "/good");
    assert!(
        good.contains(&format!("{user} decision=allow reason=- ")),
        "{good}"
    );
    assert_eq!(gateway.member().get("/admin").send().status, 403);
    let admin = line(&mut gateway, "/admin");
    assert!(
        admin.contains(&format!("{user} decision=deny reason=group_missing ")),
        "{admin}"
    );
    assert!(admin.contains("details=latchkey_group_missing"), "{admin}");
    assert_eq!(gateway.stranger().get("/nobody").send().status, 401);
    let nobody = line(&mut gateway, "/nobody");
    assert!(
        nobody.contains("user=- session=- decision=deny reason=no_credential"),
        "{nobody}"
    );
}

#[test]
fn it_shows_what_would_have_been_refused() {
    let mut gateway = gateway(&json!(["decision", "reason"]), false);
    assert_eq!(gateway.member().get("/admin").send().status, 200);
    let admin = line(&mut gateway, "/admin");
    assert!(
        admin.contains("user=- session=- decision=would_deny reason=group_missing"),
        "{admin}"
    );
}

#[test]
fn it_shows_nothing_unless_asked_and_never_what_signs_in() {
    let mut gateway = gateway(&json!([]), true);
    let token = gateway.forge.token();
    let expired = gateway.forge.token_with("exp", json!(1_700_000_000));
    let request = |path: &str| gateway.stranger().get(path);
    // The fifth would be renewed if there were a sidecar.
    let cases = [
        (
            request("/a").header("cookie", format!("x=1; latchkey={token}")),
            200,
        ),
        (
            request("/b").header("authorization", format!("Bearer {token}")),
            200,
        ),
        (
            request("/admin").header("cookie", format!("latchkey={token}")),
            403,
        ),
        (
            request("/c").header("authorization", format!("Bearer {expired}")),
            401,
        ),
        (
            request("/d").header(
                "cookie",
                format!("latchkey={expired}; latchkey-refresh=s3cret"),
            ),
            503,
        ),
        (
            request("/e").header("authorization", format!("Bearer\t{token}")),
            401,
        ),
        (
            request("/f%zz").header("authorization", format!("Bearer {token}")),
            400,
        ),
        (
            request("/g")
                .header("cookie", format!("latchkey={token}"))
                .header("cookie", format!("latchkey={token}")),
            401,
        ),
        (
            request("/public/h").header("cookie", format!("latchkey={token}")),
            200,
        ),
    ];
    for (number, (request, status)) in cases.into_iter().enumerate() {
        assert_eq!(request.send().status, status, "request {number}");
    }
    let last = line(&mut gateway, "/public/h");
    assert!(
        last.contains("user=- session=- decision=- reason=-"),
        "{last}"
    );
    let log = gateway.envoy.process().log();
    for secret in [&token, &expired, "s3cret"] {
        let signature = secret.rsplit('.').next().expect("a part");
        assert!(!log.contains(signature), "{log}");
    }
    assert!(
        line(&mut gateway, "/a").contains("cookie=x=1"),
        "the application's own stay"
    );
}

#[test]
fn it_shows_nobody_that_a_stranger_claims_to_be() {
    let mut gateway = gateway(&json!(["user"]), true);
    let paths = ["/nobody", "/admin", "/public/x"];
    for path in paths {
        let client = match path {
            "/admin" => gateway.member(),
            _ => gateway.stranger(),
        };
        let _ = client
            .get(path)
            .header("x-auth-request-user", "root")
            .send();
    }
    // Envoy writes the log every ten seconds.
    for path in paths {
        let line = line(&mut gateway, path);
        assert!(line.ends_with("told=-"), "{line}");
    }
}
