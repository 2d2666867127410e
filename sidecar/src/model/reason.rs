//! Why something that was handed in is not taken, or what should be known of it: a sentence for people
//! who read English, and a code with which programs say it in other words.

use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// What the matter is. Codes are stable, and the pages have a sentence for each in every language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReasonCode {
    /// Not what belongs there; the field says what that is.
    NotAsExpected,
    /// No such field.
    UnknownField,
    /// A field that has to be there is not.
    FieldMissing,
    /// A field stands twice.
    FieldTwice,
    /// Of another type, such as a text in place of a list.
    WrongType,
    /// The text is no JSON.
    JsonSyntax,
    /// The text ends in the middle.
    JsonCutOff,
    /// A number that is too small or too large.
    OutOfRange,
    /// More than there can be.
    TooMany,
    /// The page of a list is not there any more.
    NoSuchPage,

    /// Nobody disables or deletes their own account.
    OwnAccount,
    /// There are no links for a user who is disabled.
    UserDisabled,
    /// A limit of a user's own is no shorter than everyone's.
    LimitWithoutEffect,
    /// The user is not in the group that was to be left.
    NotInGroup,
    /// The user's tokens do not fit a cookie.
    TokenTooLarge,

    /// A user name is needed.
    NameMissing,
    /// A user name is too long.
    NameTooLong,
    /// A user name has a space.
    NameSpace,
    /// A user name has a character that it cannot have.
    NameCharacter,
    /// A user name is written in more than one script.
    NameMixedScripts,
    /// A user name has the form of an id.
    NameIsAnId,
    /// A user name looks like another one.
    NameImitates,
    /// The audit log names others so.
    NameReserved,

    /// A mount of the configuration file is changed there.
    MountDeclared,
    /// Somebody else has changed the mount.
    MountChanged,
    /// There are as many mounts as there can be.
    MountsTooMany,
    /// Passkeys would sign in no more.
    MountInUse,
    /// The relying party id is of none of the origins.
    IdOfNoOrigin,
    /// The relying party id is no domain name.
    IdNoDomain,
    /// No origin is left.
    OriginMissing,
    /// Not an origin as browsers write it.
    OriginForm,
    /// All zeros are no model.
    ModelHidden,
    /// A model is among the acceptable ones and the forbidden ones.
    ModelInBoth,
    /// Nothing says whom to believe.
    NoTrustAnchors,
    /// Strangers can make accounts.
    AccountsForAnyone,
    /// Passkeys can be second factors.
    SecondFactorOn,
    /// A list of models holds without proof.
    ModelsUnproven,
    /// A list of models holds without proof, and browsers hide the models.
    ModelsHidden,

    /// The file of FIDO metadata is refused; an older one stays in use.
    MetadataRefused,
    /// The file of FIDO metadata is refused, and none is in use.
    MetadataNone,
    /// The FIDO metadata are out of date.
    MetadataStale,

    /// One import at a time.
    ImportUnderWay,
    /// The report says what is in the way.
    NothingImported,
    /// The document, or a part of it, has another form.
    DocumentForm,
    /// The document has another format or version.
    DocumentVersion,
    /// The document itself says the mount.
    MountInDocument,
    /// There is no such mount.
    NoSuchMount,
    /// Passkeys of another relying party.
    OtherRpId,
    /// The document does not say for which relying party the passkeys are.
    RpIdMissing,
    /// Too large for the store.
    RecordTooLarge,
    /// The id of a user or a passkey cannot be one.
    IdForm,
    /// Somebody has the passkey already.
    PasskeyTaken,
    /// The mount has no such policy.
    NoPolicy,
    /// The mount does not offer the algorithm.
    AlgorithmNotOffered,
    /// The policy does not take the model.
    ModelRefused,
    /// The model is known to be compromised.
    ModelCompromised,
    /// The policy wants the maker proved.
    MakerUnproven,
    /// The public key is none.
    KeyForm,
    /// What cannot be backed up has no backup.
    BackupState,
    /// The name belongs, or belonged, to someone.
    NameTaken,
    /// The id is someone's.
    IdTaken,
    /// A user of this name is here, and is another one.
    UserDiffers,
    /// A user of this name is here.
    UserIsHere,
    /// A user of the document has this name.
    UserInDocument,
    /// Another user of the document has the same.
    TwiceInDocument,

    /// The account of a service.
    ServiceAccount,
    /// The user becomes an administrator.
    BecomesAdministrator,
    /// Credentials that are no passkeys stay behind.
    OthersLeftOut,
    /// A text that is too long for here loses its end.
    TextCut,
    /// An email address that nobody has verified stays behind.
    EmailLeftOut,
    /// Nothing says for which relying party the passkeys are.
    RpIdUnsure,
}

/// One reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// The field, or the place in a document; absent: all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    code: ReasonCode,
    /// What the sentence names, for whoever says it in other words.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    values: BTreeMap<&'static str, String>,
    /// The sentence in English, without the field and without a full stop.
    detail: String,
}

impl Reason {
    /// A reason that is about all of what was handed in.
    pub fn new(code: ReasonCode, detail: impl Into<String>) -> Self {
        Self {
            field: None,
            code,
            values: BTreeMap::new(),
            detail: detail.into(),
        }
    }

    /// What was expected of a field in place of what it holds.
    pub fn expected(field: &str, what: impl fmt::Display) -> Self {
        Self::new(ReasonCode::NotAsExpected, format!("expected {what}")).at(field)
    }

    /// The same at a place: the field, or what the field is in.
    #[must_use]
    pub fn at(self, place: impl fmt::Display) -> Self {
        let field = match &self.field {
            Some(field) => format!("{place}.{field}"),
            None => place.to_string(),
        };
        self.of(Some(field))
    }

    /// The same of another field.
    #[must_use]
    pub fn of(self, field: Option<String>) -> Self {
        Self { field, ..self }
    }

    /// The same under another code, where more is known.
    #[must_use]
    pub fn coded(self, code: ReasonCode) -> Self {
        Self { code, ..self }
    }

    /// The same with a value that the sentence names.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.values.insert(name, value.to_string());
        self
    }

    /// The field.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }

    /// The code.
    #[must_use]
    pub fn code(&self) -> ReasonCode {
        self.code
    }
}

/// The field and the sentence.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.field {
            Some(field) => write!(f, "{field}: {}", self.detail),
            None => f.write_str(&self.detail),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_names_its_place_from_the_outside_in() {
        let reason = Reason::new(ReasonCode::NoSuchMount, "there is no \"x\" here")
            .with("mount", "x")
            .at("mount")
            .at("passkeys[1]");
        assert_eq!(
            reason.to_string(),
            "passkeys[1].mount: there is no \"x\" here"
        );
        let written = serde_json::to_value(&reason).unwrap();
        let expected = serde_json::json!({
            "field": "passkeys[1].mount", "code": "no-such-mount", "values": { "mount": "x" },
            "detail": "there is no \"x\" here",
        });
        assert_eq!(written, expected);
        let whole = Reason::new(ReasonCode::OwnAccount, "not you");
        assert_eq!(whole.to_string(), "not you");
        let written = serde_json::to_value(&whole).unwrap();
        assert_eq!(written.as_object().unwrap().len(), 2, "{written}");
    }
}
