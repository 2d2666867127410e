//! Files on disk: what replaces what, and what is said about it.

use super::super::{BlobError, MetadataSource, Past, Sources, TrustKeeper};
use super::NOW;
use super::blobs::{SIGNER, Service, payload};
use super::certificates::{Authority, CertifiedKey, attestation};
use crate::model::UnixTime;
use serde_json::Value;
use std::fs;
use tempfile::TempDir;
use uuid::Uuid;

/// A directory with a metadata file, and the service that signs it.
struct Files {
    directory: TempDir,
    service: Service,
}

impl Files {
    fn new() -> Self {
        let files = Self {
            directory: TempDir::new().expect("a directory"),
            service: Service::new(),
        };
        fs::write(
            files.directory.path().join("root.pem"),
            &files.service.root.pem,
        )
        .expect("a file");
        files
    }

    fn sources(&self) -> Sources {
        let path = self.directory.path();
        Sources {
            anchors: None,
            metadata: Some(MetadataSource {
                file: path.join("blob.jwt"),
                root: path.join("root.pem"),
                signer: SIGNER.to_owned(),
            }),
        }
    }

    fn put(&self, blob: &str) {
        fs::write(self.directory.path().join("blob.jwt"), blob).expect("a file");
    }

    /// The length changes with the number of digits, so that each file looks new.
    fn put_number(&self, number: u64, due: &str) {
        let mut content = payload(number, &[]);
        content["nextUpdate"] = due.into();
        content["pad"] = Value::from("x".repeat(usize::try_from(number).expect("a few")));
        self.put(&self.service.blob(&content));
    }

    fn open(&self) -> TrustKeeper {
        self.open_knowing(0)
    }

    /// After a start before which this number was in use.
    fn open_knowing(&self, known: u64) -> TrustKeeper {
        let past = Past {
            number: known,
            copy: None,
        };
        TrustKeeper::open(&self.sources(), past, NOW).expect("readable roots")
    }
}

/// Makes something of a good file.
type Spoil<'a> = &'a dyn Fn(&Files);

/// What administrators are told.
fn said(keeper: &TrustKeeper, now: UnixTime) -> String {
    let warnings = keeper.warnings(now).into_iter();
    warnings.map(|it| it.to_string()).collect()
}

fn number(keeper: &TrustKeeper) -> Option<u64> {
    keeper
        .current()
        .metadata()
        .map(super::super::Metadata::number)
}

#[test]
fn a_good_blob_takes_the_place_of_the_last_one_and_a_bad_one_does_not() {
    let files = Files::new();
    files.put_number(5, "2099-01-01");
    let keeper = files.open();
    assert_eq!((number(&keeper), keeper.problem()), (Some(5), None));

    files.put_number(6, "2099-01-01");
    keeper.refresh(NOW);
    assert_eq!((number(&keeper), keeper.problem()), (Some(6), None));

    files.put("no blob");
    keeper.refresh(NOW);
    assert_eq!(
        (number(&keeper), keeper.problem()),
        (Some(6), Some(BlobError::Form))
    );
    assert!(
        keeper
            .metrics(NOW)
            .contains("latchkey_fido_metadata_refused 1\n")
    );

    let older = BlobError::Older {
        number: 4,
        known: 6,
    };
    files.put_number(4, "2099-01-01");
    keeper.refresh(NOW);
    assert_eq!((number(&keeper), keeper.problem()), (Some(6), Some(older)));

    files.put_number(7, "2027-01-01");
    keeper.refresh(NOW);
    assert_eq!(
        (number(&keeper), keeper.problem()),
        (Some(6), Some(BlobError::Stale))
    );

    fs::remove_file(files.directory.path().join("blob.jwt")).expect("it was there");
    keeper.refresh(NOW);
    assert_eq!(
        (number(&keeper), keeper.problem()),
        (Some(6), Some(BlobError::File))
    );

    files.put_number(8, "2099-01-01");
    keeper.refresh(NOW);
    assert_eq!((number(&keeper), keeper.problem()), (Some(8), None));
    assert!(
        keeper
            .metrics(NOW)
            .contains("latchkey_fido_metadata_refused 0\n")
    );
    assert!(
        keeper
            .metrics(NOW)
            .contains("latchkey_fido_metadata_number 8\n")
    );
}

