//! What a server's handles are: files, connections of the load, connections to models, other sockets.
//!
//! How many connections there are follows from the load: each side keeps those of the busiest moment of the last minute. So
//! they are told apart from what the server has open by itself, which stays the same whatever the load does.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Handles by what they are of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Handles {
    /// All that is no socket.
    pub(super) n_files: usize,
    /// Sockets that listen, that are of no connection, of one that is over at its other end, or of one that somebody else
    /// has opened.
    pub(super) n_sockets: usize,
    /// Connections that the load has open.
    pub(super) n_clients: usize,
    /// Connections that the server has opened itself.
    pub(super) n_models: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    Socket,
    Client,
    Model,
}

/// A connection in the kernel's table, or a socket that listens.
struct Row {
    local: u16,
    remote: u16,
    state: u8,
    inode: u64,
}

/// States of the kernel's table.
const ESTABLISHED: u8 = 1;
const SYN_SENT: u8 = 2;

/// Looks at a process that listens at these ports, by its directory in `/proc` and by that of the load.
///
/// # Errors
/// Where one of them cannot be read.
pub(super) fn count(server: &Path, load: &Path, listens: [u16; 2]) -> Result<Handles> {
    let mut handles = Handles::default();
    for (_, kind) in sorted(server, load, listens)? {
        *match kind {
            Kind::File => &mut handles.n_files,
            Kind::Socket => &mut handles.n_sockets,
            Kind::Client => &mut handles.n_clients,
            Kind::Model => &mut handles.n_models,
        } += 1;
    }
    Ok(handles)
}

/// Each with what it is. Nothing stands still meanwhile: a socket that seems to be nobody's is looked at once more.
fn sorted(server: &Path, load: &Path, listens: [u16; 2]) -> Result<Vec<(PathBuf, Kind)>> {
    let links = links(server)?;
    let rows = rows(server)?;
    let of_load: HashSet<u64> = self::links(load)?.iter().filter_map(|(_, to)| inode(to)).collect();
    // By their ports: an address may be written in two ways.
    let of_load: HashSet<(u16, u16)> = rows
        .iter()
        .filter(|row| of_load.contains(&row.inode))
        .map(|row| (row.remote, row.local))
        .collect();
    let rows: HashMap<u64, Row> = rows.into_iter().map(|row| (row.inode, row)).collect();
    let kind = |to: &Path| {
        let Some(inode) = inode(to) else { return Kind::File };
        match rows.get(&inode) {
            Some(row) if of_load.contains(&(row.local, row.remote)) => Kind::Client,
            Some(Row { local, state: ESTABLISHED | SYN_SENT, .. }) if !listens.contains(local) => {
                Kind::Model
            }
            Some(_) | None => Kind::Socket,
        }
    };
    let mut sorted = Vec::new();
    for (link, to) in links {
        let kind = kind(&to);
        if kind != Kind::Socket || fs::read_link(&link).is_ok_and(|now| now == to) {
            sorted.push((link, kind));
        }
    }
    Ok(sorted)
}

/// A process's handles, and what each leads to.
fn links(process: &Path) -> Result<Vec<(PathBuf, PathBuf)>> {
    let dir = process.join("fd");
    let entries = fs::read_dir(&dir).with_context(|| format!("cannot read {}", dir.display()))?;
    let mut links = Vec::new();
    for entry in entries {
        let link = entry?.path();
        match fs::read_link(&link) {
            Ok(to) => links.push((link, to)),
            // It was closed meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", link.display()));
            }
        }
    }
    Ok(links)
}

