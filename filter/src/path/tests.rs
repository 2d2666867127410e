use proptest::prelude::*;

use super::*;

fn path(raw: &str) -> NormalPath<'_> {
    match Target::parse(raw.as_bytes()) {
        Ok(Target::Path(path)) => path,
        other => panic!("{raw}: {other:?}"),
    }
}

#[test]
fn plain_paths_stay_as_they_are() {
    for raw in [
        "/",
        "/a",
        "/a/",
        "/a/b.c/~d",
        "/a;x=1/b",
        "/a%20b",
        "/caf%C3%A9",
        "/a%2Bb",
        "/..a",
    ] {
        let normal = path(raw);
        assert_eq!(normal.as_str(), raw);
        assert!(!normal.is_changed(), "{raw}");
        assert_eq!(normal.ambiguity(), None, "{raw}");
    }
}

#[test]
fn different_spellings_become_one() {
    for (raw, normal) in [
        ("//admin", "/admin"),
        ("/a//b///c", "/a/b/c"),
        ("/./admin", "/admin"),
        ("/a/../admin", "/admin"),
        ("/a/%2e%2e/admin", "/admin"),
        ("/a/%2E./admin", "/admin"),
        ("/../../admin", "/admin"),
        ("/a/..", "/"),
        ("/a/.", "/a/"),
        ("/..", "/"),
        ("/%61dmin", "/admin"),
        ("/%7euser", "/~user"),
        ("/caf%c3%a9", "/caf%C3%A9"),
        ("/_latchkey/../admin", "/admin"),
        ("/.well-known/../x", "/x"),
        ("/public;/../admin", "/admin"),
    ] {
        assert_eq!(path(raw).as_str(), normal, "{raw}");
        assert!(path(raw).is_changed(), "{raw}");
    }
}

#[test]
fn escapes_are_undone_once_only() {
    assert_eq!(path("/%252e%252e/admin").as_str(), "/%252e%252e/admin");
    assert_eq!(path("/%25%32%65/admin").as_str(), "/%252e/admin");
}

#[test]
fn what_servers_read_differently_is_marked() {
    for (raw, expected) in [
        ("/public/..%2fadmin", Ambiguity::EscapedSeparator),
        ("/public/..%2Fadmin", Ambiguity::EscapedSeparator),
        ("/public/..%5cadmin", Ambiguity::EscapedSeparator),
        ("/public/..%3b/admin", Ambiguity::EscapedSeparator),
        ("/a%2f/../admin", Ambiguity::EscapedSeparator),
        ("/public/..\\admin", Ambiguity::Backslash),
        ("/a\\", Ambiguity::Backslash),
        ("/public/..;/admin", Ambiguity::DisguisedDots),
        ("/public/..;x=1/admin", Ambiguity::DisguisedDots),
        ("/public/.;/admin", Ambiguity::DisguisedDots),
        ("/public/%2e%2e;/admin", Ambiguity::DisguisedDots),
        ("/public/..%20/admin", Ambiguity::DisguisedDots),
        ("/;/admin", Ambiguity::DisguisedDots),
        ("/;x=y/admin", Ambiguity::DisguisedDots),
        ("/admin/;x", Ambiguity::DisguisedDots),
        ("/a/;/../admin", Ambiguity::DisguisedDots),
        ("/%20/admin", Ambiguity::DisguisedDots),
        ("/%20.;x/admin", Ambiguity::DisguisedDots),
        ("/.../admin", Ambiguity::DisguisedDots),
        ("/a%00", Ambiguity::EscapedControl),
        ("/a%0d%0ab", Ambiguity::EscapedControl),
        ("/%c0%ae%c0%ae/admin", Ambiguity::NotUtf8),
        ("/%ff", Ambiguity::NotUtf8),
    ] {
        assert_eq!(path(raw).ambiguity(), Some(expected), "{raw}");
    }
    assert!(path("/a%23b").has_escaped_fragment());
}

#[test]
fn what_no_client_sends_is_refused() {
    for (raw, expected) in [
        ("admin".as_bytes(), BadPath::NotAbsolute),
        (b"http://app.example.com/admin", BadPath::NotAbsolute),
        (b"?a", BadPath::NotAbsolute),
        (b"/a b", BadPath::Character),
        (b"/a\tb", BadPath::Character),
        (b"/a\x00", BadPath::Character),
        (b"/a?b\r\n", BadPath::Character),
        (b"/\xff", BadPath::Character),
        (b"/\xc0\xae", BadPath::Character),
        (b"/a#b", BadPath::Fragment),
        (b"/a?b#c", BadPath::Fragment),
        (b"/%", BadPath::Escape),
        (b"/%2", BadPath::Escape),
        (b"/%zz", BadPath::Escape),
        (b"/%%32e", BadPath::Escape),
        (b"/%+1", BadPath::Escape),
    ] {
        assert_eq!(Target::parse(raw), Err(expected), "{raw:?}");
    }
}

#[test]
fn the_query_is_kept_and_never_part_of_the_path() {
    let normal = path("/a/../b?/public/../x%2f&y=\\");
    assert_eq!(normal.as_str(), "/b");
    assert_eq!(normal.with_query(), b"/b?/public/../x%2f&y=\\");
    assert_eq!(normal.ambiguity(), None);
    assert_eq!(path("/a?").with_query(), b"/a?");
    assert!(matches!(Target::parse(b"/a?\xff"), Ok(Target::Path(_))));
}

#[test]
fn no_path_is_no_path() {
    assert_eq!(Target::parse(b"*"), Ok(Target::None));
    assert_eq!(Target::parse(b""), Ok(Target::None));
}

/// Paths out of the pieces that attacks are made of.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "/", "//", ".", "..", "%2e", "%2E", "%2f", "%5c", "\\", ";", "%3b", "%25", "%32", "%65",
        "a", "A", "public", "admin", "%61", "%c0", "%ae", "%20", "%00", "%", "%2", "?", "~", "%7e",
    ]);
    prop::collection::vec(piece, 0..12).prop_map(|pieces| format!("/{}", pieces.concat()))
}

proptest! {
    #[test]
    fn any_bytes_have_an_answer(raw in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = Target::parse(&raw);
    }

    #[test]
    fn normalising_twice_is_normalising_once(raw in hostile()) {
        if let Ok(Target::Path(once)) = Target::parse(raw.as_bytes()) {
            let whole = once.with_query();
            let Ok(Target::Path(twice)) = Target::parse(&whole) else {
                return Err(TestCaseError::fail(format!("{raw} -> {once:?} is no path")));
            };
            prop_assert_eq!(once.as_str(), twice.as_str());
            prop_assert!(!twice.is_changed());
            // What is refused in the raw form may have been resolved away, never come up new.
            prop_assert!(twice.ambiguity().is_none() || once.ambiguity().is_some());
        }
    }

    #[test]
    fn a_normal_path_has_nothing_left_to_resolve(raw in hostile()) {
        if let Ok(Target::Path(path)) = Target::parse(raw.as_bytes()) {
            prop_assert!(path.as_str().starts_with('/'));
            prop_assert!(!path.as_str().contains("//"));
            prop_assert!(path.segments().all(|segment| segment != "." && segment != ".."));
            if path.ambiguity().is_none() {
                // A server that decodes once and resolves then finds no dot segment either.
                for segment in path.segments() {
                    let bytes = decoded(segment);
                    let cut = bytes.split(|byte| *byte == b';').next().unwrap_or_default();
                    prop_assert!(cut != b"." && cut != b".." && !bytes.contains(&b'/'));
                }
            }
        }
    }
}
