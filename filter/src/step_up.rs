//! What a session lacks that a new proof of presence can give
//! ([RFC 9470](https://www.rfc-editor.org/rfc/rfc9470)).

use latchkey_filter_config::Acr;

/// What the next login must be like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StepUp {
    /// The presence was proved longer ago than this many seconds.
    pub max_age: Option<u64>,
    /// The login was weaker than this.
    pub acr: Option<Acr>,
    /// The authenticator was of another class.
    pub needs: Needs,
}

/// What an authenticator lacks; a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Needs(u8);

impl Needs {
    /// It did not verify the user.
    pub const USER_VERIFIED: Self = Self(1);
    /// Its credential can be synchronised, and must not be.
    pub const DEVICE_BOUND: Self = Self(2);
    /// Its credential cannot be synchronised, and must be.
    pub const SYNCED: Self = Self(4);
    /// Its model is not proved.
    pub const ATTESTED: Self = Self(8);
    /// It is another model.
    pub const AAGUID: Self = Self(16);

    /// Every need by the name under which the login knows it.
    const NAMES: [(Self, &'static str); 5] = [
        (Self::USER_VERIFIED, "user_verified"),
        (Self::DEVICE_BOUND, "device_bound"),
        (Self::SYNCED, "synced"),
        (Self::ATTESTED, "attested"),
        (Self::AAGUID, "aaguid"),
    ];

    /// Adds a need.
    pub fn add(&mut self, need: Self) {
        self.0 |= need.0;
    }

    /// The names, with commas between them; nothing where nothing is lacking.
    #[must_use]
    pub fn names(self) -> String {
        let mut names = String::new();
        for (need, name) in Self::NAMES {
            if self.0 & need.0 != 0 {
                if !names.is_empty() {
                    names.push(',');
                }
                names.push_str(name);
            }
        }
        names
    }
}

impl StepUp {
    /// Whether a session lacks nothing.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// A short stable name for metrics and logs.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self { acr: Some(_), .. } => "acr_too_weak",
            Self {
                max_age: Some(_),
                needs: Needs(0),
                ..
            } => "session_too_old",
            _ => "authenticator_unfit",
        }
    }

    /// The members of a query or challenge that say what is lacking.
    #[must_use]
    pub fn parameters(self) -> Vec<(&'static str, String)> {
        let needs = self.needs.names();
        [
            ("max_age", self.max_age.map(|seconds| seconds.to_string())),
            ("acr_values", self.acr.map(|acr| acr.as_str().to_owned())),
            ("need", (!needs.is_empty()).then_some(needs)),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
    }
}
