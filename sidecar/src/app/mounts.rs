//! The mounts: those of the configuration file, and those that administrators write while the program
//! runs. A request looks its mount up once and goes on with what it found, so each ceremony step is
//! under one state of its mount.

use super::build::mount_point;
use super::{App, MountPoint, StartError};
use crate::config::{Config, ConfigError, MOST_MOUNTS, MountRules};
use crate::model::{AuditRecord, MountRecord, Reason, ReasonCode};
use crate::revocation::Interrupted;
use crate::storage::{StorageError, Store};
use serde_json::{Map, Value};
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::Mutex;

/// Why a mount stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum MountChangeError {
    /// The configuration file has it.
    #[error("the mount is declared in the configuration file")]
    Declared,
    /// There is none of that name.
    #[error("there is no such mount")]
    Unknown,
    /// It is not the one that the caller has seen.
    #[error("the mount was changed meanwhile: its revision is {current}")]
    Revision {
        /// The one that is there; 0 for none.
        current: u64,
    },
    /// A field does not hold what belongs there.
    #[error(transparent)]
    Field(#[from] ConfigError),
    /// What it comes to makes no relying party.
    #[error(transparent)]
    Unusable(#[from] StartError),
    /// There are as many as there can be.
    #[error("there are {most} mounts")]
    TooMany {
        /// How many that are.
        most: usize,
    },
    /// Passkeys would sign in no more.
    #[error("{passkeys} passkeys were registered at the mount")]
    InUse {
        /// How many.
        passkeys: u64,
    },
    /// The store refused.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The program ends.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
}

/// What is to become of a mount.
#[derive(Debug)]
pub struct MountOrder {
    /// Its name.
    pub name: String,
    /// The revision that the caller has seen; 0 for none.
    pub revision: Option<u64>,
    /// Also when passkeys then sign in no more.
    pub force: bool,
}

/// A mount that was written over the API.
#[derive(Debug, Clone)]
pub struct WrittenMount {
    /// As it is stored.
    pub record: MountRecord,
    /// What answers; or why nothing does.
    pub point: Result<Arc<MountPoint>, Reason>,
}

/// Every mount.
#[derive(Debug)]
pub struct MountPoints {
    /// Of the file, the default one first.
    declared: Vec<Arc<MountPoint>>,
    rules: MountRules,
    now: RwLock<Arc<Served>>,
    /// One change at a time.
    changing: Mutex<()>,
}

/// What is served at one moment.
#[derive(Debug, Default)]
pub struct Served {
    /// By name.
    written: Vec<WrittenMount>,
    /// Every mount that answers, the default one first.
    all: Vec<Arc<MountPoint>>,
    /// The origins of all of them.
    origins: Vec<String>,
}

impl MountPoints {
    pub(super) async fn open(
        config: &Config,
        declared: Vec<Arc<MountPoint>>,
        store: &dyn Store,
    ) -> Result<Self, StorageError> {
        let points = Self {
            declared,
            rules: config.mount_rules(),
            now: RwLock::default(),
            changing: Mutex::default(),
        };
        let stored = store.mounts().await?.into_iter();
        let written = stored.map(|record| points.restored(record)).collect();
        points.serve(written);
        Ok(points)
    }

    /// A mount whose settings are of no use any more, because the configuration around it has changed,
    /// is not served; nothing else depends on it, so the program starts.
    fn restored(&self, record: MountRecord) -> WrittenMount {
        let point = if self.declares(&record.name) {
            let text = "the configuration file has a mount of this name, which is the one in use";
            Err(Reason::new(ReasonCode::MountDeclared, text))
        } else {
            let made = self.made(&record.name, &record.settings);
            made.map_err(|error| match error {
                MountChangeError::Field(error) => error.reason(),
                other => Reason::new(ReasonCode::NotAsExpected, other.to_string()),
            })
        };
        if let Err(problem) = &point {
            let problem = problem.to_string();
            tracing::error!(mount = record.name, problem, "a mount is not served");
        }
        WrittenMount { record, point }
    }

    fn made(
        &self,
        name: &str,
        settings: &Map<String, Value>,
    ) -> Result<Arc<MountPoint>, MountChangeError> {
        Ok(mount_point(&self.rules.check(name, settings)?)?)
    }

    fn serve(&self, written: Vec<WrittenMount>) {
        let points = written.iter().filter_map(|it| it.point.as_ref().ok());
        let all: Vec<_> = self.declared.iter().chain(points).cloned().collect();
        let parties = all.iter().map(|mount| mount.ceremonies.relying_party());
        let mut origins: Vec<_> = parties.flat_map(|it| it.origins().to_vec()).collect();
        origins.sort();
        origins.dedup();
        let served = Arc::new(Served {
            written,
            all,
            origins,
        });
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = served;
    }

    /// What is served now.
    #[must_use]
    pub fn served(&self) -> Arc<Served> {
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether the configuration file has a mount of this name.
    #[must_use]
    pub fn declares(&self, name: &str) -> bool {
        self.declared.iter().any(|it| it.ceremonies.name() == name)
    }
}

impl Served {
    /// Every mount that answers, the default one first.
    #[must_use]
    pub fn all(&self) -> &[Arc<MountPoint>] {
        &self.all
    }

    /// Those that were written over the API, also those that do not answer.
    #[must_use]
    pub fn written(&self) -> &[WrittenMount] {
        &self.written
    }

    /// The one that answers under this name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Arc<MountPoint>> {
        self.all.iter().find(|it| it.ceremonies.name() == name)
    }

    /// The one of this name that was written over the API.
    #[must_use]
    pub fn written_as(&self, name: &str) -> Option<&WrittenMount> {
        self.written.iter().find(|it| it.record.name == name)
    }

    #[cfg(test)]
    pub(crate) fn of_origins(origins: &[&str]) -> Self {
        Self {
            origins: origins.iter().map(|it| (*it).to_owned()).collect(),
            ..Self::default()
        }
    }

    /// Whether a ceremony of some mount can come from this origin.
    #[must_use]
    pub fn has_origin(&self, origin: &[u8]) -> bool {
        self.origins.iter().any(|it| it.as_bytes() == origin)
    }
}

impl App {
    /// Makes a mount, or changes the fields that are given; `null` sets one back to its default. It
    /// answers from then on.
    ///
    /// # Errors
    /// When it cannot be as it would be, or another one came first: it stays as it was.
    pub async fn write_mount(
        self: &Arc<Self>,
        order: MountOrder,
        fields: Map<String, Value>,
        audit: AuditRecord,
    ) -> Result<(), MountChangeError> {
        let app = Arc::clone(self);
        // To its end, even when whoever asked goes away: what is stored must be served.
        let work = tokio::spawn(async move { app.written(order, &fields, audit).await });
        work.await.unwrap_or(Err(Interrupted.into()))
    }

    async fn written(
        &self,
        order: MountOrder,
        fields: &Map<String, Value>,
        audit: AuditRecord,
    ) -> Result<(), MountChangeError> {
        let points = &self.mount_points;
        let _changing = points.changing.lock().await;
        let served = points.served();
        let before = self.mount_to_change(&served, &order)?;
        let mut settings = before.map(|it| it.settings.clone()).unwrap_or_default();
        merge(&mut settings, fields);
        let point = points.made(&order.name, &settings)?;
        if before.is_none() && points.declared.len() + served.written.len() > MOST_MOUNTS {
            return Err(MountChangeError::TooMany { most: MOST_MOUNTS });
        }
        let rp_id = point.ceremonies.relying_party().id().to_owned();
        if before.is_some_and(|it| it.rp_id != rp_id) && !order.force {
            self.refuse_in_use(&order.name).await?;
        }
        let expected = before.map_or(0, |it| it.revision);
        let mut record = MountRecord {
            name: order.name,
            revision: 0,
            changed_at: audit.at,
            changed_by: audit.actor.shown().to_owned(),
            rp_id,
            settings,
        };
        let stored = self.store.put_mount(&record, expected, &audit).await?;
        record.revision = stored.ok_or(MountChangeError::Revision { current: expected })?;
        let others = served.written.iter();
        let others = others.filter(|it| it.record.name != record.name).cloned();
        let mut written: Vec<_> = others.collect();
        written.push(WrittenMount {
            record,
            point: Ok(point),
        });
        written.sort_by(|a, b| a.record.name.cmp(&b.record.name));
        points.serve(written);
        Ok(())
    }

    /// Removes a mount: nothing answers under its name from then on.
    ///
    /// # Errors
    /// When passkeys were registered at it, unless it is forced; as [`Self::write_mount`].
    pub async fn delete_mount(
        self: &Arc<Self>,
        order: MountOrder,
        audit: AuditRecord,
    ) -> Result<(), MountChangeError> {
        let app = Arc::clone(self);
        let work = tokio::spawn(async move {
            let points = &app.mount_points;
            let _changing = points.changing.lock().await;
            let served = points.served();
            let before = app.mount_to_change(&served, &order)?;
            let before = before.ok_or(MountChangeError::Unknown)?;
            if !order.force {
                app.refuse_in_use(&order.name).await?;
            }
            let revision = before.revision;
            let deleted = app.store.delete_mount(&order.name, revision, &audit);
            if !deleted.await? {
                return Err(MountChangeError::Revision { current: revision });
            }
            let others = served.written.iter();
            let others = others.filter(|it| it.record.name != order.name);
            points.serve(others.cloned().collect());
            Ok(())
        });
        work.await.unwrap_or(Err(Interrupted.into()))
    }

    /// The record that the order is about, where there is one and the caller has seen it.
    fn mount_to_change<'a>(
        &self,
        served: &'a Served,
        order: &MountOrder,
    ) -> Result<Option<&'a MountRecord>, MountChangeError> {
        if self.mount_points.declares(&order.name) {
            return Err(MountChangeError::Declared);
        }
        let found = served.written_as(&order.name).map(|it| &it.record);
        let current = found.map_or(0, |it| it.revision);
        match order.revision {
            Some(seen) if seen != current => Err(MountChangeError::Revision { current }),
            _ => Ok(found),
        }
    }

    async fn refuse_in_use(&self, name: &str) -> Result<(), MountChangeError> {
        match self.store.credentials_of_mount(name).await? {
            0 => Ok(()),
            passkeys => Err(MountChangeError::InUse { passkeys }),
        }
    }
}

/// Lays `fields` over `settings`: what is `null` goes, objects are laid over objects.
fn merge(settings: &mut Map<String, Value>, fields: &Map<String, Value>) {
    for (name, value) in fields {
        match (settings.get_mut(name), value) {
            (_, Value::Null) => {
                settings.remove(name);
            }
            (Some(Value::Object(there)), Value::Object(given)) => merge(there, given),
            (_, Value::Object(given)) => {
                let mut inner = Map::new();
                merge(&mut inner, given);
                settings.insert(name.clone(), inner.into());
            }
            (_, value) => {
                settings.insert(name.clone(), value.clone());
            }
        }
    }
}
