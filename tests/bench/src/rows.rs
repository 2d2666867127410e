//! The rows: a listener each, and what it is asked.

use std::{io, time::Duration};

use serde_json::{Value, json};

use crate::{
    envoy::{Envoy, Listener},
    filters::{ext_authz, jwt_authn, latchkey},
    load::{self, Clients, Requests},
    options::Options,
    server::MANY_REVOKED,
    tokens::Signer,
};

/// More tokens than the filter's cache holds: asked in turn, none is known when it comes again.
/// The report checks that against the filter's own counters.
const NEVER_KNOWN: usize = 16_000;
/// How many tokens live at once in the row that has many.
pub(crate) const MANY: usize = 10_000;
/// How many rules the row with many has.
const RULES: usize = 1_000;
/// How many requests each row gets before anything is measured: the compiler of the VM needs them.
const WARM_UP: usize = 4_000;

/// The tokens of one run.
pub(crate) struct Material {
    es256: Value,
    eddsa: Value,
    fresh: Vec<String>,
    fresh_eddsa: Vec<String>,
    /// The same with the signature of another.
    pub(crate) forged: Vec<String>,
}

impl Material {
    /// Signs everything that is needed.
    pub(crate) fn new() -> Self {
        let (es256, eddsa) = (Signer::es256(7), Signer::eddsa(7));
        let tokens = |signer: &Signer, number: usize| -> Vec<String> {
            (0..number).map(|n| signer.token(n)).collect()
        };
        let fresh = tokens(&es256, NEVER_KNOWN);
        let signatures = fresh.iter().cycle().skip(1);
        let forged = fresh.iter().zip(signatures).filter_map(|(token, other)| {
            let (message, _) = token.rsplit_once('.')?;
            let (_, signature) = other.rsplit_once('.')?;
            Some(format!("{message}.{signature}"))
        });
        Self {
            es256: es256.jwks(),
            eddsa: eddsa.jwks(),
            forged: forged.collect(),
            fresh_eddsa: tokens(&eddsa, NEVER_KNOWN),
            fresh,
        }
    }

    /// Tokens of as many users as should be known at once.
    pub(crate) fn many(&self) -> &[String] {
        &self.fresh[..MANY]
    }

    /// Our filter with the key that signs all but the `EdDSA` tokens.
    pub(crate) fn latchkey(
        &self,
        options: &Options,
        name: &str,
        edit: impl FnOnce(&mut Value),
    ) -> Value {
        latchkey(&options.wasm, name, &self.es256, edit)
    }

    /// Envoy's own.
    pub(crate) fn jwt_authn(&self, cached: bool) -> Value {
        jwt_authn(&self.es256, cached.then_some(100))
    }
}

/// Calls that carry these tokens as a bearer.
pub(crate) fn bearers(tokens: &[String]) -> Requests {
    Requests::new(
        tokens
            .iter()
            .map(|token| format!("authorization: Bearer {token}")),
    )
}

/// One row, and what was measured for it.
pub(crate) struct Row {
    /// Its name in the table.
    pub(crate) name: &'static str,
    listener: Listener,
    requests: Requests,
    expected: u16,
    clients: Option<Clients>,
    round: Round,
    /// CPU microseconds per request, a figure per round.
    pub(crate) cpu: Vec<f64>,
    /// Requests per second, a figure per round.
    pub(crate) throughput: Vec<f64>,
    /// All requests so far.
    pub(crate) sent: u64,
}

impl Row {
    fn new(
        name: &'static str,
        filter: Option<Value>,
        requests: Requests,
        expected: u16,
    ) -> io::Result<Self> {
        Ok(Self {
            name,
            listener: Listener::new(name, filter)?,
            requests,
            expected,
            clients: None,
            round: Round::default(),
            cpu: Vec::new(),
            throughput: Vec::new(),
            sent: 0,
        })
    }

    /// Connects, and sends what no figure is taken of.
    pub(crate) fn warm_up(&mut self) -> io::Result<()> {
        let mut clients =
            Clients::connect_when_ready(self.listener.port, self.expected, &mut self.requests)?;
        let number = WARM_UP.max(self.requests.len().min(MANY));
        clients
            .send(&mut self.requests, number)
            .map_err(|error| io::Error::other(format!("{}: {error}", self.name)))?;
        self.clients = Some(clients);
        Ok(())
    }

