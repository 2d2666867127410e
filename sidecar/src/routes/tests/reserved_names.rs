//! Names of users who were deleted, out of one installation and into another.

use super::people::ADMIN;
use super::transfer::{export, good, import};
use super::*;
use http_body_util::BodyExt as _;

#[tokio::test]
async fn names_of_deleted_users_stay_taken_where_the_others_go() {
    let here = Place::configured(ADMIN).await;
    // Ids of their own: both places draw the same ones.
    let id = |n: u128| uuid::Uuid::from_u128(0x4000_8000_0000_0000_0000 + n);
    let names: Vec<Value> = ["ann", "bob", "old.1", "old.2"]
        .iter()
        .zip(1..)
        .map(|(name, n)| json!({ "name": name, "id": id(n) }))
        .collect();
    let list = json!({
        "format": "latchkey-users", "version": 1, "rp_ids": {}, "users": names,
    });
    import(&here, "", &list).await.expect(200);
    for name in ["old.1", "old.2"] {
        let path = format!("/v1/admin/users/{name}");
        let deleted = here.control(Method::DELETE, &path, json!({})).await;
        deleted.expect(204);
    }
    let document = export(&here).await;
    assert_eq!(document["reserved_names"], json!(["old.1", "old.2"]));

    let there = Place::configured(ADMIN).await;
    let dry = import(&there, "?dry_run=true", &document).await;
    let dry = dry.expect(200).json();
    assert_eq!(
        (&dry["created"], &dry["reserved_names"]),
        (&json!(2), &json!(2))
    );
    let add = async |name: &str| {
        let wish = json!({ "name": name });
        there.control(Method::POST, "/v1/admin/users", wish).await
    };
    assert_eq!(add("old.2").await.status, 201, "it was dry");

    // Somebody has the name of one who is gone there.
    let refused = import(&there, "", &document).await.expect(409).json();
    let in_the_way = json!([{
        "index": 1, "name": "old.2", "outcome": "conflict", "reasons": ["a user of this name is here"],
        "causes": [{ "code": "user-is-here", "detail": "a user of this name is here" }],
    }]);
    assert_eq!(refused["report"]["names"], in_the_way);
    assert_eq!(refused["report"]["conflicts"], 1);
    assert_eq!(there.app.store.count_users().await.unwrap(), 1);
    let done = import(&there, "?skip=true", &document)
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&done["created"], &done["reserved_names"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(
        there.audit()["detail"],
        "users: 2; passkeys: 0; reserved_names: 1"
    );
    assert_eq!(add("OLD.1").await.expect(409).problem(), "name-taken");
    assert!(
        there
            .app
            .store
            .user_by_name(&there.user("old.2").await.name)
            .await
            .unwrap()
            .is_some()
    );

    // They go on from there, and come again without a word.
    assert_eq!(export(&there).await["reserved_names"], json!(["old.1"]));
    let again = json!({
        "format": "latchkey-users", "version": 1, "rp_ids": {}, "users": [],
        "reserved_names": ["old.1", "OLD.1"],
    });
    let done = import(&there, "", &again).await.expect(200).json();
    assert_eq!(
        (&done["reserved_names"], &done["done"]),
        (&json!(0), &json!(true))
    );
}

#[tokio::test]
async fn names_that_cannot_be_reserved_are_told() {
    let place = Place::configured(ADMIN).await;
    let mut document = good();
    document["reserved_names"] = json!(["a b", "ANN", "gone"]);
    let report = import(&place, "?dry_run=true", &document).await;
    let report = report.expect(200).json();
    let names = json!([
        {
            "index": 0, "name": "a b", "outcome": "refused",
            "reasons": ["a user name cannot hold a space"],
            "causes": [{ "code": "name-space", "detail": "a user name cannot hold a space" }],
        },
        {
            "index": 1, "name": "ANN", "outcome": "conflict",
            "reasons": ["a user of the document has this name"],
            "causes": [
                { "code": "user-in-document", "detail": "a user of the document has this name" },
            ],
        },
    ]);
    assert_eq!(report["names"], names);
    assert_eq!(
        (&report["refused"], &report["conflicts"]),
        (&json!(1), &json!(1))
    );
    import(&place, "", &document).await.expect(409);
    let many: Vec<String> = (0..10_001).map(|n| format!("n{n}")).collect();
    document["reserved_names"] = json!(many);
    let refused = import(&place, "", &document).await.expect(400);
    let told = refused.json()["detail"].to_string();
    assert!(
        told.contains("reserved_names: more than 10000 names"),
        "{told}"
    );
    document["reserved_names"] = json!(many[1..]);
    let done = import(&place, "", &document).await.expect(200).json();
    assert_eq!(done["reserved_names"], 10_000);
}

#[tokio::test]
async fn who_is_deleted_while_an_export_is_sent_is_in_it_once() {
    let here = Place::configured(ADMIN).await;
    let users: Vec<Value> = (0..1_900)
        .map(|n| json!({ "name": format!("u{n:04}") }))
        .collect();
    let list = json!({
        "format": "latchkey-users", "version": 1, "rp_ids": {}, "users": users,
    });
    import(&here, "", &list).await.expect(200);
    let request = Request::get("/v1/admin/export").body(Body::empty());
    let router = crate::routes::control(&here.app);
    let answer = router.oneshot(request.unwrap()).await.unwrap();
    // The rest is not written before somebody reads it.
    let mut body = answer.into_body();
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    for name in ["u0000", "u1899"] {
        let path = format!("/v1/admin/users/{name}");
        let deleted = here.control(Method::DELETE, &path, json!({})).await;
        deleted.expect(204);
    }
    let rest = body.collect().await.unwrap().to_bytes();
    let document: Value = serde_json::from_slice(&[first, rest].concat()).unwrap();
    assert_eq!(document["users"].as_array().unwrap().len(), 1_899);
    assert_eq!(document["users"][0]["name"], "u0000");
    assert_eq!(document["reserved_names"], json!(["u1899"]));
    let there = Place::configured(ADMIN).await;
    import(&there, "", &document).await.expect(200);
}
