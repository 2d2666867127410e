//! A passkey that is registered with an enrolment code: for a user whom an administrator made, for
//! one who has lost every passkey, and for the first administrator.
//!
//! The code comes in the body of a POST, out of a fragment that only a script can read: whatever
//! merely opens the link, such as a mail program's preview, neither sees nor spends it.

use super::register_begin::most_when_needed;
use crate::app::{App, MountPoint};
use crate::issuer::{EnrolmentCode, Presence, begin};
use crate::model::{Actor, AuditRecord, Credential, Enrolment, EnrolmentPurpose, User, UserLimits};
use crate::routes::audit::Audit;
use crate::routes::layers::Client;
use crate::routes::signed_in::{HandOutError, SignedIn};
use crate::storage::{Enrolling, Redeemed, Redemption, RegistrationCeremony, StorageError};

/// Why a code is of no use. Strangers get one answer for all of them.
#[derive(Debug, thiserror::Error)]
pub(super) enum CodeError {
    #[error("it does not have the form of a code")]
    Form,
    #[error("it is unknown, used, replaced, revoked or expired")]
    Worthless,
    #[error("it was made for another mount")]
    OtherMount,
    #[error("its user is gone or disabled")]
    NoUser,
    #[error("a bootstrap code needs a user name, and no other code takes one")]
    UserName,
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl CodeError {
    pub(super) fn reason(&self) -> &'static str {
        match self {
            Self::Form => "code_form",
            Self::Worthless => "code_worthless",
            Self::OtherMount => "code_other_mount",
            Self::NoUser => "code_no_user",
            Self::UserName => "code_user_name",
            Self::Storage(_) => "store_unavailable",
        }
    }
}

/// Whom a code is for.
pub(super) enum CodeOf {
    /// An existing user.
    User(Box<User>, Vec<Credential>),
    /// Whoever makes the first administrator's account.
    Nobody,
}

/// Looks a code up that was brought to this mount; nothing is spent yet.
pub(super) async fn code_of(
    app: &App,
    mount: &str,
    text: &str,
) -> Result<(Enrolling, CodeOf), CodeError> {
    let code = EnrolmentCode::parse(text).ok_or(CodeError::Form)?;
    let enrolment = app.store.enrolment(code.user()).await?;
    if enrolment.as_ref().is_some_and(|it| it.mount != mount) {
        return Err(CodeError::OtherMount);
    }
    let enrolment = enrolment.filter(|it| code.opens(it, mount, app.now()));
    let enrolment = enrolment.ok_or(CodeError::Worthless)?;
    let enrolling = Enrolling {
        code_of: enrolment.user,
        secret: enrolment.secret,
        purpose: enrolment.purpose,
    };
    // Both or neither: no other code makes an administrator.
    match (enrolment.user, enrolment.purpose) {
        (Enrolment::NOBODY, EnrolmentPurpose::Bootstrap) => {
            let groups = &app.settings.admin.groups;
            if app.store.has_administrator(groups).await? {
                return Err(CodeError::Worthless);
            }
            return Ok((enrolling, CodeOf::Nobody));
        }
        (Enrolment::NOBODY, _) | (_, EnrolmentPurpose::Bootstrap) => {
            return Err(CodeError::Worthless);
        }
        (_, EnrolmentPurpose::Enrol | EnrolmentPurpose::Recover) => {}
    }
    let user = app.store.user(enrolment.user).await?;
    let user = user
        .filter(|user| !user.disabled)
        .ok_or(CodeError::NoUser)?;
    let passkeys = app.store.credentials_of(user.id).await?;
    Ok((enrolling, CodeOf::User(Box::new(user), passkeys)))
}

/// Why nothing was registered.
#[derive(Debug, thiserror::Error)]
pub(super) enum RedeemError {
    #[error("the code was spent, replaced or revoked meanwhile, or its user is gone")]
    Spent,
    #[error("the credential id is known already")]
    CredentialTaken,
    #[error("the account has as many passkeys as it can have")]
    TooMany,
    #[error("the user name was taken meanwhile")]
    NameTaken,
    #[error(transparent)]
    HandOut(#[from] HandOutError),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Spends the code for the passkey and a session, in one step with the record of it.
pub(super) async fn redeem(
    app: &App,
    mount: &MountPoint,
    client: &Client,
    (ceremony, enrolling): (&RegistrationCeremony, &Enrolling),
    (credential, presence): (&Credential, Presence),
    audit: &mut Audit<'_>,
) -> Result<SignedIn, RedeemError> {
    let new_user = (enrolling.code_of == Enrolment::NOBODY).then(|| administrator(app, ceremony));
    let user = if let Some(user) = &new_user {
        user.clone()
    } else {
        let user = app.store.user(ceremony.user).await?;
        let user = user.ok_or(RedeemError::Spent)?;
        User {
            must_register: false,
            ..user
        }
    };
    let now = app.stamp(user.id).await?;
    let limits = app.session_limits.within(user.limits);
    let (session, secret) = begin(presence, limits, &*app.entropy, now);
    audit.session(session.id);
    let signed_in = SignedIn::new(app, &user, &session, Some(&secret), now)?;
    let (id, name) = (user.id, user.name.clone());
    let record = AuditRecord {
        credential: Some(credential.id.clone()),
        session: Some(session.id),
        address: Some(client.address.to_string()),
        request_id: Some(client.request_id.clone()),
        ..AuditRecord::new(now, Actor::User { id, name }, action(enrolling.purpose))
    };
    let redemption = Redemption {
        code_of: enrolling.code_of,
        secret: enrolling.secret,
        new_user,
        credential: credential.clone(),
        session,
        most: most_when_needed(mount),
        minted: app.revocations.minted(user.id, app.now()),
        at: app.now(),
    };
    let record = record.to(user.id, &user.name);
    match app.redeem(redemption, record).await? {
        Redeemed::Redeemed { .. } => {}
        Redeemed::Spent => return Err(RedeemError::Spent),
        Redeemed::CredentialTaken => return Err(RedeemError::CredentialTaken),
        Redeemed::TooMany => return Err(RedeemError::TooMany),
        Redeemed::NameTaken => return Err(RedeemError::NameTaken),
    }
    if enrolling.purpose == EnrolmentPurpose::Bootstrap {
        app.forget_bootstrap();
    }
    Ok(signed_in)
}

fn action(purpose: EnrolmentPurpose) -> &'static str {
    match purpose {
        EnrolmentPurpose::Enrol => "enrolled",
        EnrolmentPurpose::Recover => "recovered",
        EnrolmentPurpose::Bootstrap => "bootstrapped",
    }
}

fn administrator(app: &App, ceremony: &RegistrationCeremony) -> User {
    User {
        id: ceremony.user,
        name: ceremony.user_name.clone(),
        display_name: ceremony.display_name.clone(),
        email: None,
        groups: app
            .settings
            .admin
            .groups
            .first()
            .cloned()
            .into_iter()
            .collect(),
        policies: Vec::new(),
        disabled: false,
        created_at: app.now(),
        limits: UserLimits::default(),
        must_register: false,
        passkey_alert: false,
        handle: None,
    }
}
