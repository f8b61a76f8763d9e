use anyhow::Result;
use clap::Args;
use rdkafka::Message as _;
use rdkafka::consumer::{Consumer as _, StreamConsumer};
use std::time::Duration;

#[derive(Debug, Args)]
pub(crate) struct Consumer {
    #[arg(long)]
    bootstrap: String,
    #[arg(long)]
    group: String,
    /// Records per second at most; 0 is without a limit.
    #[arg(long, default_value_t = 0)]
    rate: u32,
    #[arg(required = true)]
    topics: Vec<String>,
}

impl Consumer {
    pub(super) async fn run(self) -> Result<()> {
        let consumer: StreamConsumer = super::config(&self.bootstrap)?
            .set("group.id", &self.group)
            .set("session.timeout.ms", "10000")
            .set("heartbeat.interval.ms", "3000")
            .set("auto.offset.reset", "earliest")
            .set("auto.commit.interval.ms", "2000")
            .set("fetch.wait.max.ms", "500")
            // What is fetched ahead of a slow consumer need not be much.
            .set("queued.max.messages.kbytes", "512")
            .set("allow.auto.create.topics", "false")
            .create()?;
        let topics: Vec<&str> = self.topics.iter().map(String::as_str).collect();
        consumer.subscribe(&topics)?;
        let pause = (self.rate > 0).then(|| Duration::from_secs(1) / self.rate);
        let mut consumed = 0_u64;
        loop {
            match consumer.recv().await {
                Ok(record) => {
                    consumed += 1;
                    if consumed.is_multiple_of(500) {
                        println!(
                            "{consumed} records, at {}[{}]@{}",
                            record.topic(),
                            record.partition(),
                            record.offset()
                        );
                    }
                }
                Err(error) => println!("{error}"),
            }
            if let Some(pause) = pause {
                tokio::time::sleep(pause).await;
            }
        }
    }
}
