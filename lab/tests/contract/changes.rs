//! What Kafka's own tools change: settings, and what groups have committed.

use crate::world::{Told, World};

const GROUPS: &str = "kafka-consumer-groups.sh";
const CONFIGS: &str = "kafka-configs.sh";
const REPLICAS: &str = "leader.replication.throttled.replicas";
const RATE: &str = "leader.replication.throttled.rate";

/// Whatever it printed; these tools say of a refusal that they have succeeded.
fn words(told: Told) -> String {
    told.out + &told.err
}

/// The settings that are described, without where they come from.
fn described(world: &World, entity: &str) -> String {
    let told = world.tool(CONFIGS, &format!("--describe {entity}")).done();
    told.lines()
        .map(|line| line.split(" sensitive=").next().unwrap_or_default().trim())
        .collect::<Vec<_>>()
        .join("\n")
}

pub fn settings_of_topics_and_brokers_are_changed_and_taken_away(world: &World) {
    for (entity, setting, value, set) in [
        ("--entity-type topics --entity-name scratch", REPLICAS, "[0:1,1:2]", "0:1,1:2"),
        ("--entity-type brokers --entity-name 1", RATE, "1000000", "1000000"),
        ("--entity-type brokers --entity-name 2", RATE, "2000000", "2000000"),
    ] {
        let add = format!("--alter {entity} --add-config {setting}={value}");
        world.tool(CONFIGS, &add).done();
        let line = format!("{setting}={set}");
        world.until("it is set", || {
            let told = described(world, entity);
            if told.lines().any(|l| l == line) { Ok(()) } else { Err(told) }
        });
        world.tool(CONFIGS, &format!("--alter {entity} --delete-config {setting}")).done();
        world.until("it is taken away", || {
            let told = described(world, entity);
            if told.contains(setting) { Err(told) } else { Ok(()) }
        });
    }
    let wrong = format!("--alter --entity-type topics --entity-name scratch --add-config {REPLICAS}=all");
    let refused = words(world.tool(CONFIGS, &wrong));
    for part in
        ["InvalidConfigurationException: Invalid value", "must be the literal '*' or a list of replicas"]
    {
        assert!(refused.contains(part), "{refused}");
    }
}

/// What the group has committed on `scratch`, by partition.
fn committed(world: &World, group: &str) -> Vec<(String, String)> {
    let told = world.tool(GROUPS, &format!("--describe --group {group}"));
    let rows = told.out.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let mut rows: Vec<(String, String)> = rows
        .filter(|row| row.len() > 4 && row[1] == "scratch")
        .map(|row| (row[2].to_owned(), row[3].to_owned()))
        .collect();
    rows.sort();
    rows
}

pub fn an_empty_groups_offsets_are_reset_and_deleted_and_so_is_the_group(world: &World) {
    let group = "--group contract-reset";
    // Some messages to reset among, where nobody else writes.
    world.kcat("-P -t scratch -p 1", "one\ntwo\nthree\n").done();
    world.kcat("-G contract-reset scratch -e -q -u", "").done();
    let reset = |to: &str, topic: &str| {
        let told =
            world.tool(GROUPS, &format!("{group} --reset-offsets {to} --topic {topic} --execute")).done();
        let row = told.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        let offset = { row }.find(|row| row.len() == 4 && row[1] == "scratch" && row[2] == "1");
        offset.unwrap_or_else(|| panic!("{told}"))[3].parse::<i64>().expect("an offset")
    };
    let (first, end) = (reset("--to-earliest", "scratch"), reset("--to-latest", "scratch:1"));
    assert!(end >= first + 3, "{first} to {end}");
    assert_eq!(reset("--shift-by -2", "scratch:1"), end - 2);
    assert_eq!(reset(&format!("--to-offset {}", end + 1_000), "scratch:1"), end, "it is fitted into the log");
    let all = committed(world, "contract-reset");
    assert_eq!(all.iter().map(|(p, _)| &**p).collect::<Vec<_>>(), ["0", "1", "2"]);
    assert_eq!(all[1].1, end.to_string());
    let forgotten = world.tool(GROUPS, &format!("{group} --delete-offsets --topic scratch:1")).done();
    assert!(forgotten.contains("Successful"), "{forgotten}");
    assert!(committed(world, "contract-reset").iter().all(|(partition, _)| partition != "1"));
    let deleted = world.tool(GROUPS, &format!("{group} --delete")).done();
    assert!(deleted.contains("Deletion of requested consumer groups ('contract-reset') was successful."));
    let listed = world.tool(GROUPS, "--list").done();
    assert!(listed.lines().all(|id| id != "contract-reset"), "{listed}");
}

pub fn a_group_with_members_is_left_as_it_is(world: &World) {
    let billing = |what: &str| words(world.tool(GROUPS, &format!("--group billing {what}")));
    let reset = billing("--reset-offsets --to-earliest --all-topics --execute");
    let inactive =
        "Assignments can only be reset if the group 'billing' is inactive, but the current state is";
    assert!(reset.contains(inactive), "{reset}");
    let deleted = billing("--delete");
    assert!(deleted.contains("GroupNotEmptyException: The group is not empty."), "{deleted}");
    let forgotten = billing("--delete-offsets --topic orders");
    assert!(
        forgotten.contains("Deleting offsets of a topic is forbidden while the consumer group is actively"),
        "{forgotten}"
    );
}
