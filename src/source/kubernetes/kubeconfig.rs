//! Which cluster, as whom: kubeconfig files or the pod that castellan runs in.

use crate::{
    domain::{Text, context::Context},
    suggest::nearest,
};
use kube::{
    Config,
    config::{KubeConfigOptions, Kubeconfig, NamedContext},
};
use std::path::{Path, PathBuf};

/// What the command line and the configuration say about the connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// `--kubeconfig`; else the files of `KUBECONFIG`, else `~/.kube/config`, else in-cluster.
    pub kubeconfig: Option<PathBuf>,
    /// `--context`; else the current one.
    pub context: Option<Text>,
    /// `--namespace`: the default namespace in place of the context's.
    pub namespace: Option<Text>,
}

/// A connection's configuration and the names in it.
pub struct Chosen {
    pub config: Config,
    /// The files that it was read from, or what else it is.
    pub source: Text,
    pub context: Text,
    pub cluster: Text,
    pub user: Text,
    /// Every context of the kubeconfig, for the picker.
    pub contexts: Vec<Context>,
}

/// Reads the files named by `options`. No network.
pub async fn choose(options: &Options) -> Result<Chosen, Text> {
    let places = places(options);
    let found: Vec<_> = places.iter().filter(|p| p.is_file()).collect();
    let mut chosen = if found.is_empty() {
        match Config::incluster() {
            Ok(config) if options.context.is_none() && options.kubeconfig.is_none() => in_cluster(config),
            _ => return Err(nothing_found(&places)),
        }
    } else {
        from_files(&found, options).await?
    };
    if let Some(namespace) = &options.namespace {
        chosen.config.default_namespace = namespace.to_string();
    }
    Ok(chosen)
}

fn places(options: &Options) -> Vec<PathBuf> {
    if let Some(path) = &options.kubeconfig {
        return vec![path.clone()];
    }
    let list = std::env::var_os("KUBECONFIG").unwrap_or_default();
    let listed: Vec<_> = std::env::split_paths(&list).filter(|p| !p.as_os_str().is_empty()).collect();
    if !listed.is_empty() {
        return listed;
    }
    std::env::home_dir().map(|home| home.join(".kube/config")).into_iter().collect()
}

fn nothing_found(places: &[PathBuf]) -> Text {
    let looked: Vec<_> = places.iter().map(|p| p.display().to_string()).collect();
    let looked = if looked.is_empty() { "nowhere, as there is no home".into() } else { looked.join(", ") };
    format!(
        "no kubeconfig found (looked in {looked}), and this is no pod: name one with --kubeconfig or \
         KUBECONFIG; castellan demo needs no cluster, castellan doctor says what else is missing"
    )
    .into()
}

fn in_cluster(config: Config) -> Chosen {
    Chosen {
        config,
        source: "the pod's own account".into(),
        context: "in-cluster".into(),
        cluster: "in-cluster".into(),
        user: "service account".into(),
        contexts: Vec::new(),
    }
}

async fn from_files(found: &[&PathBuf], options: &Options) -> Result<Chosen, Text> {
    let merged = read(found)?;
    let contexts: Vec<Text> = merged.contexts.iter().map(|c| c.name.as_str().into()).collect();
    let files: Vec<_> = found.iter().map(|p| p.display().to_string()).collect();
    let files = files.join(", ");
    let wanted = options.context.as_deref().or(merged.current_context.as_deref()).filter(|c| !c.is_empty());
    let Some(wanted) = wanted.map(Text::from) else {
        return Err(format!(
            "{files} has no current context: name one with --context ({})",
            names(&contexts)
        )
        .into());
    };
    let all = merged.contexts.iter().map(listed).collect();
    let Some(context) = merged.contexts.iter().find(|c| *c.name == *wanted).and_then(|c| c.context.clone())
    else {
        return Err(unknown_context(&wanted, &contexts, &files));
    };
    let choice = KubeConfigOptions { context: Some(wanted.to_string()), ..Default::default() };
    let config = Config::from_custom_kubeconfig(merged, &choice)
        .await
        .map_err(|e| Text::from(format!("the context {wanted} of {files} cannot be used: {e}")))?;
    Ok(Chosen {
        config,
        source: files.into(),
        cluster: context.cluster.into(),
        user: context.user.unwrap_or_default().into(),
        context: wanted,
        contexts: all,
    })
}

