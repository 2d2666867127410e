//! What a session token says.

use crate::{TokenError, members::Members};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::{Map, Value};

/// The claims of a session token ([RFC 7519 4](https://www.rfc-editor.org/rfc/rfc7519#section-4),
/// [OpenID Connect 5.1](https://openid.net/specs/openid-connect-core-1_0.html#StandardClaims)).
/// Times are whole Unix seconds, up to the year 9999.
///
/// Any text here can end in a header of a request. So none is empty, none has control characters,
/// line or paragraph separators or characters that change the direction of writing, and none
/// begins or ends with white space, which header parsers drop. A group has no comma, because
/// groups are joined by commas.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Claims {
    /// The issuer.
    pub iss: String,
    /// Whom the token is for. On the wire a string or an array of strings.
    #[serde(serialize_with = "one_or_many")]
    pub aud: Vec<String>,
    /// The user id (a UUID), never the user name.
    pub sub: String,
    /// When the token was minted.
    pub iat: u64,
    /// When it ends.
    pub exp: u64,
    /// When it begins, where it says so. Ours do not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nbf: Option<u64>,
    /// The id of this token.
    pub jti: String,
    /// The session that it belongs to: what logout and revocation name.
    pub sid: String,
    /// When the user last proved presence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<u64>,
    /// How strong that proof was: `phr` or `phrh` for passkeys
    /// ([OpenID EAP](https://openid.net/specs/openid-connect-eap-acr-values-1_0.html)).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// By which means ([RFC 8176](https://www.rfc-editor.org/rfc/rfc8176)).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
    /// The user name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_username: Option<String>,
    /// The name to show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The email address; only when verified or set by an administrator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether the address was verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
    /// The groups that the user is in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// The token policies given to the user.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<String>,
    /// The authenticator behind the login.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authn: Option<Authn>,
    /// What the session is bound to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation>,
    /// Which refresh secret the session had when the token was minted: see
    /// [`cookie::refresh_hash`](crate::cookie::refresh_hash).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rt_hash: Option<String>,
}

/// The authenticator behind a login.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are independent facts, and so on the wire"
)]
pub struct Authn {
    /// Its model, as a UUID; all zeros when unknown.
    pub aaguid: String,
    /// Whether the model is proved by an attestation.
    pub attested: bool,
    /// Whether the user was verified (PIN, biometrics), not only present.
    pub uv: bool,
    /// Whether the credential may be synchronised between devices.
    pub be: bool,
    /// Whether it is.
    pub bs: bool,
    /// `platform` or `cross-platform`, where known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attachment: Option<String>,
}

/// What the bearer must prove possession of
/// ([RFC 8705 3.1](https://www.rfc-editor.org/rfc/rfc8705#section-3.1)).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Confirmation {
    /// SHA-256 of the client certificate, in base64url.
    #[serde(rename = "x5t#S256")]
    pub certificate_thumbprint: String,
}

impl Claims {
    pub(crate) fn from_members(claims: Map<String, Value>) -> Result<Self, TokenError> {
        let mut claims = Members::new(claims);
        Ok(Self {
            iss: claims.text("iss")?,
            aud: claims.text_or_texts("aud")?,
            sub: claims.text("sub")?,
            iat: claims.time("iat")?,
            exp: claims.time("exp")?,
            nbf: claims.optional_time("nbf")?,
            jti: claims.text("jti")?,
            sid: claims.text("sid")?,
            auth_time: claims.optional_time("auth_time")?,
            acr: claims.optional_text("acr")?,
            amr: claims.texts("amr")?,
            preferred_username: claims.optional_text("preferred_username")?,
            name: claims.optional_text("name")?,
            email: claims.optional_text("email")?,
            email_verified: claims.optional_flag("email_verified")?,
            groups: without_comma("groups", claims.texts("groups")?)?,
            policies: claims.texts("policies")?,
            authn: claims
                .optional_object("authn")?
                .map(Authn::from_members)
                .transpose()?,
            cnf: claims
                .optional_object("cnf")?
                .map(Confirmation::from_members)
                .transpose()?,
            rt_hash: claims.optional_text("rt_hash")?,
        })
    }
}

impl Authn {
    fn from_members(mut authn: Members) -> Result<Self, TokenError> {
        Ok(Self {
            aaguid: authn.text("aaguid")?,
            attested: authn.flag("attested")?,
            uv: authn.flag("uv")?,
            be: authn.flag("be")?,
            bs: authn.flag("bs")?,
            attachment: authn.optional_text("attachment")?,
        })
    }
}

impl Confirmation {
    /// A confirmation that we cannot check must not be taken for none.
    fn from_members(mut cnf: Members) -> Result<Self, TokenError> {
        let certificate_thumbprint = cnf.text("x5t#S256")?;
        if cnf.is_empty() {
            Ok(Self {
                certificate_thumbprint,
            })
        } else {
            Err(TokenError::ClaimWrongType { claim: "cnf" })
        }
    }
}

impl<'de> Deserialize<'de> for Claims {
    /// By the same rules as from a token, except that only a token refuses a name given twice.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_members(Map::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

fn without_comma(claim: &'static str, texts: Vec<String>) -> Result<Vec<String>, TokenError> {
    if texts.iter().any(|text| text.contains(',')) {
        Err(TokenError::ClaimForbiddenCharacter { claim })
    } else {
        Ok(texts)
    }
}

fn one_or_many<S: Serializer>(texts: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    match texts {
        [one] => serializer.serialize_str(one),
        many => serializer.collect_seq(many),
    }
}
