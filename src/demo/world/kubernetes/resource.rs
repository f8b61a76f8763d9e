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

/// Everything served.
pub static RESOURCES: [Resource; 17] = [
    Resource { namespaced: false, ..namespaced("", "v1", "namespaces", "Namespace", &["ns"]) },
    Resource { namespaced: false, ..namespaced("", "v1", "nodes", "Node", &["no"]) },
    namespaced("", "v1", "pods", "Pod", &["po"]),
    namespaced("", "v1", "services", "Service", &["svc"]),
    namespaced("", "v1", "events", "Event", &["ev"]),
    namespaced("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", &["pvc"]),
    namespaced("", "v1", "configmaps", "ConfigMap", &["cm"]),
    namespaced("", "v1", "secrets", "Secret", &[]),
    namespaced("apps", "v1", "statefulsets", "StatefulSet", &["sts"]),
    namespaced("apps", "v1", "deployments", "Deployment", &["deploy"]),
    namespaced("apps", "v1", "replicasets", "ReplicaSet", &["rs"]),
    namespaced("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", &["pdb"]),
    namespaced("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", &["hpa"]),
    namespaced("kafka.strimzi.io", "v1beta2", "kafkas", "Kafka", &["k"]),
    namespaced("kafka.strimzi.io", "v1beta2", "kafkanodepools", "KafkaNodePool", &["knp"]),
    namespaced("kafka.strimzi.io", "v1beta2", "kafkatopics", "KafkaTopic", &["kt"]),
    namespaced("core.strimzi.io", "v1beta2", "strimzipodsets", "StrimziPodSet", &["sps"]),
];
