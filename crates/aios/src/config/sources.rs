//! Where settings are read from: one file, the environment, flags.
//!
//! Taken once at start; [`super::load`] reads the file anew each time, so that a reload is the same call.

use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{env as process_env, fs, io};

use toml::Value;

use super::env::{self, Env};
use super::problem::{ConfigError, Origin, Problem};
use super::schema;
use super::settings::Settings;

/// Name of the configuration file where it is looked for.
const FILE_NAME: &str = "aios.toml";

/// Largest configuration file that is read, in bytes.
const FILE_MAX: u64 = 1 << 20;

/// Everything that settings come from.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The file named by `--config`.
    pub file: Option<PathBuf>,
    /// The directory that relative paths start at.
    pub directory: PathBuf,
    /// The environment as it was at start.
    pub env: Env,
    /// Flags that stand for a key.
    pub flags: Vec<Flag>,
}

/// A flag that stands for a key.
#[derive(Debug, Clone, PartialEq)]
pub struct Flag {
    /// The flag as typed: `--listen`.
    pub name: &'static str,
    /// The key: `server.listen`.
    pub key: &'static str,
    /// Its value.
    pub value: String,
}

/// What a file looked like, to notice a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileStamp {
    path: PathBuf,
    modified: Option<SystemTime>,
    bytes: u64,
}

impl Sources {
    /// Takes directory and environment from the process. Variables that are not Unicode are left out.
    ///
    /// # Errors
    /// When the current directory is gone.
    pub fn of_process(file: Option<PathBuf>) -> io::Result<Self> {
        let unicode = process_env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        let directory = process_env::current_dir()?;
        Ok(Self { file, directory, env: unicode.collect(), flags: Vec::new() })
    }

    /// The file that counts: the one that is named, else the first that is there.
    #[must_use]
    pub fn config_file(&self) -> Option<PathBuf> {
        self.named().map(|(path, _)| path).or_else(|| {
            let places = [Some(self.directory.clone()), self.user_directory()];
            places.into_iter().flatten().map(|dir| dir.join(FILE_NAME)).find(|path| path.is_file())
        })
    }

    /// The state of the file that counts; it differs after the file was changed, replaced or removed.
    #[must_use]
    pub fn stamp(&self) -> Option<FileStamp> {
        let path = self.config_file()?;
        let meta = fs::metadata(&path).ok();
        let modified = meta.as_ref().and_then(|meta| meta.modified().ok());
        Some(FileStamp { path, modified, bytes: meta.map_or(0, |meta| meta.len()) })
    }

    /// The file's text.
    pub(super) fn read_file(&self) -> Result<Option<(PathBuf, String)>, ConfigError> {
        let Some(path) = self.config_file() else { return Ok(None) };
        let text = read_text(&path).map_err(|error| {
            let named = self.named().map_or(String::new(), |(_, by)| format!(" (named by {by})"));
            let problem =
                format!("cannot read the configuration file {}{named}: {error}", path.display());
            Problem::new(problem)
                .hint("`aios config default > aios.toml` writes a file with every setting")
        })?;
        Ok(Some((path, text)))
    }

    /// The flags as settings.
    pub(super) fn flag_settings(&self) -> Result<Settings, ConfigError> {
        let mut settings = Settings::default();
        for flag in &self.flags {
            let known = schema::find(flag.key).expect("flags stand for keys that there are");
            let value = Value::String(flag.value.clone());
            if let Some(problem) = settings.admit(known, value, &|_| Origin::Flag(flag.name)).pop()
            {
                return Err(problem.into());
            }
        }
        Ok(settings)
    }

    fn named(&self) -> Option<(PathBuf, &'static str)> {
        let by_env = self.env.get(env::CONFIG).filter(|path| !path.is_empty()).map(PathBuf::from);
        let by_flag = self.file.clone().map(|path| (path, "--config"));
        let (path, by) = by_flag.or(by_env.map(|path| (path, env::CONFIG)))?;
        Some((self.directory.join(path), by))
    }

    fn user_directory(&self) -> Option<PathBuf> {
        let dir = |name: &str| self.env.get(name).filter(|dir| !dir.is_empty()).map(PathBuf::from);
        let base = if cfg!(windows) {
            dir("APPDATA")
        } else {
            dir("XDG_CONFIG_HOME").or_else(|| dir("HOME").map(|home| home.join(".config")))
        };
        base.map(|base| base.join("aios"))
    }
}

fn read_text(path: &Path) -> io::Result<String> {
    let metadata = fs::metadata(path)?;
    // Opening a pipe would wait until somebody writes to it.
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    if metadata.len() > FILE_MAX {
        return Err(io::Error::other(format!("it is larger than {FILE_MAX} bytes")));
    }
    let text = fs::read_to_string(path)?;
    // Windows editors like to begin a file with a byte order mark.
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}
