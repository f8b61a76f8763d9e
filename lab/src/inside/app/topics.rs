use anyhow::{Result, bail};
use clap::Args;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::types::RDKafkaErrorCode;
use std::time::Duration;

/// A topic of the lab.
struct Topic {
    name: &'static str,
    partitions: i32,
    replicas: i32,
    config: &'static [(&'static str, &'static str)],
}

const SAFE: (&str, &str) = ("min.insync.replicas", "2");
const BEST_EFFORT: (&str, &str) = ("min.insync.replicas", "1");

/// What the shop has.
const SHOP: [Topic; 6] = [
    Topic::new("orders", 6, 3, &[SAFE]),
    Topic::new("payments", 6, 3, &[SAFE]),
    Topic::new("customers", 3, 3, &[SAFE, ("cleanup.policy", "compact")]),
    Topic::new("clickstream", 24, 2, &[BEST_EFFORT]),
    Topic::new("shipments", 12, 3, &[SAFE]),
    Topic::new("scratch", 3, 1, &[BEST_EFFORT]),
];

/// What the staging cluster of one broker has.
const STAGING: [Topic; 2] = [Topic::new("orders", 3, 1, &[]), Topic::new("payments", 3, 1, &[])];

/// So little that a day of orders does not fill the lab's small disks.
const SMALL: [(&str, &str); 2] = [("retention.bytes", "8388608"), ("segment.bytes", "2097152")];

#[derive(Debug, Args)]
pub(crate) struct Topics {
    #[arg(long)]
    bootstrap: String,
    /// Make those of a single broker.
    #[arg(long)]
    staging: bool,
}

impl Topics {
    pub(super) async fn run(self) -> Result<()> {
        let admin: AdminClient<DefaultClientContext> = super::config(&self.bootstrap)?.create()?;
        let topics: &[Topic] = if self.staging { &STAGING } else { &SHOP };
        loop {
            match self.create(&admin, topics).await {
                Ok(()) => return Ok(()),
                Err(error) => println!("{error:#}; trying again"),
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    async fn create(&self, admin: &AdminClient<DefaultClientContext>, topics: &[Topic]) -> Result<()> {
        let new: Vec<_> = topics.iter().map(Topic::request).collect();
        let options = AdminOptions::new().operation_timeout(Some(Duration::from_secs(15)));
        for result in admin.create_topics(&new, &options).await? {
            match result {
                Ok(name) => println!("created {name}"),
                Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                // Among them: fewer brokers registered than a topic has replicas.
                Err((name, code)) => bail!("{name}: {code}"),
            }
        }
        Ok(())
    }
}

impl Topic {
    const fn new(
        name: &'static str,
        partitions: i32,
        replicas: i32,
        config: &'static [(&'static str, &'static str)],
    ) -> Self {
        Self { name, partitions, replicas, config }
    }

    fn request(&self) -> NewTopic<'_> {
        let topic = NewTopic::new(self.name, self.partitions, TopicReplication::Fixed(self.replicas));
        self.config.iter().chain(&SMALL).fold(topic, |topic, (key, value)| topic.set(key, value))
    }
}
