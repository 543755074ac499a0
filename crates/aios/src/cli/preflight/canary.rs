//! What is kept of the canary can be used. Conversations are dealt into the buckets as the split says, the same way each time, and a growing
//! share only adds to treatment.

use aios_core::{Bucket, Clock as _, Percent, Split, Timestamp};
use aios_privacy::{KeyMaterial, Pseudonym, Pseudonymizer};
use aios_route::{BucketKey, bucket_of};
use aios_server::Standing;
use aios_store::StoreError;

use super::{Checked, Fault, Subject};
use crate::cli::canary::{AHEAD, AHEAD_HINT, DAMAGED};
use crate::cli::routing::{InForce, open, standing};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::keys;

/// Conversations that are dealt.
const N_SAMPLE: u32 = 10_000;

/// How far the share in treatment may be off, in percentage points: three times its deviation by
/// chance where that is greatest, at 50 %.
const OFF_MAX: f64 = 1.5;

const REPORT: &str = "do not change treatment_pct with this build; report it";

pub(super) fn check(subject: &Subject) -> Checked {
    let config = subject.config()?;
    is_usable(&standing(config, open(&config.server.data_dir)?.as_ref())?, SystemClock.now())?;
    let split = split(subject, config)?;
    let (first, origin) = key(config)?;
    let (again, _) = if origin == STORED { key(config)? } else { (first.clone(), origin) };
    let (first, again) = (BucketKey::new(&first), BucketKey::new(&again));
    let sample = sample();
    let treated = |key: &BucketKey, pct: Percent| -> Vec<bool> {
        sample.iter().map(|conv| bucket_of(key, conv, pct) == Bucket::Treatment).collect()
    };
    let pct = split.treatment_pct;
    let dealt = treated(&first, pct);
    if dealt != treated(&again, pct) {
        return Err(Fault::new(
            "the bucket key in keys/ changed between two reads",
            "find out what writes there",
        ));
    }
    let share = share(&dealt);
    if (share - pct.get()).abs() > OFF_MAX {
        let detail = format!(
            "{share:.1} % of {N_SAMPLE} sample conversations are in treatment, not {pct} %"
        );
        return Err(Fault::new(detail, REPORT));
    }
    let growing = config.canary.policy.stages.iter().filter(|stage| *stage > pct);
    only_grows(dealt, growing.map(|pct| treated(&first, pct)))?;
    Ok(format!(
        "{share:.1} % of {N_SAMPLE} sample conversations in treatment for {pct} % ({}, {origin} key)",
        split.origin
    ))
}

/// Whether what is kept is as it was written, and of no time that has not come.
fn is_usable(standing: &Standing, now: Timestamp) -> Result<(), Fault> {
    if let Some(fault) = &standing.fault {
        return Err(Fault::new(format!("what is kept of it is damaged: {fault}"), DAMAGED));
    }
    match standing.rollout.ahead_of(now) {
        Some(until) => {
            Err(Fault::new(format!("nothing is judged before {until}: {AHEAD}"), AHEAD_HINT))
        }
        None => Ok(()),
    }
}

/// The running server's split, else that of the files.
fn split(subject: &Subject, config: &Config) -> Result<Split, Fault> {
    match subject.running()? {
        Some(running) => Ok(running.status.split.clone()),
        None => Ok(InForce::of(config)?.split),
    }
}

const STORED: &str = "stored";

/// The deployment's key; before the first start there is none, and a random one shows the same.
fn key(config: &Config) -> Result<(KeyMaterial, &'static str), Fault> {
    let stored = open(&config.server.data_dir)?.map(|dir| dir.load_or_create_key(keys::BUCKETS));
    match stored {
        Some(Ok(key)) => Ok((key, STORED)),
        None | Some(Err(StoreError::ReadOnly { .. })) => Ok((random_key()?, "a trial")),
        Some(Err(error)) => Err(error.into()),
    }
}

fn random_key() -> Result<KeyMaterial, Fault> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| {
        let detail = format!("the system gives no random bytes: {error}");
        Fault::new(detail, "check that the system's random source works")
    })?;
    Ok(KeyMaterial::new(bytes))
}

fn sample() -> Vec<Pseudonym> {
    let pseudonyms = Pseudonymizer::new(1, &KeyMaterial::new([0; 32]));
    (0..N_SAMPLE).map(|n| pseudonyms.conversation(&[&n.to_be_bytes()])).collect()
}

/// In percent.
fn share(dealt: &[bool]) -> f64 {
    let n = dealt.iter().filter(|treated| **treated).count();
    n as f64 * 100.0 / dealt.len() as f64
}

fn only_grows(start: Vec<bool>, stages: impl Iterator<Item = Vec<bool>>) -> Result<(), Fault> {
    stages.into_iter().try_fold(start, |before, after| {
        let left = before.iter().zip(&after).filter(|(before, after)| **before && !**after).count();
        match left {
            0 => Ok(after),
            n => Err(Fault::new(format!("{n} conversations leave treatment as it grows"), REPORT)),
        }
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_that_leaves_is_noticed() {
        let stages = |last: bool| vec![vec![true, true, false], vec![true, last, true]].into_iter();
        assert!(only_grows(vec![true, false, false], stages(true)).is_ok());
        let fault = only_grows(vec![true, false, false], stages(false)).unwrap_err();
        assert!(fault.detail.starts_with("1 conversations"), "{}", fault.detail);
    }

    #[test]
    fn the_share_is_counted() {
        assert_eq!(share(&[true, false, false, true]), 50.0);
    }
}
