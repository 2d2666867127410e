//! The administrators' page, for whoever opens it.

use super::*;

pub(super) async fn page_for(admission: Admission) -> Answer {
    let scene = Scene {
        visitor: Visitor::Stranger,
        passkeys: vec![],
        has_codes: false,
        store_down: false,
        admission,
    };
    open(&pages_of(scene), "/admin").await
}

#[tokio::test]
async fn the_page_of_administrators_leads_to_the_login_that_it_needs() {
    let max_age = crate::model::Seconds(300);
    for (admission, place) in [
        (
            Admission::LogIn,
            "/_latchkey/login?rd=%2F_latchkey%2Fadmin&need=user_verified",
        ),
        (
            Admission::StepUp { max_age },
            "/_latchkey/login?rd=%2F_latchkey%2Fadmin&need=user_verified&max_age=300",
        ),
        (Admission::MustRegister, "/_latchkey/account"),
    ] {
        let answer = page_for(admission).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        assert_eq!(answer.headers[header::LOCATION], place);
    }
}

#[tokio::test]
async fn who_is_no_administrator_learns_it_in_words() {
    let answer = page_for(Admission::NoAdministrator).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(answer.body.contains("This page is for administrators"));
    assert!(!answer.body.contains("admin.mjs"));
}

#[tokio::test]
async fn a_host_without_administration_has_no_such_page() {
    let answer = page_for(Admission::NotHere).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert!(
        !answer.body.to_lowercase().contains("admin"),
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn the_page_of_administrators_is_a_shell_that_scripts_fill() {
    let answer = page_for(Admission::Administrator(Box::new(user("root", "Root")))).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.body.contains("data-user-name=\"root\""));
    assert!(answer.body.contains("/admin.mjs\""));
}
