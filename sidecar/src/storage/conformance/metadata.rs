//! Which FIDO metadata were in use.

use super::*;

pub(super) async fn a_number_never_goes_back(store: Arc<dyn Store>) {
    let number = async |series| store.metadata_number(series).await.unwrap();
    let raise = async |series, number| store.raise_metadata_number(series, number).await.unwrap();
    assert_eq!(number("fido").await, None);
    raise("fido", 7).await;
    raise("fido", 5).await;
    raise("other", 3).await;
    assert_eq!(
        (number("fido").await, number("other").await),
        (Some(7), Some(3))
    );
    let answers = at_once(&store, |store, n| async move {
        let number = u64::try_from(n).unwrap();
        store.raise_metadata_number("fido", number).await.unwrap();
    });
    answers.await;
    let highest = u64::try_from(PARALLEL - 1).unwrap();
    assert_eq!(number("fido").await, Some(highest));
}
