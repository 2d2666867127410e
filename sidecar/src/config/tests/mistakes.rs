//! Wrong values, and what is said about them.

use super::{parse, refusal};

/// Section, wrong line, and what is said about it.
const MISTAKES: &[(&str, &str, &str)] = &[
    (
        "",
        "publik_url = 1",
        "publik_url: there is no such key, did you mean public_url?",
    ),
    ("", "listen = 1", "listen: expected a section, [listen]"),
    (
        "listen",
        "pubic = \"\"",
        "listen.pubic: there is no such key, did you mean listen.public?",
    ),
    ("weird", "x = 1", "weird: there is no such key"),
    (
        "listen",
        "public = \"localhost:1\"",
        "listen.public: expected an IP address and a port",
    ),
    (
        "listen",
        "public = 8080",
        "listen.public: invalid type: integer `8080`, expected a string",
    ),
    (
        "listen",
        "internal = \"unix:x\"",
        "listen.internal: expected an absolute path",
    ),
    (
        "listen",
        "internal = \"127.0.0.1:8080\"",
        "listen.internal: expected another address",
    ),
    (
        "listen",
        "internal = \"0.0.0.0:8080\"",
        "listen.internal: expected another address",
    ),
    (
        "listen",
        "gateways = [\"10.0.0.0/33\"]",
        "listen.gateways: expected an address or a network",
    ),
    (
        "storage",
        "backend = \"redis\"",
        "storage.backend: unknown variant `redis`, expected `sled` or `memory`",
    ),
    (
        "token",
        "algorithm = \"HS256\"",
        "token.algorithm: unknown variant `HS256`, expected `ES256` or `EdDSA`",
    ),
    (
        "token",
        "ttl = \"10s\"",
        "token.ttl: expected 30s to 1h, found 10s",
    ),
    (
        "token",
        "ttl = 600",
        "token.ttl: expected a whole number of s, m, h or d, as in \"10m\", found 600",
    ),
    (
        "session",
        "idle = \"1m\"",
        "session.idle: expected at least token.ttl (10m)",
    ),
    (
        "session",
        "idle = \"8d\"",
        "session.idle: expected at most session.max (7d), found 8d",
    ),
    (
        "session",
        "max = \"1h\"",
        "session.max: expected at least session.idle (12h), found 1h",
    ),
    (
        "session",
        "idle = \"3h\"\nmax = \"2h\"",
        "session.idle: expected at most session.max (2h), found 3h",
    ),
    (
        "keys",
        "publish_before = \"90d\"",
        "keys.publish_before: expected less than keys.rotate_every (90d), found 90d",
    ),
    (
        "session",
        "max = \"401d\"",
        "session.max: expected at most 400d",
    ),
    (
        "session",
        "fresh_for = \"1s\"",
        "session.fresh_for: expected at least 30s",
    ),
    (
        "session",
        "domain = \"example.org\"",
        "session.domain: expected a domain",
    ),
    (
        "session",
        "domain = \"com\"",
        "session.domain: expected a domain of at least two labels",
    ),
    (
        "session",
        "domain = \"pp.example.com\"",
        "session.domain: expected a domain",
    ),
    (
        "session",
        "cookie = \"latchkey\"",
        "session.cookie: expected a name that begins with __Host-",
    ),
    (
        "session",
        "cookie = \"__Host-\"",
        "session.cookie: expected a name that begins with __Host-",
    ),
    (
        "session",
        "cookie = \"__Host-a;b\"",
        "session.cookie: expected at most 64 letters",
    ),
    (
        "session",
        "domain = \"example.com\"\ncookie = \"__Host-x\"",
        "session.cookie: expected a name that begins with __Secure-",
    ),
    (
        "session",
        "refresh_cookie = \"__Host-latchkey\"",
        "session.refresh_cookie: expected another name",
    ),
    (
        "keys",
        "encryption_key_file = \"/nowhere/at/all\"",
        "keys.encryption_key_file: /nowhere/at/all cannot be read",
    ),
    (
        "keys",
        "rotate_every = \"1h\"",
        "keys.rotate_every: expected more than keys.publish_before",
    ),
    (
        "webauthn",
        "mount = \"a/b\"",
        "webauthn.mount: expected at most 32 lower-case",
    ),
    (
        "webauthn",
        "rp_id = \"example.org\"",
        "webauthn.rp_id: expected the host of public_url (app.example.com)",
    ),
    (
        "webauthn",
        "rp_id = \"com\"",
        "webauthn.rp_id: expected the host",
    ),
    (
        "webauthn",
        "rp_id = \"x.app.example.com\"",
        "webauthn.rp_id: expected the host",
    ),
    (
        "webauthn",
        "rp_origins = [\"https://app.example.com\", \"http://127.0.0.1:8080\"]",
        "webauthn.rp_origins: expected an origin as browsers write it",
    ),
    (
        "webauthn",
        "rp_origins = [\"https://app.example.com/\"]",
        "webauthn.rp_origins: expected origins as browsers",
    ),
    (
        "webauthn",
        "rp_origins = [\"https://app.example.com:443\"]",
        "webauthn.rp_origins: expected origins as browsers",
    ),
    (
        "webauthn",
        "rp_origins = [\"http://app.example.com\"]",
        "webauthn.rp_origins: expected origins as browsers",
    ),
    (
        "webauthn",
        "rp_origins = [\"https://u@app.example.com\"]",
        "webauthn.rp_origins: expected origins as browsers",
    ),
    (
        "webauthn",
        "rp_origins = [\"https://b.example.com\"]",
        "webauthn.rp_origins: expected the origin of public_url",
    ),
    (
        "webauthn",
        "algorithms = [\"ES512\"]",
        "webauthn.algorithms[0]: unknown variant `ES512`",
    ),
    (
        "webauthn",
        "algorithms = []",
        "webauthn.algorithms: expected at least one",
    ),
    (
        "webauthn",
        "timeout = \"11m\"",
        "webauthn.timeout: expected 30s to 10m, or 0s for the browser's choice, found 11m",
    ),
    (
        "webauthn",
        "timeout = \"1s\"",
        "webauthn.timeout: expected 30s to 10m",
    ),
    (
        "webauthn",
        "algorithms = [\"ES256\", \"ES256\"]",
        "webauthn.algorithms: expected at least one of ES256, ES384, RS256, each once",
    ),
    (
        "webauthn",
        "attestation = \"direct\"",
        "webauthn.attestation: expected attestation.anchors or attestation.metadata in the configuration file beside",
    ),
    (
        "webauthn",
        "attestation = \"indirect\"",
        "webauthn.attestation: expected attestation.anchors",
    ),
    (
        "webauthn",
        "attestation = \"full\"",
        "webauthn.attestation: unknown variant `full`",
    ),
    (
        "webauthn",
        "registration_user_verification = \"no\"",
        "webauthn.registration_user_verification: unknown variant `no`",
    ),
    (
        "webauthn",
        "acceptable_aaguids = [\"yubikey\"]",
        "webauthn.acceptable_aaguids[0]: ",
    ),
    (
        "webauthn",
        "acceptable_aaguids = [\"00000000-0000-0000-0000-000000000000\"]",
        "webauthn.acceptable_aaguids: expected models; all zeros name none",
    ),
    (
        "webauthn",
        "acceptable_aaguids = [\"ee882879-721c-4913-9775-3dfcce97072a\"]\n\
         forbidden_aaguids = [\"ee882879-721c-4913-9775-3dfcce97072a\"]",
        "webauthn.forbidden_aaguids: expected none of webauthn.acceptable_aaguids, found ee88",
    ),
    (
        "webauthn",
        "hints = [\"phone\"]",
        "webauthn.hints[0]: unknown variant `phone`",
    ),
    (
        "webauthn",
        "hints = [\"hybrid\", \"hybrid\"]",
        "webauthn.hints: expected each hint once",
    ),
    (
        "webauthn",
        "avoid_same_authenticator = \"no\"",
        "webauthn.avoid_same_authenticator: invalid type",
    ),
    (
        "webauthn.two_factor",
        "hints = [\"phone\"]",
        "webauthn.two_factor.hints[0]: unknown variant `phone`",
    ),
    (
        "webauthn.two_factor",
        "enabled = true\nattestation = \"direct\"",
        "webauthn.two_factor.attestation: expected attestation.anchors",
    ),
    (
        "webauthn.two_factor",
        "rp_id = \"example.com\"",
        "webauthn.two_factor.rp_id: there is no such key",
    ),
    (
        "webauthn",
        "two_factor = true",
        "webauthn.two_factor: expected a section, [webauthn.two_factor]",
    ),
    (
        "mounts",
        "staff = 1",
        "mounts.staff: expected a section, [mounts.staff]",
    ),
    (
        "mounts.staff",
        "mount = \"x\"",
        "mounts.staff.mount: there is no such key",
    ),
    (
        "mounts.staff",
        "timeot = \"1m\"",
        "mounts.staff.timeot: there is no such key, did you mean mounts.staff.timeout?",
    ),
    (
        "mounts.staff",
        "timeout = \"1s\"",
        "mounts.staff.timeout: expected 30s to 10m",
    ),
    (
        "mounts.staff.two_factor",
        "timeout = \"1s\"",
        "mounts.staff.two_factor.timeout: expected 30s to 10m",
    ),
    (
        "mounts.Staff",
        "",
        "mounts.Staff: expected at most 32 lower-case",
    ),
    (
        "mounts.webauthn",
        "",
        "mounts.webauthn: expected another name than webauthn.mount",
    ),
    (
        "mounts.staff",
        "rp_id = \"example.org\"",
        "mounts.staff.rp_id: expected the host of one of its rp_origins",
    ),
    (
        "mounts.staff",
        "rp_id = \"com\"",
        "mounts.staff.rp_id: expected the host of one of its rp_origins",
    ),
    (
        "attestation",
        "metadata = \"/blob\"",
        "attestation.metadata_root: expected a file with the root certificate",
    ),
    (
        "attestation",
        "metadata_root = \"/root\"",
        "attestation.metadata: expected the file",
    ),
    (
        "attestation",
        "metadata_signer = \"https://mds\"",
        "attestation.metadata_signer: expected a host name",
    ),
    (
        "attestation",
        "anchors = 1",
        "attestation.anchors: invalid type",
    ),
    (
        "webauthn",
        "max_credentials = 0",
        "webauthn.max_credentials: expected 1 to 100",
    ),
    (
        "webauthn",
        "attachment = \"usb\"",
        "webauthn.attachment: unknown variant `usb`",
    ),
    (
        "webauthn",
        "user_verification = true",
        "webauthn.user_verification: ",
    ),
    (
        "webauthn",
        "rp_display_name = \" \"",
        "webauthn.rp_display_name: expected a name",
    ),
    (
        "log",
        "level = \"loud=very\"",
        "log.level: expected error, warn",
    ),
    ("log", "level = \"\"", "log.level: expected error, warn"),
    (
        "log",
        "level = \"warning\"",
        "log.level: expected error, warn",
    ),
    (
        "log",
        "level = \"info,loud\"",
        "log.level: expected error, warn",
    ),
    (
        "admin",
        "hosts = [\"https://admin.example.com\"]",
        "admin.hosts: expected hosts as browsers send them",
    ),
    (
        "admin",
        "hosts = [\"admin.example.com:\"]",
        "admin.hosts: expected hosts as browsers send them",
    ),
    ("token", "groups = [\"\"]", "token.groups: expected names"),
    (
        "storage",
        "path = \"\"",
        "storage.path: expected a directory",
    ),
];

