//! What the ways in for people need beyond one step of the store.

use super::App;
use crate::issuer::{EnrolmentCode, Presence, begin};
use crate::model::{
    Actor, AuditRecord, AuthenticatorClass, CredentialId, Enrolment, EnrolmentPurpose, Seconds,
    UnixTime, User,
};
use crate::storage::StorageError;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use zeroize::Zeroizing;

/// SHA-256 in base64url.
const CERTIFICATE_CHARS: usize = 43;

/// How long the code for the first administrator is good.
const BOOTSTRAP_LIFE: Seconds = Seconds(3_600);

/// The file beside the store that holds it.
pub const BOOTSTRAP_FILE: &str = "bootstrap-code";

/// Whether a first administrator is wanted.
#[expect(
    clippy::large_enum_variant,
    reason = "made once, for one order of an operator"
)]
pub enum Bootstrap {
    /// There is one.
    Needless,
    /// This lets one in.
    Code {
        /// The code.
        code: BootstrapCode,
        /// That it was made, where it was made now.
        record: Option<AuditRecord>,
    },
}

/// The code for the first administrator: a secret.
pub struct BootstrapCode {
    /// As it is typed.
    pub text: Zeroizing<String>,
    /// As a link.
    pub link: Zeroizing<String>,
    /// Until when.
    pub expires_at: UnixTime,
}

impl App {
    /// Whether a browser can keep the tokens of this user.
    #[must_use]
    pub fn fits_a_cookie(&self, user: &User) -> bool {
        // Any will do: the session's record names it, its token does not.
        let Ok(credential) = CredentialId::from_bytes(&[0]) else {
            return true;
        };
        let presence = Presence {
            user: user.id,
            credential,
            authn: AuthenticatorClass {
                aaguid: uuid::Uuid::max(),
                attested: true,
                uv: true,
                be: true,
                bs: true,
                attachment: Some("cross-platform".to_owned()),
            },
            address: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            user_agent: String::new(),
            certificate: Some("A".repeat(CERTIFICATE_CHARS)),
        };
        let (session, _) = begin(presence, self.session_limits, &*self.entropy, self.now());
        let minted = self.issuer.mint(user, &session, &*self.entropy, self.now());
        minted.is_ok_and(|token| {
            self.cookies
                .token(&token.token, &session, self.now())
                .is_ok()
        })
    }

    /// The code for the first administrator: the one that is there, or a new one, which is kept in
    /// a file for the owner alone.
    ///
    /// # Errors
    /// When store or file cannot be written.
    pub async fn bootstrap(&self, actor: Actor) -> Result<Bootstrap, StorageError> {
        let now = self.now();
        let groups = &self.settings.admin.groups;
        let file = self.settings.bootstrap_file.as_deref();
        let mount = self.default_mount.ceremonies.name();
        if self.store.has_administrator(groups).await? {
            self.forget_bootstrap();
            return Ok(Bootstrap::Needless);
        }
        let stored = self.store.enrolment(Enrolment::NOBODY).await?;
        let kept = file.and_then(|file| fs::read_to_string(file).ok());
        let kept = kept.and_then(|text| EnrolmentCode::parse(&text));
        if let (Some(code), Some(enrolment)) = (kept, stored)
            && code.opens(&enrolment, mount, now)
        {
            let code = self.bootstrap_code(&code, &enrolment);
            return Ok(Bootstrap::Code { code, record: None });
        }
        let (code, enrolment) = EnrolmentCode::draw(
            (Enrolment::NOBODY, mount),
            EnrolmentPurpose::Bootstrap,
            actor.shown(),
            BOOTSTRAP_LIFE,
            &*self.entropy,
            now,
        );
        let record = AuditRecord::new(now, actor, "bootstrap_code");
        self.store.put_enrolment(&enrolment, &record).await?;
        if let Some(file) = file {
            write_private(file, &code.text()).map_err(StorageError::Write)?;
        }
        Ok(Bootstrap::Code {
            code: self.bootstrap_code(&code, &enrolment),
            record: Some(record),
        })
    }

    fn bootstrap_code(&self, code: &EnrolmentCode, enrolment: &Enrolment) -> BootstrapCode {
        let text = code.text();
        let link = format!("{}/enroll#{}", self.settings.public_url, *text);
        BootstrapCode {
            text,
            link: Zeroizing::new(link),
            expires_at: enrolment.expires_at,
        }
    }

    /// Removes the file, once its code is of no use any more.
    pub fn forget_bootstrap(&self) {
        if let Some(file) = &self.settings.bootstrap_file {
            let _ = fs::remove_file(file);
        }
    }

    /// Makes the code at start where one is wanted. Where it lies is logged, never what it is.
    pub async fn bootstrap_at_start(&self) {
        let Some(file) = &self.settings.bootstrap_file else {
            return;
        };
        if !self.settings.admin.enabled {
            return;
        }
        match self.bootstrap(Actor::Program).await {
            Ok(Bootstrap::Needless) => {}
            Ok(Bootstrap::Code { .. }) => tracing::warn!(
                file = %file.display(),
                "there is no administrator yet: `latchkey admin bootstrap` shows the link for the \
                 first one, good for an hour"
            ),
            Err(error) => tracing::error!(%error, "no code for the first administrator was made"),
        }
    }
}

/// A new file: one that somebody laid there before would be readable by them.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .mode(0o600)
        .create_new(true)
        .write(true)
        .open(path)?;
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")
}
