//! What the hypotheses were found to be, over time: a few lines among millions, kept whole. They name nobody.

use aios_core::HypothesisEvent;

use super::Index;
use super::database::failed;
use crate::StoreError;

impl Index {
    /// Every finding that is on record, oldest first, as far as the index has come.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn findings(&self) -> Result<Vec<HypothesisEvent>, StoreError> {
        let read = || {
            let mut statement =
                self.database.prepare("SELECT line FROM findings ORDER BY ts, seg")?;
            let lines = statement.query_map([], |row| row.get::<_, String>(0))?;
            let mut findings = Vec::new();
            for line in lines {
                findings.extend(serde_json::from_str(&line?).ok());
            }
            Ok(findings)
        };
        read().map_err(|error| failed(&self.dir, "read", error))
    }
}
