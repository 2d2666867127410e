//! A file of users, read portion by portion: what it is about first, then its users, however many
//! they are. What a user is, is the sidecar's to judge.

use super::transfer::Format;
use crate::model::UserName;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::collections::HashSet;
use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::mpsc;

/// A portion is sent when it has so many bytes: the sidecar takes 4 MB, one long user included.
const PORTION_BYTES: usize = 2 * 1024 * 1024;
/// One user with some dozen passkeys has as many kilobytes.
const USER_BYTES: usize = 1024 * 1024;
/// What of a realm the sidecar looks at beside its users.
const OF_A_REALM: [&str; 2] = ["webAuthnPolicyRpId", "webAuthnPolicyPasswordlessRpId"];

/// Why a file is no document of users.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// It cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is no JSON, or not of this form.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// One user is longer than any.
    #[error("users[{0}] has more than {USER_BYTES} bytes")]
    UserTooLong(usize),
    /// Two users have one name, in portions that the sidecar does not see together.
    #[error("users[{0}] has the name of one before it: {1}")]
    NameTwice(usize, UserName),
}

/// Everything but the users.
#[derive(Debug)]
pub(super) struct Head(Vec<(String, Box<RawValue>)>);

impl Head {
    /// A document of its own, with these users.
    pub(super) fn with(&self, users: &[Box<RawValue>]) -> String {
        let mut text = String::from("{");
        for (name, value) in &self.0 {
            // A text always has a JSON form.
            text.push_str(&serde_json::to_string(name).unwrap_or_default());
            text.push(':');
            text.push_str(value.get());
            text.push(',');
        }
        text.push_str("\"users\":[");
        for (number, user) in users.iter().enumerate() {
            if number > 0 {
                text.push(',');
            }
            text.push_str(user.get());
        }
        text.push_str("]}");
        text
    }
}

/// Reads what a file says beside its users.
pub(super) fn head(path: &Path, format: Format) -> Result<Head, DocumentError> {
    let mut head = Vec::new();
    walk(File::open(path)?, &mut |name, member| {
        let wanted = match format {
            Format::Latchkey => true,
            Format::Keycloak => OF_A_REALM.contains(&name),
        };
        match member {
            Member::Users(_) => Ok(()),
            Member::Other(value) => {
                head.extend(wanted.then(|| (name.to_owned(), value)));
                Ok(())
            }
        }
    })?;
    Ok(Head(head))
}

/// Some of the users.
#[derive(Debug)]
pub(super) struct Portion {
    /// The number of the first one in the file.
    pub(super) first: usize,
    pub(super) users: Vec<Box<RawValue>>,
    /// Bytes of the file that were read so far.
    pub(super) read: u64,
}

/// The users of a file, read by a thread of their own that is never far ahead.
pub(super) struct Portions(mpsc::Receiver<Result<Portion, DocumentError>>);

impl Portions {
    pub(super) fn open(path: &Path, most: usize) -> Self {
        let (sender, receiver) = mpsc::channel(1);
        let path = path.to_owned();
        std::thread::spawn(move || {
            if let Err(error) = cut(&path, most, &sender) {
                // Whoever reads may have given up.
                let _ = sender.blocking_send(Err(error));
            }
        });
        Self(receiver)
    }

    /// The next portion; `None` at the end.
    pub(super) async fn next(&mut self) -> Option<Result<Portion, DocumentError>> {
        self.0.recv().await
    }
}

fn cut(
    path: &PathBuf,
    most: usize,
    sender: &mpsc::Sender<Result<Portion, DocumentError>>,
) -> Result<(), DocumentError> {
    let read = Arc::new(AtomicU64::new(0));
    let file = Counted(File::open(path)?, Arc::clone(&read));
    let mut failed = None;
    let (mut first, mut users, mut bytes) = (0, Vec::new(), 0_usize);
    let mut names = HashSet::new();
    let send = |first, users| {
        let read = read.load(Ordering::Relaxed);
        let portion = Portion { first, users, read };
        sender.blocking_send(Ok(portion)).is_ok()
    };
    let walked = walk(file, &mut |_, member| {
        let Member::Users(user) = member else {
            return Ok(());
        };
        let index = first + users.len();
        if user.get().len() > USER_BYTES {
            failed = Some(DocumentError::UserTooLong(index));
            return Err(Stop);
        }
        if let Some(name) = name_of(&user)
            && !names.insert(name.clone())
        {
            failed = Some(DocumentError::NameTwice(index, name));
            return Err(Stop);
        }
        bytes += user.get().len();
        users.push(user);
        if users.len() >= most || bytes >= PORTION_BYTES {
            let portion = std::mem::take(&mut users);
            let count = portion.len();
            if !send(first, portion) {
                return Err(Stop);
            }
            (first, bytes) = (first + count, 0);
        }
        Ok(())
    });
    if let Some(failed) = failed {
        return Err(failed);
    }
    walked?;
    // A file without users is a portion, too: what else is wrong with it is told then.
    if !users.is_empty() || first == 0 {
        send(first, users);
    }
    Ok(())
}

