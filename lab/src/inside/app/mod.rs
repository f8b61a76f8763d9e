//! `lab app`: the applications of the lab, real clients of its Kafka.

mod consumer;
mod producer;
mod topics;

use anyhow::{Context as _, Result};
use clap::Subcommand;
use rdkafka::ClientConfig;
use tokio::signal::unix::{SignalKind, signal};

/// An application.
#[derive(Debug, Subcommand)]
pub(crate) enum App {
    /// Makes the topics.
    Topics(topics::Topics),
    /// Produces orders with what belongs to them.
    Producer(producer::Producer),
    /// Consumes in a group, at most at a rate.
    Consumer(consumer::Consumer),
}

impl App {
    /// Runs it until it is done or told to end.
    pub(crate) async fn run(self) -> Result<()> {
        let mut term = signal(SignalKind::terminate())?;
        let work = async {
            match self {
                Self::Topics(topics) => topics.run().await,
                Self::Producer(producer) => producer.run().await,
                Self::Consumer(consumer) => consumer.run().await,
            }
        };
        tokio::select! {
            done = work => done,
            _ = term.recv() => {
                println!("SIGTERM: leaving");
                Ok(())
            }
        }
    }
}

/// A client that calls itself as its pod is called.
fn config(bootstrap: &str) -> Result<ClientConfig> {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", bootstrap)
        .set("client.id", std::env::var("HOSTNAME").context("HOSTNAME")?)
        .set("reconnect.backoff.max.ms", "5000")
        .set("socket.keepalive.enable", "true");
    Ok(config)
}
