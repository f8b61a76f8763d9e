//! Records: those that somebody produced, and those that the simulated producers send, which are made up anew,
//! and the same, each time somebody reads them.

use crate::domain::{Text, time::Time};
use bytes::Bytes;
use serde_json::{Value, json};

#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Milliseconds since the epoch.
    pub at: i64,
    pub key: Option<Bytes>,
    pub value: Option<Bytes>,
    pub headers: Vec<(Text, Option<Bytes>)>,
}

const ARTICLES: [&str; 8] = ["kettle", "lamp", "teapot", "chair", "blanket", "clock", "mirror", "basket"];
const CITIES: [&str; 8] = ["Lisbon", "Ghent", "Turin", "Gdańsk", "Malmö", "Porto", "Graz", "Nantes"];
const METHODS: [&str; 4] = ["card", "invoice", "transfer", "wallet"];
const CARRIERS: [&str; 3] = ["post", "bicycle", "van"];
const LEVELS: [&str; 4] = ["INFO", "INFO", "INFO", "WARN"];
const EVENTS: [&str; 5] = ["session-started", "item-viewed", "cart-changed", "cache-missed", "job-finished"];
/// What a record carries besides key, value and headers.
const OVERHEAD: usize = 30;

/// How the records of a topic look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Order,
    Payment,
    Click,
    Parcel,
    Customer,
    Line,
    Framed,
    Event,
}

/// By a word in the topic's name.
const KINDS: [(&str, Kind); 13] = [
    ("__", Kind::Framed),
    ("avro", Kind::Framed),
    ("protobuf", Kind::Framed),
    ("metric", Kind::Framed),
    ("order", Kind::Order),
    ("payment", Kind::Payment),
    ("invoice", Kind::Payment),
    ("click", Kind::Click),
    ("shipment", Kind::Parcel),
    ("customer", Kind::Customer),
    ("user", Kind::Customer),
    ("log", Kind::Line),
    ("scratch", Kind::Line),
];

impl Record {
    /// Bytes that it takes in a log, about.
    pub fn bytes(&self) -> u64 {
        let of = |bytes: &Option<Bytes>| bytes.as_ref().map_or(0, Bytes::len);
        let headers: usize = self.headers.iter().map(|(name, value)| name.len() + of(value)).sum();
        (of(&self.key) + of(&self.value) + headers + OVERHEAD) as u64
    }

    /// What a simulated producer sends.
    pub(super) fn made_up(topic: &str, seed: u64, at: Time, bytes: f64) -> Self {
        let kind = KINDS.iter().find(|(word, _)| topic.contains(word)).map_or(Kind::Event, |(_, kind)| *kind);
        let mut writer = Writer { random: fastrand::Rng::with_seed(seed), at, room: bytes as usize };
        let (key, value) = writer.write(kind);
        let content = match kind {
            Kind::Line => "text/plain",
            Kind::Framed => "application/octet-stream",
            _ => "application/json",
        };
        let trace = format!("{:016x}", writer.random.u64(..));
        let headers = [("trace-id", trace.into_bytes()), ("content-type", content.as_bytes().to_vec())];
        let headers = headers.map(|(name, value)| (Text::from(name), Some(Bytes::from(value)))).to_vec();
        Record { at: at.0, key: key.map(Bytes::from), value: Some(value.into()), headers }
    }
}

struct Writer {
    random: fastrand::Rng,
    at: Time,
    /// Bytes that a record may have.
    room: usize,
}

impl Writer {
    fn write(&mut self, kind: Kind) -> (Option<String>, Vec<u8>) {
        match kind {
            Kind::Line => (None, self.line().into_bytes()),
            Kind::Framed => (Some(self.id("k")), self.framed()),
            _ => {
                let (key, value) = self.json(kind);
                (Some(key), value.to_string().into_bytes())
            }
        }
    }

