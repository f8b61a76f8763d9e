//! Messages of a topic, by librdkafka.
