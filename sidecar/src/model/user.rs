//! Users and their names.

use super::audit::NAMES_OF_NO_USERS;
use super::{UnixTime, UserHandle, UserId, UserLimits};
use serde::{Deserialize, Serialize};
use unicode_normalization::{UnicodeNormalization, char::decompose_canonical};
use unicode_security::{GeneralSecurityProfile, MixedScript, skeleton};

/// A user name in its folded form: the form that is stored, compared and shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct UserName(String);

/// Why a text is no user name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UserNameError {
    /// Nothing but white space.
    #[error("a user name is needed")]
    Empty,
    /// More than [`UserName::MAX_CHARS`] characters.
    #[error("a user name has at most 64 characters")]
    TooLong,
    /// A character that names cannot hold (control, white space, bidi, confusable).
    #[error("a user name cannot hold {}", shown(*.0))]
    Character(u32),
    /// Letters of several scripts, which could imitate another name.
    #[error("a user name is written in one script")]
    MixedScripts,
    /// It could be the id of another user, where either can be written.
    #[error("a user name cannot have the form of an identifier (UUID)")]
    Identifier,
    /// Every letter looks like a Latin one, and none is.
    #[error("a user name cannot look like another one in Latin letters")]
    Imitates,
    /// The audit log names somebody else so.
    #[error("a user name cannot be one by which the audit log names those who are no users")]
    Reserved,
}

/// A character as people know it; most that names cannot hold would not be seen.
fn shown(character: u32) -> String {
    match character {
        0x20 => "a space".to_owned(),
        other => format!("the character U+{other:04X}"),
    }
}

impl UserName {
    /// The longest name.
    pub const MAX_CHARS: usize = 64;

    /// Folds what a person typed into the one form under which the name is kept: surrounding white
    /// space cut, NFKC, lower case. Two texts that fold alike are the same user.
    ///
    /// Letters, digits and `. _ - @ +` are allowed, the first one a letter or digit. Beyond ASCII,
    /// only what Unicode Technical Standard 39 allows in identifiers, and nothing that could be
    /// read as another name.
    ///
    /// # Errors
    /// One variant per reason; all of them can be shown to the person.
    pub fn parse(text: &str) -> Result<Self, UserNameError> {
        let text = text.trim();
        if text.chars().nth(Self::MAX_CHARS).is_some() {
            return Err(UserNameError::TooLong);
        }
        let name = fold(text);
        let first = name.chars().next().ok_or(UserNameError::Empty)?;
        if name.chars().nth(Self::MAX_CHARS).is_some() {
            return Err(UserNameError::TooLong);
        }
        if let Some(refused) = name.chars().find(|c| !is_allowed(*c)) {
            return Err(UserNameError::Character(refused.into()));
        }
        if !first.is_alphanumeric() {
            return Err(UserNameError::Character(first.into()));
        }
        // Administrators name users by either: an order about one must not hit the other.
        if uuid::Uuid::try_parse(&name).is_ok() {
            return Err(UserNameError::Identifier);
        }
        if !name.is_ascii() {
            refuse_imitation(&name)?;
        }
        Ok(Self(name))
    }

    /// The name of a user who is made: not one that the audit log has for others.
    ///
    /// # Errors
    /// As [`UserName::parse`], and [`UserNameError::Reserved`].
    pub fn for_new(text: &str) -> Result<Self, UserNameError> {
        let name = Self::parse(text)?;
        if NAMES_OF_NO_USERS.contains(&name.as_str()) {
            return Err(UserNameError::Reserved);
        }
        Ok(name)
    }

    /// The folded name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for UserName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// NFKC around the lower case, because either can undo the other ("\u{212b}", a Kelvin sign).
fn fold(text: &str) -> String {
    text.nfkc()
        .flat_map(char::to_lowercase)
        .collect::<String>()
        .nfkc()
        .collect()
}

fn is_allowed(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '@' | '+');
    }
    // Excludes control, bidi and other invisible characters, white space, symbols and letters of
    // historic use.
    c.identifier_allowed() && !c.is_control() && !c.is_whitespace()
}

/// One script per name (Unicode Technical Standard 39, section 5.2), and no name whose look could
/// be written in ASCII.
fn refuse_imitation(name: &str) -> Result<(), UserNameError> {
    if !name.is_single_script() {
        return Err(UserNameError::MixedScripts);
    }
    if name.chars().any(is_latin) {
        let imitates = |c: &char| {
            !c.is_ascii() && skeleton(c.encode_utf8(&mut [0; 4])).all(|shown| shown.is_ascii())
        };
        if let Some(refused) = name.chars().find(imitates) {
            return Err(UserNameError::Character(refused.into()));
        }
    }
    if skeleton(name).all(|c| c.is_ascii()) {
        return Err(UserNameError::Imitates);
    }
    Ok(())
}

/// A letter of ASCII, with or without marks.
fn is_latin(c: char) -> bool {
    let mut latin = false;
    decompose_canonical(c, |part| latin |= part.is_ascii_alphabetic());
    latin
}

/// Reads the stored form only, as [`UserName::parse`] made it; a text from outside goes through
/// `parse`.
impl<'de> Deserialize<'de> for UserName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

