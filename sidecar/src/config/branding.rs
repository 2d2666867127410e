//! `[branding]`: how the pages look.

use super::{AbsentFiles, ConfigError, Files, OutOfReach};
use crate::model::{BrandTexts, Branding, Colour, Logo, LogoKind, Palette, Scheme};
use crate::pages::language_tags;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// As much as a page may weigh more on a slow connection.
const LOGO_MAX_BYTES: u64 = 256 * 1024;
const NAME_MAX_CHARS: usize = 64;
const LINE_MAX_CHARS: usize = 160;
const ADDRESS_MAX_BYTES: usize = 2_048;

/// What the file says.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Raw {
    name: Option<String>,
    line: Option<String>,
    help: Option<String>,
    privacy: Option<String>,
    imprint: Option<String>,
    logo: Option<PathBuf>,
    logo_dark: Option<PathBuf>,
    accent: Option<String>,
    accent_dark: Option<String>,
    languages: BTreeMap<String, RawTexts>,
}

/// `[branding.languages.<tag>]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawTexts {
    name: Option<String>,
    line: Option<String>,
    help: Option<String>,
    privacy: Option<String>,
    imprint: Option<String>,
}

impl Raw {
    /// What the pages are to look like, and the files that are not on this machine.
    pub(super) fn check(self, files: Files) -> Result<(Branding, AbsentFiles), ConfigError> {
        let mut absent = Vec::new();
        let mut logo = |key, path: Option<PathBuf>| {
            let Some(path) = path else {
                return Ok(None);
            };
            match OutOfReach::of(&path).filter(|_| files == Files::MayBeAbsent) {
                Some(file) => {
                    absent.push((key, file));
                    Ok(None)
                }
                None => read_logo(key, &path).map(Some),
            }
        };
        let branding = Branding {
            logo: logo("branding.logo", self.logo)?,
            logo_dark: logo("branding.logo_dark", self.logo_dark)?,
            colours: colours(self.accent.as_deref(), self.accent_dark.as_deref())?,
            languages: languages(self.languages)?,
            texts: RawTexts {
                name: self.name,
                line: self.line,
                help: self.help,
                privacy: self.privacy,
                imprint: self.imprint,
            }
            .check("branding")?,
        };
        if branding.logo_dark.is_some() && branding.logo.is_none() && absent.is_empty() {
            return Err(ConfigError::value(
                "branding.logo",
                "expected the logo that branding.logo_dark takes the place of in the dark",
            ));
        }
        Ok((branding, absent))
    }
}

fn languages(
    sections: BTreeMap<String, RawTexts>,
) -> Result<BTreeMap<String, BrandTexts>, ConfigError> {
    let known = language_tags();
    let checked = sections.into_iter().map(|(tag, texts)| {
        let section = format!("branding.languages.{tag}");
        if !known.contains(&tag.as_str()) {
            return Err(ConfigError::value(
                &section,
                format!("expected a language of the pages: {}", known.join(", ")),
            ));
        }
        Ok((tag, texts.check(&section)?))
    });
    checked.collect()
}

impl RawTexts {
    fn check(self, section: &str) -> Result<BrandTexts, ConfigError> {
        let key = |name: &str| format!("{section}.{name}");
        Ok(BrandTexts {
            name: text(&key("name"), self.name, NAME_MAX_CHARS)?,
            line: text(&key("line"), self.line, LINE_MAX_CHARS)?,
            help: address(&key("help"), self.help)?,
            privacy: address(&key("privacy"), self.privacy)?,
            imprint: address(&key("imprint"), self.imprint)?,
        })
    }
}

fn text(key: &str, text: Option<String>, most: usize) -> Result<Option<String>, ConfigError> {
    let Some(text) = text else { return Ok(None) };
    let length = text.trim().chars().count();
    if length == 0 || length > most || text.chars().any(char::is_control) {
        return Err(ConfigError::value(
            key,
            format!("expected one line of 1 to {most} characters, found {text:?}"),
        ));
    }
    Ok(Some(text.trim().to_owned()))
}

/// `https:`, `mailto:`, or a path of the same host: a link that a page can show as it is.
fn address(key: &str, text: Option<String>) -> Result<Option<String>, ConfigError> {
    let Some(text) = text else { return Ok(None) };
    let own = text.starts_with('/') && !text.starts_with("//") && !text.starts_with("/\\");
    let elsewhere = || {
        let url = url::Url::parse(&text).ok();
        url.is_some_and(|it| match it.scheme() {
            "https" => it.host_str().is_some() && it.username().is_empty(),
            "mailto" => it.path().contains('@'),
            _ => false,
        })
    };
    let plain = text.len() <= ADDRESS_MAX_BYTES && text.bytes().all(|it| it.is_ascii_graphic());
    if plain && (own || elsewhere()) {
        return Ok(Some(text));
    }
    Err(ConfigError::value(
        key,
        format!("expected an address with https: or mailto:, or a path like /help, found {text:?}"),
    ))
}

/// The palettes of both schemes. A dark one that is not given is the nearest that can be read.
fn colours(
    light: Option<&str>,
    dark: Option<&str>,
) -> Result<Option<(Palette, Palette)>, ConfigError> {
    let Some(light) = light else {
        return match dark {
            None => Ok(None),
            Some(_) => Err(ConfigError::value(
                "branding.accent",
                "expected the colour that branding.accent_dark takes the place of in the dark",
            )),
        };
    };
    let accent = colour("branding.accent", light)?;
    let palette = |key, accent, scheme| {
        Palette::new(accent, scheme).map_err(|error| ConfigError::value(key, error.to_string()))
    };
    let light = palette("branding.accent", accent, Scheme::Light)?;
    let dark = match dark {
        None => Palette::readable(accent, Scheme::Dark),
        Some(text) => {
            let key = "branding.accent_dark";
            palette(key, colour(key, text)?, Scheme::Dark)?
        }
    };
    Ok(Some((light, dark)))
}

fn colour(key: &str, text: &str) -> Result<Colour, ConfigError> {
    Colour::parse(text).ok_or_else(|| {
        ConfigError::value(
            key,
            format!("expected a colour like \"#1b5fae\", found {text:?}"),
        )
    })
}

fn read_logo(key: &str, path: &Path) -> Result<Logo, ConfigError> {
    let wrong = |what: String| ConfigError::value(key, format!("{}: {what}", path.display()));
    let cannot = |error: std::io::Error| wrong(format!("cannot be read: {error}"));
    // Before it is read: the file may be anything.
    let bytes = std::fs::metadata(path).map_err(cannot)?.len();
    if bytes > LOGO_MAX_BYTES {
        return Err(wrong(format!(
            "expected at most {} KiB, found {}",
            LOGO_MAX_BYTES / 1024,
            bytes.div_ceil(1024)
        )));
    }
    let content = std::fs::read(path).map_err(cannot)?;
    let kind = LogoKind::of(&content).ok_or_else(|| {
        wrong("expected an SVG without scripts, a PNG, a JPEG or a WebP".to_owned())
    })?;
    Ok(Logo { kind, content })
}