/// The inode of a socket, as its link names it.
fn inode(to: &Path) -> Option<u64> {
    to.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

/// The kernel's table of connections, as the process sees it.
fn rows(process: &Path) -> Result<Vec<Row>> {
    let path = process.join("net/tcp");
    let mut text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    // Not where the kernel has no IPv6.
    text += &fs::read_to_string(process.join("net/tcp6")).unwrap_or_default();
    Ok(text.lines().filter_map(row).collect())
}

/// A line such as `0: 0100007F:AEFB 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 2277326 …`.
fn row(line: &str) -> Option<Row> {
    let mut fields = line.split_ascii_whitespace().skip(1);
    let mut port = || u16::from_str_radix(fields.next()?.rsplit_once(':')?.1, 16).ok();
    let (local, remote) = (port()?, port()?);
    let state = u8::from_str_radix(fields.next()?, 16).ok()?;
    Some(Row { local, remote, state, inode: fields.nth(5)?.parse().ok()? })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::fs::File;
    use std::io::Read as _;
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::AsRawFd;

    use super::*;

    /// What this process's handle is, as of a server.
    fn kind(handle: &impl AsRawFd, load: &Path, listens: u16) -> Kind {
        let sorted = sorted(Path::new("/proc/self"), load, [listens; 2]).unwrap();
        let name = handle.as_raw_fd().to_string();
        let found = sorted.iter().find(|(link, _)| link.ends_with(&name));
        found.unwrap().1
    }

    #[test]
    fn a_connection_is_told_by_who_has_its_other_end() {
        let load = Path::new("/proc/self");
        let nobody = tempfile::tempdir().unwrap();
        fs::create_dir(nobody.path().join("fd")).unwrap();
        let nobody = nobody.path();
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(address) else { continue };
            let at = listener.local_addr().unwrap();
            let client = TcpStream::connect(at).unwrap();
            let (mut taken, _) = listener.accept().unwrap();
            let port = at.port();
            assert_eq!(kind(&listener, load, port), Kind::Socket);
            assert_eq!(kind(&taken, load, port), Kind::Client);
            // Somebody else's, who has begun and asks nothing.
            assert_eq!(kind(&taken, nobody, port), Kind::Socket);
            assert_eq!(kind(&client, nobody, port), Kind::Model);
            // Over at the other end, and kept all the same.
            drop(client);
            assert_eq!(taken.read(&mut [0]).unwrap(), 0);
            assert_eq!(kind(&taken, load, port), Kind::Socket);
        }
        let unconnected = std::os::unix::net::UnixDatagram::unbound().unwrap();
        assert_eq!(kind(&unconnected, load, 1), Kind::Socket);
        assert_eq!(kind(&File::open("/proc/self/status").unwrap(), load, 1), Kind::File);
    }

    #[test]
    fn each_handle_is_counted_once() {
        let place = tempfile::tempdir().unwrap();
        let process = |name: &str, links: &[&str]| {
            let dir = place.path().join(name);
            fs::create_dir_all(dir.join("fd")).unwrap();
            fs::create_dir_all(dir.join("net")).unwrap();
            for (n, to) in links.iter().enumerate() {
                std::os::unix::fs::symlink(to, dir.join("fd").join(n.to_string())).unwrap();
            }
            dir
        };
        let links = ["/log", "anon_inode:[eventpoll]", "socket:[11]", "socket:[12]", "socket:[13]"];
        let server = process("server", &[&links[..], &["socket:[14]", "socket:[15]"]].concat());
        let load = process("load", &["socket:[21]", "/dev/null"]);
        // It listens; of the load, by another way of writing its address; to a model; over; and the load's own end.
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 11 1 0 100 0 0 10 0
   1: 0100007F:C001 0100007F:0050 01 00000000:00000000 00:00000000 00000000     0        0 13 1 0 20 4 30 10 -1
   2: 0100007F:1F90 0100007F:C003 08 00000000:00000000 00:00000000 00000000     0        0 14 1 0 20 4 30 10 -1
   3: 0100007F:C002 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 21 1 0 20 4 30 10 -1\n";
        let table6 = "  sl  local_address rem_address st
   0: 0000000000000000FFFF00000100007F:1F90 0000000000000000FFFF00000100007F:C002 01 00000000:00000000 00:00000000 00000000     0        0 12 1 0 20 4 30 10 -1\n";
        fs::write(server.join("net/tcp"), table).unwrap();
        fs::write(server.join("net/tcp6"), table6).unwrap();
        let found = count(&server, &load, [8080, 9]).unwrap();
        assert_eq!(found, Handles { n_files: 2, n_sockets: 3, n_clients: 1, n_models: 1 });
        assert!(count(&load, &server, [8080, 9]).is_err(), "it has no table");
    }
}
