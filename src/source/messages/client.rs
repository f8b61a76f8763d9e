//! A librdkafka consumer that only looks: its settings, its log, its errors in words.

use super::Brokers;
use crate::domain::{
    Text,
    target::{Sasl, SaslMechanism},
};
use rdkafka::{
    ClientConfig, ClientContext,
    config::RDKafkaLogLevel,
    consumer::{BaseConsumer, ConsumerContext},
    error::{KafkaError, RDKafkaErrorCode as Code},
};
use std::sync::{Mutex, PoisonError};

pub type Client = BaseConsumer<Context>;

/// Takes librdkafka's log, which would else be written over the screen, and remembers why connections
/// failed, which its errors do not say.
#[derive(Default)]
pub struct Context {
    failure: Mutex<Option<String>>,
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(target: "librdkafka", ?level, facility, message);
        if facility == "FAIL" {
            // [thrd:…]: host:port/id: what happened (after 12ms in state CONNECT, …)
            let text = message.split_once("]: ").map_or(message, |(_, text)| text);
            let text = text.split(" (after ").next().unwrap_or(text);
            *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(text.to_string());
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(target: "librdkafka", %error, reason);
    }
}

impl ConsumerContext for Context {}

impl Context {
    pub fn failure(&self) -> Option<String> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

pub fn connect(brokers: &Brokers) -> Result<Client, Text> {
    let mut config = ClientConfig::new();
    config.set_log_level(RDKafkaLogLevel::Warning);
    let fixed = [
        ("client.id", "castellan"),
        // librdkafka's consumer wants a name for a group, even one that is never joined.
        ("group.id", "castellan-messages"),
        ("enable.auto.commit", "false"),
        ("enable.auto.offset.store", "false"),
        ("allow.auto.create.topics", "false"),
        ("isolation.level", "read_committed"),
        ("enable.partition.eof", "true"),
        // A start that retention has just deleted.
        ("auto.offset.reset", "earliest"),
        ("queued.max.messages.kbytes", "8192"),
        ("fetch.wait.max.ms", "100"),
        ("topic.metadata.propagation.max.ms", "1000"),
        ("socket.timeout.ms", "10000"),
        ("reconnect.backoff.max.ms", "2000"),
    ];
    let own = [("bootstrap.servers", brokers.bootstrap.as_str())];
    for (name, value) in fixed.into_iter().chain(own).chain(brokers.sasl.iter().flat_map(login)) {
        config.set(name, value);
    }
    config.create_with_context(Context::default()).map_err(|e| match e {
        KafkaError::ClientConfig(_, why, name, _) => format!("the setting {name} does not do: {why}").into(),
        KafkaError::ClientCreation(why) => why.into(),
        other => other.to_string().into(),
    })
}

/// librdkafka's properties for a login.
pub fn login(sasl: &Sasl) -> [(&'static str, &str); 4] {
    let mechanism = match sasl.mechanism {
        SaslMechanism::Plain => "PLAIN",
        SaslMechanism::ScramSha256 => "SCRAM-SHA-256",
        SaslMechanism::ScramSha512 => "SCRAM-SHA-512",
    };
    [
        ("security.protocol", "sasl_plaintext"),
        ("sasl.mechanism", mechanism),
        ("sasl.username", &sasl.user),
        ("sasl.password", &sasl.password),
    ]
}

/// What an error means for reading.
#[derive(Debug, PartialEq)]
pub enum Trouble {
    /// Of no concern: it is about the group, which is never used.
    None,
    /// It may pass; in words.
    Passing(Text),
    /// It will not pass by itself; in words.
    Final(Text),
}

/// An error of librdkafka about reading `topic`. `failure` is why a connection failed last.
pub fn trouble(error: &KafkaError, topic: &str, failure: Option<String>) -> Trouble {
    let Some(code) = error.rdkafka_error_code() else { return Trouble::Final(error.to_string().into()) };
    let because = failure.map_or(String::new(), |why| format!(": {why}"));
    match code {
        Code::GroupAuthorizationFailed | Code::CoordinatorNotAvailable | Code::NotCoordinator => {
            Trouble::None
        }
        Code::UnknownTopicOrPartition
        | Code::UnknownTopic
        | Code::UnknownPartition
        | Code::UnknownTopicId => {
            Trouble::Final(format!("topic {topic} does not exist, or does no longer").into())
        }
        Code::TopicAuthorizationFailed => Trouble::Final(
            format!("not allowed to read topic {topic}: it takes Kafka's ACL Read on it").into(),
        ),
        Code::ClusterAuthorizationFailed => Trouble::Final("the cluster refuses this user".into()),
        Code::Authentication | Code::SaslAuthenticationFailed | Code::SSL => {
            Trouble::Final(format!("the brokers refuse the login{because}").into())
        }
        Code::AllBrokersDown => Trouble::Passing(format!("no broker can be reached{because}").into()),
        Code::BrokerTransportFailure | Code::Resolve => {
            Trouble::Passing(format!("a broker cannot be reached{because}").into())
        }
        Code::OperationTimedOut | Code::RequestTimedOut => {
            Trouble::Passing(format!("the brokers do not answer{because}").into())
        }
        Code::LeaderNotAvailable | Code::NotLeaderForPartition => {
            Trouble::Passing("a partition has no leader now".into())
        }
        other => Trouble::Passing(other.to_string().into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn librdkafka_takes_every_setting() {
        let login = |mechanism| Sasl { mechanism, user: "u".into(), password: "p".into() };
        let mechanisms = [SaslMechanism::Plain, SaslMechanism::ScramSha256, SaslMechanism::ScramSha512];
        for sasl in mechanisms.map(|m| Some(login(m))).into_iter().chain([None]) {
            let patience = std::time::Duration::from_secs(1);
            let brokers = Brokers { bootstrap: "127.0.0.1:1".into(), sasl, patience };
            assert_eq!(connect(&brokers).err(), None);
        }
    }

    #[test]
    fn errors_are_told_apart() {
        let of = |code| trouble(&KafkaError::MessageConsumption(code), "orders", Some("refused".into()));
        assert_eq!(of(Code::GroupAuthorizationFailed), Trouble::None);
        assert_eq!(
            of(Code::UnknownTopicOrPartition),
            Trouble::Final("topic orders does not exist, or does no longer".into())
        );
        assert_eq!(of(Code::AllBrokersDown), Trouble::Passing("no broker can be reached: refused".into()));
    }
}