/// The name of a user in either format, as it would be kept.
fn name_of(user: &RawValue) -> Option<UserName> {
    #[derive(serde::Deserialize)]
    struct Named {
        #[serde(alias = "username")]
        name: String,
    }
    let named: Named = serde_json::from_str(user.get()).ok()?;
    UserName::parse(&named.name).ok()
}

/// The walk is to end here.
#[derive(Debug)]
struct Stop;

/// A member of the document; its users come one by one.
enum Member {
    Users(Box<RawValue>),
    Other(Box<RawValue>),
}

type Visit<'a> = dyn FnMut(&str, Member) -> Result<(), Stop> + 'a;

/// Shows `visit` every member of the object in `file`.
fn walk(file: impl Read, visit: &mut Visit<'_>) -> Result<(), DocumentError> {
    let mut deserializer = serde_json::Deserializer::from_reader(BufReader::new(file));
    deserializer.deserialize_map(Document(visit))?;
    deserializer.end()?;
    Ok(())
}

struct Document<'a, 'b>(&'a mut Visit<'b>);

impl<'de> Visitor<'de> for Document<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with users")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<(), A::Error> {
        let stopped = |Stop| <A::Error as serde::de::Error>::custom("stopped");
        let mut seen = false;
        while let Some(name) = from.next_key::<String>()? {
            if name != "users" {
                let value = from.next_value::<Box<RawValue>>()?;
                (self.0)(&name, Member::Other(value)).map_err(stopped)?;
            } else if std::mem::replace(&mut seen, true) {
                return Err(serde::de::Error::duplicate_field("users"));
            } else {
                from.next_value_seed(Users(self.0))?;
            }
        }
        if seen {
            Ok(())
        } else {
            Err(serde::de::Error::missing_field("users"))
        }
    }
}

struct Users<'a, 'b>(&'a mut Visit<'b>);

impl<'de> DeserializeSeed<'de> for Users<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Users<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of users")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<(), A::Error> {
        while let Some(user) = from.next_element::<Box<RawValue>>()? {
            (self.0)("users", Member::Users(user))
                .map_err(|Stop| <A::Error as serde::de::Error>::custom("stopped"))?;
        }
        Ok(())
    }
}

/// Counts what is read.
struct Counted<R>(R, Arc<AtomicU64>);

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(into)?;
        let bytes = u64::try_from(read).unwrap_or(u64::MAX);
        self.1.fetch_add(bytes, Ordering::Relaxed);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    async fn portions(text: &str, most: usize) -> Vec<Result<(usize, usize), String>> {
        let file = file(text);
        let mut portions = Portions::open(file.path(), most);
        let mut all = Vec::new();
        while let Some(portion) = portions.next().await {
            let portion = portion.map(|it| (it.first, it.users.len()));
            all.push(portion.map_err(|error| error.to_string()));
        }
        all
    }

    #[tokio::test]
    async fn a_file_is_cut_wherever_its_users_stand() {
        let text = r#"{"users": [{"name":"a"},{"name":"b"},{"name":"c"}], "version": 1}"#;
        assert_eq!(portions(text, 2).await, [Ok((0, 2)), Ok((2, 1))]);
        let file = file(text);
        let head = head(file.path(), Format::Latchkey).unwrap();
        let user = RawValue::from_string("{}".to_owned()).unwrap();
        assert_eq!(
            head.with(&[user.clone(), user]),
            r#"{"version":1,"users":[{},{}]}"#
        );
        assert_eq!(portions(r#"{"users":[]}"#, 2).await, [Ok((0, 0))]);
    }

    #[test]
    fn of_a_realm_only_what_counts_is_sent() {
        let file = file(r#"{"realm":"x","webAuthnPolicyRpId":"a.example","users":[]}"#);
        let head = head(file.path(), Format::Keycloak).unwrap();
        assert_eq!(
            head.with(&[]),
            r#"{"webAuthnPolicyRpId":"a.example","users":[]}"#
        );
    }

    #[tokio::test]
    async fn what_is_no_document_is_told() {
        for (text, reason) in [
            ("[]", "expected an object with users"),
            (r#"{"version":1}"#, "missing field `users`"),
            (r#"{"users":{}}"#, "expected an array of users"),
            (r#"{"users":[],"users":[]}"#, "duplicate field `users`"),
            (
                r#"{"users":[{"name":"a"},{"name":"b"}"#,
                "EOF while parsing",
            ),
            (r#"{"users":[]} {}"#, "trailing characters"),
            (
                r#"{"users":[{"username":"ann"},{"name":"b"},{"name":"ANN"}]}"#,
                "users[2] has the name of one before it: ann",
            ),
        ] {
            let told = portions(text, 2).await.pop().unwrap().unwrap_err();
            assert!(told.contains(reason), "{text}: {told}");
        }
        let long = format!(r#"{{"users":[{{"name":"{}"}}]}}"#, "x".repeat(USER_BYTES));
        let told = portions(&long, 2).await.pop().unwrap().unwrap_err();
        assert!(told.starts_with("users[0] has more than"), "{told}");
    }
}
