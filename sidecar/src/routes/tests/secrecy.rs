//! No secret in an answer (but the token of a program's login), in a log line, in debug output.

use super::*;

#[tokio::test]
async fn whole_ceremonies_leave_no_secret_behind() {
    let place = Place::new().await;
    let mut ann = place.person();
    let mut secrets: Vec<String> = Vec::new();
    let mut answers: Vec<String> = Vec::new();

    let options = ann.begin("register", json!({"username": "ann"})).await;
    secrets.push(options["challenge"].as_str().unwrap().to_owned());
    let response = ann.authenticator.create(&options);
    let answer = ann.finish("register", response).await.expect(200);
    answers.push(String::from_utf8(answer.body.to_vec()).unwrap());
    secrets.extend(ann.cookies.values().cloned());

    let options = ann.begin("login", json!({})).await;
    secrets.push(options["challenge"].as_str().unwrap().to_owned());
    let mut draft = ann.authenticator.draft_assertion(&options);
    secrets.push(
        draft.seal()["response"]["signature"]
            .as_str()
            .unwrap()
            .to_owned(),
    );
    draft.signature = Some(vec![0x30, 6, 2, 1, 1, 2, 1, 1]);
    let answer = ann.finish("login", draft.seal()).await.expect(400);
    answers.push(String::from_utf8(answer.body.to_vec()).unwrap());
    ann.log_in("ann").await;
    secrets.extend(ann.cookies.values().cloned());
    place.later(20);
    for (path, body) in [
        ("/v1/self/refresh", json!({})),
        ("/v1/self/logout", json!({})),
    ] {
        let answer = ann.post(path, body).await;
        answers.push(String::from_utf8(answer.body.to_vec()).unwrap());
        secrets.extend(ann.cookies.values().cloned());
    }
    answers.push(String::from_utf8(ann.read("/login?rd=/x").await.body.to_vec()).unwrap());

    let log = place.log.text();
    assert!(log.contains("\"event\":\"login_finish\"") && log.contains("\"reason\":\"signature\""));
    for secret in &secrets {
        assert!(secret.len() > 20);
        assert!(!log.contains(secret.as_str()), "logged: {secret}");
        for answer in &answers {
            assert!(!answer.contains(secret.as_str()), "answered: {secret}");
        }
    }
    assert!(!log.contains("rd="), "queries stay out of the log");
}

#[tokio::test]
async fn the_audit_trail_names_who_what_where_and_why() {
    let place = Place::new().await;
    let mut ann = place.person();
    ann.register("ann").await;
    let audit = place.audit();
    assert_eq!(audit["event"], "register_finish");
    assert_eq!(audit["result"], "accepted");
    assert_eq!(audit["address"], "192.0.2.7");
    let user = place.user("ann").await;
    assert_eq!(audit["user"], format!("ann ({})", user.id.0));
    assert_eq!(audit["session"], ann.session_id());
    let id = software_authenticator::encode(&ann.authenticator.credentials[0].id);
    assert_eq!(audit["credential"], id);
}

#[tokio::test]
async fn what_clients_send_stays_on_one_log_line() {
    let place = Place::new().await;
    let request = Request::get("/_latchkey/a%0a%1b[31mforged")
        .header("user-agent", "x\ty")
        .body(Body::empty());
    place.send(request.unwrap()).await.expect(404);
    assert!(!place.log.lines().is_empty());
    assert!(!place.log.text().contains('\u{1b}'));
}
