//! Erasing somebody again and again, while others ask and are told.

use std::sync::mpsc::Receiver;

use aios_memory::Language;
use aios_memory::corpus::Random;
use aios_privacy::Redactor;
use aios_store::{EraseError, EraseRequest, EraseTarget, Eraser, ErasureState};

use super::calls::{NOW, Stand};
use super::names::{Names, Who};

/// For each word that comes, makes everything anew, puts it away or brings it back, and erases somebody. Returns how many
/// that were.
pub(super) fn erase(stand: &Stand<'_>, eraser: &Eraser, told: &Receiver<()>) -> usize {
    let mut random = Random::new(17);
    let mut n = 0;
    while told.recv().is_ok() {
        // All of that has every scope forgotten, so it comes first: what an erasure has left ready must be found.
        match n % 4 {
            0 => {
                stand.memory.rebuild(Language::English).unwrap();
            }
            1 => {
                stand.memory.merge_copies().unwrap();
            }
            2 => {
                stand.memory.archive_idle(NOW).unwrap();
            }
            _ => {
                stand.memory.restore_archived().unwrap();
            }
        }
        let who = stand.names.replace(Names::erasable(&mut random));
        forget(eraser, stand.names, who);
        stand.names.note_erased(who);
        n += 1;
    }
    n
}

/// Erases somebody for good. What is on its way to them meanwhile changes the plan.
fn forget(eraser: &Eraser, names: &Names, who: Who) {
    let target = EraseTarget::new(names.pseudonyms(who), None).unwrap();
    loop {
        let basis = Redactor::default().redact("test").text;
        let request = EraseRequest { requester: "test".to_owned(), basis };
        let plan = eraser.plan(&target, &request).unwrap();
        match eraser.execute(&plan.id, &plan.plan_hash, None) {
            Ok(receipt) => {
                let left = &receipt.verified.left;
                assert_eq!(receipt.state, ErasureState::Completed, "{left:?}");
                return;
            }
            Err(EraseError::Changed { .. }) => {}
            Err(other) => panic!("{other}"),
        }
    }
}
