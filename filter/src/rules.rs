//! Which rule a request falls under.
//!
//! A public rule matches to the letter. A rule that guards or denies also matches what a careless
//! server would take for the same path: other case, `;parameters`, dots or a slash at the end; and
//! methods in other case, and HEAD where GET is named. So the mistake that remains possible asks for a
//! session where none was needed. What such a rule permits (preflights, changing requests of other
//! origins, ambiguous paths) it permits to the letter only.
//!
//! The rules are compiled once, so that a request is compared with the few patterns that can match
//! it: a thousand rules cost it no more than ten.

use latchkey_filter_config::{
    Access, FilterConfig, Host, Origin, PathPattern, PatternSegment, Preflight, Rule,
};

use crate::path::{NormalPath, Target, decoded};
use trie::{Candidate, Trie};

#[cfg(test)]
mod tests;
mod trie;

/// What holds for a request.
#[derive(Debug, Clone, Copy)]
pub struct Chosen<'a> {
    /// Which rule, counted from 0; none where the default holds.
    pub index: Option<usize>,
    /// What it lets pass.
    pub access: Access,
    /// Whether an ambiguous path is refused.
    pub refuse_ambiguous_paths: bool,
    /// Other origins that may send changing requests with the session's cookie.
    pub same_site_origins: &'a [Origin],
    /// What becomes of CORS preflights.
    pub preflight: Preflight,
    /// Other origins whose scripts may read why they are refused.
    pub cors_origins: &'a [Origin],
}

/// The rules of a configuration, compiled.
#[derive(Debug)]
pub struct Rules {
    /// One for each set of hosts that rules name.
    tries: Vec<Trie>,
    /// Which tries are about a host, sorted by host.
    by_host: Vec<(String, Vec<usize>)>,
    /// Which trie is about every host.
    any_host: Option<usize>,
}

impl Rules {
    /// Compiles rules. What is asked later must be about the same ones.
    #[must_use]
    pub fn new(rules: &[Rule]) -> Self {
        let mut this = Self {
            tries: Vec::new(),
            by_host: Vec::new(),
            any_host: None,
        };
        // A trie for each set, not for each host: hosts times paths could be a million.
        let mut known: Vec<(Option<Vec<&str>>, usize)> = Vec::new();
        for (index, rule) in rules.iter().enumerate() {
            let hosts = rule.matches.hosts.as_deref().map(set);
            let same = known.iter().find(|(set, _)| *set == hosts);
            let at = same.map_or_else(|| this.add_trie(hosts.as_deref()), |(_, at)| *at);
            known.push((hosts, at));
            let Some(trie) = this.tries.get_mut(at) else {
                continue;
            };
            match &rule.matches.paths {
                None => trie.add_everywhere(index),
                Some(paths) => {
                    for (number, pattern) in paths.iter().enumerate() {
                        trie.add(index, number, pattern);
                    }
                }
            }
        }
        this
    }

    fn add_trie(&mut self, hosts: Option<&[&str]>) -> usize {
        let at = self.tries.len();
        self.tries.push(Trie::new());
        let Some(hosts) = hosts else {
            self.any_host = Some(at);
            return at;
        };
        for host in hosts {
            match self.position(host) {
                Ok(known) => {
                    if let Some((_, tries)) = self.by_host.get_mut(known) {
                        tries.push(at);
                    }
                }
                Err(place) => self.by_host.insert(place, ((*host).to_owned(), vec![at])),
            }
        }
        at
    }

    fn position(&self, host: &str) -> Result<usize, usize> {
        self.by_host
            .binary_search_by(|(known, _)| known.as_str().cmp(host))
    }

