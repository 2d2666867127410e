//! Short texts that strangers send to the sidecar: where to go after the login, what a page needs, user
//! names, codes, secrets and ids.
#![no_main]

use latchkey::issuer::{EnrolmentCode, RefreshSecret, recovery_code_hash};
use latchkey::model::{CredentialId, Need, ReturnPath, UserId, UserName};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    drop(RefreshSecret::parse(input));
    let Ok(text) = std::str::from_utf8(input) else { return };
    drop(EnrolmentCode::parse(text));
    let _ = recovery_code_hash(UserId(uuid::Uuid::nil()), text);

    // A browser resolves it against our own origin, and must stay there.
    let path = ReturnPath::from_stranger(text, "/_latchkey");
    let here = url::Url::parse("https://app.example.com/_latchkey/login").unwrap();
    let target = here.join(path.as_str()).unwrap();
    assert_eq!(target.origin(), here.origin(), "{path:?}");
    assert!(!path.as_str().chars().any(char::is_control));

    let mut need = Need::default();
    need.limit_age(text);
    need.ask_class(text);
    need.ask(text);
    assert!(need.traits().len() <= 16);

    if let Ok(name) = UserName::parse(text) {
        // Folding what is folded changes nothing: no two accounts fold to one name.
        assert_eq!(UserName::parse(name.as_str()).as_ref(), Ok(&name));
        assert!(!name.as_str().chars().any(char::is_control));
    }
    if let Ok(id) = CredentialId::parse(text) {
        assert_eq!(CredentialId::parse(&id.to_string()), Ok(id));
    }
});