    /// A turn: part of a round.
    pub(crate) fn drive(&mut self, envoy: &Envoy, time: Duration) -> io::Result<()> {
        let Some(clients) = &mut self.clients else {
            return Ok(());
        };
        let (before, start) = (envoy.cpu()?, load::now());
        let sent = clients.drive(&mut self.requests, time)?;
        self.round.took += start.elapsed();
        self.round.spent += envoy.cpu()?.saturating_sub(before);
        self.round.sent += sent;
        self.sent += sent;
        Ok(())
    }

    /// Takes the figures of the round that ends.
    pub(crate) fn end_round(&mut self) -> io::Result<()> {
        let Round { sent, spent, took } = std::mem::take(&mut self.round);
        let number = f64::from(u32::try_from(sent).map_err(io::Error::other)?);
        self.cpu.push(spent.as_secs_f64() * 1e6 / number);
        self.throughput.push(number / took.as_secs_f64());
        Ok(())
    }
}

/// What one round has brought so far.
#[derive(Default)]
struct Round {
    sent: u64,
    spent: Duration,
    took: Duration,
}

/// All rows that are asked for, `plain` first.
pub(crate) fn all(options: &Options, material: &Material, server: u16) -> io::Result<Vec<Row>> {
    let one = &material.many()[..1];
    let ours = |name: &str| Some(material.latchkey(options, name, |_| {}));
    let cookie = || {
        Requests::new(
            one.iter()
                .map(|t| format!("cookie: theme=dark; __Host-latchkey={t}")),
        )
    };
    let rules = |number: usize| {
        material.latchkey(options, &format!("rules_{number}"), |config| {
            config["rules"] = (0..number).map(rule).collect();
        })
    };
    let revoked = material.latchkey(options, "known_100000_revoked", |config| {
        config["sidecar"]["authority"] = MANY_REVOKED.0.into();
    });
    let eddsa = latchkey(
        &options.wasm,
        "first_seen_eddsa",
        &material.eddsa,
        |config| {
            config["sidecar"]["authority"] = "eddsa".into();
        },
    );
    let logged = material.latchkey(options, "known_access_log", |config| {
        config["access_log"] = json!(["user", "session", "decision", "reason"]);
    });
    let least = latchkey(&options.least, "least", &material.es256, |_| {});
    let jwt = |cached| Some(material.jwt_authn(cached));
    let mut rows = vec![
        Row::new("plain", None, bearers(one), 200)?,
        Row::new("known", ours("known"), bearers(one), 200)?,
        Row::new("least", Some(least), bearers(one), 200)?,
        Row::new("jwt_cached", jwt(true), bearers(one), 200)?,
        Row::new("ext_authz", Some(ext_authz(server)), bearers(one), 200)?,
        Row::new(
            "first_seen",
            ours("first_seen"),
            bearers(&material.fresh),
            200,
        )?,
        Row::new("jwt_uncached", jwt(false), bearers(&material.fresh), 200)?,
        Row::new(
            "first_seen_eddsa",
            Some(eddsa),
            bearers(&material.fresh_eddsa),
            200,
        )?,
        Row::new("forged", ours("forged"), bearers(&material.forged), 401)?,
        Row::new("jwt_forged", jwt(false), bearers(&material.forged), 401)?,
        Row::new("known_by_cookie", ours("known_by_cookie"), cookie(), 200)?,
        Row::new("known_access_log", Some(logged), bearers(one), 200)?,
        Row::new("known_1_rule", Some(rules(1)), bearers(one), 200)?,
        Row::new("known_1000_rules", Some(rules(RULES)), bearers(one), 200)?,
        Row::new("known_100000_revoked", Some(revoked), bearers(one), 200)?,
        Row::new(
            "known_10000_tokens",
            ours("known_10000_tokens"),
            bearers(material.many()),
            200,
        )?,
    ];
    if let Some(only) = &options.only {
        rows.retain(|row| row.name == "plain" || only.iter().any(|name| name == row.name));
    }
    Ok(rows)
}

/// The listeners of these rows.
pub(crate) fn listeners(rows: &[Row]) -> impl Iterator<Item = &Listener> {
    rows.iter().map(|row| &row.listener)
}

/// A rule that no request of ours matches, of the kinds that people write.
fn rule(number: usize) -> Value {
    match number % 3 {
        0 => json!({"match": {"paths": [format!("/public/{number}/**")]}, "allow": "public"}),
        1 => json!({"match": {"paths": [format!("/area{number}/*/admin")]}, "allow": "deny"}),
        _ => json!({"match": {"methods": ["POST"], "paths": [format!("/api/{number}")]},
                    "allow": "authenticated"}),
    }
}
