//! How an installation looks to people: its own name, logo, colours and words.

use super::palette::Palette;
use std::collections::BTreeMap;

/// What an installation makes its own of the pages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Branding {
    /// The words for every language that has none of its own.
    pub texts: BrandTexts,
    /// By language tag, what differs.
    pub languages: BTreeMap<String, BrandTexts>,
    /// Beside the name, and in the browser's tab.
    pub logo: Option<Logo>,
    /// The same on a dark ground.
    pub logo_dark: Option<Logo>,
    /// Colours for the light and the dark scheme.
    pub colours: Option<(Palette, Palette)>,
}

impl Branding {
    /// The words in a language.
    #[must_use]
    pub fn texts_in(&self, tag: &str) -> BrandTexts {
        let general = self.texts.clone();
        match self.languages.get(tag).cloned() {
            None => general,
            Some(own) => BrandTexts {
                name: own.name.or(general.name),
                line: own.line.or(general.line),
                help: own.help.or(general.help),
                privacy: own.privacy.or(general.privacy),
                imprint: own.imprint.or(general.imprint),
            },
        }
    }
}

/// Words and addresses, each of which may be absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BrandTexts {
    /// The name of the service.
    pub name: Option<String>,
    /// A line below it.
    pub line: Option<String>,
    /// Where help is.
    pub help: Option<String>,
    /// Where it says what becomes of people's data.
    pub privacy: Option<String>,
    /// Where it says who runs the service.
    pub imprint: Option<String>,
}

/// An image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logo {
    /// Of what type.
    pub kind: LogoKind,
    /// The file.
    pub content: Vec<u8>,
}

/// The types that every browser shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogoKind {
    /// Text, which can hold more than a picture: see [`LogoKind::of`].
    Svg,
    /// Pixels.
    Png,
    /// Pixels.
    Jpeg,
    /// Pixels.
    Webp,
}

impl LogoKind {
    /// By how a file begins; `None` for everything that is no such image, and for an SVG that
    /// carries a script. (Browsers run none in an image, and the address of a logo is sandboxed:
    /// this only tells its owner.)
    #[must_use]
    pub fn of(content: &[u8]) -> Option<Self> {
        match content {
            [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Some(Self::Png),
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [
                b'R',
                b'I',
                b'F',
                b'F',
                _,
                _,
                _,
                _,
                b'W',
                b'E',
                b'B',
                b'P',
                ..,
            ] => Some(Self::Webp),
            text => {
                let text = std::str::from_utf8(text).ok()?.to_ascii_lowercase();
                let opens = text
                    .trim_start_matches('\u{feff}')
                    .trim_start()
                    .starts_with('<');
                let scripted = ["<script", "<foreignobject", "javascript:"];
                let scripted = scripted.iter().any(|it| text.contains(it));
                (opens && text.contains("<svg") && !scripted).then_some(Self::Svg)
            }
        }
    }

    /// Its media type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Svg => "image/svg+xml",
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_told_by_its_first_bytes() {
        let svg = br#"<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>"#;
        assert_eq!(LogoKind::of(svg), Some(LogoKind::Svg));
        assert_eq!(LogoKind::of(b"\x89PNG\r\n\x1a\n...."), Some(LogoKind::Png));
        assert_eq!(LogoKind::of(b"\xff\xd8\xff\xe0"), Some(LogoKind::Jpeg));
        assert_eq!(LogoKind::of(b"RIFF....WEBPVP8 "), Some(LogoKind::Webp));
        for other in [
            &b""[..],
            b"GIF89a",
            b"<html><body></body></html>",
            b"text about <svg",
            b"<svg><SCRIPT>alert(1)</SCRIPT></svg>",
            b"<svg><a href='JavaScript:alert(1)'/></svg>",
            b"<svg><foreignObject/></svg>",
            b"\xff\xfe<svg/>",
        ] {
            assert_eq!(LogoKind::of(other), None, "{other:?}");
        }
    }

    #[test]
    fn a_language_has_what_is_its_own_and_the_rest_as_all() {
        let general = BrandTexts {
            name: Some("Bank".into()),
            help: Some("/help".into()),
            ..BrandTexts::default()
        };
        let own = BrandTexts {
            name: Some("银行".into()),
            ..BrandTexts::default()
        };
        let branding = Branding {
            texts: general.clone(),
            languages: BTreeMap::from([("zh-Hans".to_owned(), own)]),
            ..Branding::default()
        };
        assert_eq!(branding.texts_in("en"), general);
        let chinese = branding.texts_in("zh-Hans");
        assert_eq!(chinese.name.as_deref(), Some("银行"));
        assert_eq!(chinese.help.as_deref(), Some("/help"));
    }
}
