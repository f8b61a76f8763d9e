//! What listens in the pods: brokers, their exporters, and Prometheus.

use crate::{
    demo::{
        Shared, metrics, wire,
        world::{
            World,
            kafka::{Cluster, Life},
            kubernetes::{PODS, object},
        },
    },
    domain::kubernetes::Key,
};
use bytes::Bytes;
use http::{Request, Response, header::CONTENT_TYPE};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use tokio::io::{AsyncRead, AsyncWrite};

/// The port of the brokers' exporters and that of Prometheus.
const EXPORTER: u16 = 9404;
const PROMETHEUS: u16 = 9090;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// By their places in [`World::kafka`], and the brokers' ids.
    Broker(usize, i32),
    Exporter(usize, i32),
    Prometheus,
}

/// Why nobody answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dead {
    /// The machine at this address does not.
    Node(String),
    /// No container of the pod runs.
    Stopped,
    /// Nothing listens on the port.
    Refused,
}

impl Backend {
    /// What listens on a port of a pod that there is.
    pub fn find(world: &World, pod: &Key, port: u16) -> Result<Self, Dead> {
        let object = world.kubernetes.get(&PODS, pod).ok_or(Dead::Stopped)?;
        if world.plane.silent.contains_key(object::text(object, "/spec/nodeName")) {
            return Err(Dead::Node(object::text(object, "/status/hostIP").to_owned()));
        }
        let containers = object::list(object, "/status/containerStatuses");
        if !containers.iter().any(|c| !c["state"]["running"].is_null()) {
            return Err(Dead::Stopped);
        }
        for (place, cluster) in world.kafka.iter().enumerate() {
            let Some(broker) = cluster.brokers.values().find(|b| b.pod == *pod) else { continue };
            return match (broker.life, port) {
                (Life::Down, _) => Err(Dead::Refused),
                // It opens its port when it has read its log.
                (Life::Starting, port) if port == cluster.port => Err(Dead::Refused),
                (_, port) if port == cluster.port => Ok(Backend::Broker(place, broker.id)),
                (_, EXPORTER) => Ok(Backend::Exporter(place, broker.id)),
                _ => Err(Dead::Refused),
            };
        }
        let name = object["metadata"]["labels"]["app.kubernetes.io/name"].as_str();
        if name == Some("prometheus") && port == PROMETHEUS {
            Ok(Backend::Prometheus)
        } else {
            Err(Dead::Refused)
        }
    }

    /// GET of a path with its query, as a proxy passes it on: the code, the type of the body, and the body.
    pub async fn get(self, shared: &Shared, path: &str, query: &str) -> (u16, &'static str, String) {
        const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
        match self {
            // It speaks no HTTP: the real one closes the connection.
            Backend::Broker(..) => (400, TEXT, String::new()),
            Backend::Exporter(place, broker) => {
                while self.hangs(shared) {
                    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
                }
                let told = shared.with(|world| {
                    let cluster = world.kafka.get(place)?;
                    Some(metrics::text(cluster, cluster.brokers.get(&broker)?))
                });
                match told {
                    Some(text) if path == "/metrics" || path == "/" => (200, TEXT, text),
                    _ => (404, TEXT, "404 page not found\n".into()),
                }
            }
            Backend::Prometheus => {
                let (code, body) =
                    shared.with(|world| metrics::answer(&world.prometheus, path, query, world.now));
                (code, "application/json", body)
            }
        }
    }

    /// The exporter lives in the broker's process.
    fn hangs(self, shared: &Shared) -> bool {
        let life = |cluster: &Cluster, id: i32| cluster.brokers.get(&id).map(|broker| broker.life);
        match self {
            Backend::Exporter(place, id) | Backend::Broker(place, id) => {
                shared.with(|world| world.kafka.get(place).and_then(|c| life(c, id))) == Some(Life::Hung)
            }
            Backend::Prometheus => false,
        }
    }

    /// Talks on a connection to the port until one side ends it.
    pub async fn serve(self, shared: Shared, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        if let Backend::Broker(place, broker) = self {
            return wire::serve(shared, place, broker, stream).await;
        }
        let service = service_fn(|request: Request<Incoming>| {
            let shared = shared.clone();
            async move {
                let (path, query) = (request.uri().path(), request.uri().query().unwrap_or_default());
                let (code, kind, body) = self.get(&shared, path, query).await;
                let answer = Response::builder().status(code).header(CONTENT_TYPE, kind);
                let answer = answer.body(Full::new(Bytes::from(body))).unwrap_or_default();
                Ok::<_, Infallible>(answer)
            }
        });
        // A client that breaks off is no matter of the server's.
        let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
    }
}
