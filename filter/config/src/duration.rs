//! Durations as people write them: `500ms`, `60s`, `10m`, `2h`.

use std::time::Duration;

/// Reads a duration, if it is one.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let unit_at = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(unit_at)?;
    let number: u64 = number.parse().ok()?;
    match unit {
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" => number.checked_mul(60).map(Duration::from_secs),
        "h" => number.checked_mul(3600).map(Duration::from_secs),
        _ => None,
    }
}

/// As people write it, in the largest unit that is exact.
pub(crate) fn show(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match duration.subsec_millis() {
        0 if seconds > 0 && seconds.is_multiple_of(3_600) => format!("{}h", seconds / 3_600),
        0 if seconds > 0 && seconds.is_multiple_of(60) => format!("{}m", seconds / 60),
        0 => format!("{seconds}s"),
        _ => format!("{}ms", duration.as_millis()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_each_unit() {
        assert_eq!(parse("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(parse("60s"), Some(Duration::from_mins(1)));
        assert_eq!(parse("10m"), Some(Duration::from_mins(10)));
        assert_eq!(parse("2h"), Some(Duration::from_hours(2)));
    }

    #[test]
    fn shows_what_it_reads() {
        for text in ["10ms", "1500ms", "0s", "90s", "5m", "90m", "24h"] {
            assert_eq!(show(parse(text).unwrap()), text);
        }
    }

    #[test]
    fn refuses_what_is_not_a_number_with_a_unit() {
        for text in [
            "",
            "60",
            "s",
            "-1s",
            "1.5s",
            "1 s",
            "1S",
            "1d",
            "99999999999999999999s",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse(&format!("{}h", u64::MAX)), None);
    }
}
