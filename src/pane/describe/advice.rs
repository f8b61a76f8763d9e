//! What helps against a finding: where to look next, and the commands that mend it.

/// Sentences for a finding of this kind, the first thing to do first; `:name` is a command or a pane, `--` an option.
pub fn on(code: &str) -> &'static [&'static str] {
    ADVICE.iter().find(|(about, _)| about.contains(&code)).map_or(&[], |(_, advice)| advice)
}

/// By the findings' codes.
pub const ADVICE: &[(&[&str], &[&str])] = &[
    (
        &["node"],
        &[
            "A node that is gone for good keeps its pods until it is deleted: kubectl delete node. Its brokers can \
             start elsewhere then, if their volumes can.",
            "One that lives and has to be emptied: :drain-node.",
        ],
    ),
    (&["claim"], &["The claim's events say what its volume waits for: :claims, then d."]),
    (
        &["disk"],
        &[
            "A shorter retention frees most: :topics, :sort SIZE, then :alter-config retention.ms=MILLISECONDS on \
             the largest.",
            "Where other brokers have room: :rebalance, or :reassign off this one. Else a larger volume: :claims.",
        ],
    ),
    (
        &["log-dir"],
        &[
            "The broker's log names the error: :logs.",
            "Where the volume is lost, :replace disk makes it anew, and copies what only it had before.",
        ],
    ),
    (
        &["broker-pod"],
        &[
            "Where its node is lost, the node's own finding comes first. Else the pod's log says why: :logs, and \
             :previous-logs for the run before.",
            "When it is mended and the pod waits for its next start, :evict starts it anew at once.",
        ],
    ),
    (&["pod"], &["Its log and its events say why: :logs, :describe."]),
    (
        &["statefulset", "rollout"],
        &["Events say what it waits for: :events, or :describe on the StatefulSet."],
    ),
    (
        &["broker-gone"],
        &[
            "Where its pod runs, its log says why it is not registered: :logs.",
            "If it does not come back, :reassign off it gives its replicas to others.",
        ],
    ),
    (
        &["broker-silent"],
        &["Its log says what it does: :logs. A new start: :evict, which shows what that costs."],
    ),
    (
        &["controller", "quorum"],
        &[
            "The majority of the voters has to run: the findings of their brokers or pods come first, then :logs.",
        ],
    ),
    (
        &["offline"],
        &[
            "They come back with a broker that holds them: mend the findings of the missing brokers first.",
            "What has one replica only has no other copy: :set-replication gives it more, later.",
        ],
    ),
    (
        &["min-isr"],
        &[
            "Writes with acks=all are taken again when the brokers named here are in sync: mend their findings first.",
        ],
    ),
    (
        &["under-replicated"],
        &[
            "A broker that is down comes first: its own finding says why.",
            "One that is up copies: a throttle, a full disk or its log (:logs) says why it does not get on.",
        ],
    ),
    (&["throttle"], &[":unthrottle takes the throttle away, and shows before what it changes."]),
    (
        &["group-lag", "group-rebalance"],
        &[
            ":members shows who reads what, and in which pod; its log says why it is slow: :logs.",
            "More consumers help where there are fewer than partitions; a key that most messages have does not.",
        ],
    ),
    (
        &["group-stopped"],
        &["The log of the member that holds the partition says what it is stuck at: :members, then :logs."],
    ),
    (&["group-empty"], &["Its consumers do not run: :deployments and :pods show those that should."]),
    (
        &["group-rewound"],
        &[
            "Somebody set it back, or its consumer did: it reads again what it had read. :members shows where it is.",
        ],
    ),
    (&["group-error"], &["The reason stands above; castellan doctor says which permission is missing."]),
    (&["moves"], &[":reassignments shows how far they are; :cancel-reassignment takes one back."]),
    (&["rack"], &["broker.rack has to name the node's zone: it is in the broker's configuration."]),
    (&["zones"], &[":repair-racks spreads the replicas over the zones."]),
    (&["leaders"], &[":elect gives the leaders back to the preferred brokers."]),
    (
        &["absent", "source", "permissions", "prometheus"],
        &[
            "castellan doctor looks at everything that castellan needs, and says what to do where it is missing.",
        ],
    ),
];
