//! What control keeps, from its end back, for who shows it. Whether it is as it was written is for the keeper to say,
//! who reads all of it; so nothing follows from what is read here.

use std::fs::File;
use std::marker::PhantomData;
use std::path::PathBuf;

use serde::de::DeserializeOwned;

use super::{Kept, files, first_seq_of};
use crate::back::{Back, BackLines};
use crate::{DataDir, StoreError, chain, regular};

/// Lines, the newest first. It ends before the first that cannot be read.
#[derive(Debug)]
pub struct ControlTail<T> {
    /// Files that are still to be read, the newest last.
    left: Vec<PathBuf>,
    current: Option<(PathBuf, BackLines<File>)>,
    /// Only smaller numbers.
    before: Option<u64>,
    is_over: bool,
    record: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> ControlTail<T> {
    /// From the newest line on, also while another process writes.
    ///
    /// # Errors
    /// When the directory cannot be listed.
    pub fn open(dir: &DataDir) -> Result<Self, StoreError> {
        Self::before(dir, None)
    }

    /// From the newest line on that has a smaller number than this.
    ///
    /// # Errors
    /// When the directory cannot be listed or a file cannot be read.
    pub fn before(dir: &DataDir, before: Option<u64>) -> Result<Self, StoreError> {
        let mut left = files(dir)?;
        if let Some(seq) = before {
            // Whole files behind that line need not be gone through.
            while let Some(path) = left.last()
                && first_seq_of(path)?.is_some_and(|first| first >= seq)
            {
                left.pop();
            }
        }
        Ok(Self { left, current: None, before, is_over: false, record: PhantomData })
    }

    fn read(&mut self) -> Result<Option<Kept<T>>, StoreError> {
        loop {
            let Some((path, lines)) = &mut self.current else {
                let Some(path) = self.left.pop() else { return Ok(None) };
                let opened = regular::open(&path).and_then(BackLines::new);
                let opened = opened.map_err(StoreError::io("read", &path))?;
                self.current = Some((path, opened));
                continue;
            };
            let kept = match lines.previous().map_err(StoreError::io("read", path))? {
                Some(Back::Line { bytes, .. }) => kept_in(bytes),
                Some(Back::TooLong { .. }) => None,
                None => {
                    self.current = None;
                    continue;
                }
            };
            match kept {
                Some(kept) if self.before.is_some_and(|before| kept.seq >= before) => {}
                kept => return Ok(kept),
            }
        }
    }
}

impl<T: DeserializeOwned> Iterator for ControlTail<T> {
    type Item = Result<Kept<T>, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let read = self.read().transpose();
        self.is_over = !matches!(read, Some(Ok(_)));
        read
    }
}

fn kept_in<T: DeserializeOwned>(bytes: &[u8]) -> Option<Kept<T>> {
    let (body, _) = chain::open(std::str::from_utf8(bytes).ok()?).ok()?;
    serde_json::from_str(&body).ok()
}
