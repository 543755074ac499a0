//! Who may change the holds, and what the audit trail says of them.

use std::sync::{MutexGuard, PoisonError};

use super::DataDir;
use crate::StoreError;
use crate::audit::HoldsOnRecord;

impl DataDir {
    /// Takes the right to change the holds; waits while somebody else has it.
    pub(crate) fn change_holds(&self) -> Result<MutexGuard<'_, ()>, StoreError> {
        let lock = self.owned("change the holds")?;
        Ok(lock.holds.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether somebody has the right to change them now.
    #[cfg(test)]
    pub(crate) fn are_holds_changing(&self) -> bool {
        self.lock.as_ref().is_some_and(|lock| lock.holds.try_lock().is_err())
    }

    /// Shows what the audit trail says of holds. Its owner reads it once, and is told of what is put on record since.
    pub(crate) fn holds_on_record<T>(
        &self,
        show: impl FnOnce(&HoldsOnRecord) -> T,
    ) -> Result<T, StoreError> {
        let Some(lock) = &self.lock else { return Ok(show(&HoldsOnRecord::read(self)?)) };
        let mut known = lock.holds_on_record.lock().unwrap_or_else(PoisonError::into_inner);
        match &*known {
            Some(known) => Ok(show(known)),
            None => Ok(show(known.insert(HoldsOnRecord::read(self)?))),
        }
    }

    /// Lets it know what has been put on record, if it was read before.
    pub(crate) fn with_holds_on_record(&self, told: impl FnOnce(&mut HoldsOnRecord)) {
        let Some(lock) = &self.lock else { return };
        let mut known = lock.holds_on_record.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = &mut *known {
            told(known);
        }
    }
}
