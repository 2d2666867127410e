//! Cookie headers as they should not be. Runs natively and, with wasm-bindgen-test, on wasm32.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use latchkey_token::cookie::{
    CookieLookup, CookieNames, MAX_COOKIE_BYTES, MAX_COOKIES, clear_cookie, find, set_cookie,
    without,
};

const NAME: &str = "__Host-latchkey";
const REFRESH: &str = "__Host-latchkey-refresh";

fn found<'a>(fields: &[&'a str]) -> CookieLookup<'a> {
    find(fields.iter().map(|field| field.as_bytes()), NAME)
}

fn cut(field: &str) -> Option<String> {
    without(field.as_bytes(), &[NAME, REFRESH])
        .map(|field| String::from_utf8(field.into_owned()).unwrap())
}

#[test]
fn one_session_cookie_is_found() {
    let one = CookieLookup::One(b"token");
    assert_eq!(found(&["__Host-latchkey=token"]), one);
    assert_eq!(found(&["a=1; __Host-latchkey=token; b=2"]), one);
    assert_eq!(found(&["a=1;__Host-latchkey=token;b=2"]), one);
    assert_eq!(found(&[" __Host-latchkey=token "]), one);
    assert_eq!(found(&["__Host-latchkey=a=b"]), CookieLookup::One(b"a=b"));
    assert_eq!(found(&["__Host-latchkey="]), CookieLookup::One(b""));
    assert_eq!(found(&[]), CookieLookup::None);
    assert_eq!(found(&["", ";", "=", "a"]), CookieLookup::None);
}

#[test]
fn two_session_cookies_are_several_even_when_equal() {
    for fields in [
        ["__Host-latchkey=good; __Host-latchkey=planted", ""],
        ["__Host-latchkey=planted; a=1; __Host-latchkey=good", ""],
        ["__Host-latchkey=good; __Host-latchkey=good", ""],
        ["__Host-latchkey=good", "__Host-latchkey=planted"],
        ["__Host-latchkey=; __Host-latchkey=good", ""],
        [
            "__Host-latchkey=1; __Host-latchkey=2; __Host-latchkey=3",
            "",
        ],
    ] {
        assert_eq!(found(&fields), CookieLookup::Several, "{fields:?}");
    }
}

#[test]
fn cookies_split_over_fields_are_read_as_if_joined() {
    let one = CookieLookup::One(b"token");
    assert_eq!(found(&["a=1", "__Host-latchkey=token", "b=2"]), one);
    assert_eq!(found(&["a=1; b=2", "c=3; __Host-latchkey=token"]), one);
}

#[test]
fn oddly_written_names_are_no_session() {
    for field in [
        "__host-latchkey=token",
        "__HOST-LATCHKEY=token",
        "\"__Host-latchkey\"=token",
        "__Secure-__Host-latchkey=token",
        "x__Host-latchkey=token",
        "__Host-latchkeyx=token",
        "__Host-latchkey-refresh=token",
        "__Host-latchkey =token",
        "__Host-latchkey",
        "=__Host-latchkey=token",
        "$Path=/; latchkey=token",
        "a=1,__Host-latchkey=token",
        "__Host-latchkey\0=token",
    ] {
        assert_eq!(found(&[field]), CookieLookup::None, "{field:?}");
    }
}

#[test]
fn a_quoted_value_keeps_its_quotes_and_so_is_no_token() {
    assert_eq!(
        found(&["__Host-latchkey=\"a.b.c\""]),
        CookieLookup::One(b"\"a.b.c\"")
    );
}

#[test]
fn bytes_that_are_no_text_pass_through() {
    let field: &[u8] = b"a=\xff; __Host-latchkey=t\xffken; \xff=1";
    assert_eq!(
        find(std::iter::once(field), NAME),
        CookieLookup::One(b"t\xffken")
    );
    assert_eq!(
        without(field, &[NAME]).as_deref(),
        Some(b"a=\xff; \xff=1".as_slice())
    );
}

