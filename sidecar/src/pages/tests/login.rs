//! The login page.

use super::*;

#[tokio::test]
async fn the_login_page_goes_only_to_places_of_our_own() {
    let pages = pages(Visitor::Stranger, vec![]);
    for (query, rd) in [
        ("", "/"),
        ("?rd=%2Forders%3Fid%3D7%23x", "/orders?id=7#x"),
        ("?rd=//evil.test", "/"),
        ("?rd=/%5Cevil.test", "/"),
        ("?rd=/%09/evil.test", "/"),
        ("?rd=/%2509/evil.test", "/"),
        ("?rd=https://good.test@evil.test", "/"),
        ("?rd=good.evil", "/"),
        ("?rd=javascript:alert(1)", "/"),
        ("?rd=data:text/html,x", "/"),
        ("?rd=/x%0D%0ASet-Cookie:a=b", "/"),
        ("?rd=/orders&rd=/other", "/"),
        ("?rd=/_latchkey/login", "/"),
        ("?rd=%ff", "/"),
    ] {
        let answer = open(&pages, &format!("/login{query}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{query}");
        assert!(
            answer.body.contains(&format!("data-rd=\"{rd}\"")),
            "{query}"
        );
    }
}

#[tokio::test]
async fn the_login_page_starts_where_its_visitor_stands() {
    let alice = || Visitor::Known(user("alice", "Alice"));
    for (visitor, query, start) in [
        (Visitor::Stranger, "", "login"),
        (Visitor::Stranger, "?rd=/x", "login"),
        (Visitor::Stranger, "?rd=/x&max_age=60", "login"),
        (Visitor::Returning, "", "resume"),
        (Visitor::Returning, "?rd=/x", "resume"),
        (Visitor::Returning, "?rd=/x&max_age=60", "login"),
        (alice(), "", "known"),
        (alice(), "?rd=/x", "resume"),
        (alice(), "?rd=/x&max_age=60", "resume"),
        (alice(), "?rd=/x&max_age=59", "confirm"),
        (alice(), "?rd=/x&max_age=rubbish", "confirm"),
        (alice(), "?rd=/x&acr_values=phr", "resume"),
        (alice(), "?rd=/x&acr_values=phrh", "confirm"),
        (alice(), "?rd=/x&need=device_bound", "confirm"),
        (alice(), "?rd=/x&need=device_bound&after=1", "lacking"),
        (alice(), "?rd=/x&max_age=0&after=1", "resume"),
        (alice(), "?rd=/x&need=aaguid", "confirm"),
        (alice(), "?rd=/x&need=aaguid&after=1", "resume"),
        (alice(), "?rd=/x&need=later", "resume"),
    ] {
        let answer = open(&pages(visitor.clone(), vec![]), &format!("/login{query}")).await;
        assert!(
            answer.body.contains(&format!("data-start=\"{start}\"")),
            "{visitor:?} {query}: not {start}"
        );
    }
}

#[tokio::test]
async fn the_login_page_says_in_words_what_is_needed() {
    let alice = || Visitor::Known(user("alice", "Alice"));
    for (visitor, query, words) in [
        (
            alice(),
            "?rd=/x&max_age=1",
            "asks you to confirm that it is you",
        ),
        (
            alice(),
            "?rd=/x&need=device_bound",
            "kept on one device or security key",
        ),
        (
            Visitor::Stranger,
            "?rd=/x&need=synced",
            "synced between your devices",
        ),
        (
            Visitor::Stranger,
            "?rd=/x&acr_values=phrh",
            "whose maker is proved",
        ),
        (
            alice(),
            "?rd=/x&need=attested&after=1",
            "does not meet what this page needs",
        ),
    ] {
        let answer = open(&pages(visitor.clone(), vec![]), &format!("/login{query}")).await;
        assert!(answer.body.contains(words), "{query}: {}", answer.body);
    }
    let plain = open(&pages(alice(), vec![]), "/login?rd=/x").await;
    assert!(!plain.body.contains("needs a passkey"), "{}", plain.body);
}

#[tokio::test]
async fn creating_an_account_is_offered_only_where_it_is_switched_on() {
    let mut pages = pages(Visitor::Stranger, vec![]);
    assert!(open(&pages, "/login").await.body.contains("register-form"));
    Arc::make_mut(&mut pages.site).self_registration = false;
    let answer = open(&pages, "/login").await;
    assert!(!answer.body.contains("register"), "{}", answer.body);
}

#[tokio::test]
async fn a_user_name_is_needed_only_where_a_passkey_does_not_tell_it() {
    for (nameless, required) in [(true, false), (false, true)] {
        let scene = Scene {
            visitor: Visitor::Stranger,
            passkeys: vec![],
            has_codes: false,
            store_down: false,
            admission: Admission::NotHere,
        };
        let pages = Pages::new(Site { nameless, ..site() }, Arc::new(scene));
        let answer = open(&pages, "/login").await;
        let field = answer.body.split("<input id=\"login-name\"").nth(1).unwrap();
        let field = field.split('>').next().unwrap();
        assert_eq!(field.contains(" required"), required, "{field}");
        let told = format!("data-nameless=\"{nameless}\"");
        assert!(answer.body.contains(&told), "{told}");
    }
}
