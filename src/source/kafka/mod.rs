//! Kafka by its own protocol.
