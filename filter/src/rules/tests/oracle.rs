//! The rules one by one, in the plainest form: what the compiled ones must agree with.

use latchkey_filter_config::{Access, FilterConfig, PathPattern, PatternSegment, Rule};

use crate::path::{NormalPath, Target, decoded};

/// The first rule that matches.
pub(super) fn linear(
    config: &FilterConfig,
    host: &str,
    method: &[u8],
    target: &Target<'_>,
) -> Option<usize> {
    config
        .rules
        .iter()
        .position(|rule| matches(rule, host, method, target))
}

fn matches(rule: &Rule, host: &str, method: &[u8], target: &Target<'_>) -> bool {
    let conditions = &rule.matches;
    let to_the_letter = rule.allow == Access::Public;
    let host_matches = conditions
        .hosts
        .as_ref()
        .is_none_or(|hosts| hosts.iter().any(|named| named.as_str() == host));
    let method_matches = conditions.methods.as_ref().is_none_or(|methods| {
        methods.iter().any(|named| {
            let named = named.as_str().as_bytes();
            named == method || (!to_the_letter && named.eq_ignore_ascii_case(method))
        })
    });
    let path_matches = || {
        conditions
            .paths
            .as_ref()
            .is_none_or(|patterns| match target {
                Target::Path(path) => patterns
                    .iter()
                    .any(|pattern| pattern_matches(pattern, path, to_the_letter)),
                Target::None => false,
            })
    };
    host_matches && method_matches && path_matches()
}

fn pattern_matches(pattern: &PathPattern, path: &NormalPath<'_>, to_the_letter: bool) -> bool {
    let mut wanted = pattern.segments();
    let mut given: Vec<&str> = path.segments().collect();
    if !to_the_letter {
        if given.last().is_some_and(|last| last.is_empty()) {
            given.pop();
        }
        if let Some((PatternSegment::Exactly(last), before)) = wanted.split_last()
            && last.is_empty()
        {
            wanted = before;
        }
    }
    let lengths_match = if pattern.covers_below() {
        given.len() >= wanted.len()
    } else {
        given.len() == wanted.len()
    };
    lengths_match
        && wanted
            .iter()
            .zip(given)
            .all(|(wanted, given)| match wanted {
                PatternSegment::Any => !given.is_empty(),
                PatternSegment::Exactly(wanted) if to_the_letter => *wanted == *decoded(given),
                PatternSegment::Exactly(wanted) => {
                    let given = decoded(given);
                    let given = given.split(|byte| *byte == b';').next().unwrap_or_default();
                    bare(wanted).eq_ignore_ascii_case(bare(given))
                }
            })
}

fn bare(segment: &[u8]) -> &[u8] {
    let mut rest = segment;
    while let [before @ .., b'.' | b' '] = rest {
        rest = before;
    }
    rest
}
