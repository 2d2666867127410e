//! What people do with their own accounts and operators order: who, what, to whom, when, from where,
//! with which result, in the store.

use super::people::{ADMIN, administrator, made};
use super::*;

/// The newest record of the log.
async fn newest(place: &Place) -> Value {
    let log = place.control(Method::GET, "/v1/admin/audit?limit=1", Value::Null);
    log.await.expect(200).json()["records"][0].clone()
}

/// Checks the newest record: who, what, to whom; and that it is whole.
async fn assert_newest(place: &Place, who: &str, what: &str, whom: Value) -> Value {
    let record = newest(place).await;
    let told = (&record["actor"], &record["action"], &record["user"]);
    assert_eq!(told, (&json!(who), &json!(what), &whom), "{record:#}");
    assert!(
        record["at"].as_str().unwrap().starts_with("2027-01-"),
        "{record:#}"
    );
    // The control socket has none.
    let has_address = who != "operator";
    assert_eq!(record["address"].is_string(), has_address, "{record:#}");
    assert!(record["request_id"].is_string(), "{record:#}");
    record
}

#[tokio::test]
async fn what_people_do_with_their_own_accounts_is_in_the_log() {
    let place = Place::new().await;
    let mut ann = place.person();
    // Of one second, what administrators and the program did comes first.
    place.later(1);
    ann.register("ann").await;
    let own = json!("ann");
    let first = assert_newest(&place, "ann", "account_create", own.clone()).await;
    assert_eq!(first["address"], "192.0.2.7");
    assert_eq!(first["session"], ann.session_id().as_str());

    let mut second = Authenticator::new(ORIGIN);
    let added = ann.add(&mut second).await.expect(200).json();
    let id = added["passkey"]["id"].as_str().unwrap().to_owned();
    let record = assert_newest(&place, "ann", "passkey_add", own.clone()).await;
    assert_eq!(record["credential"], id.as_str());
    assert_ne!(first["credential"], record["credential"]);

    let path = format!("/v1/self/passkeys/{id}");
    let label = json!({ "label": "Blue key" });
    ann.call(Method::PATCH, &path, label).await.expect(200);
    let record = assert_newest(&place, "ann", "passkey_label", own.clone()).await;
    assert_eq!(
        (&record["credential"], &record["detail"]),
        (&json!(id), &json!("Blue key"))
    );
    assert_eq!(record["result"], "accepted");

    ann.call(Method::DELETE, &path, json!({})).await.expect(204);
    let record = assert_newest(&place, "ann", "passkey_remove", own.clone()).await;
    assert_eq!(record["credential"], id.as_str());
    // What is refused changes nothing, so it is counted only.
    let last = format!(
        "/v1/self/passkeys/{}",
        first["credential"].as_str().unwrap()
    );
    ann.call(Method::DELETE, &last, json!({})).await.expect(409);
    let again = newest(&place).await;
    assert_eq!(
        (&again["action"], &again["credential"]),
        (&record["action"], &record["credential"])
    );
    let refusals = place.app.metrics.refusals();
    assert_eq!(refusals[&("passkey_remove", "last_passkey")], 1);

    ann.post("/v1/self/recovery-codes", json!({}))
        .await
        .expect(200);
    assert_newest(&place, "ann", "recovery_codes_made", own.clone()).await;
    let session = ann.session_id();
    ann.post("/v1/self/logout", json!({})).await.expect(204);
    let record = assert_newest(&place, "ann", "logout", own.clone()).await;
    assert_eq!(record["session"], session.as_str());
    ann.log_in("ann").await;
    let session = ann.session_id();
    let path = format!("/v1/self/sessions/{session}");
    ann.call(Method::DELETE, &path, json!({})).await.expect(204);
    let record = assert_newest(&place, "ann", "session_end", own).await;
    assert_eq!(record["session"], session.as_str());
}