    /// Finds the first rule that matches, or else the default. `config` is the one whose rules were
    /// compiled.
    #[must_use]
    pub fn choose<'a>(
        &self,
        config: &'a FilterConfig,
        host: &str,
        method: &[u8],
        target: &Target<'_>,
    ) -> Chosen<'a> {
        let path = match target {
            Target::Path(path) => Some(path),
            Target::None => None,
        };
        let named = self.position(host).ok().and_then(|at| self.by_host.get(at));
        let named = named.map(|(_, tries)| tries.iter()).unwrap_or_default();
        let mut first: Option<(usize, &Rule)> = None;
        for at in named.chain(&self.any_host) {
            let Some(trie) = self.tries.get(*at) else {
                continue;
            };
            trie.find(path, |candidates| {
                for candidate in candidates {
                    if first.is_some_and(|(index, _)| index <= candidate.rule) {
                        return;
                    }
                    let rule = config.rules.get(candidate.rule);
                    if let Some(rule) = rule.filter(|rule| confirm(rule, candidate, method, path)) {
                        first = Some((candidate.rule, rule));
                        return;
                    }
                }
            });
        }
        match first {
            Some((index, rule)) => {
                let permits = rule.preflight == Preflight::Pass
                    || !rule.same_site_origins.is_empty()
                    || !rule.refuse_ambiguous_paths;
                let to_the_letter = permits && matches_to_the_letter(rule, method, path);
                Chosen {
                    index: Some(index),
                    access: rule.allow,
                    refuse_ambiguous_paths: rule.refuse_ambiguous_paths || !to_the_letter,
                    same_site_origins: if to_the_letter {
                        &rule.same_site_origins
                    } else {
                        &[]
                    },
                    preflight: if to_the_letter {
                        rule.preflight
                    } else {
                        Preflight::Refuse
                    },
                    cors_origins: &rule.cors_origins,
                }
            }
            None => Chosen {
                index: None,
                access: config.default,
                refuse_ambiguous_paths: true,
                same_site_origins: &[],
                preflight: Preflight::Refuse,
                cors_origins: &[],
            },
        }
    }
}

/// The hosts in order, each once. (The library's sorting alone would be some kilobytes of module.)
fn set(hosts: &[Host]) -> Vec<&str> {
    let mut set: Vec<&str> = Vec::with_capacity(hosts.len());
    for host in hosts {
        if let Err(place) = set.binary_search(&host.as_str()) {
            set.insert(place, host.as_str());
        }
    }
    set
}

/// Whether a rule that was found by host and folded path matches exactly.
fn confirm(
    rule: &Rule,
    candidate: &Candidate,
    method: &[u8],
    path: Option<&NormalPath<'_>>,
) -> bool {
    let to_the_letter = rule.allow == Access::Public;
    let pattern = |number: usize| rule.matches.paths.as_ref()?.get(number);
    method_matches(rule, method, to_the_letter)
        && match (candidate.pattern, path) {
            (None, _) => true,
            (Some(number), Some(path)) => {
                pattern(number).is_some_and(|pattern| pattern_matches(pattern, path, to_the_letter))
            }
            (Some(_), None) => false,
        }
}

/// Whether a rule whose host matches does so with its method and its path as they stand.
fn matches_to_the_letter(rule: &Rule, method: &[u8], path: Option<&NormalPath<'_>>) -> bool {
    let matches = |pattern| path.is_some_and(|path| pattern_matches(pattern, path, true));
    let paths = rule.matches.paths.as_ref();
    method_matches(rule, method, true) && paths.is_none_or(|paths| paths.iter().any(matches))
}

fn method_matches(rule: &Rule, method: &[u8], to_the_letter: bool) -> bool {
    rule.matches.methods.as_ref().is_none_or(|methods| {
        methods.iter().any(|named| {
            let named = named.as_str().as_bytes();
            // HTTP/2 carries any case, and some servers take `post` for POST. Most do for HEAD all that
            // they do for GET, and only keep the content back (RFC 9110 9.3.2).
            named == method
                || !to_the_letter
                    && (named.eq_ignore_ascii_case(method)
                        || named == b"GET" && method.eq_ignore_ascii_case(b"HEAD"))
        })
    })
}

fn pattern_matches(pattern: &PathPattern, path: &NormalPath<'_>, to_the_letter: bool) -> bool {
    let mut wanted = pattern.segments();
    if !to_the_letter
        && let Some((PatternSegment::Exactly(last), before)) = wanted.split_last()
        && last.is_empty()
    {
        wanted = before;
    }
    let mut given = path.segments();
    let matches_each = wanted.iter().all(|wanted| match (wanted, given.next()) {
        (_, None) => false,
        // Only the last can be empty: a slash at the end, which counts to the letter only.
        (_, Some("")) if !to_the_letter => false,
        (PatternSegment::Any, Some(given)) => !given.is_empty(),
        (PatternSegment::Exactly(wanted), Some(given)) if to_the_letter => {
            *wanted == *decoded(given)
        }
        (PatternSegment::Exactly(wanted), Some(given)) => {
            let given = decoded(given);
            careless(wanted).eq_ignore_ascii_case(careless(&given))
        }
    });
    matches_each
        && (pattern.covers_below()
            || match given.next() {
                None => true,
                Some(rest) => !to_the_letter && rest.is_empty() && given.next().is_none(),
            })
}

/// Without parameters, and without the dots and spaces at the end, which some file systems drop.
fn careless(segment: &[u8]) -> &[u8] {
    let mut rest = segment
        .split(|byte| *byte == b';')
        .next()
        .unwrap_or_default();
    while let [before @ .., b'.' | b' '] = rest {
        rest = before;
    }
    rest
}
