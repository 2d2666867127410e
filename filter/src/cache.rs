//! Tokens that were verified before: bounded by bytes, least recently used out first.

use std::{
    hash::{BuildHasherDefault, Hasher},
    mem::size_of,
    rc::Rc,
};

use lru::LruCache;
use siphasher::sip128::{Hasher128, SipHasher13};

use crate::{tokens::Known, upstream::Header};

/// What one worker's cache may take: about 10,000 tokens of 800 bytes. Wasm memory never shrinks,
/// and each worker of each gateway has its own; with 100,000 revocations beside it a VM stays below
/// 24 MiB.
pub const MAX_CACHE_BYTES: usize = 15 * 1024 * 1024;

/// Verified tokens, found by a keyed hash of their bytes.
///
/// The hash has 128 bits and its key is random and never leaves the VM, so nobody can make a token
/// that is taken for another one.
pub struct Cache {
    hash_key: [u8; 16],
    entries: LruCache<u128, Entry, BuildHasherDefault<AlreadyHashed>>,
    bytes: usize,
    capacity: usize,
}

struct Entry {
    token: Rc<Known>,
    bytes: usize,
}

/// The fingerprint of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint(u128);

impl Cache {
    /// An empty cache. `hash_key` must be random.
    #[must_use]
    pub fn new(hash_key: [u8; 16], capacity: usize) -> Self {
        let entries = LruCache::unbounded_with_hasher(BuildHasherDefault::default());
        Self {
            hash_key,
            entries,
            bytes: 0,
            capacity,
        }
    }

    /// The fingerprint under which a token is kept.
    #[must_use]
    pub fn fingerprint(&self, token: &[u8]) -> Fingerprint {
        let mut hasher = SipHasher13::new_with_key(&self.hash_key);
        hasher.write(token);
        let hash = hasher.finish128();
        Fingerprint(u128::from(hash.h1) << 64 | u128::from(hash.h2))
    }

    /// The fingerprint of two texts together.
    #[must_use]
    pub fn fingerprint_of_pair(&self, first: &[u8], second: &[u8]) -> Fingerprint {
        // No text of a token and no cookie holds a zero byte.
        self.fingerprint(&[first, second].join(&0))
    }

    /// The token of this fingerprint, which from now on is the most recently used.
    pub fn find(&mut self, fingerprint: Fingerprint) -> Option<Rc<Known>> {
        self.entries
            .get(&fingerprint.0)
            .map(|entry| Rc::clone(&entry.token))
    }

    /// Keeps a token, for others that were not used for longest.
    pub fn keep(&mut self, fingerprint: Fingerprint, token: Rc<Known>) {
        let bytes = weight(&token);
        if bytes > self.capacity {
            return;
        }
        self.drop_one(fingerprint);
        while self.bytes.saturating_add(bytes) > self.capacity {
            let Some((_, oldest)) = self.entries.pop_lru() else {
                break;
            };
            self.bytes = self.bytes.saturating_sub(oldest.bytes);
        }
        self.bytes = self.bytes.saturating_add(bytes);
        self.entries.put(fingerprint.0, Entry { token, bytes });
    }

    /// Forgets one token, for instance because it has expired.
    pub fn drop_one(&mut self, fingerprint: Fingerprint) {
        if let Some(entry) = self.entries.pop(&fingerprint.0) {
            self.bytes = self.bytes.saturating_sub(entry.bytes);
        }
    }

    /// Forgets everything, because the keys are no longer the same.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.bytes = 0;
    }

    /// How many tokens are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// What a token takes in memory, allocations and table slots included, a little more than less.
fn weight(token: &Known) -> usize {
    const PER_TEXT: usize = size_of::<String>() + 16;
    const PER_HEADER: usize = size_of::<Header>() + 4;
    const PER_ENTRY: usize = size_of::<Known>() + size_of::<Entry>() + 96;
    let claims = token.claims();
    let many = [&claims.aud, &claims.amr, &claims.groups, &claims.policies];
    let some = [
        &claims.acr,
        &claims.preferred_username,
        &claims.name,
        &claims.email,
        &claims.rt_hash,
    ];
    let authn = claims.authn.iter().flat_map(|authn| {
        [Some(&authn.aaguid), authn.attachment.as_ref()]
            .into_iter()
            .flatten()
    });
    let texts = [&claims.iss, &claims.sub, &claims.jti, &claims.sid]
        .into_iter()
        .chain(many.into_iter().flatten())
        .chain(some.into_iter().flatten())
        .chain(authn)
        .chain(claims.cnf.iter().map(|cnf| &cnf.certificate_thumbprint));
    let texts = texts.fold(0, |sum: usize, text| {
        sum.saturating_add(text.capacity()).saturating_add(PER_TEXT)
    });
    let headers = token.told().iter().fold(0, |sum: usize, (_, value)| {
        sum.saturating_add(value.len()).saturating_add(PER_HEADER)
    });
    texts.saturating_add(headers).saturating_add(PER_ENTRY)
}