#[test]
fn a_blob_that_becomes_stale_stays_in_use_and_the_metric_says_so() {
    let files = Files::new();
    files.put_number(5, "2027-01-15");
    let keeper = files.open();
    assert!(
        keeper
            .metrics(NOW)
            .contains("latchkey_fido_metadata_stale 0\n")
    );
    let tomorrow = UnixTime(NOW.0 + 86_400);
    keeper.refresh(tomorrow);
    assert_eq!(number(&keeper), Some(5));
    assert!(
        keeper
            .metrics(tomorrow)
            .contains("latchkey_fido_metadata_stale 1\n")
    );
    // A stale one that knows more is better than a stale one.
    files.put_number(6, "2027-01-14");
    keeper.refresh(NOW);
    assert_eq!(number(&keeper), Some(5), "which is fresh at this instant");
    files.put_number(7, "2027-01-14");
    keeper.refresh(UnixTime(NOW.0 + 86_399));
    assert_eq!(number(&keeper), Some(7));
}

#[test]
fn without_a_good_blob_the_program_starts_and_trusts_nobody() {
    let files = Files::new();
    files.put("no blob");
    let keeper = files.open();
    assert_eq!(
        (number(&keeper), keeper.problem()),
        (None, Some(BlobError::Form))
    );
    assert!(
        keeper
            .metrics(NOW)
            .contains("latchkey_fido_metadata_number 0\n")
    );
    assert_eq!(
        TrustKeeper::open(&Sources::default(), Past::default(), NOW)
            .expect("nothing")
            .metrics(NOW),
        ""
    );
}

#[test]
fn anchors_are_the_files_of_a_directory() {
    let directory = TempDir::new().expect("a directory");
    let (one, two) = (Authority::root("One", 1), Authority::root("Two", 2));
    fs::write(directory.path().join("one.pem"), &one.pem).expect("a file");
    fs::write(directory.path().join("two.crt"), &two.der).expect("a file");
    fs::write(directory.path().join(".hidden"), "not read").expect("a file");
    fs::create_dir(directory.path().join("..data")).expect("a directory");
    let sources = Sources {
        anchors: Some(directory.path().to_owned()),
        metadata: None,
    };
    let keeper = TrustKeeper::open(&sources, Past::default(), NOW).expect("two anchors");
    for root in [&one, &two] {
        let chain = [root.issue(&CertifiedKey::new(3), &attestation(None))];
        assert_eq!(keeper.current().verify(Uuid::nil(), &chain, NOW), Ok(()));
    }
}

#[test]
fn what_cannot_be_read_at_start_is_named_with_its_key() {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path();
    let said = |sources: &Sources| {
        TrustKeeper::open(sources, Past::default(), NOW)
            .expect_err("a mistake")
            .to_string()
    };
    let anchors = |path: &std::path::Path| Sources {
        anchors: Some(path.to_owned()),
        metadata: None,
    };
    let missing = path.join("missing");
    assert!(said(&anchors(&missing)).starts_with(&format!(
        "attestation.anchors: {} cannot be read: ",
        missing.display()
    )));
    assert!(said(&anchors(path)).starts_with("attestation.anchors: expected certificates in "));
    fs::write(path.join("junk"), "junk").expect("a file");
    let says = said(&anchors(path));
    assert!(says.starts_with("attestation.anchors: "), "{says}");
    assert!(
        says.ends_with("junk: expected an X.509 certificate, in PEM or DER"),
        "{says}"
    );
    let sources = Sources {
        anchors: None,
        metadata: Some(MetadataSource {
            file: path.join("blob"),
            root: missing,
            signer: SIGNER.to_owned(),
        }),
    };
    assert!(said(&sources).starts_with("attestation.metadata_root: "));
}

