//! Which of some languages somebody likes best (RFC 9110, section 12.5.4).

use axum::http::HeaderMap;
use axum::http::header::ACCEPT_LANGUAGE;

/// Nobody lists more languages by hand; the rest is not looked at.
const MOST_WISHES: usize = 64;

/// A language that can be had: the ranges (RFC 4647) that mean it, each with all that is more
/// particular. One that is a language alone, such as `zh` beside `zh-Hans`, means itself only.
pub(super) struct Offer<'a> {
    pub(super) ranges: &'a [String],
}

/// What a header asks for: a range and its weight in thousandths.
struct Wish<'a> {
    range: &'a str,
    weight: u16,
}

/// The index of the offer that is liked best; 0, the default, when none is.
pub(super) fn choose(headers: &HeaderMap, offers: &[Offer<'_>]) -> usize {
    let fields = headers.get_all(ACCEPT_LANGUAGE).iter();
    let wishes: Vec<_> = fields
        .filter_map(|field| field.to_str().ok())
        .flat_map(|field| field.split(','))
        .filter_map(wish)
        .take(MOST_WISHES)
        .collect();
    best(&wishes, offers, means)
        // Whoever wants another variety reads this one rather than the default.
        .or_else(|| best(&wishes, offers, is_relative))
        .unwrap_or(0)
}

fn best(
    wishes: &[Wish<'_>],
    offers: &[Offer<'_>],
    fits: fn(&str, &Offer<'_>) -> bool,
) -> Option<usize> {
    let liking = |offer: &Offer<'_>| {
        let named = wishes.iter().enumerate();
        let mut named = named.filter(|(_, wish)| fits(wish.range, offer));
        // The heaviest, of equals the first; what is not named is under the star.
        let first = named.next();
        let found = named.fold(first, |best, next| match best {
            Some(best) if best.1.weight >= next.1.weight => Some(best),
            _ => Some(next),
        });
        let star = || wishes.iter().enumerate().find(|(_, it)| it.range == "*");
        let (place, wish) = found.or_else(star)?;
        (wish.weight > 0).then_some((wish.weight, std::cmp::Reverse(place)))
    };
    let liked = offers.iter().enumerate();
    let liked = liked.filter_map(|(index, offer)| Some((liking(offer)?, std::cmp::Reverse(index))));
    liked.max().map(|(_, std::cmp::Reverse(index))| index)
}

/// Whether a range asks for what is offered.
fn means(range: &str, offer: &Offer<'_>) -> bool {
    offer.ranges.iter().any(|own| {
        let alone = !own.contains('-') && offer.ranges.len() > 1;
        match range.get(..own.len()) {
            Some(start) if start.eq_ignore_ascii_case(own) => {
                let rest = &range[own.len()..];
                rest.is_empty() || (!alone && rest.starts_with('-'))
            }
            _ => false,
        }
    })
}

/// Whether a range asks for the same language, in whatever variety.
fn is_relative(range: &str, offer: &Offer<'_>) -> bool {
    let language = |tag: &str| tag.split('-').next().unwrap_or(tag).to_ascii_lowercase();
    offer
        .ranges
        .iter()
        .any(|own| language(own) == language(range))
}

/// `range[;q=weight]`; what is written otherwise is no wish.
fn wish(item: &str) -> Option<Wish<'_>> {
    let mut parts = item.split(';').map(str::trim);
    let range = parts.next().filter(|it| !it.is_empty())?;
    let weight = match parts.next() {
        None => 1000,
        Some(parameter) => {
            let (name, value) = parameter.split_once('=')?;
            let named = name.trim().eq_ignore_ascii_case("q");
            named.then(|| weight(value.trim())).flatten()?
        }
    };
    Some(Wish { range, weight })
}

/// A quality value: 0 to 1 with up to three decimals.
fn weight(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let fits = decimals.len() <= 3 && decimals.bytes().all(|it| it.is_ascii_digit());
    let thousandths: u16 = format!("{decimals:0<3}").parse().ok().filter(|_| fits)?;
    match (whole, thousandths) {
        ("0", some) => Some(some),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn chosen(header: &str) -> &'static str {
        let own = |ranges: &[&str]| ranges.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        let (english, chinese) = (own(&["en"]), own(&["zh-Hans", "zh-CN", "zh-SG", "zh"]));
        let offers = [&english, &chinese].map(|ranges| Offer { ranges });
        let mut headers = HeaderMap::new();
        for line in header.split('\n') {
            let value = HeaderValue::from_bytes(line.as_bytes()).unwrap();
            headers.append(ACCEPT_LANGUAGE, value);
        }
        ["en", "zh"][choose(&headers, &offers)]
    }

    #[test]
    fn the_language_with_the_greatest_weight_is_chosen() {
        for (header, language) in [
            ("", "en"),
            ("en", "en"),
            ("en-GB", "en"),
            ("zh", "zh"),
            ("zh-CN", "zh"),
            ("ZH-cn", "zh"),
            ("zh-Hans", "zh"),
            ("zh-Hans-SG", "zh"),
            ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
            ("en-US,en;q=0.9,zh-CN;q=0.8,zh;q=0.7", "en"),
            ("en;q=0.1, zh-CN;q=0.2", "zh"),
            ("en;q=0.2,zh-CN;q=0.1", "en"),
            ("zh-CN;q=0.9,zh;q=0.1,en;q=0.5", "zh"),
            ("zh-CN;q=0.1,zh;q=0.9,en;q=0.5", "zh"),
            ("zh;q=0.001", "zh"),
            ("zh,en", "zh"),
            ("en,zh", "en"),
            ("de-DE,de;q=0.9,zh;q=0.1", "zh"),
            ("de,fr;q=0.5", "en"),
            ("de\nzh-CN", "zh"),
        ] {
            assert_eq!(chosen(header), language, "{header:?}");
        }
    }

    #[test]
    fn a_weight_of_nothing_refuses_and_a_star_means_the_others() {
        for (header, language) in [
            ("*", "en"),
            ("*;q=0.1", "en"),
            ("en;q=0", "en"),
            ("en;q=0,*", "zh"),
            ("zh;q=0,*;q=0.5", "en"),
            ("*,zh;q=0.5", "en"),
            ("en;q=0.5,*", "zh"),
            ("zh;q=0", "en"),
        ] {
            assert_eq!(chosen(header), language, "{header:?}");
        }
    }

    #[test]
    fn another_variety_is_read_only_by_those_who_name_nothing_better() {
        for (header, language) in [
            ("zh-TW", "zh"),
            ("zh-Hant-HK", "zh"),
            ("zh-TW,en;q=0.5", "en"),
            // As browsers in Taiwan have it: the plain language is named too.
            ("zh-TW,zh;q=0.9,en-US;q=0.8,en;q=0.7", "zh"),
        ] {
            assert_eq!(chosen(header), language, "{header:?}");
        }
    }

    #[test]
    fn what_is_no_wish_is_passed_over() {
        for header in [
            "zh;q=2",
            "zh;q=1.001",
            "zh;q=0.0001",
            "zh;q=-1",
            "zh;q=",
            "zh;q=.5",
            "zh;q=0.5x",
            "zh;x=1",
            "zhx",
            "z",
            ";q=1",
            ",,,",
            "中文",
            "z\u{68}é",
        ] {
            assert_eq!(chosen(header), "en", "{header:?}");
        }
        let many = format!("{}zh", "de,".repeat(MOST_WISHES));
        assert_eq!(chosen(&many), "en", "no end of wishes");
    }
}
