//! One vector for a text of the vectors of its tokens.

use ndarray::{Array2, Axis};
use serde::Deserialize;

use crate::LoadError;
use crate::directory::Directory;

/// How it is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pooling {
    /// The mean of all.
    Mean,
    /// The first one's, which stands before the text.
    Cls,
    /// Of each number the largest.
    Max,
}

/// As it has been written for years: a switch for each way, of which several may be on.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Switches {
    pooling_mode_cls_token: bool,
    pooling_mode_mean_tokens: bool,
    pooling_mode_max_tokens: bool,
    pooling_mode_mean_sqrt_len_tokens: bool,
    pooling_mode_weightedmean_tokens: bool,
    pooling_mode_lasttoken: bool,
    /// As newer versions write it.
    pooling_mode: Option<Mode>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Mode {
    One(String),
    Several(Vec<String>),
}

impl Pooling {
    pub(crate) fn read(directory: &mut Directory, place: &str) -> Result<Self, LoadError> {
        let (switches, path): (Switches, _) =
            directory.settings(&format!("{place}/config.json"))?;
        let asked = switches.asked();
        match asked.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["mean"] => Ok(Self::Mean),
            ["cls"] => Ok(Self::Cls),
            ["max"] => Ok(Self::Max),
            _ => Err(LoadError::Unknown {
                path,
                key: "pooling_mode",
                found: if asked.is_empty() { "none".to_owned() } else { asked.join(" + ") },
                known: "one of mean, cls and max",
            }),
        }
    }

    /// The vector of a text of at least one token.
    pub(crate) fn of(self, tokens: &Array2<f32>) -> Vec<f32> {
        match self {
            Self::Mean => {
                let n = tokens.nrows().max(1) as f32;
                tokens.sum_axis(Axis(0)).iter().map(|sum| sum / n).collect()
            }
            Self::Cls => tokens.row(0).to_vec(),
            Self::Max => {
                tokens.fold_axis(Axis(0), f32::NEG_INFINITY, |most, one| most.max(*one)).to_vec()
            }
        }
    }
}

impl Switches {
    fn asked(self) -> Vec<String> {
        match self.pooling_mode {
            Some(Mode::One(mode)) => return vec![mode],
            Some(Mode::Several(modes)) => return modes,
            None => {}
        }
        let all = [
            ("cls", self.pooling_mode_cls_token),
            ("mean", self.pooling_mode_mean_tokens),
            ("max", self.pooling_mode_max_tokens),
            ("mean_sqrt_len_tokens", self.pooling_mode_mean_sqrt_len_tokens),
            ("weightedmean", self.pooling_mode_weightedmean_tokens),
            ("lasttoken", self.pooling_mode_lasttoken),
        ];
        all.iter().filter(|(_, is_on)| *is_on).map(|(name, _)| (*name).to_owned()).collect()
    }
}