    fn json(&mut self, kind: Kind) -> (String, Value) {
        let (customer, at) = (self.customer(), self.instant());
        let cents = 499 + self.random.u32(..20_000);
        match kind {
            Kind::Order => {
                let order = json!({
                    "id": self.id("o"), "customer": customer, "placed": at, "currency": "EUR",
                    "lines": self.lines(), "channel": self.pick(&["web", "web", "phone"]),
                });
                (customer, order)
            }
            Kind::Payment => {
                let order = self.id("o");
                let method = self.pick(&METHODS);
                let payment = json!({"order": order, "method": method, "cents": cents, "captured": at});
                (order, payment)
            }
            Kind::Click => {
                let page = format!("/shop/{}", self.pick(&ARTICLES));
                let click = json!({"customer": customer, "page": page, "at": at, "ms": cents % 900});
                (customer, click)
            }
            Kind::Parcel => {
                let (order, carrier) = (self.id("o"), self.pick(&CARRIERS));
                let parcel =
                    json!({"order": order, "carrier": carrier, "grams": 200 + cents / 3, "left": at});
                (order, parcel)
            }
            Kind::Customer => {
                let profile = json!({"id": customer, "city": self.pick(&CITIES), "seen": at});
                (customer, profile)
            }
            Kind::Event | Kind::Line | Kind::Framed => {
                let event = self.pick(&EVENTS);
                let told = json!({"event": event, "id": self.id("e"), "subject": customer, "at": at});
                (customer, told)
            }
        }
    }

    /// As many as make a record of the size that the topic's records have.
    fn lines(&mut self) -> Vec<Value> {
        let count = (self.room.saturating_sub(250) / 55).clamp(1, 40);
        (0..count)
            .map(|_| {
                let (article, quantity) = (self.pick(&ARTICLES), 1 + self.random.u32(..4));
                json!({"article": article, "quantity": quantity, "cents": 499 + self.random.u32(..20_000)})
            })
            .collect()
    }

    fn line(&mut self) -> String {
        let (level, event) = (self.pick(&LEVELS), self.pick(&EVENTS));
        format!(
            "{} {level} [worker-{}] {event} in {} ms",
            self.instant(),
            self.random.u8(..8),
            self.random.u16(..900)
        )
    }

    /// As a serialiser with a schema registry frames it: 0, the schema's id, and bytes that only it can read.
    fn framed(&mut self) -> Vec<u8> {
        let body = self.room.clamp(24, 4_096);
        let mut bytes = vec![0, 0, 0, 0, 1 + self.random.u8(..9)];
        bytes.extend((5..body).map(|_| self.random.u8(..)));
        bytes
    }

    fn customer(&mut self) -> String {
        format!("customer-{:04}", self.random.u16(..2_000))
    }

    fn id(&mut self, kind: &str) -> String {
        format!("{kind}-{:07}", self.random.u32(1_000_000..10_000_000))
    }

    fn instant(&self) -> String {
        jiff::Timestamp::from_millisecond(self.at.0).unwrap_or_default().to_string()
    }

    fn pick(&mut self, among: &[&'static str]) -> &'static str {
        among[self.random.usize(..among.len())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_the_same_each_time_and_readable_json_in_most_topics() {
        for topic in ["orders", "payments", "clickstream", "shipments", "customers", "anything"] {
            let record = Record::made_up(topic, 11, Time(1_700_000_000_000), 600.0);
            assert_eq!(record, Record::made_up(topic, 11, Time(1_700_000_000_000), 600.0));
            assert_ne!(record, Record::made_up(topic, 12, Time(1_700_000_000_000), 600.0));
            let value: Value = serde_json::from_slice(record.value.as_ref().unwrap()).unwrap();
            assert!(value.is_object() && record.key.is_some(), "{topic}: {value}");
            assert!(value.to_string().contains("2023-11-14T22:13:20"), "{topic}: {value}");
        }
        let binary = Record::made_up("sensor-avro", 11, Time(0), 100.0).value.unwrap();
        assert!(std::str::from_utf8(&binary).is_err() && binary[0] == 0);
        let line = Record::made_up("scratch", 11, Time(0), 100.0);
        assert!(line.key.is_none() && serde_json::from_slice::<Value>(&line.value.unwrap()).is_err());
    }
}
