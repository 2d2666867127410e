//! A file of users, read portion by portion: what it is about first, then its users, however many
//! they are. What a user is, is the sidecar's to judge.

use super::duplicates::Duplicates;
use super::transfer::Format;
use crate::model::UserName;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};
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
/// What of our own format is sent apart from the users.
const RESERVED: &str = "reserved_names";
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
    /// Every export of ours says what it is.
    #[error(
        "it has no \"format\", so `latchkey export` did not write it; for an export of a Keycloak \
         realm say --format keycloak"
    )]
    NoFormat,
    /// One user is longer than any.
    #[error("users[{0}] has more than {USER_BYTES} bytes")]
    UserTooLong(usize),
}

/// What a whole file is about.
#[derive(Debug)]
pub(super) struct Overview {
    pub(super) head: Head,
    /// Names of users who were deleted, with their numbers.
    pub(super) reserved: Vec<(usize, String)>,
    /// Users who cannot come because of others in the file, and why.
    pub(super) in_the_way: BTreeMap<usize, (String, Vec<String>)>,
    /// The same of the names.
    pub(super) names_in_the_way: Vec<(usize, String)>,
}

/// What every portion says beside its users.
#[derive(Debug)]
pub(super) struct Head(Vec<(String, Box<RawValue>)>);

impl Head {
    /// A document of its own, with these names of deleted users.
    pub(super) fn with_names(&self, names: &[(usize, String)]) -> String {
        let names: Vec<&String> = names.iter().map(|(_, name)| name).collect();
        let names = serde_json::to_string(&names).unwrap_or_default();
        let text = self.with(&[]);
        let open = text.strip_suffix('}').unwrap_or(&text);
        format!("{open},\"{RESERVED}\":{names}}}")
    }

    /// A document of its own, with these users.
    pub(super) fn with(&self, users: &[(usize, Box<RawValue>)]) -> String {
        let mut text = String::from("{");
        for (name, value) in &self.0 {
            // A text always has a JSON form.
            text.push_str(&serde_json::to_string(name).unwrap_or_default());
            text.push(':');
            text.push_str(value.get());
            text.push(',');
        }
        text.push_str("\"users\":[");
        for (place, (_, user)) in users.iter().enumerate() {
            if place > 0 {
                text.push(',');
            }
            text.push_str(user.get());
        }
        text.push_str("]}");
        text
    }
}

/// Reads what a file says beside its users, and looks for users who cannot both come.
pub(super) fn overview(path: &Path, format: Format) -> Result<Overview, DocumentError> {
    let (mut head, mut reserved) = (Vec::new(), Ok(Vec::new()));
    let mut duplicates = Duplicates::default();
    walk(File::open(path)?, &mut |name, member| {
        let wanted = match format {
            Format::Latchkey => true,
            Format::Keycloak => OF_A_REALM.contains(&name),
        };
        match member {
            Member::Users(user) => duplicates.look_at(&user),
            Member::Other(value) if wanted && name == RESERVED => {
                reserved = serde_json::from_str::<Vec<String>>(value.get());
            }
            Member::Other(value) => head.extend(wanted.then(|| (name.to_owned(), value))),
        }
        Ok(())
    })?;
    if format == Format::Latchkey && !head.iter().any(|(name, _)| name == "format") {
        return Err(DocumentError::NoFormat);
    }
    let used = |name: &String| UserName::parse(name).is_ok_and(|it| duplicates.has_name(&it));
    let reserved = reserved?.into_iter().enumerate();
    let (names_in_the_way, reserved) = reserved.partition(|(_, name)| used(name));
    Ok(Overview {
        head: Head(head),
        reserved,
        names_in_the_way,
        in_the_way: duplicates.found(),
    })
}

/// Some of the users.
#[derive(Debug)]
pub(super) struct Portion {
    /// With their numbers in the file.
    pub(super) users: Vec<(usize, Box<RawValue>)>,
    /// Bytes of the file that were read so far.
    pub(super) read: u64,
}

/// The users of a file, read by a thread of their own that is never far ahead.
pub(super) struct Portions(mpsc::Receiver<Result<Portion, DocumentError>>);

