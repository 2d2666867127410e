//! Pages of an installation with a face of its own.

use super::every_page::{HOSTILE, assert_harmless};
use super::*;
use crate::model::{BrandTexts, Colour, Logo, LogoKind, Palette, Scheme};

const LOGO: &[u8] = b"<svg xmlns='http://www.w3.org/2000/svg'/>";

fn branded(branding: Branding) -> Pages {
    let scene = Scene {
        visitor: Visitor::Known(user("alice", "Alice")),
        passkeys: vec![passkey("")],
        has_codes: false,
        store_down: false,
        admission: Admission::NotHere,
    };
    let site = Site { branding, ..site() };
    Pages::new(site, Arc::new(scene))
}

fn palette(text: &str, scheme: Scheme) -> Palette {
    Palette::readable(Colour::parse(text).unwrap(), scheme)
}

fn whole() -> Branding {
    Branding {
        texts: BrandTexts {
            name: Some("Bank".into()),
            line: Some("For staff".into()),
            help: Some("mailto:help@example.com".into()),
            privacy: None,
            imprint: Some("/imprint".into()),
        },
        languages: [(
            "zh-Hans".to_owned(),
            BrandTexts {
                name: Some("银行".into()),
                ..BrandTexts::default()
            },
        )]
        .into(),
        logo: Some(Logo {
            kind: LogoKind::Svg,
            content: LOGO.to_vec(),
        }),
        logo_dark: Some(Logo {
            kind: LogoKind::Png,
            content: b"dark".to_vec(),
        }),
        colours: Some((
            palette("#663399", Scheme::Light),
            palette("#663399", Scheme::Dark),
        )),
    }
}

/// The address of an asset that a page names.
fn address<'a>(html: &'a str, name: &str) -> &'a str {
    let quoted = html.split('"').find(|it| it.ends_with(&format!("/{name}")));
    quoted
        .unwrap_or_else(|| panic!("no {name} in {html}"))
        .strip_prefix("/_latchkey")
        .unwrap()
}

#[tokio::test]
async fn a_brand_is_on_every_page() {
    let pages = branded(whole());
    for place in [
        "/login",
        "/account",
        "/logout",
        "/enroll",
        "/stuck",
        "/assets/0/en/x",
    ] {
        let html = open(&pages, place).await.body;
        assert!(html.contains("– Bank</title>"), "{place}");
        assert!(html.contains(">For staff</span>"), "{place}");
        assert!(
            html.contains("<a href=\"mailto:help@example.com\">Help</a>"),
            "{place}"
        );
        assert!(html.contains("<a href=\"/imprint\">Imprint</a>"), "{place}");
        assert!(!html.contains(">Privacy</a>"), "{place}");
    }
    let html = open_in(&pages, "/login", "zh").await.body;
    assert!(
        html.contains("– 银行</title>") && html.contains(">For staff</span>"),
        "{html}"
    );
}

#[tokio::test]
async fn a_logo_is_served_as_what_it_is_and_can_do_nothing() {
    let pages = branded(whole());
    let html = open(&pages, "/login").await.body;
    for (name, kind, content) in [
        ("brand-logo.svg", "image/svg+xml", LOGO),
        ("brand-logo-dark.png", "image/png", b"dark"),
    ] {
        let answer = open(&pages, address(&html, name)).await;
        assert_eq!(answer.status, StatusCode::OK, "{name}");
        assert_eq!(answer.headers[header::CONTENT_TYPE], kind);
        assert_eq!(answer.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        let policy = answer.headers[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap();
        assert!(
            policy.contains("default-src 'none'") && policy.contains("sandbox"),
            "{policy}"
        );
        assert!(!policy.contains("script"), "{policy}");
        assert_eq!(answer.body.as_bytes(), content);
    }
}

#[tokio::test]
async fn colours_come_in_a_style_sheet_and_change_its_address() {
    let pages = branded(whole());
    let html = open(&pages, "/login").await.body;
    let styles = open(&pages, address(&html, "brand.css")).await;
    assert_eq!(
        styles.headers[header::CONTENT_TYPE],
        "text/css; charset=utf-8"
    );
    assert!(
        styles.body.starts_with(":root { --accent: #663399;"),
        "{}",
        styles.body
    );
    assert!(styles.body.contains("prefers-color-scheme: dark"));
    let other = branded(Branding {
        colours: Some((
            palette("#7a0000", Scheme::Light),
            palette("#7a0000", Scheme::Dark),
        )),
        ..whole()
    });
    let other = open(&other, "/login").await.body;
    assert_ne!(address(&html, "brand.css"), address(&other, "brand.css"));
    let plain = open(&branded(Branding::default()), "/login").await.body;
    assert!(!plain.contains("brand."), "{plain}");
}

#[tokio::test]
async fn the_words_of_a_brand_are_words_whatever_they_are() {
    let hostile = || Some(HOSTILE.to_owned());
    let pages = branded(Branding {
        texts: BrandTexts {
            name: hostile(),
            line: hostile(),
            help: hostile(),
            privacy: hostile(),
            imprint: hostile(),
        },
        ..Branding::default()
    });
    for place in ["/login", "/account", "/logout", "/enroll", "/stuck"] {
        assert_harmless(place, &open(&pages, place).await.body);
    }
}
