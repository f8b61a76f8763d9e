//! The protobuf messages of the Kubernetes API, cut down to the fields that are used.
//!
//! Protobuf skips what a message does not declare, so the bulk of an object (managed fields, probes,
//! volumes, tolerations) is passed over without being kept. Text is declared as bytes: a slice of the
//! answer, copied only when it goes into a row.
//!
//! Source of the field numbers: `generated.proto` of k8s.io/apimachinery and k8s.io/api v0.35.

use bytes::Bytes;

/// Declares messages whose fields are all optional: text, numbers, flags, messages and lists of them.
macro_rules! messages {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $kind:tt $of:tt = $tag:literal,)* })*) => {
        $(messages!(@ [$(#[$doc])* $name] [] $($field: $kind $of = $tag,)*);)*
    };
    (@ [$(#[$doc:meta])* $name:ident] [$($done:tt)*]) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, prost::Message)]
        pub struct $name { $($done)* }
    };
    (@ $head:tt [$($done:tt)*] $field:ident: one text = $tag:literal, $($rest:tt)*) => {
        messages!(@ $head [$($done)* #[prost(bytes = "bytes", tag = $tag)] pub $field: Bytes,] $($rest)*);
    };
    (@ $head:tt [$($done:tt)*] $field:ident: many text = $tag:literal, $($rest:tt)*) => {
        messages!(@ $head [$($done)* #[prost(bytes = "bytes", repeated, tag = $tag)] pub $field: Vec<Bytes>,] $($rest)*);
    };
    (@ $head:tt [$($done:tt)*] $field:ident: one int = $tag:literal, $($rest:tt)*) => {
        messages!(@ $head [$($done)* #[prost(int64, tag = $tag)] pub $field: i64,] $($rest)*);
    };
    (@ $head:tt [$($done:tt)*] $field:ident: maybe int = $tag:literal, $($rest:tt)*) => {
        messages!(@ $head [$($done)* #[prost(int64, optional, tag = $tag)] pub $field: Option<i64>,] $($rest)*);
    };
    (@ $head:tt [$($done:tt)*] $field:ident: one flag = $tag:literal, $($rest:tt)*) => {
        messages!(@ $head [$($done)* #[prost(bool, tag = $tag)] pub $field: bool,] $($rest)*);
    };
    (@ $head:tt [$($done:tt)*] $field:ident: one $of:ident = $tag:literal, $($rest:tt)*) => {
        messages!(@ $head [$($done)* #[prost(message, optional, tag = $tag)] pub $field: Option<$of>,] $($rest)*);
    };
    (@ $head:tt [$($done:tt)*] $field:ident: many $of:ident = $tag:literal, $($rest:tt)*) => {
        messages!(@ $head [$($done)* #[prost(message, repeated, tag = $tag)] pub $field: Vec<$of>,] $($rest)*);
    };
}

// k8s.io/apimachinery
messages! {
    /// `runtime.Unknown`
    Unknown { raw: one text = "2", }
    /// Any kind's list: its items stay bytes, to be decoded one at a time.
    List { metadata: one ListMeta = "1", items: many text = "2", }
    ListMeta { resource_version: one text = "2", next: one text = "3", remaining: maybe int = "4", }
    WatchEvent { kind: one text = "1", object: one RawExtension = "2", }
    RawExtension { raw: one text = "1", }
    Status { message: one text = "3", reason: one text = "4", code: one int = "6", }
    /// `Time` and `MicroTime`
    Instant { seconds: one int = "1", nanos: one int = "2", }
    /// An entry of a `map<string, string>`
    Entry { key: one text = "1", value: one text = "2", }
    ObjectMeta {
        name: one text = "1",
        namespace: one text = "3",
        uid: one text = "5",
        resource_version: one text = "6",
        generation: one int = "7",
        created: one Instant = "8",
        deleted: one Instant = "9",
        labels: many Entry = "11",
        annotations: many Entry = "12",
        owners: many OwnerReference = "13",
    }
    OwnerReference {
        kind: one text = "1",
        name: one text = "3",
        uid: one text = "4",
        api_version: one text = "5",
        controller: one flag = "6",
    }
    LabelSelector { labels: many Entry = "1", expressions: many Requirement = "2", }
    Requirement { key: one text = "1", operator: one text = "2", values: many text = "3", }
    /// `intstr.IntOrString`; kind 1 is a string
    IntOrString { kind: one int = "1", int: one int = "2", text: one text = "3", }
    Quantity { text: one text = "1", }
    /// An entry of a `map<string, Quantity>`
    Amount { key: one text = "1", value: one Quantity = "2", }
}

// k8s.io/api/core/v1
messages! {
    /// Of any kind: enough to know which object it is.
    Named { metadata: one ObjectMeta = "1", }

    Pod { metadata: one ObjectMeta = "1", spec: one PodSpec = "2", status: one PodStatus = "3", }
    PodSpec {
        volumes: many Volume = "1",
        containers: many Container = "2",
        grace: maybe int = "4",
        node: one text = "10",
        init_containers: many Container = "20",
    }
    PodStatus {
        phase: one text = "1",
        conditions: many Condition = "2",
        message: one text = "3",
        reason: one text = "4",
        ip: one text = "6",
        containers: many ContainerStatus = "8",
        init_containers: many ContainerStatus = "10",
    }
    Volume { name: one text = "1", source: one VolumeSource = "2", }
    VolumeSource { claim: one ClaimSource = "10", ephemeral: one Present = "29", }
    ClaimSource { claim: one text = "1", }
    /// A message of which only the presence matters.
    Present {}
    Container {
        name: one text = "1",
        image: one text = "2",
        ports: many ContainerPort = "6",
        env: many EnvVar = "7",
        mounts: many VolumeMount = "9",
        restart_policy: one text = "24",
    }
    ContainerPort { name: one text = "1", port: one int = "3", }
    EnvVar { name: one text = "1", value: one text = "2", }
    VolumeMount { name: one text = "1", path: one text = "3", }
    ContainerStatus {
        name: one text = "1",
        state: one ContainerState = "2",
        last: one ContainerState = "3",
        ready: one flag = "4",
        restarts: one int = "5",
        started: one flag = "9",
    }
    ContainerState { waiting: one Waiting = "1", running: one Started = "2", terminated: one Terminated = "3", }
    Waiting { reason: one text = "1", message: one text = "2", }
    Started { at: one Instant = "1", }
    Terminated {
        exit_code: one int = "1",
        signal: one int = "2",
        reason: one text = "3",
        message: one text = "4",
        finished: one Instant = "6",
    }
    /// `PodCondition`, `NodeCondition` and `PersistentVolumeClaimCondition` agree on these numbers.
    Condition {
        kind: one text = "1",
        status: one text = "2",
        since: one Instant = "4",
        reason: one text = "5",
        message: one text = "6",
    }

    Node { metadata: one ObjectMeta = "1", spec: one NodeSpec = "2", status: one NodeStatus = "3", }
    NodeSpec { unschedulable: one flag = "4", taints: many Taint = "5", }
    Taint { key: one text = "1", value: one text = "2", effect: one text = "3", }
    NodeStatus {
        allocatable: many Amount = "2",
        conditions: many Condition = "4",
        addresses: many NodeAddress = "5",
        info: one NodeInfo = "7",
    }
    NodeAddress { kind: one text = "1", address: one text = "2", }
    NodeInfo { kubelet: one text = "7", }

    Claim { metadata: one ObjectMeta = "1", spec: one ClaimSpec = "2", status: one ClaimStatus = "3", }
    ClaimSpec { resources: one Resources = "2", volume: one text = "3", class: one text = "5", }
    Resources { requests: many Amount = "2", }
    ClaimStatus { phase: one text = "1", capacity: many Amount = "3", conditions: many Condition = "4", }

    Service { metadata: one ObjectMeta = "1", spec: one ServiceSpec = "2", }
    ServiceSpec {
        ports: many ServicePort = "1",
        selector: many Entry = "2",
        cluster_ip: one text = "3",
        kind: one text = "4",
    }
    ServicePort { name: one text = "1", port: one int = "3", target: one IntOrString = "4", }

    Event {
        metadata: one ObjectMeta = "1",
        object: one ObjectReference = "2",
        reason: one text = "3",
        message: one text = "4",
        source: one EventSource = "5",
        first: one Instant = "6",
        last: one Instant = "7",
        count: one int = "8",
        kind: one text = "9",
        time: one Instant = "10",
        series: one EventSeries = "11",
        reporter: one text = "14",
    }
    ObjectReference { kind: one text = "1", name: one text = "3", uid: one text = "4", }
    EventSource { component: one text = "1", }
    EventSeries { count: one int = "1", last: one Instant = "2", }
}

// k8s.io/api/apps/v1, policy/v1 and autoscaling/v2
messages! {
    StatefulSet { metadata: one ObjectMeta = "1", spec: one StatefulSetSpec = "2", status: one StatefulSetStatus = "3", }
    StatefulSetSpec {
        replicas: maybe int = "1",
        selector: one LabelSelector = "2",
        template: one Template = "3",
        service: one text = "5",
        strategy: one SetStrategy = "7",
    }
    SetStrategy { kind: one text = "1", rolling: one SetRolling = "2", }
    SetRolling { partition: one int = "1", }
    StatefulSetStatus {
        observed: one int = "1",
        ready: one int = "3",
        current: one int = "4",
        updated: one int = "5",
        current_revision: one text = "6",
        update_revision: one text = "7",
        available: one int = "11",
    }
    Template { spec: one TemplateSpec = "2", }
    TemplateSpec { containers: many TemplateContainer = "2", }
    TemplateContainer { image: one text = "2", }

    Deployment { metadata: one ObjectMeta = "1", spec: one DeploymentSpec = "2", status: one DeploymentStatus = "3", }
    DeploymentSpec {
        replicas: maybe int = "1",
        selector: one LabelSelector = "2",
        template: one Template = "3",
        paused: one flag = "7",
    }
    DeploymentStatus {
        observed: one int = "1",
        updated: one int = "3",
        available: one int = "4",
        conditions: many DeploymentCondition = "6",
        ready: one int = "7",
    }
    DeploymentCondition { kind: one text = "1", status: one text = "2", message: one text = "5", }

    ReplicaSet { metadata: one ObjectMeta = "1", spec: one ReplicaSetSpec = "2", status: one ReplicaSetStatus = "3", }
    ReplicaSetSpec { replicas: maybe int = "1", }
    ReplicaSetStatus { ready: one int = "4", }

    Budget { metadata: one ObjectMeta = "1", spec: one BudgetSpec = "2", status: one BudgetStatus = "3", }
    BudgetSpec { min_available: one IntOrString = "1", selector: one LabelSelector = "2", max_unavailable: one IntOrString = "3", }
    BudgetStatus { allowed: one int = "3", healthy: one int = "4", desired: one int = "5", expected: one int = "6", }

    Autoscaler { metadata: one ObjectMeta = "1", spec: one AutoscalerSpec = "2", status: one AutoscalerStatus = "3", }
    AutoscalerSpec { target: one ScaleTarget = "1", min: maybe int = "2", max: one int = "3", }
    ScaleTarget { kind: one text = "1", name: one text = "2", }
    AutoscalerStatus { current: one int = "3", desired: one int = "4", }
}
