//! What is allowed, and perhaps not meant.

use super::*;

/// What is said of a configuration with a key-encryption key.
fn notices(section: &str, lines: &str) -> Vec<String> {
    let key = "00".repeat(32);
    let environment = environment(&[("LATCHKEY_KEY_ENCRYPTION_KEY", &key)]);
    let config = Config::parse(&with(section, lines), &environment).unwrap();
    config.notices()
}

#[test]
fn the_least_configuration_has_one_note_the_key_beside_the_store() {
    let said = parse(LEAST).unwrap().notices();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].starts_with("neither keys.encryption_key_file nor LATCHKEY_KEY_ENCRYPTION_KEY")
            && said[0].contains("in /var/lib/latchkey:"),
        "{said:?}"
    );
    assert_eq!(notices("", ""), Vec::<String>::new());
    // What is in a file that cannot be read here is not beside the store.
    let elsewhere = with("keys", "encryption_key_file = \"/nowhere/key\"");
    let said = Config::parse_elsewhere(&elsewhere, &Vec::new())
        .unwrap()
        .notices();
    assert_eq!(
        said,
        [
            "keys.encryption_key_file: /nowhere/key is not on this machine, so what it holds was not checked"
        ]
    );
}

#[test]
fn a_file_that_may_not_be_read_is_not_called_absent() {
    let after = |kind| OutOfReach::after(Path::new("/etc/latchkey/key"), kind);
    let said = after(ErrorKind::PermissionDenied).unwrap().to_string();
    assert_eq!(said, "/etc/latchkey/key may not be read by whoever asks");
    let said = after(ErrorKind::NotFound).unwrap().to_string();
    assert_eq!(said, "/etc/latchkey/key is not on this machine");
    assert_eq!(
        after(ErrorKind::IsADirectory),
        None,
        "wrong wherever it is checked"
    );
}

#[test]
fn believing_every_address_is_noted() {
    for everybody in ["0.0.0.0/0", "::/0"] {
        let said = notices(
            "listen",
            &format!("gateways = [\"127.0.0.1\", \"{everybody}\"]"),
        );
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(
            said[0].starts_with(&format!("listen.gateways has {everybody}")),
            "{said:?}"
        );
    }
    assert_eq!(
        notices("listen", "gateways = [\"10.0.0.0/8\"]"),
        Vec::<String>::new()
    );
}

#[test]
fn administration_that_nobody_can_begin_is_noted() {
    let said =
        |lines: &str| notices("storage", &format!("{lines}\n[admin]\nenabled = true")).concat();
    assert!(said("backend = \"memory\"").contains("admin.enabled is on, but nobody"));
    let socket = "backend = \"memory\"\n[listen]\ncontrol = \"unix:/run/latchkey/control.sock\"";
    assert!(!said(socket).contains("admin.enabled"));
    assert_eq!(said("backend = \"sled\""), "");
}

#[test]
fn binding_to_certificates_that_nobody_is_believed_about_is_noted() {
    let said = |when: &str, gateways: &str| {
        let lines = format!("bind_certificate = \"{when}\"\n[listen]\ngateways = {gateways}");
        notices("session", &lines).concat()
    };
    assert!(said("required", "[]").ends_with("so nobody can sign in"));
    assert!(said("when_present", "[]").ends_with("so no session is bound to one"));
    assert_eq!(said("required", "[\"127.0.0.1\"]"), "");
    assert_eq!(said("never", "[]"), "");
}
