//! Colours that can be read: WCAG 2's contrast, and what follows from one accent colour.

use std::fmt;

/// An opaque colour in sRGB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour {
    red: u8,
    green: u8,
    blue: u8,
}

/// Text of ordinary size (WCAG 2.2, success criterion 1.4.3, level AA).
pub const LEAST_CONTRAST: f64 = 4.5;

const WHITE: Colour = Colour::new(255, 255, 255);
const BLACK: Colour = Colour::new(0, 0, 0);

impl Colour {
    const fn new(red: u8, green: u8, blue: u8) -> Self {
        Self { red, green, blue }
    }

    /// `#rrggbb`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#').filter(|it| it.len() == 6)?;
        if !digits.bytes().all(|it| it.is_ascii_hexdigit()) {
            return None;
        }
        let part = |at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
        Some(Self::new(part(0)?, part(2)?, part(4)?))
    }

    /// `share` hundredths of this colour, the rest of the other.
    fn mixed(self, share: u16, other: Self) -> Self {
        let mix = |one: u8, two: u8| {
            let sum = u16::from(one) * share + u16::from(two) * (100 - share);
            u8::try_from(sum / 100).unwrap_or(u8::MAX)
        };
        Self::new(
            mix(self.red, other.red),
            mix(self.green, other.green),
            mix(self.blue, other.blue),
        )
    }

    /// Relative luminance (WCAG 2.2, section "relative luminance").
    fn luminance(self) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 {
                part / 12.92
            } else {
                ((part + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * linear(self.red) + 0.7152 * linear(self.green) + 0.0722 * linear(self.blue)
    }

    /// Contrast ratio, 1 to 21 (WCAG 2.2, section "contrast ratio").
    #[must_use]
    pub fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { red, green, blue } = self;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

/// What stands behind text in one of the pages' two colour schemes; as in `page.css`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Scheme {
    /// Around the card.
    #[must_use]
    pub fn ground(self) -> Colour {
        match self {
            Self::Light => Colour::new(0xf3, 0xf5, 0xf8),
            Self::Dark => Colour::new(0x0f, 0x14, 0x1b),
        }
    }

    /// The card.
    #[must_use]
    pub fn surface(self) -> Colour {
        match self {
            Self::Light => WHITE,
            Self::Dark => Colour::new(0x18, 0x1f, 0x29),
        }
    }

    /// Where colours go to be told better from the ground.
    fn away(self) -> Colour {
        match self {
            Self::Light => BLACK,
            Self::Dark => WHITE,
        }
    }
}

/// An accent colour and what follows from it, for one scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Palette {
    /// Links, borders in focus, and the main button.
    pub accent: Colour,
    /// The same under the pointer.
    pub strong: Colour,
    /// Text on it.
    pub on_accent: Colour,
    /// A ground with a touch of it.
    pub tint: Colour,
}

/// A colour that could not be read.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error(
    "{colour} cannot be read: its contrast to what it stands on is {contrast:.1} to 1, and WCAG 2 \
     (AA) asks for {LEAST_CONTRAST}. {better} could be read"
)]
pub struct PoorContrast {
    colour: Colour,
    contrast: f64,
    better: Colour,
}

impl Palette {
    /// The palette of an accent colour.
    ///
    /// # Errors
    /// When text in that colour, or on it, could not be read.
    pub fn new(accent: Colour, scheme: Scheme) -> Result<Self, PoorContrast> {
        let palette = Self::of(accent, scheme);
        let contrast = palette.least_contrast(scheme);
        if contrast < LEAST_CONTRAST {
            let better = Self::readable(accent, scheme).accent;
            return Err(PoorContrast {
                colour: accent,
                contrast,
                better,
            });
        }
        Ok(palette)
    }

    /// The palette of the nearest colour that can be read.
    #[must_use]
    pub fn readable(accent: Colour, scheme: Scheme) -> Self {
        let shades = (0..=100).rev();
        let shades = shades.map(|share| Self::of(accent.mixed(share, scheme.away()), scheme));
        let mut readable = shades.filter(|it| it.least_contrast(scheme) >= LEAST_CONTRAST);
        // The last shade is black on white, or white on black.
        readable
            .next()
            .unwrap_or_else(|| Self::of(scheme.away(), scheme))
    }

    fn of(accent: Colour, scheme: Scheme) -> Self {
        Self {
            accent,
            strong: accent.mixed(78, scheme.away()),
            on_accent: match scheme {
                Scheme::Light => WHITE,
                Scheme::Dark => accent.mixed(12, BLACK),
            },
            tint: accent.mixed(10, scheme.surface()),
        }
    }

    /// Of everything that is written with these colours.
    fn least_contrast(&self, scheme: Scheme) -> f64 {
        let behind = [scheme.ground(), scheme.surface(), self.tint];
        let links = behind
            .into_iter()
            .flat_map(|ground| [self.accent, self.strong].map(|colour| colour.contrast(ground)));
        let buttons = [self.accent, self.strong].map(|ground| self.on_accent.contrast(ground));
        links.chain(buttons).fold(f64::INFINITY, f64::min)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn colour(text: &str) -> Colour {
        Colour::parse(text).unwrap()
    }

    #[test]
    fn colours_are_six_hexadecimal_digits() {
        assert_eq!(colour("#1B5fae").to_string(), "#1b5fae");
        for refused in [
            "1b5fae", "#1b5fa", "#1b5faee", "#1b5fag", "#+b5fae", "red", "", "#é5fa",
        ] {
            assert_eq!(Colour::parse(refused), None, "{refused}");
        }
    }

    #[test]
    fn contrast_is_as_wcag_computes_it() {
        let near = |one: f64, two: f64| (one - two).abs() < 0.01;
        assert!(near(colour("#ffffff").contrast(colour("#000000")), 21.0));
        assert!(near(colour("#777777").contrast(colour("#ffffff")), 4.48));
        assert!(near(colour("#767676").contrast(colour("#ffffff")), 4.54));
        assert!(near(colour("#ff0000").contrast(colour("#ffffff")), 4.0));
        assert!(near(colour("#0000ff").contrast(colour("#0000ff")), 1.0));
    }

    #[test]
    fn a_colour_that_cannot_be_read_is_refused_with_one_that_can() {
        assert!(Palette::new(colour("#1b5fae"), Scheme::Light).is_ok());
        for poor in ["#f2a900", "#ffffff", "#767676", "#00bcd4"] {
            let error = Palette::new(colour(poor), Scheme::Light).unwrap_err();
            assert!(Palette::new(error.better, Scheme::Light).is_ok(), "{error}");
            assert!(error.to_string().starts_with(poor), "{error}");
        }
        let error = Palette::new(colour("#1b5fae"), Scheme::Dark).unwrap_err();
        assert!(Palette::new(error.better, Scheme::Dark).is_ok(), "{error}");
    }

    #[test]
    fn every_colour_has_a_readable_neighbour_in_both_schemes() {
        for red in (0..=255).step_by(51) {
            for green in (0..=255).step_by(51) {
                for blue in (0..=255).step_by(51) {
                    for scheme in [Scheme::Light, Scheme::Dark] {
                        let accent = Colour::new(red, green, blue);
                        let palette = Palette::readable(accent, scheme);
                        assert_eq!(Palette::new(palette.accent, scheme), Ok(palette));
                    }
                }
            }
        }
    }
}
