//! Restricts the Runtime API to this user. As on Lambda it has no password, but here another user of the machine could
//! take an invocation, or answer one. So only connections from this user's processes are accepted.

use std::{
    fs, io,
    net::{Ipv4Addr, SocketAddr},
};

use axum::serve::Listener;
use tokio::net::{TcpListener, TcpStream};

/// A loopback listener that closes connections of other users.
pub(super) struct OwnUserListener {
    listener: TcpListener,
    address: SocketAddr,
}

impl OwnUserListener {
    /// Listens on a free port.
    pub(super) async fn listen() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Listener for OwnUserListener {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, peer) = Listener::accept(&mut self.listener).await;
            // These files exist on Linux only. Sockets that support both IPv6 and IPv4 are in the second.
            let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|path| fs::read_to_string(path).unwrap_or_default());
            let table = tables.concat();
            if belongs_to_user(&table, self.address.port(), peer.port(), rustix::process::geteuid().as_raw()) {
                return (stream, peer);
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Ok(self.address)
    }
}

/// Whether the client at port `client` of a connection to port `server` belongs to this user. If the table does not
/// contain the listener, it is from another network namespace or missing, so every client is accepted. If it does not
/// contain the connection, the client is gone.
fn belongs_to_user(table: &str, server: u16, client: u16, user: u32) -> bool {
    // The kernel writes an address as a number in native byte order.
    let end = |port: u16| format!("{:08X}:{port:04X}", u32::from_ne_bytes(Ipv4Addr::LOCALHOST.octets()));
    let (server, client) = (end(server), end(client));
    // `::ffff:127.0.0.1` as four such numbers: an IPv4 address on an IPv6 socket.
    let prefix = format!("{:016X}{:08X}", 0, u32::from_ne_bytes([0, 0, 0xff, 0xff]));
    let rows = || table.lines().map(|line| line.split_ascii_whitespace().collect::<Vec<_>>());
    let is_known = rows().any(|row| matches!(row[..], [_, local, _, "0A", ..] if local == server));
    let is = |given: &str, end: &str| given.strip_prefix(&prefix).unwrap_or(given) == end;
    let matches = |row: Vec<&str>| match row[..] {
        [_, local, remote, _, _, _, _, uid, ..] => is(local, &client) && is(remote, &server) && uid.parse() == Ok(user),
        _ => false,
    };
    !is_known || rows().any(matches)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::{os::unix::process::CommandExt as _, process::Stdio};

    use super::*;

    #[test]
    fn the_table_tells_the_user_of_a_client() {
        let here = format!("{:08X}", u32::from_ne_bytes([127, 0, 0, 1]));
        let row = |ends: &str, state: &str| {
            format!("   1: {} {state} 00000000:00000000 00:00000000 00000000  1000 0 2", ends.replace("here", &here))
        };
        let listener = row("here:1F90 00000000:0000", "0A");
        let (client, server) = (row("here:9C40 here:1F90", "01"), row("here:1F90 here:9C40", "01"));
        let table = |rows: &[&String]| {
            let rows: String = rows.iter().map(|row| format!("{row}\n")).collect();
            format!("  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n{rows}")
        };
        let all = table(&[&listener, &client, &server]);
        assert!(belongs_to_user(&all, 8080, 40000, 1000));
        assert!(!belongs_to_user(&all, 8080, 40000, 1001), "another user");
        assert!(!belongs_to_user(&all, 8080, 40001, 1000), "another connection");
        assert!(!belongs_to_user(&table(&[&listener, &server]), 8080, 40000, 1000), "the client is gone");
        assert!(belongs_to_user(&table(&[&client]), 8080, 40000, 1001), "a table of another network namespace");
        assert!(belongs_to_user("", 8080, 40000, 1001), "no table");
    }

    /// Some language runtimes connect with IPv6 sockets, whatever the address is.
    #[tokio::test]
    #[expect(clippy::print_stdout, reason = "reports what was not tested")]
    async fn a_client_with_an_ipv6_socket_is_recognised() {
        let mut listener = OwnUserListener::listen().await.unwrap();
        let mapped = SocketAddr::from((Ipv4Addr::LOCALHOST.to_ipv6_mapped(), listener.address().port()));
        let Ok(socket) = tokio::net::TcpSocket::new_v6() else {
            return println!("this machine has no IPv6");
        };
        let both = async { tokio::join!(socket.connect(mapped), listener.accept()) };
        let (connected, (_, peer)) = tokio::time::timeout(std::time::Duration::from_secs(20), both).await.unwrap();
        assert_eq!(connected.unwrap().local_addr().unwrap().port(), peer.port());
    }

    #[tokio::test]
    #[expect(clippy::print_stdout, reason = "reports what was not tested")]
    async fn a_connection_of_another_user_is_closed() {
        let mut listener = OwnUserListener::listen().await.unwrap();
        let port = listener.address().port();
        tokio::spawn(async move {
            let mut kept = Vec::new();
            loop {
                kept.push(listener.accept().await);
            }
        });
        // Tells whether the server closes the connection within two seconds, or waits.
        let script = format!("exec 3<>/dev/tcp/127.0.0.1/{port}; read -t 2 -u 3 line; [ $? -gt 128 ]");
        let waits = |user: Option<u32>| {
            let mut command = std::process::Command::new("bash");
            command.args(["-c", &script]).current_dir("/").stderr(Stdio::null());
            if let Some(user) = user {
                command.uid(user);
            }
            command
        };
        let run = async |mut command: std::process::Command| {
            tokio::task::spawn_blocking(move || command.status().unwrap().success()).await.unwrap()
        };
        assert!(run(waits(None)).await, "our own connection was closed");
        if !rustix::process::geteuid().is_root() {
            return println!("only root can become another user, so only the table was tested");
        }
        assert!(!run(waits(Some(65_534))).await, "another user's connection was kept");
    }
}
