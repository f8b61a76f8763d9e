//! The first screen: what a newcomer sees who has typed `castellan demo`.

use crate::stage::{SMALL, Stage, WIDE};

#[test]
fn the_first_screen_says_that_it_is_a_demo_and_how_things_stand() {
    for size in [SMALL, WIDE] {
        let stage = Stage::open(&[], size);
        stage.waits("the mark", |screen| screen.trim_start().starts_with("DEMO "));
        stage.verdict("HEALTHY", &["3 brokers", "partitions in sync", "4 groups"]);
        // Each is joined from its pod, from Kafka and from Prometheus.
        for pod in ["kafka-0", "kafka-1", "kafka-2"] {
            stage.row(&[pod, "Running", " up", "%", "iB/s"]);
        }
        for group in ["billing", "recommendations", "dispatch"] {
            stage.row(&[group, "Stable"]);
        }
        stage.sees("── Events ");
    }
}
