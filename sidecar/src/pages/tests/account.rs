//! The account page.

use super::*;

#[tokio::test]
async fn the_account_page_is_for_its_owner_only() {
    for visitor in [Visitor::Stranger, Visitor::Returning] {
        let answer = open(&pages(visitor, vec![passkey("secret label")]), "/account").await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        assert_eq!(
            answer.headers[header::LOCATION],
            "/_latchkey/login?rd=%2F_latchkey%2Faccount"
        );
        assert!(!answer.body.contains("secret label"));
    }
}

#[tokio::test]
async fn the_account_page_tells_a_passkey_by_label_maker_and_keeping() {
    let mut bound = passkey("Work key");
    bound.backup_eligible = Some(false);
    bound.backup_state = false;
    bound.transports = vec!["usb".to_owned(), "nfc".to_owned()];
    bound.attested = true;
    bound.last_used_at = Some(UnixTime(1_772_625_600));
    let alice = Visitor::Known(user("alice", "Alice"));
    let html = open(&pages(alice, vec![bound, passkey("")]), "/account")
        .await
        .body;
    let rows: Vec<&str> = html.split("<li class=\"passkey\"").collect();
    assert!(rows[1].contains(">Work key</h3>"));
    assert!(rows[1].contains(">Google Password Manager</span>"));
    assert!(rows[1].contains("data-keeping=\"device\""));
    assert!(rows[1].contains("datetime=\"2026-03-04T12:00:00Z\">4 March 2026</time>"));
    for shown in [
        r#"<span class="badge" data-way="usb">USB</span>"#,
        r#"<span class="badge" data-way="nfc">NFC</span>"#,
        r#"<span class="badge" data-way="internal" hidden>"#,
        r#"<span class="badge passkey-attested">Maker proved</span>"#,
    ] {
        assert!(rows[1].contains(shown), "{shown}: {}", rows[1]);
    }
    assert!(rows[2].contains(r#"<span class="badge passkey-attested" hidden>"#));
    assert!(rows[2].contains(">Google Password Manager</h3>"));
    assert!(rows[2].contains("data-keeping=\"synced\""));
    assert!(rows[2].contains("Not used yet"));
}

#[tokio::test]
async fn the_account_page_shows_the_model_and_nothing_in_place_of_one() {
    let with = |aaguid: &str| {
        let mut passkey = passkey("Mine");
        passkey.aaguid = Uuid::parse_str(aaguid).unwrap();
        passkey
    };
    let passkeys = vec![
        with("ee882879-721c-4913-9775-3dfcce97072a"),
        with("aaaaaaaa-aaaa-4aaa-aaaa-aaaaaaaaaaaa"),
        with("00000000-0000-0000-0000-000000000000"),
    ];
    let alice = Visitor::Known(user("alice", "Alice"));
    let html = open(&pages(alice, passkeys), "/account").await.body;
    let rows: Vec<&str> = html.split("<li class=\"passkey\"").collect();
    for (row, name, model) in [
        (
            rows[1],
            Some("YubiKey 5"),
            Some("ee882879-721c-4913-9775-3dfcce97072a"),
        ),
        (rows[2], None, Some("aaaaaaaa-aaaa-4aaa-aaaa-aaaaaaaaaaaa")),
        (rows[3], None, None),
    ] {
        let maker = match name {
            Some(name) => format!("<span class=\"passkey-authenticator\">{name}</span>"),
            None => "<span class=\"passkey-authenticator\" hidden></span>".to_owned(),
        };
        assert!(row.contains(&maker), "{row}");
        let line = match model {
            Some(model) => format!(
                "<p class=\"passkey-model\">Model (AAGUID): <code class=\"passkey-aaguid\">{model}</code></p>"
            ),
            None => "<p class=\"passkey-model\" hidden>".to_owned(),
        };
        assert!(row.contains(&line), "{row}");
    }
}

#[tokio::test]
async fn a_disabled_passkey_is_marked_and_its_owner_is_told_why() {
    let alice = || Visitor::Known(user("alice", "Alice"));
    let mut copied = passkey("Copied");
    copied.disabled_at = Some(UnixTime(1_772_625_600));
    let html = open(&pages(alice(), vec![copied, passkey("Good")]), "/account")
        .await
        .body;
    assert!(
        html.contains("A passkey was disabled for your safety."),
        "{html}"
    );
    let rows: Vec<&str> = html.split("<li class=\"passkey\"").collect();
    assert!(rows[1].contains("<span class=\"badge badge-alert\">Disabled</span>"));
    assert!(rows[2].contains("<span class=\"badge badge-alert\" hidden>"));
    let well = open(&pages(alice(), vec![passkey("Good")]), "/account")
        .await
        .body;
    assert!(!well.contains("for your safety"), "{well}");
}

#[tokio::test]
async fn whoever_has_recovery_codes_is_never_told_that_the_only_passkey_is_all() {
    for (has_codes, [lost, codes]) in [
        (
            false,
            ["id=\"only-one-lost\">", "id=\"only-one-codes\" hidden>"],
        ),
        (
            true,
            ["id=\"only-one-lost\" hidden>", "id=\"only-one-codes\">"],
        ),
    ] {
        let scene = Scene {
            visitor: Visitor::Known(user("alice", "Alice")),
            passkeys: vec![passkey("")],
            has_codes,
            store_down: false,
            admission: Admission::NotHere,
        };
        let html = open(&pages_of(scene), "/account").await.body;
        assert!(html.contains(lost) && html.contains(codes), "{has_codes}");
    }
}