#[tokio::test]
async fn what_operators_order_is_in_the_log_refusals_too() {
    let place = Place::new().await;
    let mut ann = place.person();
    ann.register("ann").await;
    let order = async |path: &str, body: Value| place.control(Method::POST, path, body).await;
    let none = Value::Null;

    order("/v1/admin/keys/rotate", json!({})).await.expect(409);
    let record = assert_newest(&place, "operator", "keys_rotate", none.clone()).await;
    assert_eq!(
        (&record["result"], &record["reason"]),
        (&json!("refused"), &json!("too_soon"))
    );
    assert_eq!(record["actor_kind"], "operator");
    order("/v1/admin/keys/rotate", json!({ "now": true }))
        .await
        .expect(200);
    let record = assert_newest(&place, "operator", "keys_rotate", none.clone()).await;
    assert_eq!(
        (&record["result"], &record["detail"]),
        (&json!("accepted"), &json!("now"))
    );
    order("/v1/admin/keys/unheard-of/revoke", json!({}))
        .await
        .expect(404);
    let record = assert_newest(&place, "operator", "key_revoke", none.clone()).await;
    assert_eq!(
        (&record["reason"], &record["detail"]),
        (&json!("unknown_key"), &json!("unheard-of"))
    );
    let keys = place
        .control(Method::GET, "/v1/admin/keys", Value::Null)
        .await
        .json();
    let kid = keys["keys"][0]["kid"].as_str().unwrap().to_owned();
    order(&format!("/v1/admin/keys/{kid}/revoke"), json!({}))
        .await
        .expect(200);
    let record = assert_newest(&place, "operator", "key_revoke", none.clone()).await;
    assert_eq!(
        (&record["result"], &record["detail"]),
        (&json!("accepted"), &json!(kid))
    );

    let revoke = "/v1/admin/sessions/revoke";
    ann.log_in("ann").await;
    let session = ann.session_id();
    order(revoke, json!({ "session": session }))
        .await
        .expect(204);
    let record = assert_newest(&place, "operator", "sessions_revoke", json!("ann")).await;
    assert_eq!(record["session"], session.as_str());
    order(revoke, json!({ "session": session }))
        .await
        .expect(404);
    let record = assert_newest(&place, "operator", "sessions_revoke", none.clone()).await;
    assert_eq!(record["reason"], "unknown_session");
    order(revoke, json!({ "user": "ann" })).await.expect(204);
    assert_newest(&place, "operator", "sessions_revoke", json!("ann")).await;
    order(revoke, json!({ "everyone": true })).await.expect(204);
    let record = assert_newest(&place, "operator", "sessions_revoke", none).await;
    assert_eq!(record["detail"], "everyone");
    for (path, action) in [("disable", "user_disable"), ("enable", "user_enable")] {
        order(&format!("/v1/admin/users/ann/{path}"), json!({}))
            .await
            .expect(204);
        assert_newest(&place, "operator", action, json!("ann")).await;
    }
}

#[tokio::test]
async fn what_the_program_does_to_its_keys_is_in_the_log() {
    let place = Place::new().await;
    let made = newest(&place).await;
    assert_eq!(
        (&made["actor"], &made["action"]),
        (&json!("latchkey"), &json!("keys_maintain"))
    );
    let keys = place
        .control(Method::GET, "/v1/admin/keys", Value::Null)
        .await
        .json();
    for key in keys["keys"].as_array().unwrap() {
        let kid = key["kid"].as_str().unwrap();
        assert!(made["detail"].as_str().unwrap().contains(kid), "{made:#}");
    }
}

