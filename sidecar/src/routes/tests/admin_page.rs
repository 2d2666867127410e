//! Where the administrators' page is, and what it is told about sessions.

use super::people::{ADMIN, administrator};
use super::*;

#[tokio::test]
async fn the_page_of_administrators_is_where_administration_is_and_for_them_alone() {
    let open = async |place: &Place, person: &Person<'_>, host: &str, page: &str| {
        let mut request = person.request(Method::GET, page, &Value::Null);
        let headers = request.headers_mut();
        headers.insert("host", host.parse().unwrap());
        headers.insert("sec-fetch-mode", "navigate".parse().unwrap());
        place.send(request).await
    };
    let place = Place::configured(ADMIN).await;
    let root = administrator(&place, "root").await;
    let here = "app.example.com";
    let answer = open(&place, &root, here, "/admin").await.expect(200);
    assert!(String::from_utf8_lossy(&answer.body).contains("admin.mjs"));
    let account = open(&place, &root, here, "/account").await.expect(200);
    assert!(String::from_utf8_lossy(&account.body).contains("/_latchkey/admin\""));

    let nowhere = open(&place, &root, "other.example.com", "/nowhere")
        .await
        .expect(404);
    let answer = open(&place, &root, "other.example.com", "/admin")
        .await
        .expect(404);
    assert_eq!(answer.body, nowhere.body, "as a page that is not there");
    let off = Place::new().await;
    let answer = open(&off, &off.person(), here, "/admin").await.expect(404);
    assert_eq!(answer.body, nowhere.body);

    let mut ann = place.person();
    ann.register("ann").await;
    open(&place, &ann, here, "/admin").await.expect(403);
    let account = open(&place, &ann, here, "/account").await.expect(200);
    assert!(!String::from_utf8_lossy(&account.body).contains("/_latchkey/admin\""));
    let to = |answer: &Answer| answer.headers["location"].to_str().unwrap().to_owned();
    let answer = open(&place, &place.person(), here, "/admin")
        .await
        .expect(303);
    assert!(to(&answer).ends_with("&need=user_verified"), "{answer:?}");
    place.later(301);
    let answer = open(&place, &root, here, "/admin").await.expect(303);
    assert!(
        to(&answer).ends_with("&need=user_verified&max_age=300"),
        "{answer:?}"
    );
}

#[tokio::test]
async fn administrators_see_who_holds_a_session_and_which_is_their_own() {
    let place = Place::configured(ADMIN).await;
    let mut root = administrator(&place, "root").await;
    place.person().register("ann").await;
    let listed = root.read("/v1/admin/sessions").await.expect(200).json();
    let mut seen: Vec<_> = listed["sessions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            (
                it["user_name"].as_str().unwrap(),
                it["current"].as_bool().unwrap(),
            )
        })
        .collect();
    seen.sort_unstable();
    assert_eq!(seen, [("ann", false), ("root", true)]);
    let operator = place.control(Method::GET, "/v1/admin/users/root/sessions", Value::Null);
    let listed = operator.await.expect(200).json();
    assert_eq!(
        listed["sessions"][0]["current"], false,
        "the operator has no session"
    );
}
