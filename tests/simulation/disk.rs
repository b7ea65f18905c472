//! The disk under the store: what is synced survives every crash, what is being synced survives by
//! chance and whole, everything else is lost. What is written is decided in `store`.

use std::sync::{Arc, Mutex, MutexGuard};

use isthmus_core::journal::{Committed, Unit};

use crate::machine::Machine;
use crate::tables::Tables;

/// What the disk does to whoever writes.
#[derive(Debug, Default)]
struct Faults {
    /// How many syncs fail.
    failing: u64,
    /// How much does not fit: nothing, messages, what became of them too, or anything.
    full: u8,
}

/// A disk.
pub(crate) struct Disk {
    machine: Arc<Machine>,
    tables: Mutex<Tables>,
    /// Written, and not known to be synced.
    in_flight: Mutex<Vec<Unit>>,
    faults: Mutex<Faults>,
}

impl Disk {
    pub(crate) fn new(machine: &Arc<Machine>) -> Self {
        Self {
            machine: Arc::clone(machine),
            tables: Mutex::default(),
            in_flight: Mutex::default(),
            faults: Mutex::default(),
        }
    }

    /// What is synced, which is what readers see.
    pub(crate) fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap()
    }

    pub(crate) fn fail_syncs(&self, count: u64) {
        self.faults.lock().unwrap().failing = count;
    }

    pub(crate) fn set_full(&self, level: u8) {
        self.faults.lock().unwrap().full = level;
    }

    pub(crate) fn full(&self) -> u8 {
        self.faults.lock().unwrap().full
    }

    /// Writes units without a sync.
    pub(crate) fn write(&self, units: Vec<Unit>) {
        self.in_flight.lock().unwrap().extend(units);
    }

    /// Syncs what was written. None: the sync failed, and nobody knows what of it is there before
    /// the next start.
    pub(crate) fn sync(&self) -> Option<Vec<Committed>> {
        {
            let mut faults = self.faults.lock().unwrap();
            if faults.failing > 0 {
                faults.failing -= 1;
                return None;
            }
        }
        Some(self.keep())
    }

    /// Power is lost, or the process is.
    pub(crate) fn crash(&self) {
        let survives = self.machine.chance(500);
        self.machine.note("disk-crash", &[u64::from(survives)]);
        if survives {
            let _nobody_is_told = self.keep();
        }
        self.in_flight.lock().unwrap().clear();
    }

    fn keep(&self) -> Vec<Committed> {
        let units = std::mem::take(&mut *self.in_flight.lock().unwrap());
        let mut tables = self.tables();
        units.iter().map(|unit| tables.apply(unit)).collect()
    }
}
