//! A link as a picture that a phone's camera reads.

use qrcodegen::{QrCode, QrCodeEcc};
use std::fmt::Write as _;

/// White around the code: ISO/IEC 18004 asks for four modules.
const BORDER: i32 = 4;

/// The text as an SVG without any script or style; `None` when it is too long for one.
#[must_use]
pub(crate) fn svg(text: &str) -> Option<String> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let side = code.size() + 2 * BORDER;
    let mut path = String::new();
    for y in 0..code.size() {
        for x in 0..code.size() {
            if code.get_module(x, y) {
                let _ = write!(path, "M{},{}h1v1h-1z", x + BORDER, y + BORDER);
            }
        }
    }
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" role=\"img\" \
         shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0,0h{side}v{side}h-{side}z\"/>\
         <path fill=\"#000\" d=\"{path}\"/></svg>"
    ))
}

#[cfg(test)]
mod tests {
    use super::svg;

    #[test]
    fn a_link_becomes_a_picture_of_nothing_but_squares() {
        let picture = svg("https://app.example.com/_latchkey/enroll#abc").unwrap();
        assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>"));
        assert!(!picture.contains("script") && !picture.contains("style"));
        assert_eq!(
            picture,
            svg("https://app.example.com/_latchkey/enroll#abc").unwrap()
        );
        assert_ne!(
            picture,
            svg("https://app.example.com/_latchkey/enroll#abd").unwrap()
        );
        assert!(svg(&"x".repeat(5_000)).is_none());
    }
}
