//! Ports for servers that cannot be told "any free one", kept for as long as the server may come back.

use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::ops::Range;

/// Below the range that Linux takes the ports of outgoing connections from: none of those can take a server's port
/// while the server is down.
const CANDIDATES: Range<u16> = 10_000..32_000;

/// Far more than ever needed: most candidates are free.
const ATTEMPTS_MAX: u32 = 1_000;

/// A port of 127.0.0.1 that no other test takes while this value lives.
#[derive(Debug)]
pub(crate) struct Port {
    number: u16,
    /// The UDP port of the same number: servers do not use it, and the system gives it to one process only.
    _reservation: UdpSocket,
}

impl Port {
    pub(crate) fn reserve() -> Port {
        for _ in 0..ATTEMPTS_MAX {
            let number = candidate();
            let Ok(reservation) = UdpSocket::bind((Ipv4Addr::LOCALHOST, number)) else { continue };
            if TcpListener::bind((Ipv4Addr::LOCALHOST, number)).is_ok() {
                return Port { number, _reservation: reservation };
            }
        }
        panic!("no free port in {CANDIDATES:?} after {ATTEMPTS_MAX} attempts");
    }

    pub(crate) fn number(&self) -> u16 {
        self.number
    }
}

fn candidate() -> u16 {
    let random = getrandom::u32().expect("the system has random numbers");
    let width = u32::from(CANDIDATES.end - CANDIDATES.start);
    CANDIDATES.start + u16::try_from(random % width).expect("less than the width")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reserved_port_is_free_and_no_one_elses() {
        let ports: Vec<Port> = (0..100).map(|_| Port::reserve()).collect();
        for port in &ports {
            assert!(UdpSocket::bind((Ipv4Addr::LOCALHOST, port.number())).is_err());
            assert!(TcpListener::bind((Ipv4Addr::LOCALHOST, port.number())).is_ok());
        }
    }
}
