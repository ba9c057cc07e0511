//! What the five services share.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::watch;

use crate::archive::Archive;
use crate::log::{InProgress, Log, lock};
use crate::misbehave::{Fault, Misbehaviour, Rules};
use crate::options::SandboxOptions;
use crate::secret::Secret;

/// Where each service is reached: scheme, host and port, without a path.
#[derive(Debug, Clone)]
pub(crate) struct Origins {
    pub(crate) cmr: String,
    pub(crate) login: String,
    pub(crate) gateway: String,
    pub(crate) cdn: String,
    pub(crate) s3: String,
}

/// The state behind all services of one sandbox.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) options: SandboxOptions,
    pub(crate) archive: Archive,
    pub(crate) origins: Origins,
    pub(crate) secret: Secret,
    pub(crate) log: Log,
    pub(crate) rules: Rules,
    pub(crate) progress: Arc<InProgress>,
    /// Tokens that Earthdata Login has issued to each user, with their expiry in epoch seconds.
    pub(crate) issued: Mutex<HashMap<String, Vec<(String, i64)>>>,
    /// Tokens that their users have revoked.
    pub(crate) revoked: Mutex<HashSet<String>>,
    /// Counts credentials and signed URLs as they are issued, so that "issued before" is exact
    /// where clocks of whole seconds are not.
    serial: AtomicU64,
    credentials_floor: AtomicU64,
    signed_urls_floor: AtomicU64,
    /// Every open connection holds a receiver, and ends when it hears anything.
    connections: Mutex<watch::Sender<()>>,
}

impl State {
    pub(crate) fn new(options: SandboxOptions, archive: Archive, origins: Origins, secret: Secret) -> Self {
        Self {
            options,
            archive,
            origins,
            secret,
            log: Log::default(),
            rules: Rules::default(),
            progress: Arc::default(),
            issued: Mutex::default(),
            revoked: Mutex::default(),
            serial: AtomicU64::new(1),
            credentials_floor: AtomicU64::new(0),
            signed_urls_floor: AtomicU64::new(0),
            connections: Mutex::new(watch::channel(()).0),
        }
    }

    /// What a new connection must listen to.
    pub(crate) fn connected(&self) -> watch::Receiver<()> {
        lock(&self.connections).subscribe()
    }

    /// Ends the connections that are open now, and returns when the last of them has ended.
    pub(crate) async fn disconnect(&self) {
        let until_now = std::mem::replace(&mut *lock(&self.connections), watch::channel(()).0);
        until_now.send_replace(());
        until_now.closed().await;
    }

    /// The number of the next thing issued.
    pub(crate) fn next_serial(&self) -> u64 {
        self.serial.fetch_add(1, Ordering::SeqCst)
    }

    /// Whether credentials of this number have been expired on purpose.
    pub(crate) fn credentials_expired(&self, serial: u64) -> bool {
        serial < self.credentials_floor.load(Ordering::SeqCst)
    }

    /// Whether a signed URL of this number has been expired on purpose.
    pub(crate) fn signed_url_expired(&self, serial: u64) -> bool {
        serial < self.signed_urls_floor.load(Ordering::SeqCst)
    }

    /// Takes a misbehaviour: those that act at once do, the others wait for their request.
    pub(crate) fn misbehave(&self, misbehaviour: Misbehaviour) {
        if misbehaviour.is_immediate() {
            self.expire(misbehaviour.fault());
        } else {
            self.rules.add(misbehaviour);
        }
    }

    /// Carries out the faults that end what was issued; leaves others alone.
    pub(crate) fn expire(&self, fault: &Fault) {
        let now = self.serial.load(Ordering::SeqCst);
        match fault {
            Fault::ExpireCredentials => self.credentials_floor.store(now, Ordering::SeqCst),
            Fault::ExpireSignedUrls => self.signed_urls_floor.store(now, Ordering::SeqCst),
            _ => {}
        }
    }
}

/// Seconds since 1970, as tokens and URLs count them.
pub(crate) fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}