impl Portions {
    /// Without these.
    pub(super) fn open(path: &Path, most: usize, left_out: BTreeSet<usize>) -> Self {
        let (sender, receiver) = mpsc::channel(1);
        let path = path.to_owned();
        std::thread::spawn(move || {
            if let Err(error) = cut(&path, most, &left_out, &sender) {
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
    left_out: &BTreeSet<usize>,
    sender: &mpsc::Sender<Result<Portion, DocumentError>>,
) -> Result<(), DocumentError> {
    let read = Arc::new(AtomicU64::new(0));
    let file = Counted(File::open(path)?, Arc::clone(&read));
    let mut failed = None;
    let (mut users, mut bytes) = (Vec::new(), 0_usize);
    let (mut next, mut any) = (0, false);
    let send = |users| {
        let read = read.load(Ordering::Relaxed);
        let portion = Portion { users, read };
        sender.blocking_send(Ok(portion)).is_ok()
    };
    let walked = walk(file, &mut |_, member| {
        let Member::Users(user) = member else {
            return Ok(());
        };
        let index = next;
        next += 1;
        if user.get().len() > USER_BYTES {
            failed = Some(DocumentError::UserTooLong(index));
            return Err(Stop);
        }
        if left_out.contains(&index) {
            return Ok(());
        }
        bytes += user.get().len();
        users.push((index, user));
        if users.len() >= most || bytes >= PORTION_BYTES {
            if !send(std::mem::take(&mut users)) {
                return Err(Stop);
            }
            (any, bytes) = (true, 0);
        }
        Ok(())
    });
    if let Some(failed) = failed {
        return Err(failed);
    }
    walked?;
    // A file without users is a portion, too: what else is wrong with it is told then.
    if !users.is_empty() || !any {
        send(users);
    }
    Ok(())
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

    /// The numbers of the users in each portion, without the second one.
    async fn portions(text: &str, most: usize) -> Vec<Result<Vec<usize>, String>> {
        let file = file(text);
        let mut portions = Portions::open(file.path(), most, BTreeSet::from([1]));
        let mut all = Vec::new();
        while let Some(portion) = portions.next().await {
            let portion = portion.map(|it| it.users.iter().map(|it| it.0).collect());
            all.push(portion.map_err(|error| error.to_string()));
        }
        all
    }

    #[tokio::test]
    async fn a_file_is_cut_wherever_its_users_stand() {
        let text = r#"{"users": [{"name":"a"},{"name":"b"},{"name":"c"},{"name":"d"}],
            "reserved_names": ["A", "e", " "], "format": "latchkey-users", "version": 1}"#;
        assert_eq!(portions(text, 2).await, [Ok(vec![0, 2]), Ok(vec![3])]);
        let file = file(text);
        let overview = overview(file.path(), Format::Latchkey).unwrap();
        let user = RawValue::from_string("{}".to_owned()).unwrap();
        assert_eq!(
            overview.head.with(&[(0, user.clone()), (2, user)]),
            r#"{"format":"latchkey-users","version":1,"users":[{},{}]}"#
        );
        assert_eq!(overview.names_in_the_way, [(0, "A".to_owned())]);
        assert_eq!(
            overview.head.with_names(&overview.reserved),
            r#"{"format":"latchkey-users","version":1,"users":[],"reserved_names":["e"," "]}"#
        );
        assert_eq!(portions(r#"{"users":[]}"#, 2).await, [Ok(vec![])]);
        assert_eq!(portions(r#"{"users":[{},{}]}"#, 1).await, [Ok(vec![0])]);
    }

    #[test]
    fn of_a_realm_only_what_counts_is_sent() {
        let file = file(r#"{"realm":"x","webAuthnPolicyRpId":"a.example","users":[]}"#);
        let overview = overview(file.path(), Format::Keycloak).unwrap();
        assert_eq!(
            overview.head.with(&[]),
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
        ] {
            let told = portions(text, 2).await.pop().unwrap().unwrap_err();
            assert!(told.contains(reason), "{text}: {told}");
        }
        let long = format!(r#"{{"users":[{{"name":"{}"}}]}}"#, "x".repeat(USER_BYTES));
        let told = portions(&long, 2).await.pop().unwrap().unwrap_err();
        assert!(told.starts_with("users[0] has more than"), "{told}");
    }
}