#[test]
fn more_cookies_than_a_browser_sends_are_too_many() {
    let cookies = |count: usize| vec!["a=1"; count].join("; ");
    let session = "; __Host-latchkey=token";
    assert_eq!(
        found(&[&(cookies(MAX_COOKIES - 1) + session)]),
        CookieLookup::One(b"token")
    );
    assert_eq!(
        found(&[&(cookies(MAX_COOKIES) + session)]),
        CookieLookup::TooMany
    );
    assert_eq!(found(&[&(cookies(500) + session)]), CookieLookup::TooMany);
    let fields = vec!["a=1"; 500];
    assert_eq!(found(&fields), CookieLookup::TooMany, "one field each");
    assert_eq!(
        found(&[&format!("__Host-latchkey=token; {}", cookies(500))]),
        CookieLookup::TooMany
    );

    let filler = |bytes: usize| format!("a={}; __Host-latchkey=token", "x".repeat(bytes));
    let rest = filler(0).len();
    assert_eq!(
        found(&[&filler(MAX_COOKIE_BYTES - rest)]),
        CookieLookup::One(b"token")
    );
    assert_eq!(
        found(&[&filler(MAX_COOKIE_BYTES - rest + 1)]),
        CookieLookup::TooMany
    );
    assert_eq!(found(&[&filler(64 * 1024)]), CookieLookup::TooMany);
    assert_eq!(
        found(&[&filler(20_000), &filler(20_000)]),
        CookieLookup::TooMany,
        "together"
    );
}

#[test]
fn the_upstream_gets_the_other_cookies() {
    assert_eq!(cut("a=1; b=2").as_deref(), Some("a=1; b=2"));
    assert_eq!(
        cut("a=1;b=2 ").as_deref(),
        Some("a=1;b=2 "),
        "untouched when none is ours"
    );
    assert_eq!(cut("__Host-latchkey=token"), None);
    assert_eq!(cut("__Host-latchkey=t; __Host-latchkey-refresh=r"), None);
    assert_eq!(cut("__Host-latchkey=t; ;"), None);
    assert_eq!(cut("__Host-latchkey=t; a=1").as_deref(), Some("a=1"));
    assert_eq!(cut("a=1; __Host-latchkey=t").as_deref(), Some("a=1"));
    assert_eq!(
        cut("a=1;__Host-latchkey=t;b=2; __Host-latchkey-refresh=r; c=\"3\"").as_deref(),
        Some("a=1;b=2; c=\"3\""),
        "as they were sent, and so never longer"
    );
    assert_eq!(
        cut("__Host-latchkey=1; a=1; __Host-latchkey=2").as_deref(),
        Some("a=1")
    );
    assert_eq!(
        cut("__Host-latchkey-theme=dark").as_deref(),
        Some("__Host-latchkey-theme=dark")
    );
}

#[test]
fn oddly_written_cookies_of_ours_do_not_reach_the_upstream_either() {
    for field in [
        "__HOST-latchkey=t; a=1",
        "__Host-latchkey =t; a=1",
        "\"__Host-latchkey\"=t; a=1",
        "\" __host-latchkey \" =t; a=1",
        "\t__Host-latchkey\t=t; a=1",
    ] {
        assert_eq!(cut(field).as_deref(), Some("a=1"), "{field:?}");
    }
}

#[test]
fn cookies_are_set_with_the_attributes_that_guard_them() {
    assert_eq!(
        set_cookie(NAME, "a.b.c", 600, None, true),
        "__Host-latchkey=a.b.c; Path=/; Max-Age=600; Secure; HttpOnly; SameSite=Lax"
    );
    assert_eq!(
        set_cookie("__Secure-latchkey", "a.b.c", 600, Some("example.com"), true),
        "__Secure-latchkey=a.b.c; Path=/; Max-Age=600; Domain=example.com; Secure; HttpOnly; \
         SameSite=Lax"
    );
    assert_eq!(
        set_cookie("latchkey", "a.b.c", 600, None, false),
        "latchkey=a.b.c; Path=/; Max-Age=600; HttpOnly; SameSite=Lax"
    );
    assert_eq!(
        clear_cookie(NAME, None, true),
        "__Host-latchkey=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax"
    );
}

#[test]
fn the_names_are_those_that_the_documents_promise() {
    let names = CookieNames::default();
    assert_eq!((&*names.session, &*names.refresh), (NAME, REFRESH));
    assert_eq!(CookieNames::with_prefix("").session, "latchkey");
}