/// A person who can sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Never changes, never reused.
    pub id: UserId,
    /// Unique among all users, deleted ones included.
    pub name: UserName,
    /// What the pages and `name` show.
    pub display_name: String,
    /// Only set by an administrator, or verified.
    pub email: Option<String>,
    /// `groups` in tokens.
    pub groups: Vec<String>,
    /// `policies` in tokens.
    pub policies: Vec<String>,
    /// A disabled user cannot sign in.
    pub disabled: bool,
    /// When the account was made.
    pub created_at: UnixTime,
    /// Where tokens and sessions are shorter than everyone's.
    #[serde(default)]
    pub limits: UserLimits,
    /// The next sign-in is good for registering a passkey only; doing so clears it.
    #[serde(default, skip_serializing_if = "is_unset")]
    pub must_register: bool,
    /// One of the passkeys was disabled, or refused, because there may be a copy of it.
    #[serde(default, skip_serializing_if = "is_unset")]
    pub passkey_alert: bool,
    /// The user handle of the passkeys, where it is not the id's 16 bytes. It never changes: an
    /// authenticator would take the account for another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle: Option<UserHandle>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_unset(flag: &bool) -> bool {
    !*flag
}

impl User {
    /// Takes over from `changed` everything that can change.
    pub fn apply_changes(&mut self, changed: &Self) {
        let Self {
            id: _,
            name: _,
            display_name,
            email,
            groups,
            policies,
            disabled,
            created_at: _,
            limits,
            must_register,
            passkey_alert: _,
            handle: _,
        } = changed;
        self.display_name.clone_from(display_name);
        self.email.clone_from(email);
        self.groups.clone_from(groups);
        self.policies.clone_from(policies);
        self.disabled = *disabled;
        self.limits = *limits;
        self.must_register = *must_register;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use UserNameError::{Character, Empty, Identifier, Imitates, MixedScripts, Reserved, TooLong};

    #[test]
    fn texts_that_fold_alike_are_one_name() {
        for (text, folded) in [
            ("alice", "alice"),
            ("  Alice\t", "alice"),
            ("ALICE", "alice"),
            ("\u{ff21}lice", "alice"), // full-width A
            ("Jos\u{e9}", "jos\u{e9}"),
            ("Jose\u{301}", "jos\u{e9}"), // combining acute
            ("\u{212a}arl", "karl"),      // Kelvin sign
            ("anna@example.com", "anna@example.com"),
            ("a.b_c-d+e", "a.b_c-d+e"),
            (
                "\u{41c}\u{430}\u{440}\u{438}\u{44f}",
                "\u{43c}\u{430}\u{440}\u{438}\u{44f}",
            ), // Maria
            ("\u{592a}\u{90ce}", "\u{592a}\u{90ce}"), // Taro, in Han
            ("\u{592a}\u{308d}\u{3046}", "\u{592a}\u{308d}\u{3046}"), // Han with Hiragana
        ] {
            assert_eq!(
                UserName::parse(text).map(|name| name.0),
                Ok(folded.to_owned()),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_space_is_called_one() {
        let said = |text| UserName::parse(text).unwrap_err().to_string();
        assert_eq!(said("ann smith"), "a user name cannot hold a space");
        assert_eq!(said("a/b"), "a user name cannot hold the character U+002F");
    }

    #[test]
    fn folding_twice_changes_nothing() {
        for text in [
            "\u{130}brahim",
            "Stra\u{df}e",
            "\u{1e9e}x",
            "\u{3a3}\u{3bf}\u{3c6}\u{3af}\u{3b1}",
        ] {
            if let Ok(name) = UserName::parse(text) {
                assert_eq!(UserName::parse(name.as_str()), Ok(name.clone()), "{text:?}");
            }
        }
    }

    #[test]
    fn what_no_name_can_hold_is_refused_with_its_reason() {
        for (text, reason) in [
            ("", Empty),
            (" \t\n ", Empty),
            ("a b", Character(0x20)),
            ("a\0b", Character(0)),
            ("a\rb", Character(0x0d)),
            ("a\u{7f}b", Character(0x7f)),
            ("a/b", Character(0x2f)),
            ("a\"b", Character(0x22)),
            ("..", Character(0x2e)),
            ("-rf", Character(0x2d)),
            ("\u{301}a", Character(0x301)),
            ("al\u{202e}ice", Character(0x202e)), // right-to-left override
            ("al\u{2066}ice", Character(0x2066)), // isolate
            ("al\u{200b}ice", Character(0x200b)), // zero-width space
            ("al\u{200d}ice", Character(0x200d)), // zero-width joiner
            ("al\u{ad}ice", Character(0xad)),     // soft hyphen
            ("al\u{3164}ice", Character(0x1160)), // Hangul filler, after NFKC
            ("\u{1f600}", Character(0x1f600)),
            ("al\u{131}ce", Character(0x131)), // dotless i
            ("0A7B1F6E-0000-4000-8000-0123456789ab", Identifier),
            ("0a7b1f6e0000400080000123456789ab", Identifier),
            ("\u{430}dmin", MixedScripts), // Cyrillic a, Latin rest
            ("p\u{3b1}ul", MixedScripts),  // Greek alpha
            ("\u{455}\u{441}\u{43e}\u{440}\u{435}", Imitates), // all Cyrillic, reads "scope"
        ] {
            assert_eq!(UserName::parse(text), Err(reason), "{text:?}");
        }
    }

    #[test]
    fn nobody_new_is_called_as_the_log_calls_others() {
        for text in ["operator", " Latchkey ", "STRANGER"] {
            assert_eq!(UserName::for_new(text), Err(Reserved), "{text:?}");
            // Whoever has such a name from before keeps it.
            assert!(UserName::parse(text).is_ok(), "{text:?}");
        }
        assert!(UserName::for_new("operators").is_ok());
        assert_eq!(UserName::for_new(""), Err(Empty));
    }

    #[test]
    fn sixty_four_characters_are_the_most_before_and_after_folding() {
        assert!(UserName::parse(&"a".repeat(64)).is_ok());
        assert_eq!(UserName::parse(&"a".repeat(65)), Err(TooLong));
        // One ligature becomes eighteen characters.
        assert_eq!(UserName::parse(&"\u{fdfa}".repeat(4)), Err(TooLong));
    }
}
