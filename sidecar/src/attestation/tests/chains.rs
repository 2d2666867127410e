//! Paths to trust anchors.

use super::super::{AnchorError, Anchors, Untrusted};
use super::NOW;
use super::certificates::{Authority, CertifiedKey, at, attestation};
use crate::model::UnixTime;
use rcgen::{BasicConstraints, IsCa};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

fn anchors(roots: &[&Authority]) -> Anchors {
    let mut anchors = Anchors::default();
    for root in roots {
        anchors.add(&root.der).expect("a root");
    }
    anchors
}

/// A root, an authority below it, and an attestation certificate below that.
fn chain() -> (Authority, Vec<Vec<u8>>) {
    let root = Authority::root("Root", 1);
    let below = root.intermediate("Below", 2);
    let leaf = below.issue(&CertifiedKey::new(3), &attestation(None));
    (root, vec![leaf, below.der])
}

#[test]
fn a_chain_leads_to_its_root_with_or_without_the_root_in_it() {
    let (root, mut chain) = chain();
    let anchors = anchors(&[&Authority::root("Another", 9), &root]);
    assert_eq!(anchors.verify(&chain, NOW), Ok(()));
    chain.push(root.der);
    assert_eq!(anchors.verify(&chain, NOW), Ok(()));
}

#[test]
fn an_end_entity_certificate_can_be_the_anchor_while_it_is_valid() {
    let (_, chain) = chain();
    let mut anchors = Anchors::default();
    anchors.add(&chain[0]).expect("a certificate");
    assert_eq!(anchors.verify(&chain[..1], NOW), Ok(()));
    let later = UnixTime(NOW.0 + 86_401);
    assert!(matches!(
        anchors.verify(&chain[..1], later),
        Err(Untrusted::Expired { .. })
    ));
    let earlier = UnixTime(NOW.0 - 86_401);
    assert!(matches!(
        anchors.verify(&chain[..1], earlier),
        Err(Untrusted::NotYetValid { .. })
    ));
}

#[test]
fn what_leads_nowhere_is_refused_for_its_reason() {
    let (root, good) = chain();
    let trusted = anchors(&[&root]);
    // Same names, other keys.
    let false_root = Authority::root("Root", 8);
    let false_leaf = false_root.issue(&CertifiedKey::new(3), &attestation(None));
    assert_eq!(
        trusted.verify(&[false_leaf], NOW),
        Err(Untrusted::Signature)
    );
    let stranger = Authority::root("Stranger", 8);
    let leaf = stranger.issue(&CertifiedKey::new(3), &attestation(None));
    assert_eq!(
        trusted.verify(&[leaf.clone(), stranger.der.clone()], NOW),
        Err(Untrusted::UnknownIssuer)
    );
    assert_eq!(
        Anchors::default().verify(&good, NOW),
        Err(Untrusted::UnknownIssuer)
    );
    // The link is missing.
    assert_eq!(
        trusted.verify(&good[..1], NOW),
        Err(Untrusted::UnknownIssuer)
    );
    assert_eq!(trusted.verify(&[], NOW), Err(Untrusted::Empty));
    let many = vec![good[0].clone(); 9];
    assert_eq!(
        trusted.verify(&many, NOW),
        Err(Untrusted::TooLong { certificates: 9 })
    );
    assert_eq!(
        trusted.verify(&[b"no certificate".to_vec()], NOW),
        Err(Untrusted::Form)
    );
}

#[test]
fn certificates_have_their_time() {
    let root = Authority::root("Root", 1);
    let trusted = anchors(&[&root]);
    let key = CertifiedKey::new(3);
    let mut expired = attestation(None);
    expired.not_after = at(-1);
    assert_eq!(
        trusted.verify(&[root.issue(&key, &expired)], NOW),
        Err(Untrusted::Expired {
            not_after: UnixTime(NOW.0 - 1)
        })
    );
    let mut early = attestation(None);
    early.not_before = at(1);
    assert_eq!(
        trusted.verify(&[root.issue(&key, &early)], NOW),
        Err(Untrusted::NotYetValid {
            not_before: UnixTime(NOW.0 + 1)
        })
    );
}

