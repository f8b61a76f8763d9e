//! Who asks, and what they may do: the lab's users and roles.

use super::{
    request::{Asked, Name},
    status::Status,
};
use http::{HeaderMap, header::AUTHORIZATION};
use serde_json::{Value, json};
use std::sync::LazyLock;

/// The roles of the lab, by which its users live as well.
const ROLES: &str = include_str!("../../../lab/manifests/access.yaml");

/// Tokens, which are the users' names, and their groups.
const USERS: [(&str, &str); 4] = [
    ("admin", "system:masters"),
    ("viewer", "castellan:viewers"),
    ("namespace", "castellan:namespace"),
    ("no-evict", "castellan:no-evict"),
];

static KNOWN: LazyLock<Vec<User>> = LazyLock::new(|| {
    let documents = serde_norway::Deserializer::from_str(ROLES);
    let manifests: Vec<Value> = documents.filter_map(|d| serde::Deserialize::deserialize(d).ok()).collect();
    USERS.iter().map(|(name, group)| User::new(name, group, &manifests)).collect()
});

#[derive(Debug)]
pub struct User {
    pub name: &'static str,
    pub group: &'static str,
    rules: Vec<Rule>,
}

/// What a binding grants.
#[derive(Debug)]
struct Rule {
    /// None: everywhere.
    namespace: Option<String>,
    groups: Vec<String>,
    resources: Vec<String>,
    verbs: Vec<String>,
    /// Why it is so, as the API server says it.
    reason: String,
}

/// What somebody wants to do; `resource` with its subresource.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'a> {
    pub verb: &'a str,
    pub group: &'a str,
    pub resource: &'a str,
    /// Empty: in all, or of the whole cluster.
    pub namespace: &'a str,
}

/// The user of a request. One without a token is the admin: kubectl sends none over plain HTTP.
///
/// # Errors
/// 401 for a token that nobody has.
pub fn user(headers: &HeaderMap) -> Result<&'static User, Status> {
    let Some(header) = headers.get(AUTHORIZATION) else { return Ok(&KNOWN[0]) };
    let token = header.to_str().ok().and_then(|h| h.strip_prefix("Bearer ")).unwrap_or_default();
    KNOWN.iter().find(|user| user.name == token.trim()).ok_or_else(Status::unauthorized)
}

impl User {
    fn new(name: &'static str, group: &'static str, manifests: &[Value]) -> Self {
        let bindings = manifests.iter().filter(|m| {
            let subjects = m["subjects"].as_array().into_iter().flatten();
            subjects.into_iter().any(|s| s["kind"] == "Group" && s["name"] == group)
        });
        let rules = bindings.flat_map(|binding| {
            let role = &binding["roleRef"]["name"];
            let of = manifests.iter().find(|m| m["kind"] == "ClusterRole" && m["metadata"]["name"] == *role);
            let rules = of.and_then(|role| role["rules"].as_array()).into_iter().flatten();
            rules.map(|rule| Rule::new(rule, binding, group))
        });
        User { name, group, rules: rules.collect() }
    }

    fn is_master(&self) -> bool {
        self.group == "system:masters"
    }

    /// Why it is allowed; None: it is not.
    pub fn may(&self, wish: Wish) -> Option<&str> {
        if self.is_master() {
            return Some("");
        }
        // What `system:basic-user` allows everybody.
        let review = matches!(wish.group, "authorization.k8s.io" | "authentication.k8s.io");
        if review && wish.verb == "create" && wish.resource.starts_with("selfsubject") {
            return Some(
                "RBAC: allowed by ClusterRoleBinding \"system:basic-user\" of ClusterRole \
                 \"system:basic-user\" to Group \"system:authenticated\"",
            );
        }
        self.rules.iter().find(|rule| rule.allows(wish)).map(|rule| &*rule.reason)
    }

    /// Whether the user may read a path that is about no resource.
    pub fn may_look_at(&self, path: &str) -> bool {
        let open = |pattern: &&str| match pattern.strip_suffix('*') {
            Some(start) => path.starts_with(start),
            None => path == *pattern,
        };
        self.is_master() || super::discovery::OPEN.iter().any(open)
    }

    /// # Errors
    /// 403, with what is missing.
    pub fn check(&self, asked: &Asked) -> Result<(), Status> {
        let resource = asked.permission();
        let wish = Wish {
            verb: asked.verb,
            group: &asked.group,
            resource: &resource,
            namespace: if asked.plural == "namespaces" { "" } else { &asked.namespace },
        };
        match self.may(wish) {
            Some(_) => Ok(()),
            None => {
                let named = Name { group: &asked.group, plural: &asked.plural };
                Err(Status::forbidden(&named, &asked.name, &self.cannot(wish)))
            }
        }
    }

    /// A websocket is opened with a GET, and needs the right to `create` all the same.
    ///
    /// Source: `pkg/registry/core/pod/rest/authorize.go` (`ensureAuthorizedForVerb`), which gives no reason.
    ///
    /// # Errors
    /// 403.
    pub fn check_upgrade(&self, asked: &Asked) -> Result<(), Status> {
        let resource = asked.permission();
        let wish =
            Wish { verb: "create", group: &asked.group, resource: &resource, namespace: &asked.namespace };
        match self.may(wish) {
            Some(_) => Ok(()),
            None => Err(Status::forbidden(&asked.named(), &asked.name, "")),
        }
    }

