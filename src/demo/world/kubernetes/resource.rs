//! The resources that the API serves.

/// One resource of the API, as discovery tells it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Resource {
    /// Empty: the core group.
    pub group: &'static str,
    pub version: &'static str,
    /// The name in paths: `pods`.
    pub plural: &'static str,
    pub kind: &'static str,
    pub namespaced: bool,
    pub short: &'static [&'static str],
}

impl Resource {
    /// `v1`, `apps/v1`
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.into() } else { format!("{}/{}", self.group, self.version) }
    }

    pub fn find(group: &str, version: &str, plural: &str) -> Option<&'static Resource> {
        RESOURCES.iter().find(|r| (r.group, r.version, r.plural) == (group, version, plural))
    }

    /// The resource of a manifest.
    pub fn of(api_version: &str, kind: &str) -> Option<&'static Resource> {
        RESOURCES.iter().find(|r| r.kind == kind && r.api_version() == api_version)
    }
}

const fn namespaced(
    group: &'static str,
    version: &'static str,
    plural: &'static str,
    kind: &'static str,
    short: &'static [&'static str],
) -> Resource {
    Resource { group, version, plural, kind, namespaced: true, short }
}

pub const NAMESPACES: Resource =
    Resource { namespaced: false, ..namespaced("", "v1", "namespaces", "Namespace", &["ns"]) };
pub const NODES: Resource = Resource { namespaced: false, ..namespaced("", "v1", "nodes", "Node", &["no"]) };
pub const PODS: Resource = namespaced("", "v1", "pods", "Pod", &["po"]);
pub const SERVICES: Resource = namespaced("", "v1", "services", "Service", &["svc"]);
pub const EVENTS: Resource = namespaced("", "v1", "events", "Event", &["ev"]);
pub const CLAIMS: Resource =
    namespaced("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", &["pvc"]);
pub const CONFIG_MAPS: Resource = namespaced("", "v1", "configmaps", "ConfigMap", &["cm"]);
pub const SECRETS: Resource = namespaced("", "v1", "secrets", "Secret", &[]);
pub const STATEFUL_SETS: Resource = namespaced("apps", "v1", "statefulsets", "StatefulSet", &["sts"]);
pub const DEPLOYMENTS: Resource = namespaced("apps", "v1", "deployments", "Deployment", &["deploy"]);
pub const REPLICA_SETS: Resource = namespaced("apps", "v1", "replicasets", "ReplicaSet", &["rs"]);
pub const BUDGETS: Resource =
    namespaced("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", &["pdb"]);
pub const AUTOSCALERS: Resource =
    namespaced("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", &["hpa"]);
pub const KAFKAS: Resource = namespaced("kafka.strimzi.io", "v1beta2", "kafkas", "Kafka", &["k"]);
pub const NODE_POOLS: Resource =
    namespaced("kafka.strimzi.io", "v1beta2", "kafkanodepools", "KafkaNodePool", &["knp"]);
pub const KAFKA_TOPICS: Resource =
    namespaced("kafka.strimzi.io", "v1beta2", "kafkatopics", "KafkaTopic", &["kt"]);
pub const POD_SETS: Resource =
    namespaced("core.strimzi.io", "v1beta2", "strimzipodsets", "StrimziPodSet", &["sps"]);

/// Everything served.
pub static RESOURCES: [Resource; 17] = [
    NAMESPACES,
    NODES,
    PODS,
    SERVICES,
    EVENTS,
    CLAIMS,
    CONFIG_MAPS,
    SECRETS,
    STATEFUL_SETS,
    DEPLOYMENTS,
    REPLICA_SETS,
    BUDGETS,
    AUTOSCALERS,
    KAFKAS,
    NODE_POOLS,
    KAFKA_TOPICS,
    POD_SETS,
];
