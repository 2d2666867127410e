//! Pages in the language of their reader.

use super::*;
use crate::pages::words::Languages;

#[tokio::test]
async fn every_page_says_what_language_it_is_in() {
    let alice = || Visitor::Known(user("alice", "Alice"));
    for (wish, tag, words) in [
        ("", "en", "Sign in"),
        ("fr-FR,fr;q=0.9", "en", "Sign in"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans", "登录"),
        ("en;q=0.7,zh;q=0.8", "zh-Hans", "登录"),
    ] {
        for visitor in [Visitor::Stranger, alice()] {
            let pages = pages(visitor.clone(), vec![passkey("")]);
            for place in [
                "/login",
                "/account",
                "/enroll",
                "/logout",
                "/stuck",
                "/assets/0/en/x",
            ] {
                let answer = open_in(&pages, place, wish).await;
                if answer.status == StatusCode::SEE_OTHER {
                    continue;
                }
                assert_eq!(
                    answer.headers[header::CONTENT_LANGUAGE],
                    tag,
                    "{place} {wish}"
                );
                assert_eq!(
                    answer.headers[header::VARY],
                    "Accept-Language, Cookie",
                    "{place}"
                );
                assert!(
                    answer.body.contains(&format!("<html lang=\"{tag}\">")),
                    "{place}"
                );
                assert!(
                    place != "/login" || answer.body.contains(words),
                    "{wish}: {}",
                    answer.body
                );
                let base = format!("/{tag}/page.css");
                assert!(
                    answer.body.contains(&base),
                    "{place}: the scripts speak {tag}, too"
                );
            }
        }
    }
}

#[tokio::test]
async fn what_went_wrong_is_said_in_the_readers_language() {
    let pages = pages(Visitor::Stranger, vec![]);
    let mut chinese = HeaderMap::new();
    chinese.insert("accept-language", "zh-CN".parse().unwrap());
    let answer = read(pages.not_found(&chinese)).await;
    assert!(answer.body.contains("找不到页面"), "{}", answer.body);
    for failure in [Failure::Unavailable, Failure::Internal] {
        let answer = read(pages.failure(&chinese, failure, Some("r-1"))).await;
        assert_eq!(answer.headers[header::CONTENT_LANGUAGE], "zh-Hans");
        assert!(answer.body.contains("参考编号：") && answer.body.contains("r-1"));
    }
}

#[tokio::test]
async fn no_page_shows_a_key_in_place_of_its_text() {
    let languages = Languages::built_in();
    for words in languages.all() {
        let alice = Visitor::Known(user("alice", "Alice"));
        let pages = pages(alice, vec![passkey("")]);
        for place in [
            "/login?rd=/x&need=synced&need=attested",
            "/account",
            "/enroll",
            "/logout",
        ] {
            let html = open_in(&pages, place, words.tag()).await.body;
            for section in [
                "frame.", "login.", "account.", "need.", "enroll.", "logout.", "label.",
            ] {
                assert!(!html.contains(&format!(">{section}")), "{place}: {html}");
            }
            assert!(
                !html.contains("{name}") && !html.contains("{date}"),
                "{place}"
            );
        }
    }
}

#[tokio::test]
async fn days_are_written_as_in_the_readers_language() {
    let alice = Visitor::Known(user("alice", "Alice"));
    let html = open_in(&pages(alice, vec![passkey("")]), "/account", "zh")
        .await
        .body;
    assert!(html.contains("2026年3月3日</time>"), "{html}");
}

#[tokio::test]
async fn the_words_of_the_scripts_come_in_the_language_of_the_page() {
    let pages = pages(Visitor::Stranger, vec![]);
    for (tag, words) in [("en", "Checking"), ("zh-Hans", "正在验证")] {
        let place = format!(
            "{}/words.mjs",
            pages.assets.base(pages.languages.find(tag).unwrap())
        );
        let answer = open(&pages, place.strip_prefix("/_latchkey").unwrap()).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(
            answer.headers[header::CONTENT_TYPE],
            "text/javascript; charset=utf-8"
        );
        assert!(answer.body.starts_with("export default {"));
        assert!(answer.body.contains(words), "{}", answer.body);
    }
}

/// Chooses a language on a page, as its footer's form does.
async fn choose_at(pages: &Pages, place: &str, tag: &str) -> Answer {
    let request = Request::post(place)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(format!("language={tag}")));
    read(
        pages
            .router::<()>()
            .oneshot(request.unwrap())
            .await
            .unwrap(),
    )
    .await
}

#[tokio::test]
async fn a_choice_by_hand_is_remembered_and_shows_the_same_page() {
    let pages = pages(Visitor::Stranger, vec![]);
    for place in ["/login?rd=%2Fx&max_age=5", "/enroll", "/logout", "/stuck"] {
        let html = open_in(&pages, place, "en").await.body;
        assert!(html.contains("value=\"zh-Hans\" lang=\"zh-Hans\">简体中文</button>"));
        assert!(html.contains("lang=\"en\" aria-current=\"true\">English"));
        let answer = choose_at(&pages, place, "zh-Hans").await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        assert_eq!(
            answer.headers[header::LOCATION],
            format!("/_latchkey{place}")
        );
        let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
        assert_eq!(
            cookie,
            "latchkey-language=zh-Hans; Path=/_latchkey; Max-Age=31536000; HttpOnly; SameSite=Lax; Secure"
        );
    }
    for (tag, place) in [
        ("fr", "/login"),
        ("", "/login"),
        ("zh-Hans%0d%0a", "/login"),
    ] {
        let answer = choose_at(&pages, place, tag).await;
        assert!(!answer.headers.contains_key(header::SET_COOKIE), "{tag:?}");
    }
}

#[tokio::test]
async fn what_was_chosen_goes_before_what_the_browser_likes() {
    let pages = pages(Visitor::Stranger, vec![]);
    for (cookie, tag) in [
        ("latchkey-language=zh-Hans", "zh-Hans"),
        ("a=b; latchkey-language=zh-Hans", "zh-Hans"),
        ("latchkey-language=fr", "en"),
        ("latchkey-language=zh-Hans; latchkey-language=en", "en"),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert("accept-language", "en".parse().unwrap());
        headers.insert("cookie", cookie.parse().unwrap());
        assert_eq!(pages.words(&headers).tag(), tag, "{cookie}");
    }
}

#[tokio::test]
async fn where_there_is_no_page_there_is_no_choice() {
    let pages = pages(Visitor::Stranger, vec![]);
    let answer = choose_at(&pages, "/admin", "zh-Hans").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert!(!answer.headers.contains_key(header::SET_COOKIE));
    assert!(!answer.body.contains("name=\"language\""));
}
