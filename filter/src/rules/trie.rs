//! Finds the few patterns that may match a path without looking at the others.
//!
//! A trie over the segments of the patterns, each folded to what the most careless server would
//! take it for. So it finds too much rather than too little, and what it finds is confirmed by the
//! exact comparison.

use std::borrow::Cow;

use latchkey_filter_config::{PathPattern, PatternSegment};

use super::careless;
use crate::path::{NormalPath, decoded};

/// One pattern of one rule; none stands for a rule that is about every path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Candidate {
    /// Which rule, counted from 0.
    pub(super) rule: usize,
    /// Which of its patterns.
    pub(super) pattern: Option<usize>,
}

/// The patterns of all rules about the same hosts. Each list is in the order of the rules.
#[derive(Debug)]
pub(super) struct Trie {
    nodes: Vec<Node>,
    everywhere: Vec<Candidate>,
}

#[derive(Debug, Default)]
struct Node {
    /// By folded segment, sorted; with where the node is.
    children: Vec<(Box<[u8]>, usize)>,
    /// Where `*` leads.
    any: Option<usize>,
    /// Patterns that end here.
    exact: Vec<Candidate>,
    /// Patterns that end here in `/**`.
    below: Vec<Candidate>,
}

const ROOT: usize = 0;

impl Trie {
    pub(super) fn new() -> Self {
        Self {
            nodes: vec![Node::default()],
            everywhere: Vec::new(),
        }
    }

    /// Adds a rule that is about every path. Rules are added in their order.
    pub(super) fn add_everywhere(&mut self, rule: usize) {
        self.everywhere.push(Candidate {
            rule,
            pattern: None,
        });
    }

    /// Adds a pattern of a rule. Rules are added in their order.
    pub(super) fn add(&mut self, rule: usize, number: usize, pattern: &PathPattern) {
        let mut at = ROOT;
        for segment in pattern.segments() {
            at = match segment {
                // Only the last can be empty, and whether a slash ends a path is compared exactly.
                PatternSegment::Exactly(bytes) if bytes.is_empty() => at,
                PatternSegment::Exactly(bytes) => self.child(at, careless(bytes)),
                PatternSegment::Any => self.any(at),
            };
        }
        let candidate = Candidate {
            rule,
            pattern: Some(number),
        };
        if let Some(node) = self.nodes.get_mut(at) {
            let list = if pattern.covers_below() {
                &mut node.below
            } else {
                &mut node.exact
            };
            list.push(candidate);
        }
    }

    /// Shows every list of candidates for a path; without a path only those for everything.
    pub(super) fn find<'a>(
        &'a self,
        path: Option<&NormalPath<'_>>,
        mut found: impl FnMut(&'a [Candidate]),
    ) {
        found(&self.everywhere);
        let Some(path) = path else { return };
        // Where both a name and `*` lead on, one of the two waits here.
        let mut waiting = Vec::new();
        let mut next = Some((ROOT, path.segments()));
        while let Some((at, mut rest)) = next.take().or_else(|| waiting.pop()) {
            let Some(node) = self.nodes.get(at) else {
                continue;
            };
            found(&node.below);
            match rest.next() {
                None | Some("") => found(&node.exact),
                Some(segment) => {
                    next = node.named(segment).map(|child| (child, rest.clone()));
                    if let Some(any) = node.any {
                        waiting.push((any, rest));
                    }
                }
            }
        }
    }

    fn child(&mut self, at: usize, segment: &[u8]) -> usize {
        let folded = folded(segment);
        let new = self.nodes.len();
        let Some(node) = self.nodes.get_mut(at) else {
            return at;
        };
        match node.position(&folded) {
            Ok(known) => node.children.get(known).map_or(at, |(_, child)| *child),
            Err(place) => {
                let folded = folded.into_owned().into_boxed_slice();
                node.children.insert(place, (folded, new));
                self.nodes.push(Node::default());
                new
            }
        }
    }

    fn any(&mut self, at: usize) -> usize {
        let new = self.nodes.len();
        let Some(node) = self.nodes.get_mut(at) else {
            return at;
        };
        let child = *node.any.get_or_insert(new);
        if child == new {
            self.nodes.push(Node::default());
        }
        child
    }
}

impl Node {
    /// The child that a segment of a path leads to.
    fn named(&self, segment: &str) -> Option<usize> {
        if self.children.is_empty() {
            return None;
        }
        let bytes = decoded(segment);
        let place = self.position(&folded(careless(&bytes))).ok()?;
        self.children.get(place).map(|(_, child)| *child)
    }

    /// Where the child for a folded segment is or would be.
    fn position(&self, folded: &[u8]) -> Result<usize, usize> {
        self.children
            .binary_search_by(|(known, _)| (**known).cmp(folded))
    }
}

/// In lower case; most are already.
fn folded(segment: &[u8]) -> Cow<'_, [u8]> {
    if segment.iter().any(u8::is_ascii_uppercase) {
        Cow::Owned(segment.to_ascii_lowercase())
    } else {
        Cow::Borrowed(segment)
    }
}