#[test]
fn certificates_keep_their_place() {
    let root = Authority::root("Root", 1);
    let trusted = anchors(&[&root]);
    let mut authority = attestation(None);
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let leaf = root.issue(&CertifiedKey::new(3), &authority);
    assert_eq!(trusted.verify(&[leaf], NOW), Err(Untrusted::Constraint));
    // An authenticator's own certificate cannot issue another: its key would certify anything.
    let (root, chain) = chain();
    let attested = CertifiedKey::new(3);
    let issuer = rcgen::Issuer::new(attestation(None), attested);
    let forged = attestation(None)
        .signed_by(&CertifiedKey::new(4), &issuer)
        .expect("a certificate");
    let forged = [vec![forged.der().to_vec()], chain].concat();
    assert_eq!(
        anchors(&[&root]).verify(&forged, NOW),
        Err(Untrusted::Constraint)
    );
}

/// Made by OpenSSL: the algorithms that are taken, and some that are not.
#[test]
fn every_algorithm_verifies_what_openssl_signed_and_nothing_else() {
    for (name, pem, expected) in [
        (
            "p256-sha384",
            &include_bytes!("openssl/p256-sha384.pem")[..],
            Ok(()),
        ),
        (
            "p384-sha256",
            include_bytes!("openssl/p384-sha256.pem"),
            Ok(()),
        ),
        (
            "p384-sha384",
            include_bytes!("openssl/p384-sha384.pem"),
            Ok(()),
        ),
        (
            "rsa-sha256",
            include_bytes!("openssl/rsa-sha256.pem"),
            Ok(()),
        ),
        (
            "rsa-sha384",
            include_bytes!("openssl/rsa-sha384.pem"),
            Ok(()),
        ),
        (
            "rsa-sha512",
            include_bytes!("openssl/rsa-sha512.pem"),
            Ok(()),
        ),
        (
            "rsa-sha1",
            include_bytes!("openssl/rsa-sha1.pem"),
            Err(Untrusted::Algorithm),
        ),
        (
            "rsa-1024",
            include_bytes!("openssl/rsa-1024.pem"),
            Err(Untrusted::Signature),
        ),
    ] {
        let both: Vec<CertificateDer<'_>> = CertificateDer::pem_slice_iter(pem)
            .collect::<Result<_, _>>()
            .expect("certificates");
        let mut anchors = Anchors::default();
        anchors.add(&both[1]).expect("a root");
        let mut leaf = both[0].to_vec();
        assert_eq!(anchors.verify(&[leaf.clone()], NOW), expected, "{name}");
        // The last byte belongs to the signature.
        *leaf.last_mut().expect("a byte") ^= 1;
        assert!(anchors.verify(&[leaf], NOW).is_err(), "{name}");
    }
}

#[test]
fn anchors_come_in_pem_and_der() {
    let (one, two) = (Authority::root("One", 1), Authority::root("Two", 2));
    let mut anchors = Anchors::default();
    let bundle = format!("# ours\n{}\n{}", one.pem, two.pem);
    assert_eq!(anchors.add_file(bundle.as_bytes()), Ok(2));
    assert_eq!(anchors.add_file(&one.der), Ok(1));
    assert_eq!(anchors.len(), 3);
    for (bytes, expected) in [
        (&b""[..], AnchorError::Certificate),
        (b"junk", AnchorError::Certificate),
        (
            b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
            AnchorError::Pem,
        ),
        (
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            AnchorError::Certificate,
        ),
        (b"-----BEGIN CERTIFICATE-----\nAAAA", AnchorError::Pem),
    ] {
        let text = String::from_utf8_lossy(bytes);
        assert_eq!(anchors.add_file(bytes), Err(expected), "{text}");
    }
}
