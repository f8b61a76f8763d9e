//! Services that answer Prometheus queries.

use crate::domain::kubernetes::{Key, Kubernetes, Service, ServicePort};

/// (service, port, https), best first: those of the Prometheus operator, then other Prometheus servers,
/// then what speaks the same language (Thanos, VictoriaMetrics); of equals those with a ready pod.
pub fn find_prometheus(kubernetes: &Kubernetes) -> Vec<(Key, u16, bool)> {
    let candidates = kubernetes.services.iter().filter_map(|service| {
        let (rank, port) = (rank(service)?, port(service)?);
        let idle = !kubernetes.pods_of_service(service).any(|pod| pod.is_ready());
        Some((rank, idle, &service.meta.key, port))
    });
    let mut found: Vec<_> = candidates.collect();
    found.sort_by_key(|(rank, idle, key, _)| (*rank, *idle, *key));
    found.into_iter().map(|(_, _, key, port)| (key.clone(), port.port, is_https(port))).collect()
}

fn rank(service: &Service) -> Option<u8> {
    let label = |name| service.meta.label(name);
    let name = &*service.meta.key.name;
    let app = label("app.kubernetes.io/name").or(label("app")).unwrap_or_default();
    let component = label("app.kubernetes.io/component").or(label("component")).unwrap_or_default();
    let server = matches!(component, "" | "server" | "prometheus");
    match name {
        "prometheus-operated" => Some(0),
        "prometheus-k8s" => Some(1),
        _ if app.ends_with("kube-prometheus-stack-prometheus") => Some(1),
        _ if name.ends_with("-kube-prometheus-prometheus") => Some(1),
        _ if app == "prometheus" && server => Some(2),
        "prometheus" | "prometheus-server" => Some(2),
        _ if name.contains("thanos-quer") || app.contains("thanos-quer") => Some(3),
        _ if app.starts_with("thanos") && component.starts_with("quer") => Some(3),
        _ if app == "vmsingle" || app == "victoria-metrics-single" => Some(4),
        _ => None,
    }
}

/// The port of the query API.
fn port(service: &Service) -> Option<&ServicePort> {
    let rank = |port: &ServicePort| match (&*port.name, port.port) {
        ("grpc" | "reloader-web", _) => None,
        (_, 9090) => Some(0),
        ("web" | "http-web" | "http" | "http-query", _) => Some(1),
        ("https" | "https-web", _) => Some(2),
        (_, 80 | 8428 | 8429 | 9091 | 10902) => Some(3),
        _ => Some(4),
    };
    let ranked = service.ports.iter().filter_map(|port| Some((rank(port)?, port)));
    ranked.min_by_key(|(rank, _)| *rank).map(|(_, port)| port)
}

/// OpenShift's 9091 is behind its proxy, with TLS.
fn is_https(port: &ServicePort) -> bool {
    port.name.starts_with("https") || matches!(port.port, 443 | 9091)
}
