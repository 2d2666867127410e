//! Which of several routes or rules a request meets, as far as a file says. What this program does not
//! understand may hold or not: nothing is complained about that is not certain.

use serde_json::Value;

/// Whether something holds for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Holds {
    No,
    /// It depends on what the file does not say, or on what is not understood here.
    Perhaps,
    Surely,
}

impl Holds {
    /// Known for certain.
    pub(super) fn when(it_does: bool) -> Self {
        if it_does { Self::Surely } else { Self::No }
    }

    /// The same, under conditions that are not understood.
    pub(super) fn under_conditions(self) -> Self {
        self.min(Self::Perhaps)
    }
}

/// Of what is tried in order until something holds, whatever may be the first that does.
pub(super) fn first_that_may_hold<T>(tried: impl Iterator<Item = (Holds, T)>) -> Vec<T> {
    let mut may = Vec::new();
    for (holds, what) in tried {
        if holds != Holds::No {
            may.push(what);
        }
        if holds == Holds::Surely {
            break;
        }
    }
    may
}

/// Where what is chosen leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lead {
    /// To one of these, by name.
    To(Vec<String>),
    /// Back to the client: a redirect, an answer of the gateway's own.
    Nowhere,
    /// To who knows what.
    Unknown,
}

/// What a list of strings has; nothing where there is none.
pub(super) fn texts<'a>(value: &'a Value, key: &str) -> Vec<&'a str> {
    items(value, key).filter_map(Value::as_str).collect()
}

/// The items of a list; none where there is none.
pub(super) fn items<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    let items = value.get(key).and_then(Value::as_array);
    items.into_iter().flatten()
}

/// Whether an object has keys beyond these.
pub(super) fn has_others_than(value: &Value, known: &[&str]) -> bool {
    value
        .as_object()
        .is_some_and(|object| object.keys().any(|key| !known.contains(&key.as_str())))
}

/// Paths that have to lead to the sidecar for anybody to sign in, and one for those who are.
pub(super) fn sign_in_paths(public_path: &str) -> [String; 2] {
    ["/login", "/v1/self/refresh"].map(|path| format!("{public_path}{path}"))
}