#[test]
fn an_older_blob_is_refused_after_a_restart_too() {
    let files = Files::new();
    files.put_number(5, "2099-01-01");
    let keeper = files.open_knowing(6);
    let older = BlobError::Older {
        number: 5,
        known: 6,
    };
    assert_eq!((number(&keeper), keeper.problem()), (None, Some(older)));
    assert!(
        keeper
            .metrics(NOW)
            .contains("latchkey_fido_metadata_refused 1\n")
    );
    files.put_number(6, "2099-01-01");
    keeper.refresh(NOW);
    assert_eq!((number(&keeper), keeper.problem()), (Some(6), None));
    assert_eq!(
        number(&files.open_knowing(6)),
        Some(6),
        "the same one again"
    );
}

#[test]
fn another_signer_or_root_has_numbers_of_its_own() {
    let files = Files::new();
    let source = files.sources().metadata.expect("a source");
    let series = source.series().expect("a root");
    let other = MetadataSource {
        signer: "elsewhere.example".to_owned(),
        ..source.clone()
    };
    assert_ne!(other.series().expect("a root"), series);
    fs::write(&source.root, &Authority::root("Other", 1).pem).expect("a file");
    assert_ne!(source.series().expect("a root"), series);
}

#[test]
fn a_restart_takes_up_the_last_good_blob_where_the_file_is_bad_older_or_gone() {
    let files = Files::new();
    let copy = files.directory.path().join("data-copy");
    let open = |number: u64, now: UnixTime| {
        let past = Past {
            number,
            copy: Some(copy.clone()),
        };
        TrustKeeper::open(&files.sources(), past, now).expect("readable roots")
    };
    files.put_number(6, "2099-01-01");
    let keeper = open(0, NOW);
    assert_eq!((number(&keeper), keeper.warnings(NOW).len()), (Some(6), 0));

    let older = BlobError::Older {
        number: 5,
        known: 6,
    };
    let spoilt: [(Spoil<'_>, BlobError); 4] = [
        (&|files| files.put("no blob"), BlobError::Form),
        (&|files| files.put_number(5, "2099-01-01"), older),
        (&|files| files.put_number(7, "2027-01-01"), BlobError::Stale),
        (
            &|files| fs::remove_file(files.directory.path().join("blob.jwt")).expect("there"),
            BlobError::File,
        ),
    ];
    for (spoil, problem) in spoilt {
        spoil(&files);
        let keeper = open(6, NOW);
        assert_eq!(
            (number(&keeper), keeper.problem()),
            (Some(6), Some(problem))
        );
        let metrics = keeper.metrics(NOW);
        assert!(metrics.contains("latchkey_fido_metadata_number 6\n"));
        assert!(metrics.contains("latchkey_fido_metadata_refused 1\n"));
        let warnings = said(&keeper, NOW);
        assert!(warnings.contains(&problem.to_string()), "{warnings}");
        assert!(
            warnings.contains("number 6, the last good one"),
            "{warnings}"
        );
    }
    // The next good file takes its place, and is kept in its turn.
    let keeper = open(6, NOW);
    files.put_number(7, "2099-01-01");
    keeper.refresh(NOW);
    assert_eq!((number(&keeper), keeper.problem()), (Some(7), None));
    files.put("no blob");
    assert_eq!(number(&open(7, NOW)), Some(7));
    // A copy from before, put back, is no way back; nor is one that somebody wrote.
    fs::write(&copy, files.service.blob(&payload(6, &[]))).expect("a file");
    assert_eq!(number(&open(7, NOW)), None);
    let [eight, nine] = [8, 9].map(|number| files.service.blob(&payload(number, &[])));
    let (head, _) = eight.rsplit_once('.').expect("a JWS");
    let (_, signature) = nine.rsplit_once('.').expect("a JWS");
    fs::write(&copy, format!("{head}.{signature}")).expect("a file");
    assert_eq!(number(&open(7, NOW)), None);
}

#[test]
fn a_stale_blob_is_told_to_administrators() {
    let files = Files::new();
    files.put_number(5, "2027-01-15");
    let keeper = files.open();
    assert!(keeper.warnings(NOW).is_empty());
    let later = said(&keeper, UnixTime(NOW.0 + 86_400));
    assert!(later.contains("stale"), "{later}");
    files.put("no blob");
    let none = said(&files.open(), NOW);
    assert!(none.contains("none is in use"), "{none}");
}
