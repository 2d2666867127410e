//! Models that the FIDO metadata report as compromised after people registered them.

use super::people::{ADMIN, administrator};
use super::*;
use crate::attestation::tests::blobs::{SIGNER, Service, model, payload};
use tempfile::TempDir;

const MODEL: [u8; 16] = [0xaa; 16];

/// A directory with the metadata.
struct Metadata {
    directory: TempDir,
    service: Service,
}

impl Metadata {
    fn new() -> Self {
        let (directory, service) = (TempDir::new().unwrap(), Service::new());
        std::fs::write(directory.path().join("root.pem"), &service.root.pem).unwrap();
        Self { directory, service }
    }

    /// Each has another length, so that the file looks new.
    fn put(&self, number: u64, status: &str) {
        let entry = model(MODEL, &self.service.root.der, status, "2020-01-01");
        let blob = self.service.blob(&payload(number, &[entry]));
        std::fs::write(self.directory.path().join("blob.jwt"), blob).unwrap();
    }

    fn configuration(&self, webauthn: &str) -> String {
        let path = self.directory.path();
        let admin = ADMIN.replace("[webauthn]\n", &format!("[webauthn]\n{webauthn}\n"));
        format!(
            "{admin}[attestation]\nmetadata = {:?}\nmetadata_root = {:?}\nmetadata_signer = {SIGNER:?}\n",
            path.join("blob.jwt"),
            path.join("root.pem"),
        )
    }
}

#[tokio::test]
async fn a_model_that_became_compromised_signs_in_no_more_unless_the_policy_lets_it() {
    for (line, refused) in [("", true), ("refuse_compromised = false", false)] {
        let metadata = Metadata::new();
        metadata.put(1, "FIDO_CERTIFIED");
        let place = Place::configured(&metadata.configuration(line)).await;
        let mut root = administrator(&place, "root").await;
        let mut ann = place.person();
        ann.authenticator.aaguid = MODEL;
        ann.register("ann").await;
        ann.log_in("ann").await;
        metadata.put(2, "USER_KEY_REMOTE_COMPROMISE");
        place.app.refresh_trust().await.unwrap();

        let options = ann.begin("login", json!({ "username": "ann" })).await;
        let response = ann.authenticator.get(&options);
        let answer = ann.finish("login", response).await;
        if !refused {
            answer.expect(200);
            continue;
        }
        assert_eq!(answer.clone().expect(400).problem(), "ceremony-refused");
        assert_eq!(place.reason(), "authenticator_compromised");
        // A stranger with a wrong signature gets the same bytes.
        let options = ann.begin("login", json!({ "username": "ann" })).await;
        let mut response = ann.authenticator.get(&options);
        response["response"]["signature"] = json!("AAAA");
        let wrong = ann.finish("login", response).await.expect(400);
        assert_eq!(wrong.body, answer.body);
        let log = root
            .read("/v1/admin/audit?user=ann&action=login")
            .await
            .json();
        let record = &log["records"][0];
        assert_eq!(
            (&record["result"], &record["actor"]),
            (&json!("refused"), &json!("ann"))
        );
        assert_eq!(record["reason"], "authenticator_compromised");
        assert_eq!(record["detail"], "metadata: USER_KEY_REMOTE_COMPROMISE");
        // Nor does it fill the log.
        for _ in 0..40 {
            let options = ann.begin("login", json!({ "username": "ann" })).await;
            let response = ann.authenticator.get(&options);
            let refused = ann.finish("login", response).await;
            assert!(matches!(refused.status.as_u16(), 400 | 429));
        }
        let path = "/v1/admin/audit?user=ann&action=login&limit=100";
        let log = root.read(path).await.json();
        // With the login before, which was good.
        assert_eq!(log["records"].as_array().unwrap().len(), 30);
    }
}

