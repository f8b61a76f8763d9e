//! Whose connection a loopback listener has accepted.

use std::net::{IpAddr, SocketAddr};

/// Whether a process of our own user connected. Where the system does not tell, it is believed.
#[cfg(target_os = "linux")]
pub fn is_ours(peer: SocketAddr, local: SocketAddr) -> bool {
    use std::os::unix::fs::MetadataExt;
    let Ok(us) = std::fs::metadata("/proc/self").map(|m| m.uid()) else { return true };
    let Ok(table) = std::fs::read_to_string("/proc/net/tcp") else { return true };
    owner(&table, peer, local).is_none_or(|uid| uid == us)
}

#[cfg(not(target_os = "linux"))]
pub fn is_ours(_: SocketAddr, _: SocketAddr) -> bool {
    true
}

/// The user id of the socket from `from` to `to` in a table like `/proc/net/tcp`.
///
/// Source: proc(5): `sl local_address rem_address st tx:rx tr:tm retrnsmt uid …`, addresses in hexadecimal
/// of the machine's byte order.
fn owner(table: &str, from: SocketAddr, to: SocketAddr) -> Option<u32> {
    let (from, to) = (hexadecimal(from)?, hexadecimal(to)?);
    table.lines().find_map(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let ends = (fields.next()?, fields.next()?);
        (ends == (&*from, &*to)).then(|| fields.nth(4)?.parse().ok()).flatten()
    })
}

fn hexadecimal(address: SocketAddr) -> Option<String> {
    match address.ip() {
        IpAddr::V4(ip) => Some(format!("{:08X}:{:04X}", u32::from_ne_bytes(ip.octets()), address.port())),
        IpAddr::V6(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_is_found_by_both_ends() {
        let line =
            "   1: 0100007F:C350 0100007F:2384 01 00000000:00000000 00:00000000 00000000  1000        0 1";
        let table = format!("  sl  local_address rem_address   st …\n{line}\n");
        let (client, server) = ("127.0.0.1:50000".parse().unwrap(), "127.0.0.1:9092".parse().unwrap());
        if cfg!(target_endian = "little") {
            assert_eq!(owner(&table, client, server), Some(1000));
        }
        assert_eq!(owner(&table, server, client), None);
    }

    #[tokio::test]
    async fn our_own_connection_is_ours() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        assert!(is_ours(client.local_addr().unwrap(), client.peer_addr().unwrap()));
    }
}
