//! A librdkafka consumer that only looks: its settings, its log, its errors in words.

use super::Brokers;
use crate::domain::{
    Text,
    target::{SaslMechanism, Security},
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
    readable(&brokers.security)?;
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
    for (name, value) in fixed.into_iter().chain([("bootstrap.servers", brokers.bootstrap.as_str())]) {
        config.set(name, value);
    }
    for (name, value) in secured(&brokers.security) {
        config.set(name, value);
    }
    config.create_with_context(Context::default()).map_err(|e| match e {
        KafkaError::ClientConfig(_, why, name, _) => format!("the setting {name} does not do: {why}").into(),
        KafkaError::ClientCreation(why) => why.into(),
        other => other.to_string().into(),
    })
}

/// OpenSSL does not say which file it could not read.
fn readable(security: &Security) -> Result<(), Text> {
    let files = [&security.ca_file, &security.certificate_file, &security.key_file];
    for file in files.into_iter().flatten() {
        std::fs::File::open(file).map_err(|e| Text::from(format!("cannot read {file}: {e}")))?;
    }
    Ok(())
}

/// librdkafka's properties for the security of a target.
fn secured(security: &Security) -> Vec<(&'static str, String)> {
    let protocol = match (security.tls, &security.sasl) {
        (false, None) => "plaintext",
        (true, None) => "ssl",
        (false, Some(_)) => "sasl_plaintext",
        (true, Some(_)) => "sasl_ssl",
    };
    let mut properties = vec![("security.protocol", protocol.to_string())];
    if security.tls {
        // `probe` looks where Linux systems keep their roots.
        properties.push(("ssl.ca.location", security.ca_file.clone().unwrap_or_else(|| "probe".into())));
        properties.extend(security.certificate_file.clone().map(|f| ("ssl.certificate.location", f)));
        properties.extend(security.key_file.clone().map(|f| ("ssl.key.location", f)));
    }
    if let Some(sasl) = &security.sasl {
        let mechanism = match sasl.mechanism {
            SaslMechanism::Plain => "PLAIN",
            SaslMechanism::ScramSha256 => "SCRAM-SHA-256",
            SaslMechanism::ScramSha512 => "SCRAM-SHA-512",
        };
        properties.push(("sasl.mechanism", mechanism.into()));
        properties.push(("sasl.username", sasl.user.clone()));
        properties.push(("sasl.password", sasl.password.clone()));
    }
    properties
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
    use crate::domain::target::Sasl;

    #[test]
    fn security_becomes_librdkafkas_properties() {
        let sasl =
            Sasl { mechanism: SaslMechanism::ScramSha512, user: "reader".into(), password: "secret".into() };
        let security =
            Security { tls: true, ca_file: Some("ca.pem".into()), sasl: Some(sasl), ..Security::default() };
        let properties = secured(&security);
        for (name, value) in [
            ("security.protocol", "sasl_ssl"),
            ("ssl.ca.location", "ca.pem"),
            ("sasl.mechanism", "SCRAM-SHA-512"),
            ("sasl.password", "secret"),
        ] {
            assert!(properties.contains(&(name, value.to_string())), "{name}");
        }
        assert_eq!(secured(&Security::default()), [("security.protocol", "plaintext".to_string())]);
    }

    fn brokers(security: Security) -> Brokers {
        Brokers { bootstrap: "127.0.0.1:1".into(), security, patience: std::time::Duration::from_secs(1) }
    }

    #[test]
    fn librdkafka_takes_every_setting() {
        let sasl = Sasl { mechanism: SaslMechanism::Plain, user: "u".into(), password: "p".into() };
        for sasl in [None, Some(sasl)] {
            let security = Security { sasl, ..Security::default() };
            assert_eq!(connect(&brokers(security)).err(), None);
        }
        let security = Security { tls: true, ca_file: Some("/absent/ca.pem".into()), ..Security::default() };
        let refused = connect(&brokers(security)).err();
        assert!(refused.as_ref().is_some_and(|why| why.contains("ca.pem")), "{refused:?}");
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
