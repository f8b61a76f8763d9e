//! Whether a container is ready.

use k8s_openapi::api::core::v1::Probe;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// A readiness probe of a TCP socket.
pub(super) struct Prober<'a> {
    probe: Option<&'a Probe>,
    address: String,
    failures: i32,
    ready: bool,
}

impl<'a> Prober<'a> {
    pub(super) fn new(probe: Option<&'a Probe>, ip: &str) -> Self {
        let port = probe.and_then(|probe| match probe.tcp_socket.as_ref()?.port {
            IntOrString::Int(port) => Some(port),
            IntOrString::String(_) => None,
        });
        let address = format!("{ip}:{}", port.unwrap_or_default());
        Self { probe, address, failures: 0, ready: false }
    }

    /// Whether the container is ready, one period later.
    pub(super) async fn next(&mut self) -> bool {
        let Some(probe) = self.probe else { return std::future::pending().await };
        sleep(Duration::from_secs(probe.period_seconds.unwrap_or(10).cast_unsigned().into())).await;
        let limit = Duration::from_secs(probe.timeout_seconds.unwrap_or(1).cast_unsigned().into());
        if matches!(timeout(limit, TcpStream::connect(&self.address)).await, Ok(Ok(_))) {
            (self.failures, self.ready) = (0, true);
        } else {
            self.failures += 1;
            self.ready &= self.failures < probe.failure_threshold.unwrap_or(3);
        }
        self.ready
    }
}
