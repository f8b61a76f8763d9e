use anyhow::Result;
use clap::Args;
use jiff::Timestamp;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer as _, ThreadedProducer};
use serde_json::{Value, json};
use std::time::Duration;

const CITIES: [&str; 8] = ["Lisboa", "Graz", "Gdańsk", "Cork", "Turku", "Nantes", "Bergamo", "Leuven"];
const GOODS: [&str; 6] = ["kettle", "lantern", "teapot", "ladder", "bellows", "anvil"];

#[derive(Debug, Args)]
pub(crate) struct Producer {
    #[arg(long)]
    bootstrap: String,
    /// Orders per second.
    #[arg(long, default_value_t = 20)]
    rate: u32,
}

impl Producer {
    pub(super) async fn run(self) -> Result<()> {
        let producer: ThreadedProducer<DefaultProducerContext> = super::config(&self.bootstrap)?
            .set("acks", "all")
            .set("linger.ms", "200")
            .set("compression.type", "zstd")
            .set("queue.buffering.max.messages", "20000")
            .create()?;
        let mut shop = Shop::new();
        let mut sent = 0_u64;
        // A few at a time: waking up for each order would cost more than producing it.
        let mut ticks = tokio::time::interval(Duration::from_millis(200));
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        let mut reports = tokio::time::interval(Duration::from_secs(30));
        let mut due = 0.0;
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                _ = reports.tick() => {
                    println!("{sent} records, {} in flight", producer.in_flight_count());
                    continue;
                }
            }
            due += f64::from(self.rate) / 5.0;
            while due >= 1.0 {
                due -= 1.0;
                sent += shop.sell(&producer);
            }
        }
    }
}

/// Makes up orders. Each run makes up the same ones.
struct Shop {
    seed: u64,
    order: u64,
}

impl Shop {
    fn new() -> Self {
        Self { seed: 0x9e37_79b9_7f4a_7c15, order: 100_000 }
    }

    /// Sends an order and what comes with some: a click, a payment, a parcel, a customer.
    fn sell(&mut self, producer: &ThreadedProducer<DefaultProducerContext>) -> u64 {
        self.order += 1;
        let customer = format!("customer-{:04}", self.random(2000));
        let id = format!("o-{}", self.order);
        let good = pick(&GOODS, self.random(6));
        let cents = 499 + self.random(20_000);
        let now = Timestamp::now().to_string();
        let order = json!({
            "id": id, "customer": customer, "placed": now, "currency": "EUR", "total_cents": cents,
            "lines": [{"article": good, "quantity": 1 + self.random(4), "cents": cents}],
            "channel": if self.random(3) == 0 { "phone" } else { "web" },
        });
        let mut sent = send(producer, "orders", &customer, &order);
        let click = json!({"customer": customer, "page": format!("/shop/{good}"), "at": now});
        sent += send(producer, "clickstream", &customer, &click);
        if self.order.is_multiple_of(2) {
            let payment = json!({"order": id, "method": "card", "cents": cents, "captured": now});
            sent += send(producer, "payments", &id, &payment);
        }
        if self.order.is_multiple_of(5) {
            let parcel = json!({"order": id, "carrier": "post", "grams": 200 + self.random(9000)});
            sent += send(producer, "shipments", &id, &parcel);
        }
        if self.order.is_multiple_of(10) {
            let profile = json!({"id": customer, "city": pick(&CITIES, self.random(8)), "seen": now});
            sent += send(producer, "customers", &customer, &profile);
        }
        sent
    }

    /// A number below the limit, from an xorshift generator.
    fn random(&mut self, limit: u64) -> u64 {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        self.seed % limit
    }
}

fn pick(names: &[&'static str], number: u64) -> &'static str {
    usize::try_from(number).ok().and_then(|index| names.get(index)).copied().unwrap_or_default()
}

/// Queues a record; how many were queued. A full queue drops it, as a shop that goes on would.
fn send(producer: &ThreadedProducer<DefaultProducerContext>, topic: &str, key: &str, value: &Value) -> u64 {
    let trace = format!("{:016x}", Timestamp::now().as_nanosecond());
    let value = value.to_string();
    let headers = OwnedHeaders::new()
        .insert(Header { key: "trace-id", value: Some(&trace) })
        .insert(Header { key: "content-type", value: Some("application/json") });
    match producer.send(BaseRecord::to(topic).key(key).payload(&value).headers(headers)) {
        Ok(()) => 1,
        Err((error, _)) => {
            println!("{topic}: {error}");
            0
        }
    }
}
