//! Where the metadata of a granule's siblings was, so that its whole tree is read in two rounds.
//!
//! Granules of one frame and mode are written alike, so their metadata lies at the same places, but for what the length
//! of their data moves. Who has opened one asks for those places of the next along with what the first round missed.
//!
//! Only an opening that took more than two rounds teaches anything: fewer there cannot be. Granules that are opened at
//! the same time do not wait for the first of them: three rounds side by side end before three and then two.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use swath_hdf5::{Index, OpenHints};

use crate::cache::IndexCache;
use crate::store::Object;

/// Frames that are remembered; beyond them, one is forgotten for each that is learned.
const MOST: usize = 256;
/// Rounds below which hints save nothing.
const LEAST_WAVES: u32 = 2;

/// The hints of one session, by frame and group.
#[derive(Debug, Default)]
pub(crate) struct KnownPlaces(Mutex<BTreeMap<String, OpenHints>>);

impl KnownPlaces {
    /// What siblings of the object teach: of this session, else of the cache; nothing if it is no granule.
    pub(super) fn of(&self, object: &Object, group: &str, cache: Option<&IndexCache>) -> OpenHints {
        let Some(key) = key(object, group) else { return OpenHints::default() };
        if let Some(known) = self.known().get(&key) {
            return known.clone();
        }
        cache.and_then(|cache| cache.load_hints(&key)).unwrap_or_default()
    }

    /// Learns from an index of the object.
    pub(super) fn learn(&self, object: &Object, index: &Index, group: &str, cache: Option<&IndexCache>) {
        let Some(key) = key(object, group).filter(|_| index.waves > LEAST_WAVES) else { return };
        let hints = index.hints();
        if let Some(cache) = cache {
            cache.save_hints(&key, &hints);
        }
        let mut known = self.known();
        if known.len() >= MOST && !known.contains_key(&key) {
            known.pop_first();
        }
        known.insert(key, hints);
    }

    fn known(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, OpenHints>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What granules have in common whose metadata lies alike.
fn key(object: &Object, group: &str) -> Option<String> {
    let name = crate::granule::GranuleName::parse(&object.address().file_name()).ok()?;
    let frame = (name.product, name.track, name.direction, name.frame);
    Some(format!("{frame:?} {:?} {group}", (name.mode, name.main_polarization, name.side_polarization)))
}
