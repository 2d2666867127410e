//! Which claims the application is told, and how.

use serde_json::{Map, Value};
use thiserror::Error;

use crate::{
    ConfigError,
    json::{Member, Members},
    names::HeaderName,
};

/// Which claim goes to the application under which header.
#[derive(Debug, Clone)]
pub struct IdentityHeaders(Vec<IdentityHeader>);

/// One claim, one header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityHeader {
    /// What is told.
    pub claim: Claim,
    /// Under which name.
    pub header: HeaderName,
    /// In which form.
    pub format: ClaimFormat,
}

/// How a claim is written into a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClaimFormat {
    /// As it is: text, a number, `true` or `false`; lists with commas between the entries.
    #[default]
    Plain,
    /// As JSON.
    Json,
}

/// Neither of the two forms.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("expected \"plain\" or \"json\"")]
pub struct BadFormat;

macro_rules! claims {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)+) => {
        /// A claim that can be told.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Claim {
            $($(#[$doc])* $name,)+
        }

        impl Claim {
            const ALL: &[Self] = &[$(Self::$name,)+];
            const NAMES: &[&str] = &[$($text,)+];

            /// Its name in the configuration; after a dot stands the member of an object.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }
        }
    };
}

claims! {
    /// The user id.
    Sub = "sub",
    /// The e-mail address, unless the token says that it is not verified.
    Email = "email",
    /// The user name.
    PreferredUsername = "preferred_username",
    /// The display name.
    Name = "name",
    /// The groups.
    Groups = "groups",
    /// The policies.
    Policies = "policies",
    /// How strong the login was.
    Acr = "acr",
    /// By which means.
    Amr = "amr",
    /// When, in Unix seconds.
    AuthTime = "auth_time",
    /// The session id.
    Sid = "sid",
    /// The id of the token.
    Jti = "jti",
    /// When the token was minted.
    Iat = "iat",
    /// When it ends.
    Exp = "exp",
    /// The issuer.
    Iss = "iss",
    /// The audiences.
    Aud = "aud",
    /// Whether the address is verified.
    EmailVerified = "email_verified",
    /// The model of the authenticator.
    Aaguid = "authn.aaguid",
    /// Whether the model is proved.
    Attested = "authn.attested",
    /// Whether the user was verified.
    UserVerified = "authn.uv",
    /// Whether the credential may be synchronised.
    BackupEligible = "authn.be",
    /// Whether it is.
    BackupState = "authn.bs",
    /// `platform` or `cross-platform`.
    Attachment = "authn.attachment",
    /// The client certificate that the session is bound to.
    CertificateThumbprint = "cnf.x5t#S256",
}

impl IdentityHeaders {
    pub(crate) fn read(member: Option<Member>) -> Result<Self, ConfigError> {
        let member = member.unwrap_or_else(|| Member {
            path: "identity_headers".to_owned(),
            value: Value::Object(Map::new()),
        });
        let mut members = Members::new(member, Claim::NAMES)?;
        let mut headers = Vec::new();
        for claim in Claim::ALL.iter().copied() {
            let header = match members.take(claim.name()) {
                Some(member) => IdentityHeader::read(claim, member)?,
                None => default_header(claim).map(|header| IdentityHeader {
                    claim,
                    header,
                    format: ClaimFormat::Plain,
                }),
            };
            headers.extend(header);
        }
        Ok(Self(headers))
    }

    /// The headers that are switched on.
    pub fn iter(&self) -> impl Iterator<Item = &IdentityHeader> {
        self.0.iter()
    }
}

impl IdentityHeader {
    /// A header's name, an object with name and form, or `null` for none.
    fn read(claim: Claim, member: Member) -> Result<Option<Self>, ConfigError> {
        if !member.value.is_object() {
            return Ok(member.text_or_none()?.map(|header| Self {
                claim,
                header,
                format: ClaimFormat::Plain,
            }));
        }
        let mut members = Members::new(member, &["header", "format"])?;
        Ok(Some(Self {
            claim,
            header: members.required("header")?.text()?,
            format: members
                .take("format")
                .map_or(Ok(ClaimFormat::Plain), Member::text)?,
        }))
    }
}

impl TryFrom<String> for ClaimFormat {
    type Error = BadFormat;

    fn try_from(text: String) -> Result<Self, BadFormat> {
        match text.as_str() {
            "plain" => Ok(Self::Plain),
            "json" => Ok(Self::Json),
            _ => Err(BadFormat),
        }
    }
}

fn default_header(claim: Claim) -> Option<HeaderName> {
    match claim {
        Claim::Sub => Some(HeaderName::user()),
        Claim::Email => Some(HeaderName::email()),
        Claim::PreferredUsername => Some(HeaderName::preferred_username()),
        Claim::Groups => Some(HeaderName::groups()),
        _ => None,
    }
}