#[tokio::test]
async fn what_is_older_than_the_retention_is_forgotten() {
    let place = Place::configured(&format!("{CONFIG}[audit]\nretention = \"2d\"\n")).await;
    let mut ann = place.person();
    place.later(1);
    ann.register("ann").await;
    ann.log_in("ann").await;
    let actions = async || {
        let log = place
            .control(Method::GET, "/v1/admin/audit", Value::Null)
            .await
            .json();
        let records = log["records"].as_array().unwrap().clone();
        records
            .iter()
            .map(|it| it["action"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        actions().await,
        ["login", "account_create", "keys_maintain"]
    );
    place.later(86_400);
    place.app.tend_audit_log().await.unwrap();
    assert_eq!(actions().await.len(), 3);
    ann.log_in("ann").await;
    place.later(86_400 + 1);
    place.app.tend_audit_log().await.unwrap();
    // The last one of each book stays, whatever its age.
    assert_eq!(actions().await, ["login", "keys_maintain"]);
}

#[tokio::test]
async fn what_was_done_is_in_the_log_and_found_there() {
    let place = Place::configured(ADMIN).await;
    let mut root = administrator(&place, "root").await;
    let code = made(&mut root, "alice").await;
    let mut alice = place.person();
    alice.enrol(json!({ "code": code })).await.expect(200);
    root.patch("/v1/admin/users/alice", json!({ "groups": ["eng"] }))
        .await;
    alice.cookies.clear();
    alice.log_in("alice").await;
    let search = async |root: &mut Person<'_>, query: &str| -> Vec<(String, String, String)> {
        let answer = root.read(&format!("/v1/admin/audit?{query}")).await;
        let found = answer.expect(200).json();
        let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
        let records = found["records"].as_array().unwrap().iter();
        records
            .map(|it| (text(&it["actor"]), text(&it["action"]), text(&it["user"])))
            .collect()
    };
    let own = |actor: &str, action: &str, user: &str| {
        (actor.to_owned(), action.to_owned(), user.to_owned())
    };
    assert_eq!(
        search(&mut root, "user=alice&limit=10").await,
        [
            own("root", "user_update", "alice"),
            own("root", "user_create", "alice"),
            own("alice", "login", ""),
            own("alice", "enrolled", "alice"),
        ]
    );
    assert_eq!(
        search(&mut root, "actor=alice").await,
        [own("alice", "login", ""), own("alice", "enrolled", "alice")]
    );
    assert_eq!(search(&mut root, "action=user_update").await.len(), 1);
    assert_eq!(search(&mut root, "since=2199-01-01T00:00:00Z").await, []);
    let answer = root.read("/v1/admin/audit?limit=1").await.json();
    let next = answer["next"].as_str().unwrap();
    root.read(&format!("/v1/admin/audit?after={next}"))
        .await
        .expect(200);
    root.read("/v1/admin/audit?after=x").await.expect(400);
    let all = root.read("/v1/admin/audit").await;
    assert!(!String::from_utf8_lossy(&all.body).contains(&code));
}

#[tokio::test]
async fn what_strangers_try_is_counted_and_not_listed() {
    let place = Place::configured(ADMIN).await;
    let mut root = administrator(&place, "root").await;
    place.app.tend_audit_log().await.unwrap();
    let records = async || {
        let (from, all) = (
            crate::storage::AuditCursor::START,
            crate::model::AuditFilter::default(),
        );
        let page = place.app.store.audit_page(from, &all, 100).await;
        page.unwrap().items
    };
    let before = records().await.len();
    for _ in 0..50 {
        let mut eve = place.person();
        let options = eve.begin("login", json!({ "username": "root" })).await;
        let _ = options;
        let begin = "/v1/auth/webauthn/register/begin";
        eve.post(begin, json!({ "code": "x" })).await.expect(400);
    }
    assert_eq!(records().await.len(), before, "nothing for each of them");
    place.later(600);
    place.app.tend_audit_log().await.unwrap();
    let after = records().await;
    assert_eq!(after.len(), before + 1);
    assert_eq!(after[0].action, "register_begin");
    assert_eq!(after[0].refused.as_deref(), Some("code_form"));
    assert_eq!(after[0].count, Some(50));
    place.later(600);
    place.app.tend_audit_log().await.unwrap();
    assert_eq!(records().await.len(), before + 1, "once");
    // Older than the retention.
    place.later(91 * 86_400);
    root.log_in("root").await;
    place.app.tend_audit_log().await.unwrap();
    // The newest of each book stays in any case.
    assert_eq!(records().await.len(), 2);
}

#[tokio::test]
async fn the_log_says_which_groups_came_and_went_and_finds_an_access_that_was_shut() {
    let place = Place::configured(ADMIN).await;
    let mut root = administrator(&place, "root").await;
    let body = json!({ "name": "ann", "groups": ["eng"], "token_policies": ["read"] });
    root.post("/v1/admin/users", body).await.expect(201);
    let record = newest(&place).await;
    assert_eq!(record["detail"], "groups: eng; token_policies: read");
    place.later(1);
    let body = json!({ "add_groups": ["oncall", "eng"], "remove_groups": ["nothing"] });
    let changed = root.patch("/v1/admin/users/ann", body).await;
    assert_eq!(
        changed.expect(200).json()["groups"],
        json!(["eng", "oncall"])
    );
    let record = newest(&place).await;
    assert_eq!(record["detail"], "groups: +oncall");
    place.later(1);
    let body = json!({ "remove_groups": ["eng"], "token_policies": [] });
    root.patch("/v1/admin/users/ann", body).await.expect(200);
    let record = newest(&place).await;
    let detail = "groups: -eng; token_policies: -read";
    assert_eq!(record["detail"], detail);
    // However it is ordered, it is one action.
    for (disabled, action) in [(true, "user_disable"), (false, "user_enable")] {
        place.later(1);
        let body = json!({ "disabled": disabled });
        root.patch("/v1/admin/users/ann", body).await.expect(200);
        assert_eq!(newest(&place).await["action"], action);
    }
    // What adds up to too much is refused, and nothing of it is done.
    let many: Vec<_> = (0..150).map(|it| format!("group-{it}")).collect();
    let path = "/v1/admin/users/ann";
    let body = json!({ "add_groups": many });
    root.patch(path, body).await.expect(200);
    let more: Vec<_> = (0..100).map(|it| format!("more-{it}")).collect();
    root.patch(path, json!({ "add_groups": more }))
        .await
        .expect(400);
    let shown = root
        .call(Method::GET, path, Value::Null)
        .await
        .expect(200)
        .json();
    assert_eq!(shown["groups"].as_array().unwrap().len(), 151);
    // Groups and policies together, too; and a new user.
    let long: Vec<_> = (0..40)
        .map(|it| format!("{it:02}{}", "x".repeat(50)))
        .collect();
    let body = json!({ "groups": long, "token_policies": long });
    let answer = root.patch(path, body.clone()).await.expect(400);
    assert!(
        answer.json()["detail"]
            .as_str()
            .unwrap()
            .starts_with("groups, token_policies:")
    );
    let mut new = body;
    new["name"] = "bob".into();
    let answer = root.post("/v1/admin/users", new).await.expect(400);
    assert!(
        answer.json()["detail"]
            .as_str()
            .unwrap()
            .starts_with("groups, token_policies:")
    );
}

#[tokio::test]
async fn a_search_takes_days_and_spans() {
    let place = Place::configured(ADMIN).await;
    let mut root = administrator(&place, "root").await;
    let body = json!({ "name": "ann" });
    root.post("/v1/admin/users", body).await.expect(201);
    let day = newest(&place).await["at"].as_str().unwrap()[..10].to_owned();
    place.later(3 * 86_400);
    let body = json!({ "name": "ben" });
    let made = place.control(Method::POST, "/v1/admin/users", body).await;
    made.expect(201);
    for (query, names) in [
        (format!("since={day}"), &["ben", "ann"][..]),
        (format!("since={day}&until={day}"), &["ann"]),
        ("since=2d".to_owned(), &["ben"]),
        // The operator's socket has no address.
        ("address=192.0.2.7".to_owned(), &["ann"]),
        ("since=4d&until=1h".to_owned(), &["ann"]),
    ] {
        let path = format!("/v1/admin/audit?action=user_create&{query}");
        let found = place.control(Method::GET, &path, Value::Null).await;
        let found = found.expect(200).json();
        let found: Vec<_> = found["records"].as_array().unwrap().iter().collect();
        let found: Vec<_> = found
            .iter()
            .map(|it| it["user"].as_str().unwrap())
            .collect();
        assert_eq!(found, names, "{query}");
    }
    for wrong in ["soon", "7w", "2026-02-30", "2026-1-1", "-7d"] {
        let path = format!("/v1/admin/audit?since={wrong}");
        let answer = place.control(Method::GET, &path, Value::Null).await;
        answer.expect(400);
    }
}
