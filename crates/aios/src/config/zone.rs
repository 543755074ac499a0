//! This machine's time zone, read within bounds.
//!
//! `TZ`, `TZDIR` and `/etc/localtime` may lead to anything: a device without an end, a pipe that nobody writes to, a
//! directory. Whoever asks the crate `jiff` for the system's zone has it list `TZDIR` with all that is below it, and read
//! what it finds there whole. So the file is found and read here, and `jiff` is given its bytes.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};

use jiff::tz::TimeZone;

use super::env::Env;

/// Where a system says its time zone, if it is one of Unix and no `TZ` is set.
const LOCAL_TIME: &str = "/etc/localtime";

/// Where systems keep the files of named zones. On Windows they are part of the program.
const DATABASES: &[&str] = if cfg!(unix) {
    &["/usr/share/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo"]
} else {
    &[]
};

/// Names that need no file.
const UTC: [&str; 4] = ["UTC", "Etc/UTC", "GMT", "Etc/GMT"];

/// Most bytes of a file of a time zone; the largest have some 4,000.
const FILE_MAX: u64 = 1024 * 1024;

/// Why the zone is not known.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoZone {
    /// There is a file, and it cannot be used.
    #[error("cannot read the time zone from {} ({by}): {why}", path.display())]
    Unusable {
        path: PathBuf,
        /// What has led there.
        by: &'static str,
        why: String,
    },
    /// Nothing has this name. Whoever has no zone is in UTC.
    #[error("TZ is {name:?}, which is no time zone that is known here; UTC is taken")]
    Unknown { name: String },
}

/// Where a zone is looked for.
struct Places<'a> {
    tz: Option<&'a str>,
    /// `TZDIR`, which comes before the system's.
    tzdir: Option<&'a str>,
    databases: &'a [&'a str],
    local_time: &'a Path,
}

/// The zone that the environment names, else the system's own; UTC where there is none.
pub(super) fn local(env: &Env) -> Result<TimeZone, NoZone> {
    let of = |name: &str| env.get(name).map(String::as_str);
    let places = Places {
        tz: of("TZ"),
        tzdir: of("TZDIR").filter(|dir| !dir.is_empty()),
        databases: DATABASES,
        local_time: Path::new(LOCAL_TIME),
    };
    places.zone()
}

impl Places<'_> {
    fn zone(&self) -> Result<TimeZone, NoZone> {
        match self.tz.map(|named| named.strip_prefix(':').ok_or(named)) {
            // The system is asked by a call there, and reads no file.
            None if cfg!(windows) => Ok(TimeZone::system()),
            None => Ok(of_file(self.local_time, "the system's")?.unwrap_or(TimeZone::UTC)),
            Some(Ok("") | Err("")) => Ok(TimeZone::UTC),
            Some(Ok(name)) => self.named(name),
            Some(Err(rule)) => TimeZone::posix(rule).or_else(|_| self.named(rule)),
        }
    }

    /// The zone of a name such as `Europe/Paris`, or of a file.
    fn named(&self, name: &str) -> Result<TimeZone, NoZone> {
        let path = Path::new(name);
        let found =
            if path.is_absolute() { of_file(path, "named by TZ")? } else { self.kept(path)? };
        let known = || {
            let is_utc = UTC.iter().any(|utc| utc.eq_ignore_ascii_case(name));
            if is_utc { Some(TimeZone::UTC) } else { TimeZone::get(name).ok() }
        };
        found.or_else(known).ok_or_else(|| NoZone::Unknown { name: name.to_owned() })
    }

    /// The zone of a name, out of a directory of zones. A name leads nowhere else.
    fn kept(&self, name: &Path) -> Result<Option<TimeZone>, NoZone> {
        if !name.components().all(|part| matches!(part, Component::Normal(_))) {
            return Ok(None);
        }
        let own = self.tzdir.map(|dir| (dir, "named by TZ, in TZDIR"));
        let databases = self.databases.iter().map(|dir| (*dir, "named by TZ"));
        let found = own.into_iter().chain(databases);
        found
            .map(|(dir, by)| of_file(&Path::new(dir).join(name), by))
            .find_map(Result::transpose)
            .transpose()
    }
}

/// The zone of a file; none if there is no such file.
fn of_file(path: &Path, by: &'static str) -> Result<Option<TimeZone>, NoZone> {
    let unusable = |why: String| NoZone::Unusable { path: path.to_owned(), by, why };
    let Some(bytes) = read(path).map_err(|error| unusable(error.to_string()))? else {
        return Ok(None);
    };
    let zone = TimeZone::tzif("local", &bytes);
    zone.map(Some).map_err(|error| unusable(format!("it is no file of a time zone: {error}")))
}

