//! What a flood of forged tokens does to those who are signed in: how long the slowest percent of
//! their requests takes while as many connections as [`crate::load`] has send forgeries as fast as
//! they are answered, all to the same worker.

use std::{
    io,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use crate::{
    envoy::{Envoy, Listener},
    load::{Clients, Visitor},
    options::Options,
    rows::{Material, bearers},
};

/// Between two requests of the visitor.
const PAUSE: Duration = Duration::from_millis(2);

/// One filter under the flood.
pub(crate) struct Flooded {
    /// Its name in the table.
    pub(crate) name: &'static str,
    port: u16,
    took: Vec<Duration>,
}

impl Flooded {
    /// The slowest percent of the visits took at least this, in microseconds.
    pub(crate) fn p99(&self) -> f64 {
        let mut took = self.took.clone();
        took.sort_unstable();
        let at = took.len() * 99 / 100;
        took.get(at)
            .map_or(f64::NAN, |took| took.as_secs_f64() * 1e6)
    }
}

/// Drives ours and `jwt_authn`, with and without its cache, in turn.
pub(crate) fn measure(
    options: &Options,
    dir: &std::path::Path,
    material: &Material,
    server: u16,
) -> io::Result<Vec<Flooded>> {
    let ours = material.latchkey(options, "flood", |_| {});
    let listeners = [
        Listener::new("latchkey", Some(ours))?,
        Listener::new("jwt_cached", Some(material.jwt_authn(true)))?,
        Listener::new("jwt_uncached", Some(material.jwt_authn(false)))?,
    ];
    let envoy = Envoy::start(&options.envoy, dir, &listeners.each_ref(), server)?;
    let names = ["latchkey", "jwt_cached", "jwt_uncached"];
    let mut flooded: Vec<_> = names
        .into_iter()
        .zip(&listeners)
        .map(|(name, listener)| Flooded {
            name,
            port: listener.port,
            took: Vec::new(),
        })
        .collect();
    let mut visits = bearers(&material.many()[..1]);
    for one in &flooded {
        drop(Clients::connect_when_ready(one.port, 200, &mut visits)?);
    }
    for round in 0..=options.rounds {
        for one in &mut flooded {
            let took = visit_under_flood(one.port, options, material)?;
            // The first round warms up.
            if round > 0 {
                one.took.extend(took);
            }
        }
    }
    drop(envoy);
    Ok(flooded)
}

fn visit_under_flood(
    port: u16,
    options: &Options,
    material: &Material,
) -> io::Result<Vec<Duration>> {
    let ends = AtomicBool::new(false);
    let mut attackers = Clients::connect(port, 401)?;
    let mut visitor = Visitor::connect(port)?;
    let mut visits = bearers(&material.many()[..1]);
    let mut forgeries = bearers(&material.forged);
    thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let mut took = Vec::new();
            while !ends.load(Ordering::Relaxed) {
                match visitor.visit(&mut visits)? {
                    (200, time) => took.push(time),
                    (status, _) => {
                        return Err(io::Error::other(format!("a visitor was told {status}")));
                    }
                }
                thread::sleep(PAUSE);
            }
            Ok(took)
        });
        let flood = attackers.drive(&mut forgeries, options.time);
        ends.store(true, Ordering::Relaxed);
        let took = watch
            .join()
            .map_err(|_| io::Error::other("the visitor's thread panicked"))??;
        flood.map(|_| took)
    })
}