#[test]
fn a_mistake_in_the_file_is_named_with_what_was_expected() {
    for (section, lines, says) in MISTAKES {
        let message = refusal(section, lines);
        assert!(
            message.starts_with(says),
            "{lines}\n  said:     {message}\n  expected: {says}"
        );
    }
    for (text, says) in [
        ("", "public_url: this key is required"),
        (
            "public_url = \"https://a.b/x\"",
            "token.audiences: this key is required",
        ),
        (
            "public_url = 1\n[token]\naudiences = [\"app\"]",
            "public_url: invalid type",
        ),
        (
            "public_url = \"https://a.b/x\"\n[token]\naudiences = []",
            "token.audiences: expected at least one",
        ),
        (
            "public_url = \"https://a.b/x\"\n[token]\naudiences = [\"\"]",
            "token.audiences: expected at least one",
        ),
        (
            "public_url = \"https://a.b/x\"\n[token]\naudiences = [\"app\", \"https://a.b/x\"]",
            "token.audiences: expected names of applications, not public_url",
        ),
        ("public_url =", "not TOML"),
        ("[token]\n[token]", "not TOML"),
    ] {
        let message = parse(text).unwrap_err().to_string();
        assert!(message.starts_with(says), "{message}");
    }
}

#[test]
fn no_key_is_taken_for_itself() {
    let said = refusal("mounts.staff", "mount = \"x\"");
    assert!(!said.contains("did you mean mounts.staff.mount"), "{said}");
}