/// All of a file that is one and has an end; none if it is not there.
fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    use io::ErrorKind::{InvalidFilename, NotADirectory, NotFound};
    let there = match fs::metadata(path) {
        Ok(there) => there,
        Err(error) if matches!(error.kind(), NotFound | NotADirectory | InvalidFilename) => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    // Opening a pipe would wait until somebody writes to it.
    if !there.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut bytes = Vec::new();
    // Whatever its length is said to be.
    File::open(path)?.take(FILE_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > FILE_MAX {
        return Err(io::Error::other(format!("it is larger than {FILE_MAX} bytes")));
    }
    Ok(Some(bytes))
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    /// 2027-07-01, when Paris has summer time.
    const SUMMER: i64 = 1_814_400_000;

    /// A zone of one offset, as its file has it: version 1, one type, no transitions.
    fn file_of_zone(offset: i32) -> Vec<u8> {
        let mut file = b"TZif".to_vec();
        file.extend([0; 16]);
        for n in [0, 0, 0, 0, 1, 4_u32] {
            file.extend(n.to_be_bytes());
        }
        file.extend(offset.to_be_bytes());
        file.extend([0, 0]);
        file.extend(b"ABC\0");
        file
    }

    struct Rig(tempfile::TempDir);

    impl Rig {
        /// With a database that has `Own/Zone`, an hour and a half east.
        fn new() -> Self {
            let rig = Self(tempfile::tempdir().unwrap());
            fs::create_dir_all(rig.path("zones/Own")).unwrap();
            fs::write(rig.path("zones/Own/Zone"), file_of_zone(5400)).unwrap();
            rig
        }

        fn path(&self, name: &str) -> String {
            self.0.path().join(name).to_str().unwrap().to_owned()
        }

        /// The offset in seconds, else why there is none.
        fn offset(
            &self,
            tz: Option<&str>,
            tzdir: Option<&str>,
            local_time: &str,
        ) -> Result<i32, String> {
            let local_time = self.path(local_time);
            let databases = [self.path("zones")];
            let databases = databases.each_ref().map(String::as_str);
            let tzdir = tzdir.map(|dir| self.path(dir));
            let places = Places {
                tz,
                tzdir: tzdir.as_deref(),
                databases: &databases,
                local_time: Path::new(&local_time),
            };
            let at = jiff::Timestamp::from_second(SUMMER).unwrap();
            let zone =
                places.zone().map_err(|error| error.to_string().replace(&self.path(""), ""))?;
            Ok(zone.to_offset(at).seconds())
        }
    }

    #[test]
    fn a_zone_is_a_rule_a_name_a_file_or_the_systems() {
        let rig = Rig::new();
        fs::write(rig.path("here"), file_of_zone(-3600)).unwrap();
        let file = rig.path("here");
        let check = |tz: Option<&str>, expect| {
            assert_eq!(rig.offset(tz, None, "here"), Ok(expect), "{tz:?}");
        };
        check(None, -3600);
        check(Some(""), 0);
        check(Some(":"), 0);
        check(Some("UTC"), 0);
        check(Some("CET-1CEST,M3.5.0,M10.5.0/3"), 7200);
        check(Some("Own/Zone"), 5400);
        check(Some(":Own/Zone"), 5400);
        check(Some(&file), -3600);
        check(Some(&format!(":{file}")), -3600);
        assert_eq!(rig.offset(None, None, "not there"), Ok(0));
    }

    #[test]
    fn tzdir_comes_before_the_systems_and_does_not_replace_it() {
        let rig = Rig::new();
        fs::create_dir_all(rig.path("mine/Own")).unwrap();
        fs::write(rig.path("mine/Own/Zone"), file_of_zone(60)).unwrap();
        fs::write(rig.path("file"), "").unwrap();
        let offset = |tzdir| rig.offset(Some("Own/Zone"), Some(tzdir), "here");
        assert_eq!(offset("mine"), Ok(60));
        assert_eq!(offset("not there"), Ok(5400));
        assert_eq!(offset("file"), Ok(5400));
    }

    #[test]
    fn what_nobody_knows_is_said_and_leads_nowhere() {
        let rig = Rig::new();
        fs::write(rig.path("here"), file_of_zone(-3600)).unwrap();
        for name in ["No/Such", "../here", "Own/../../here", &"x".repeat(5000)] {
            let error = rig.offset(Some(name), None, "here").unwrap_err();
            assert!(error.contains("is no time zone that is known here; UTC is taken"), "{error}");
        }
    }

    #[test]
    fn what_is_no_file_with_an_end_is_refused_wherever_it_stands() {
        let rig = Rig::new();
        fs::create_dir_all(rig.path("zones/Odd/Directory")).unwrap();
        let pipe = std::process::Command::new("mkfifo").arg(rig.path("zones/Odd/Pipe")).status();
        assert!(pipe.unwrap().success());
        fs::write(rig.path("zones/Odd/Words"), "Paris").unwrap();
        let long = File::create(rig.path("zones/Odd/Long")).unwrap();
        long.set_len(1 << 40).unwrap();
        std::os::unix::fs::symlink("/dev/zero", rig.path("zones/Odd/Endless")).unwrap();
        std::os::unix::fs::symlink("Loop", rig.path("zones/Odd/Loop")).unwrap();
        for (name, why) in [
            ("Directory", "it is not a regular file"),
            ("Pipe", "it is not a regular file"),
            ("Endless", "it is not a regular file"),
            ("Long", "it is larger than 1048576 bytes"),
            ("Words", "it is no file of a time zone: "),
            ("Loop", ""),
        ] {
            let path = format!("zones/Odd/{name}");
            for (tz, tzdir, local_time, by) in [
                (Some(format!("Odd/{name}")), None, "here", "named by TZ"),
                (Some(format!("Odd/{name}")), Some("zones"), "here", "named by TZ, in TZDIR"),
                (Some(format!(":{}", rig.path(&path))), None, "here", "named by TZ"),
                (None, None, path.as_str(), "the system's"),
            ] {
                let error = rig.offset(tz.as_deref(), tzdir, local_time).unwrap_err();
                let expect = format!("cannot read the time zone from {path} ({by}): {why}");
                assert!(error.starts_with(&expect), "{error}");
            }
        }
    }
}
