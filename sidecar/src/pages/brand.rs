//! What an installation makes its own of the pages, as they need it.

use super::Site;
use super::words::Words;
use crate::model::{Branding, Logo, LogoKind, Palette};
use std::fmt::Write as _;

/// The style sheet with the installation's colours.
pub(super) const STYLES: &str = "brand.css";

/// The brand in one language.
pub(super) struct Brand {
    pub(super) name: String,
    pub(super) line: Option<String>,
    /// Keys of their words, and addresses.
    pub(super) links: Vec<(&'static str, String)>,
    /// Names of assets.
    pub(super) logo: &'static str,
    pub(super) logo_dark: Option<&'static str>,
    /// Whether there is a style sheet.
    pub(super) coloured: bool,
}

impl Brand {
    pub(super) fn of(site: &Site, words: &Words) -> Self {
        let branding = &site.branding;
        let texts = branding.texts_in(words.tag());
        let links = [
            ("frame.help", texts.help),
            ("frame.privacy", texts.privacy),
            ("frame.imprint", texts.imprint),
        ];
        let links = links.into_iter();
        Self {
            name: texts.name.unwrap_or_else(|| site.rp_name.clone()),
            line: texts.line,
            links: links.filter_map(|(key, it)| Some((key, it?))).collect(),
            logo: branding.logo.as_ref().map_or("logo.svg", light_name),
            logo_dark: branding.logo_dark.as_ref().map(dark_name),
            coloured: branding.colours.is_some(),
        }
    }
}

/// The files that are this installation's alone: name, media type, content.
pub(super) fn files(branding: &Branding) -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let logo = branding.logo.iter().map(|it| (light_name(it), it));
    let dark = branding.logo_dark.iter().map(|it| (dark_name(it), it));
    let images = logo.chain(dark);
    let mut files: Vec<_> = images
        .map(|(name, logo)| (name, logo.kind.media_type(), logo.content.clone()))
        .collect();
    if let Some((light, dark)) = &branding.colours {
        let styles = styles(light, dark).into_bytes();
        files.push((STYLES, "text/css; charset=utf-8", styles));
    }
    files
}

fn light_name(logo: &Logo) -> &'static str {
    match logo.kind {
        LogoKind::Svg => "brand-logo.svg",
        LogoKind::Png => "brand-logo.png",
        LogoKind::Jpeg => "brand-logo.jpg",
        LogoKind::Webp => "brand-logo.webp",
    }
}

fn dark_name(logo: &Logo) -> &'static str {
    match logo.kind {
        LogoKind::Svg => "brand-logo-dark.svg",
        LogoKind::Png => "brand-logo-dark.png",
        LogoKind::Jpeg => "brand-logo-dark.jpg",
        LogoKind::Webp => "brand-logo-dark.webp",
    }
}

/// Colours alone, each written by us from three numbers: nothing of a configuration gets here as
/// text.
fn styles(light: &Palette, dark: &Palette) -> String {
    let mut css = String::new();
    // Writing to a String cannot fail.
    let _ = write!(
        css,
        ":root {{ {} }}\n@media (prefers-color-scheme: dark) {{ :root {{ {} }} }}\n",
        variables(light),
        variables(dark)
    );
    css
}

fn variables(palette: &Palette) -> String {
    format!(
        "--accent: {}; --accent-strong: {}; --on-accent: {}; --tint: {};",
        palette.accent, palette.strong, palette.on_accent, palette.tint
    )
}

#[cfg(test)]
mod tests {
    use crate::model::{Colour, LEAST_CONTRAST, Palette, Scheme};

    const STYLES: &str = include_str!("assets/page.css");

    /// The pages' own colours, by scheme: the first `:root` is the light one.
    fn own(scheme: Scheme, variable: &str) -> Colour {
        let at = usize::from(scheme == Scheme::Dark) + 1;
        let block = STYLES.split(":root {").nth(at).unwrap();
        let line = block.split(&format!("--{variable}: ")).nth(1).unwrap();
        let text = line.split(';').next().unwrap();
        let long = match text.len() {
            4 => text
                .chars()
                .skip(1)
                .fold("#".to_owned(), |all, c| format!("{all}{c}{c}")),
            _ => text.to_owned(),
        };
        Colour::parse(&long).unwrap()
    }

    #[test]
    fn a_palette_is_made_for_the_grounds_that_the_pages_have() {
        for scheme in [Scheme::Light, Scheme::Dark] {
            assert_eq!(scheme.ground(), own(scheme, "ground"));
            assert_eq!(scheme.surface(), own(scheme, "surface"));
        }
    }

    #[test]
    fn the_pages_own_colours_can_be_read() {
        for scheme in [Scheme::Light, Scheme::Dark] {
            let own = |variable| own(scheme, variable);
            for (text, grounds) in [
                (
                    "text",
                    &[
                        "ground",
                        "surface",
                        "sunken",
                        "tint",
                        "danger-tint",
                        "warn-tint",
                    ][..],
                ),
                ("soft", &["ground", "surface", "danger-tint"]),
                ("accent", &["ground", "surface", "tint"]),
                ("accent-strong", &["ground", "surface", "tint"]),
                ("danger", &["surface", "danger-tint"]),
                ("danger-strong", &["surface", "danger-tint"]),
                ("good", &["surface", "good-tint"]),
                (
                    "on-accent",
                    &["accent", "accent-strong", "danger", "danger-strong"],
                ),
            ] {
                for ground in grounds {
                    let contrast = own(text).contrast(own(ground));
                    assert!(
                        contrast >= LEAST_CONTRAST,
                        "{scheme:?} {text} on {ground}: {contrast}"
                    );
                }
            }
            // What is no text: edges of fields (success criterion 1.4.11).
            assert!(own("edge").contrast(own("surface")) >= 3.0);
        }
    }

    #[test]
    fn text_can_be_read_on_the_tint_of_any_palette() {
        for accent in [
            "#000000", "#7a0000", "#005a00", "#00007a", "#6a4a00", "#663399",
        ] {
            for scheme in [Scheme::Light, Scheme::Dark] {
                let palette = Palette::readable(Colour::parse(accent).unwrap(), scheme);
                let contrast = own(scheme, "text").contrast(palette.tint);
                assert!(
                    contrast >= LEAST_CONTRAST,
                    "{accent} {scheme:?}: {contrast}"
                );
            }
        }
    }
}