    /// Source: `apiserver/pkg/endpoints/handlers/responsewriters/errors.go` (`ForbiddenMessage`).
    fn cannot(&self, wish: Wish) -> String {
        let Wish { verb, group, resource, namespace } = wish;
        let place = match namespace {
            "" => "at the cluster scope".to_owned(),
            namespace => format!("in the namespace \"{namespace}\""),
        };
        format!(
            "User \"{}\" cannot {verb} resource \"{resource}\" in API group \"{group}\" {place}",
            self.name
        )
    }

    /// What the user may do in a namespace, as a rules review tells it.
    pub fn rules(&self, namespace: &str) -> Vec<Value> {
        let all = json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]});
        if self.is_master() {
            return vec![all];
        }
        let reviews = json!({
            "verbs": ["create"],
            "apiGroups": ["authorization.k8s.io"],
            "resources": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
        });
        let here = self.rules.iter().filter(|r| r.namespace.as_deref().is_none_or(|n| n == namespace));
        let told = here.map(|r| json!({"verbs": r.verbs, "apiGroups": r.groups, "resources": r.resources}));
        std::iter::once(reviews).chain(told).collect()
    }
}

impl Rule {
    fn new(rule: &Value, binding: &Value, group: &str) -> Self {
        let words = |name: &str| -> Vec<String> {
            let words = rule[name].as_array().into_iter().flatten();
            words.filter_map(|w| w.as_str().map(str::to_owned)).collect()
        };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (kind, name) = (text(&binding["kind"]), text(&binding["metadata"]["name"]));
        let role = text(&binding["roleRef"]["name"]);
        let namespace = binding["metadata"]["namespace"].as_str().map(str::to_owned);
        let place = namespace.as_ref().map(|n| format!("/{n}")).unwrap_or_default();
        Rule {
            reason: format!(
                "RBAC: allowed by {kind} \"{name}{place}\" of ClusterRole \"{role}\" to Group \"{group}\""
            ),
            namespace,
            groups: words("apiGroups"),
            resources: words("resources"),
            verbs: words("verbs"),
        }
    }

    fn allows(&self, wish: Wish) -> bool {
        let has = |words: &[String], word: &str| words.iter().any(|w| w == "*" || w == word);
        self.namespace.as_deref().is_none_or(|n| n == wish.namespace)
            && has(&self.verbs, wish.verb)
            && has(&self.groups, wish.group)
            && has(&self.resources, wish.resource)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(token: &str) -> &'static User {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
        user(&headers).unwrap()
    }

    fn may(token: &str, verb: &str, group: &str, resource: &str, namespace: &str) -> bool {
        of(token).may(Wish { verb, group, resource, namespace }).is_some()
    }

    /// The table is that of the lab's contexts (lab/README.md).
    #[test]
    fn each_user_may_do_what_the_labs_may() {
        assert!(may("admin", "delete", "", "nodes", "") && may("admin", "create", "x", "y", "z"));
        assert!(
            may("viewer", "list", "", "nodes", "") && may("viewer", "watch", "apps", "statefulsets", "a")
        );
        assert!(!may("viewer", "patch", "apps", "statefulsets/scale", "kafka"));
        assert!(!may("viewer", "create", "", "pods/eviction", "kafka"));
        assert!(!may("viewer", "create", "", "pods/portforward", "kafka"), "nor reaches it what writes");
        assert!(!may("namespace", "list", "", "nodes", ""), "nothing outside its namespace");
        assert!(!may("namespace", "list", "", "pods", "") && !may("namespace", "list", "", "pods", "shop"));
        assert!(may("namespace", "create", "", "pods/eviction", "kafka"));
        assert!(may("no-evict", "delete", "", "pods", "kafka") && may("no-evict", "patch", "", "nodes", ""));
        assert!(!may("no-evict", "create", "", "pods/eviction", "kafka"));
        assert!(may("viewer", "create", "authorization.k8s.io", "selfsubjectaccessreviews", ""));
    }

    #[test]
    fn who_is_not_known_is_refused_and_who_says_nothing_is_the_admin() {
        let mut headers = HeaderMap::new();
        assert_eq!(user(&headers).unwrap().name, "admin");
        headers.insert(AUTHORIZATION, "Bearer nobody".parse().unwrap());
        assert_eq!(user(&headers).unwrap_err(), Status::unauthorized());
    }

    #[test]
    fn a_refusal_is_the_real_ones_sentence() {
        let sentence = |token: &str, method: http::Method, uri: &str| {
            let uri = uri.parse().unwrap();
            let asked = Asked::of(&method, &uri, &super::super::request::Query::of(&uri)).unwrap();
            of(token).check(&asked).unwrap_err().message
        };
        use http::Method;
        assert_eq!(
            sentence("namespace", Method::GET, "/api/v1/nodes"),
            "nodes is forbidden: User \"namespace\" cannot list resource \"nodes\" in API group \"\" at the cluster scope"
        );
        assert_eq!(
            sentence("viewer", Method::PATCH, "/apis/apps/v1/namespaces/kafka/statefulsets/kafka/scale"),
            "statefulsets.apps \"kafka\" is forbidden: User \"viewer\" cannot patch resource \"statefulsets/scale\" in API group \"apps\" in the namespace \"kafka\""
        );
        assert_eq!(
            sentence("no-evict", Method::POST, "/api/v1/namespaces/kafka/pods/kafka-1/eviction"),
            "pods \"kafka-1\" is forbidden: User \"no-evict\" cannot create resource \"pods/eviction\" in API group \"\" in the namespace \"kafka\""
        );
    }
}
