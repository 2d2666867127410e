//! The key ring.

use super::*;
use crate::model::Revoked;

async fn kids(store: &Arc<dyn Store>) -> Vec<String> {
    let mut kids: Vec<_> = store
        .signing_keys()
        .await
        .unwrap()
        .into_iter()
        .map(|key| key.kid)
        .collect();
    kids.sort();
    kids
}

pub(super) async fn the_ring_is_replaced_as_a_whole(store: Arc<dyn Store>) {
    assert!(store.signing_keys().await.unwrap().is_empty());
    store
        .replace_signing_keys(&[signing_key("a"), signing_key("b")], None, noted())
        .await
        .unwrap();
    assert_eq!(kids(&store).await, ["a", "b"]);
    let mut changed = signing_key("b");
    changed.retires_at = Some(at(5));
    store
        .replace_signing_keys(&[changed.clone(), signing_key("c")], None, noted())
        .await
        .unwrap();
    assert_eq!(kids(&store).await, ["b", "c"]);
    assert!(store.signing_keys().await.unwrap().contains(&changed));
    let revocation = revoked(Revoked::Key("b".to_owned()));
    store
        .replace_signing_keys(&[], Some(&revocation), noted())
        .await
        .unwrap();
    assert_eq!(store.revocations().await.unwrap(), [revocation]);
    assert!(store.signing_keys().await.unwrap().is_empty());
}

pub(super) async fn readers_see_the_old_ring_or_the_new_one(store: Arc<dyn Store>) {
    store
        .replace_signing_keys(&[signing_key("a"), signing_key("b")], None, noted())
        .await
        .unwrap();
    at_once(&store, |store, n| async move {
        let ring = if n % 2 == 0 { ["a", "b"] } else { ["c", "d"] };
        store
            .replace_signing_keys(&ring.map(signing_key), None, noted())
            .await
            .unwrap();
        let seen = kids(&store).await;
        assert!(seen == ["a", "b"] || seen == ["c", "d"], "{seen:?}");
    })
    .await;
}