#[tokio::test]
async fn metadata_that_were_in_use_are_remembered_over_a_restart() {
    let metadata = Metadata::new();
    metadata.put(7, "FIDO_CERTIFIED");
    let place = Place::configured(&metadata.configuration("")).await;
    place.app.refresh_trust().await.unwrap();
    metadata.put(6, "FIDO_CERTIFIED");
    let again = place.restarted_with(&metadata.configuration("")).await;
    assert_eq!(again.trust.number(), None);
    let problem = again.trust.problem().unwrap().to_string();
    assert_eq!(
        problem,
        "the blob has number 6, one with 7 was in use already"
    );
    metadata.put(17, "FIDO_CERTIFIED");
    again.refresh_trust().await.unwrap();
    assert_eq!(again.trust.number(), Some(17));
}

/// The last good ones refuse what they report all the same.
#[tokio::test]
async fn a_bad_file_is_told_to_administrators_and_takes_nothing_back() {
    let metadata = Metadata::new();
    metadata.put(3, "USER_KEY_REMOTE_COMPROMISE");
    let place = Place::configured(&metadata.configuration("")).await;
    let mut root = administrator(&place, "root").await;
    let warnings = async |root: &mut Person<'_>| {
        let shown = root.read("/v1/auth/webauthn/config").await.expect(200);
        let warnings = shown.json()["data"]["warnings"].clone();
        let warnings: Vec<String> = serde_json::from_value(warnings).unwrap();
        let of_the_metadata = warnings.into_iter().filter(|it| it.contains("metadata"));
        of_the_metadata.collect::<Vec<_>>()
    };
    assert!(warnings(&mut root).await.is_empty());
    std::fs::write(metadata.directory.path().join("blob.jwt"), "no blob").unwrap();
    place.app.refresh_trust().await.unwrap();
    let told = warnings(&mut root).await;
    let told = told.concat();
    let shown = root.read("/v1/auth/webauthn/config").await.json();
    let causes = shown["data"]["causes"].as_array().unwrap();
    let told_to_programs = causes.iter().find(|it| it["code"] == "metadata-refused");
    let told_to_programs = told_to_programs.unwrap();
    assert_eq!(told_to_programs["values"]["number"], "3");
    assert_eq!(told_to_programs["field"], "attestation.metadata");
    assert!(told.contains("not a signed blob"), "{told}");
    assert!(told.contains("number 3, the last good one"), "{told}");
    let mut ann = place.person();
    ann.authenticator.aaguid = MODEL;
    let options = ann.begin("register", json!({ "username": "ann" })).await;
    let response = ann.authenticator.create(&options);
    ann.finish("register", response).await.expect(400);
    assert_eq!(place.reason(), "authenticator_compromised");
}

#[tokio::test]
async fn a_model_that_only_the_metadata_know_is_called_as_they_call_it() {
    let metadata = Metadata::new();
    metadata.put(1, "FIDO_CERTIFIED");
    let place = Place::configured(&metadata.configuration("")).await;
    let mut root = administrator(&place, "root").await;
    let mut ann = place.person();
    ann.authenticator.aaguid = MODEL;
    ann.register("ann").await;
    let own = ann.read("/v1/self/passkeys").await.expect(200).json();
    let theirs = root.read("/v1/admin/users/ann/passkeys").await;
    for passkeys in [own, theirs.expect(200).json()] {
        let passkey = &passkeys["passkeys"][0];
        assert_eq!(passkey["authenticator"], "A model");
        assert_eq!(passkey["label"], "A model", "it is proposed as a label");
    }
    let id = software_authenticator::encode(&ann.authenticator.credentials[0].id);
    let label = json!({ "label": "Mine" });
    let renamed = ann.patch(&format!("/v1/self/passkeys/{id}"), label).await;
    renamed.expect(200);
    let page = ann.read("/account").await.expect(200);
    let page = String::from_utf8(page.body.to_vec()).unwrap();
    assert!(
        page.contains(r#"<span class="passkey-authenticator">A model</span>"#),
        "{page}"
    );
}