/// The keys are hashes already.
#[derive(Default)]
struct AlreadyHashed(u64);

impl Hasher for AlreadyHashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // Not used for a `u128`; mixes nonetheless, so that it would be slow rather than wrong.
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u128(&mut self, hash: u128) {
        self.0 = u64::try_from(hash >> 64).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use latchkey_token::{Authn, Claims};
    use serde_json::json;

    use super::*;
    use crate::{identity::Told, test_support};

    /// Puts a text into a token's claims.
    type Change = fn(&mut Claims, String);

    fn token(name: &str) -> Rc<Known> {
        let mut claims = test_support::claims();
        claims.preferred_username = Some(name.to_owned());
        let told = Told::new(&test_support::config());
        Rc::new(Known::new(test_support::verified(&claims), &told))
    }

    #[test]
    fn what_is_kept_is_found() {
        let mut cache = Cache::new([7; 16], MAX_CACHE_BYTES);
        let ada = cache.fingerprint(b"ada");
        assert!(cache.find(ada).is_none());
        cache.keep(ada, token("ada"));
        assert_eq!(cache.find(ada), Some(token("ada")));
        assert!(cache.find(cache.fingerprint(b"adb")).is_none());
        cache.drop_one(ada);
        assert!(cache.find(ada).is_none() && cache.is_empty());
        assert_eq!(cache.bytes, 0);
    }

    #[test]
    fn the_bytes_are_bounded_and_the_least_recently_used_goes_first() {
        let one = weight(&token("n"));
        let mut cache = Cache::new([7; 16], 10 * one + one / 2);
        let first = cache.fingerprint(b"0");
        for n in 0..1000_u32 {
            cache.keep(cache.fingerprint(n.to_string().as_bytes()), token("n"));
            assert!(
                cache.find(first).is_some(),
                "used all the time, but gone after {n}"
            );
            assert!(cache.bytes <= cache.capacity);
        }
        assert_eq!(cache.len(), 10);
        assert!(cache.find(cache.fingerprint(b"999")).is_some());
        assert!(cache.find(cache.fingerprint(b"1")).is_none());
        cache.clear();
        assert!(cache.is_empty() && cache.bytes == 0);
    }

    #[test]
    fn every_text_of_a_token_weighs() {
        let weight_of = |change: Change, bytes: usize| {
            let mut claims = test_support::claims();
            claims.authn = Some(Authn {
                aaguid: "00000000-0000-0000-0000-000000000000".to_owned(),
                ..Authn::default()
            });
            change(&mut claims, "a".repeat(bytes));
            // What is told of them would weigh, too.
            let told = json!({"email": null, "preferred_username": null, "groups": null});
            let told = test_support::config_and(&json!({"identity_headers": told}));
            let told = Told::new(&told);
            weight(&Known::new(test_support::verified(&claims), &told))
        };
        let texts: [(&str, Change); 9] = [
            ("jti", |claims, text| claims.jti = text),
            ("acr", |claims, text| claims.acr = Some(text)),
            ("amr", |claims, text| claims.amr = vec![text]),
            ("preferred_username", |claims, text| {
                claims.preferred_username = Some(text);
            }),
            ("name", |claims, text| claims.name = Some(text)),
            ("email", |claims, text| claims.email = Some(text)),
            ("groups", |claims, text| claims.groups = vec![text]),
            ("rt_hash", |claims, text| claims.rt_hash = Some(text)),
            ("attachment", |claims, text| {
                if let Some(authn) = &mut claims.authn {
                    authn.attachment = Some(text);
                }
            }),
        ];
        for (name, change) in texts {
            let (short, long) = (weight_of(change, 1), weight_of(change, 501));
            assert!(long >= short + 500, "{name}: {short}, {long}");
        }
    }

    #[test]
    fn keeping_the_same_token_again_takes_no_more() {
        let mut cache = Cache::new([7; 16], MAX_CACHE_BYTES);
        for _ in 0..3 {
            cache.keep(cache.fingerprint(b"a"), token("a"));
        }
        assert_eq!((cache.len(), cache.bytes), (1, weight(&token("a"))));
    }

    #[test]
    fn what_is_larger_than_the_cache_is_not_kept() {
        let mut cache = Cache::new([7; 16], 10);
        cache.keep(cache.fingerprint(b"a"), token("a"));
        assert!(cache.is_empty());
    }

    #[test]
    fn the_fingerprint_depends_on_the_key() {
        let a = Cache::new([1; 16], 0).fingerprint(b"token");
        let b = Cache::new([2; 16], 0).fingerprint(b"token");
        assert_ne!(a, b);
    }
}
