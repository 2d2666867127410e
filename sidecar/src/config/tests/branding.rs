//! `[branding]`.

use super::{LEAST, environment, parse, refusal, with};
use crate::config::{Config, ConfigError};
use crate::model::LogoKind;
use std::fs;
use std::path::Path;

fn branded(lines: &str) -> Result<Config, ConfigError> {
    parse(&with("branding", lines))
}

#[test]
fn words_and_colours_are_taken_as_they_are() {
    let config = branded(
        "name = \" Example Bank \"\nhelp = \"mailto:help@example.com\"\nprivacy = \"/privacy\"\n\
         accent = \"#663399\"\n[branding.languages.zh-Hans]\nname = \"示例银行\"",
    );
    let branding = config.unwrap().branding;
    let english = branding.texts_in("en");
    assert_eq!(english.name.as_deref(), Some("Example Bank"));
    assert_eq!(english.help.as_deref(), Some("mailto:help@example.com"));
    let chinese = branding.texts_in("zh-Hans");
    assert_eq!(chinese.name.as_deref(), Some("示例银行"));
    assert_eq!(chinese.privacy.as_deref(), Some("/privacy"));
    let (light, dark) = branding.colours.unwrap();
    assert_eq!(light.accent.to_string(), "#663399");
    assert_ne!(
        dark.accent, light.accent,
        "#663399 could not be read in the dark"
    );
}

#[test]
fn a_variable_sets_the_name() {
    let variables = environment(&[("LATCHKEY_BRANDING__NAME", "Bank")]);
    let config = Config::parse(LEAST, &variables).unwrap();
    assert_eq!(config.branding.texts.name.as_deref(), Some("Bank"));
}

#[test]
fn mistakes_are_named() {
    for (lines, said) in [
        (
            "name = \"\"",
            "branding.name: expected one line of 1 to 64 characters",
        ),
        (
            "line = \"a\\nb\"",
            "branding.line: expected one line of 1 to 160 characters",
        ),
        (
            "help = \"javascript:alert(1)\"",
            "branding.help: expected an address with https:",
        ),
        (
            "help = \"http://example.com/\"",
            "branding.help: expected an address with https:",
        ),
        (
            "privacy = \"//evil.example/\"",
            "branding.privacy: expected an address with https:",
        ),
        (
            "imprint = \"https://a@evil.example/\"",
            "branding.imprint: expected an address",
        ),
        (
            "imprint = \"/a b\"",
            "branding.imprint: expected an address",
        ),
        (
            "accent = \"blue\"",
            "branding.accent: expected a colour like \"#1b5fae\", found \"blue\"",
        ),
        (
            "accent = \"#f2a900\"",
            "branding.accent: #f2a900 cannot be read: its contrast to what it stands on is 1.8 to 1, \
             and WCAG 2 (AA) asks for 4.5. #",
        ),
        (
            "accent = \"#663399\"\naccent_dark = \"#663399\"",
            "branding.accent_dark: #663399 cannot be read",
        ),
        (
            "accent_dark = \"#8dbbf5\"",
            "branding.accent: expected the colour that",
        ),
        (
            "logo = \"/nowhere/logo.svg\"",
            "branding.logo: /nowhere/logo.svg: cannot be read",
        ),
        ("colour = 1", "branding.colour: there is no such key"),
        ("languages = 1", "branding.languages: expected a section"),
        (
            "[branding.languages.de]\nname = \"x\"",
            "branding.languages.de: expected a language of the pages: en, zh-Hans",
        ),
        (
            "[branding.languages.zh-Hans]\nname = \"\"",
            "branding.languages.zh-Hans.name: expected one line",
        ),
        (
            "[branding.languages.zh-Hans]\nlogo = \"x\"",
            "branding.languages.zh-Hans.logo: unknown field",
        ),
        (
            "[branding.languages.en]\nnome = \"x\"",
            "branding.languages.en.nome: there is no such key",
        ),
    ] {
        let message = refusal("branding", lines);
        assert!(message.starts_with(said), "{lines}: {message}");
    }
}

#[test]
fn a_logo_is_a_small_image() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("logo");
    let with_file = |content: &[u8]| {
        fs::write(&file, content).unwrap();
        branded(&format!("logo = {file:?}"))
    };
    let logo = with_file(b"<svg xmlns='http://www.w3.org/2000/svg'/>")
        .unwrap()
        .branding
        .logo;
    assert_eq!(logo.unwrap().kind, LogoKind::Svg);
    for (content, said) in [
        (
            &b"<svg><script/></svg>"[..],
            "expected an SVG without scripts",
        ),
        (
            b"GIF89a",
            "expected an SVG without scripts, a PNG, a JPEG or a WebP",
        ),
        (
            &vec![b' '; 256 * 1024 + 1],
            "expected at most 256 KiB, found 257",
        ),
    ] {
        let message = with_file(content).unwrap_err().to_string();
        assert!(message.contains(said), "{message}");
    }
    let message = branded(&format!("logo_dark = {file:?}"))
        .unwrap_err()
        .to_string();
    assert!(
        message.starts_with("branding.logo_dark: ") || message.starts_with("branding.logo: "),
        "{message}"
    );
}

#[test]
fn a_logo_on_another_machine_is_noted_when_only_the_file_is_checked() {
    let text = with(
        "branding",
        "logo = \"/nowhere/logo.svg\"\nlogo_dark = \"/nowhere/dark.svg\"",
    );
    let config = Config::parse_elsewhere(&text, &Vec::new()).unwrap();
    let notices = config.notices();
    for path in ["/nowhere/logo.svg", "/nowhere/dark.svg"] {
        let noted =
            |notice: &String| notice.contains(path) && notice.contains("not on this machine");
        assert!(notices.iter().any(noted), "{notices:?}");
        assert!(!Path::new(path).exists());
    }
}