fn listed(context: &NamedContext) -> Context {
    let of = context.context.clone().unwrap_or_default();
    Context {
        name: context.name.as_str().into(),
        cluster: of.cluster.into(),
        user: of.user.unwrap_or_default().into(),
        namespace: of.namespace.unwrap_or_default().into(),
    }
}

fn read(files: &[&PathBuf]) -> Result<Kubeconfig, Text> {
    let broken = |path: &Path, e: kube::config::KubeconfigError| {
        let text = e.to_string();
        // The parser draws the place over many lines; the first says where and what.
        let line = text.lines().next().unwrap_or_default();
        Text::from(format!("{} is no valid kubeconfig: {line}", path.display()))
    };
    files.iter().try_fold(Kubeconfig::default(), |merged, path| {
        Kubeconfig::read_from(path).and_then(|next| merged.merge(next)).map_err(|e| broken(path, e))
    })
}

fn unknown_context(wanted: &str, contexts: &[Text], files: &str) -> Text {
    let nearest = nearest(wanted, contexts.iter().map(|c| &**c));
    let hint = nearest.map(|c| format!(" Did you mean {c}?")).unwrap_or_default();
    format!("{files} has no context {wanted}.{hint} It has: {}", names(contexts)).into()
}

fn names(contexts: &[Text]) -> String {
    if contexts.is_empty() { "none".into() } else { contexts.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "
apiVersion: v1
kind: Config
current-context: prod
clusters: [{name: east, cluster: {server: 'https://127.0.0.1:1'}}]
users: [{name: anna, user: {token: t}}]
contexts:
- {name: prod, context: {cluster: east, user: anna, namespace: kafka}}
- {name: staging, context: {cluster: east, user: anna}}
- {name: lost, context: {cluster: west, user: anna}}
";

    async fn with(file: &str, context: Option<&str>, namespace: Option<&str>) -> Result<Chosen, Text> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        std::fs::write(&path, file).unwrap();
        let text = |t: Option<&str>| t.map(Text::from);
        choose(&Options { kubeconfig: Some(path), context: text(context), namespace: text(namespace) }).await
    }

    #[tokio::test]
    async fn the_current_context_is_taken_unless_one_is_named() {
        let prod = with(FILE, None, None).await.unwrap();
        assert_eq!((&*prod.context, &*prod.cluster, &*prod.user), ("prod", "east", "anna"));
        assert_eq!(prod.config.default_namespace, "kafka");
        let known: Vec<_> = prod.contexts.iter().map(|c| (&*c.name, &*c.cluster, &*c.namespace)).collect();
        assert_eq!(known, [("prod", "east", "kafka"), ("staging", "east", ""), ("lost", "west", "")]);
        let staging = with(FILE, Some("staging"), Some("x")).await.unwrap();
        assert_eq!((&*staging.context, &*staging.config.default_namespace), ("staging", "x"));
    }

    #[tokio::test]
    async fn what_is_wrong_is_said_with_what_to_do() {
        let say = |r: Result<Chosen, Text>| r.err().unwrap().to_string();
        let typo = say(with(FILE, Some("stagign"), None).await);
        assert!(
            typo.contains("no context stagign. Did you mean staging? It has: prod, staging, lost"),
            "{typo}"
        );
        let far = say(with(FILE, Some("zzz"), None).await);
        assert!(!far.contains("Did you mean"), "{far}");
        let dangling = say(with(FILE, Some("lost"), None).await);
        assert!(dangling.contains("the context lost") && dangling.contains("west"), "{dangling}");
        let broken = say(with("contexts: [", None, None).await);
        assert!(broken.contains("is no valid kubeconfig") && !broken.contains('\n'), "{broken}");
        let empty = say(with("", None, None).await);
        assert!(empty.contains("no current context"), "{empty}");
        let nowhere = Options { kubeconfig: Some("/no/such/file".into()), ..Default::default() };
        let none = say(choose(&nowhere).await);
        assert!(none.contains("looked in /no/such/file"), "{none}");
    }
}
