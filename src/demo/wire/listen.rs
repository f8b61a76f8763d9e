//! The listeners outside: for clients that do not come through the API server.

use super::{
    broker::{Advertised, Broker, Process},
    serve::{LOOK, converse, ended},
};
use crate::demo::Shared;
use std::{
    collections::BTreeMap,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    task::JoinSet,
};

/// How often it is looked whether the cluster has brokers that have no listener yet.
const NEW_BROKERS: Duration = Duration::from_millis(500);
/// Connections waiting to be accepted.
const BACKLOG: u32 = 128;

/// By broker: the port of its outside listener on 127.0.0.1.
#[derive(Default)]
pub struct Ports(Mutex<BTreeMap<i32, u16>>);

impl Ports {
    /// 0: it has none yet.
    pub fn of(&self, broker: i32) -> u16 {
        self.lock().get(&broker).copied().unwrap_or(0)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<i32, u16>> {
        self.0.lock().unwrap_or_else(|e| e.into_inner())
    }
}

/// The outside listeners of one cluster; they end when this is dropped.
pub struct Outside {
    ports: Arc<Ports>,
    _brokers: JoinSet<()>,
}

impl Outside {
    /// Where the brokers are to be found.
    pub fn bootstrap(&self) -> Vec<SocketAddr> {
        self.ports.lock().values().map(|port| (Ipv4Addr::LOCALHOST, *port).into()).collect()
    }
}

/// Gives every broker of the cluster a listener on a free port of 127.0.0.1, and those that join it later,
/// too. `cluster` is the place in `World::kafka`.
///
/// # Errors
/// No port could be had.
pub async fn listen(shared: Shared, cluster: usize) -> io::Result<Outside> {
    let ports = Arc::new(Ports::default());
    let room = Room { shared, cluster, ports: ports.clone() };
    let mut brokers = JoinSet::new();
    room.open(&mut brokers)?;
    let mut all = JoinSet::new();
    all.spawn(async move {
        loop {
            tokio::time::sleep(NEW_BROKERS).await;
            if let Err(error) = room.open(&mut brokers) {
                tracing::warn!(%error, "no port for a new broker's outside listener");
            }
        }
    });
    Ok(Outside { ports, _brokers: all })
}

struct Room {
    shared: Shared,
    cluster: usize,
    ports: Arc<Ports>,
}

impl Room {
    /// Listeners for the brokers that have none.
    fn open(&self, tasks: &mut JoinSet<()>) -> io::Result<()> {
        let ids: Vec<i32> = self.shared.with(|world| {
            let cluster = world.kafka.get(self.cluster);
            cluster.map_or_else(Vec::new, |c| c.brokers.keys().copied().collect())
        });
        for id in ids {
            if self.ports.of(id) != 0 {
                continue;
            }
            let socket = Door::shut(0)?;
            self.ports.lock().insert(id, socket.local_addr()?.port());
            let advertised = Advertised::Outside(self.ports.clone());
            let broker = Broker { shared: self.shared.clone(), cluster: self.cluster, id, advertised };
            // Whoever is told of the listeners finds those open that can be.
            let door = match broker.process() {
                Process::Gone => Door::Shut(socket),
                _ => Door::Open(socket.listen(BACKLOG)?),
            };
            tasks.spawn(keep(broker, door));
        }
        Ok(())
    }
}

/// A broker's outside listener.
enum Door {
    /// It has its port, and refuses connections.
    Shut(TcpSocket),
    Open(TcpListener),
}

impl Door {
    /// At any port, if `port` is 0.
    fn shut(port: u16) -> io::Result<TcpSocket> {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
        Ok(socket)
    }

    async fn shut_again(port: u16) -> Door {
        loop {
            match Door::shut(port) {
                Ok(socket) => return Door::Shut(socket),
                Err(_) => tokio::time::sleep(LOOK).await,
            }
        }
    }
}

/// Listens for as long as the broker's process is there, each time anew.
async fn keep(broker: Broker, mut door: Door) {
    let port = broker.outside_port();
    loop {
        door = match door {
            Door::Open(listener) => {
                tokio::select! {
                    () = ended(&broker) => {}
                    () = accept(&broker, &listener) => {}
                }
                drop(listener);
                Door::shut_again(port).await
            }
            Door::Shut(socket) => {
                while broker.process() == Process::Gone {
                    tokio::time::sleep(LOOK).await;
                }
                match socket.listen(BACKLOG) {
                    Ok(listener) => Door::Open(listener),
                    Err(error) => {
                        tracing::warn!(%error, port, "an outside listener cannot listen");
                        Door::shut_again(port).await
                    }
                }
            }
        };
    }
}

async fn accept(broker: &Broker, listener: &TcpListener) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Ok((stream, peer)) = listener.accept() => {
                connections.spawn(attend(broker.clone(), stream, peer));
            }
            Some(_) = connections.join_next() => {}
            else => return,
        }
    }
}

async fn attend(broker: Broker, stream: TcpStream, peer: SocketAddr) {
    // Small answers must not wait for one another; failing to say so costs only latency.
    let _ = stream.set_nodelay(true);
    converse(&broker, stream, &peer.ip().to_string()).await;
}
