//! Where brokers listen: client ports, the exporter's port, the Service to start from.

use super::FoundCluster;
use crate::domain::kubernetes::{Container, ContainerKind, Key, Kubernetes, Pod, Service, ServicePort};

const PLAIN: u16 = 9092;
/// The controllers' usual port under KRaft; of Redpanda and some operators a client port, by its name.
const CONTROLLER: u16 = 9093;

/// Ports at which clients are served, best first: the plain standard port, then others without TLS, then
/// with TLS, then those for clients from outside.
pub fn client_ports(pod: &Pod) -> Vec<u16> {
    let mut ranked: Vec<(u8, u16)> = Vec::new();
    let mut only = None;
    for container in pod.containers.iter().filter(|c| c.kind == ContainerKind::Main) {
        let controllers = controller_ports(container);
        for (name, port) in declared(container) {
            let controller = controllers.contains(&port);
            match rank(&name, port).filter(|_| !controller) {
                Some(rank) => ranked.push((rank, port)),
                None if controller || port == CONTROLLER => only = only.or(Some(port)),
                None => {}
            }
        }
    }
    ranked.sort_unstable();
    let mut ports: Vec<u16> = Vec::new();
    for (_, port) in ranked {
        if !ports.contains(&port) {
            ports.push(port);
        }
    }
    if ports.is_empty() { vec![only.unwrap_or(PLAIN)] } else { ports }
}

/// The container's ports, and those of its listeners that it does not declare.
fn declared(container: &Container) -> Vec<(String, u16)> {
    let ports = container.ports.iter().map(|(name, port)| (name.to_lowercase(), *port));
    let mut ports: Vec<(String, u16)> = ports.collect();
    for (name, port) in listeners(container) {
        if !ports.iter().any(|(_, known)| *known == port) {
            ports.push((format!("{}-listener", name.to_lowercase()), port));
        }
    }
    ports
}

/// (name, port) of `PLAINTEXT://:9092,CONTROLLER://:9093`.
fn listeners(container: &Container) -> impl Iterator<Item = (&str, u16)> {
    env(container, "LISTENERS").unwrap_or_default().split(',').filter_map(|listener| {
        let (name, address) = listener.trim().split_once("://")?;
        Some((name, address.rsplit(':').next()?.parse().ok()?))
    })
}

fn controller_ports(container: &Container) -> Vec<u16> {
    let names = env(container, "CONTROLLER_LISTENER_NAMES").unwrap_or("CONTROLLER");
    let is_controller = |name: &str| names.split(',').any(|n| n.trim().eq_ignore_ascii_case(name));
    listeners(container).filter(|(name, _)| is_controller(name)).map(|(_, port)| port).collect()
}

/// The value of `KAFKA_<name>` or `KAFKA_CFG_<name>`.
pub fn env<'a>(container: &'a Container, name: &str) -> Option<&'a str> {
    let is = |key: &str| {
        key.strip_prefix("KAFKA_").is_some_and(|k| k == name || k.strip_prefix("CFG_") == Some(name))
    };
    container.kafka_env.iter().find(|(key, _)| is(key)).map(|(_, value)| &**value)
}

/// Whether a port's name says that Kafka clients are served there.
pub fn names_clients(name: &str) -> bool {
    const CLIENTS: [&str; 7] = ["client", "kafka", "plain", "broker", "listener", "sasl", "bootstrap"];
    let name = name.to_lowercase();
    CLIENTS.iter().any(|word| name.contains(word)) && !serves_others(&name)
}

fn serves_others(name: &str) -> bool {
    const OTHERS: [&str; 19] = [
        "controller",
        "ctrl",
        "ctlr",
        "replication",
        "jmx",
        "metrics",
        "prometheus",
        "agent",
        "admin",
        "rpc",
        "http",
        "rest",
        "schema",
        "health",
        "probe",
        "debug",
        "jolokia",
        "zookeeper",
        "quorum",
    ];
    OTHERS.iter().any(|word| name.contains(word))
}

/// How good a port is for a client; None: it is not for clients.
fn rank(name: &str, port: u16) -> Option<u8> {
    if serves_others(name) || exporter_rank(name, port).is_some() {
        return None;
    }
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    match (has(&["tls", "ssl", "secure"]), has(&["external", "nodeport", "outside"])) {
        (false, false) if port == PLAIN => Some(0),
        (false, false) if names_clients(name) || name.contains("internal") => Some(1),
        (false, false) if matches!(port, 19092 | 29092) => Some(1),
        (true, false) => Some(2),
        (_, true) => Some(3),
        (false, false) if matches!(port, 9094..=9099) => Some(4),
        _ => None,
    }
}

/// The port at which a pod's metrics are exported as Prometheus text.
pub fn exporter_port(pod: &Pod) -> Option<u16> {
    let ports = pod.containers.iter().flat_map(|c| &c.ports);
    let ranked = ports.filter_map(|(name, port)| Some((exporter_rank(&name.to_lowercase(), *port)?, *port)));
    ranked.min().map(|(_, port)| port)
}

fn exporter_rank(name: &str, port: u16) -> Option<u8> {
    // Ports of JMX itself, which speaks RMI.
    let rmi = matches!(port, 1099 | 5555 | 7203 | 9999);
    match () {
        () if name.contains("prometheus") || name.contains("metrics") => Some(0),
        () if matches!(port, 9404 | 5556 | 7071) => Some(1),
        () if name.starts_with("jmx") && !rmi => Some(2),
        () => None,
    }
}

/// The Service that selects most of the brokers, has an address of its own and a port for clients.
pub fn bootstrap(kubernetes: &Kubernetes, cluster: &FoundCluster) -> Option<(Key, u16)> {
    let near = kubernetes.services.iter().filter(|s| s.meta.key.namespace == cluster.namespace);
    let able = near.filter(|s| !matches!(&*s.cluster_ip, "" | "None"));
    let ranked = able.filter_map(|service| {
        let (rank, port) = client_port(service)?;
        let brokers = cluster.brokers.iter().filter_map(|b| kubernetes.pods.get(&b.pod));
        let selected = brokers.filter(|pod| service.selects(pod)).count();
        let unnamed = !service.meta.key.name.contains("bootstrap");
        (selected > 0).then_some((std::cmp::Reverse(selected), rank, unnamed, &service.meta.key, port))
    });
    ranked.min().map(|(.., key, port)| (key.clone(), port))
}

fn client_port(service: &Service) -> Option<(u8, u16)> {
    let rank = |port: &ServicePort| {
        let name = format!("{}-{}", port.name, port.target).to_lowercase();
        let number = port.target.parse().unwrap_or(port.port);
        Some((rank(&name, number)?, port.port))
    };
    service.ports.iter().filter_map(rank).min()
}
